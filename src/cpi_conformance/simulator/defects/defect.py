"""A named way in which a simulated landscape is wrong on purpose, so that the suite can show that it notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


class System(StrEnum):
    """The system that is wrong."""

    EDGE = "load balancer"
    AUTHENTICATION = "authentication"
    SERVICE_KEYS = "service keys"
    RUNTIME = "runtime"
    TENANT_API = "tenant API"
    TOKENS = "token server"
    CLOUD_FOUNDRY = "Cloud Foundry"
    TRIAL = "trial"
    BACKEND = "backend"
    SENDER = "sender"
    TEARDOWN = "teardown"


@dataclass(frozen=True)
class Defect:
    """One way to be wrong.

    Attributes:
        name: what it is switched on by; lower case with hyphens, the system first.
        wrong: one sentence that says what the landscape does wrongly.
        install: makes a landscape wrong before it starts, by putting something between its parts or in the
            place of one; the code that does it right has no branch for it.
        profile: the generation on which it shows.
    """

    name: str
    system: System
    wrong: str
    install: Callable[[SimulatedLandscape], None]
    profile: str = "current"
