"""Integration flows as the runtime holds them: where they are called, by whom, and what they do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cpi_conformance.simulator.integration.script import Script
from cpi_conformance.simulator.service_key import DEFAULT_ROLE


class FlowState(Enum):
    """What the operations view shows for a deployed flow."""

    STARTED = "Started"
    STARTING = "Starting"
    STOPPING = "Stopping"


@dataclass(frozen=True)
class Flow:
    """A deployed integration flow with an HTTPS sender channel.

    Attributes:
        address: of the channel, with a leading slash; compared without regard to letter case
            (HTTPS sender adapter page, 0ae4a78). With ``/*`` at its end it covers what is below.
        body: what the flow answers when it has no script; ``None`` makes it fail, as an exception does.
        role: the user role that the channel asks for.
        methods: what the flow lets through; HEAD is never among them (KBA 2400906).
        csrf_protected: whether writing calls need a token.
        scripts: what a message goes through; the last one's message is the answer.
        allowed_headers: HTTP headers that reach the flow, in lower case; ``*`` for all.
        returns_exception: whether a 500 tells the text of the exception.
        artifact_id: empty, as name and package, for a flow that was not made from an artifact.
    """

    address: str
    body: str | None
    role: str = DEFAULT_ROLE
    state: FlowState = FlowState.STARTED
    methods: frozenset[str] = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
    csrf_protected: bool = False
    scripts: tuple[Script, ...] = ()
    allowed_headers: frozenset[str] = frozenset()
    returns_exception: bool = False
    artifact_id: str = ""
    artifact_name: str = ""
    package_id: str = ""
