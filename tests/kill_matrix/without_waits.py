"""Jobs and deployments that take no time: what they come to is checked, and not how often somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from cpi_conformance.simulator.cloud_foundry.jobs import Operations
from cpi_conformance.simulator.integration.deployment import Deployments


@contextmanager
def without_waits() -> Iterator[None]:
    """Landscapes that are made within this block let nobody wait, unless a defect makes them."""
    jobs = _made_with(Operations.__init__, seconds=0.0)
    deployments = _made_with(Deployments.__init__, phase_seconds=0.0, endpoint_lag=0.0)
    with patch.object(Operations, "__init__", jobs), patch.object(Deployments, "__init__", deployments):
        yield


def _made_with(make: Callable[..., None], **values: float) -> Callable[..., None]:
    @wraps(make)
    def made(self: object, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        for name, value in values.items():
            setattr(self, name, value)

    return made
