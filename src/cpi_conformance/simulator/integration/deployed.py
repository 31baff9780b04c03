"""What is deployed on a tenant, as its operations view lists it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class RuntimeArtifact:
    """A flow as the operations view shows it.

    Attributes:
        status: ``STARTING``, ``STARTED``, ``ERROR`` or ``STOPPING``.
        error: why, a moment after the status has become ``ERROR``; else ``None``.
    """

    id: str
    version: str
    name: str
    deployed_by: str
    deployed_on: dt.datetime
    status: str
    error: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where a started flow is called; ``address`` has a leading slash, and no ``/http``."""

    artifact_id: str
    name: str
    version: str
    address: str
    updated: dt.datetime
