"""What can be judged, whoever asks it, and whether it was the flow that answered."""

from __future__ import annotations

from typing import Any, Protocol

from cpi_conformance.sender import Accepted, Expected, Observation


class Asked(Protocol):
    """What can be judged: a sender's call, or a backend's connection test. It compares and hashes by value."""

    @property
    def path(self) -> str:
        """What is asked for."""

    @property
    def expects(self) -> Expected:
        """What the flow answers when all is well."""

    @property
    def presents_certificate(self) -> bool:
        """Whether a client certificate goes out when it is asked for."""


class AskedOtherwise(Protocol):
    """What must be refused, and its twin that must be accepted; they differ in one attribute."""

    @property
    def twin(self) -> Asked:
        """What must be accepted."""

    @property
    def call(self) -> Asked:
        """What must be refused."""


class Asking(Protocol):
    """Whoever asks: a sender, or the ICM of a backend."""

    def send(self, call: Any, /) -> Observation:
        """Ask, and say what came of it; never raises for anything that the far side did."""


def answers_as_expected(observation: Accepted, call: Asked) -> bool:
    """Whether an accepted call was answered by the flow, and not by somebody else."""
    expected = call.expects
    if observation.response.status != expected.status:
        return False
    return expected.body is None or observation.response.body == expected.body.encode()


def is_the_flows(body: bytes, call: Asked) -> bool:
    """Whether a body is the one that the flow answers with."""
    return bool(call.expects.body) and body == (call.expects.body or "").encode()


def otherwise(observation: Accepted) -> str:
    """How an answer that is not the flow's looks; none of its words, which may be anybody's."""
    size = len(observation.response.body)
    return f"the answer has status {observation.response.status} and {size} bytes that differ from the flow's"
