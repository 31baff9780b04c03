"""How a verdict is reached: a call that must be accepted, or a deviation that must be refused.

A refusal proves something only together with its twin: the call that differs in one attribute and is
accepted. Without an accepted twin nothing is proven, whatever the refusal looked like.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from cpi_conformance.diagnosis import (
    NOT_REFUSED,
    REFUSED_OTHERWISE,
    WRONG_ANSWER,
    Remedy,
    remedy_for,
    remedy_for_acceptance,
    remedy_for_verdict,
)
from cpi_conformance.landscape import Expectations
from cpi_conformance.sender import (
    Accepted,
    Cause,
    Expected,
    Layer,
    Observation,
    Refused,
)
from cpi_conformance.sender.layers import LAYER_OF

INFRASTRUCTURE = frozenset(
    {
        Cause.UNKNOWN_HOST,
        Cause.CONNECTION_REFUSED,
        Cause.CONNECTION_TIMEOUT,
        Cause.CONNECTION_LOST,
        Cause.ANSWER_TIMEOUT,
        Cause.BROKEN_ANSWER,
        Cause.UNKNOWN_ROUTE,
        Cause.NO_ENDPOINTS,
        Cause.ENDPOINT_FAILURE,
        Cause.RATE_LIMITED,
        Cause.NOT_OFFERED,
    }
)
"""Causes that say nothing about authentication: the call did not get as far, or nobody was there."""

BEFORE_THE_FAR_SIDE = frozenset({Layer.DESTINATION, Layer.IDENTITY, Layer.NAME, Layer.CONNECT})
"""Layers at which a call is refused without that anything of it has left this machine."""


# the parts that calls play before a judge
CALL = "the call"
NEED = "what the check needs"
TWIN = "the twin"
SHARED_TWIN = "the twin, as sent before"
DEVIATION = "the deviation"


@dataclass(frozen=True)
class Finding:
    """What was seen: the layer and cause of a refusal (``None`` for acceptance), and what to do."""

    layer: str | None = None
    cause: str | None = None
    remedy: Remedy | None = None


class Refuted(AssertionError):
    """The landscape does not do what it must."""

    def __init__(self, message: str, finding: Finding) -> None:
        super().__init__(message)
        self.finding = finding


class NotProven(Exception):
    """The question could not be answered; the landscape is neither right nor wrong."""

    def __init__(self, message: str, finding: Finding = Finding()) -> None:
        super().__init__(message)
        self.finding = finding


SILENCE = frozenset({Cause.CONNECTION_TIMEOUT, Cause.ANSWER_TIMEOUT})

PATIENCE = 3
"""After so many calls in a row that nobody answered in time, the rest are not made: each would cost its whole time."""


class Twins:
    """What the checks of a run share: twins that have been sent, and how long the far side has been silent."""

    def __init__(self) -> None:
        self.sent: dict[Asked, Observation] = {}
        self._silent = 0

    def note(self, observation: Observation) -> None:
        """Count silence; any sign of life ends it."""
        silent = isinstance(observation, Refused) and observation.cause in SILENCE
        self._silent = self._silent + 1 if silent else 0

    @property
    def given_up(self) -> bool:
        """Whether the far side has been silent for too long."""
        return self._silent >= PATIENCE


FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two calls that wait for a change to be noticed."""

IN_A_ROW = 3
"""So many answers of the same kind show that a change has been noticed: a runtime has several nodes."""


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


Witness = Callable[[str, Any, Observation], None]
"""Told of each call as it is judged: the part it plays, the call, what came of it."""


class Judge:
    """Judges the calls of one check.

    Twins are shared: a call that several checks use as their twin is made once, and again only
    where a refusal is ambiguous.
    """

    def __init__(
        self,
        sender: Asking,
        twins: Twins,
        expectations: Expectations,
        witness: Witness = lambda part, call, observation: None,
    ) -> None:
        self._sender = sender
        self._twins = twins
        self._expectations = expectations
        self._witness = witness
        self.finding: Finding | None = None

    def accepted(self, call: Asked, *, within: float = 0.0) -> Accepted:
        """The call must be accepted, and the flow must answer what it should.

        ``within`` seconds the runtime may take to notice a change; so long a refusal is asked again.

        Raises:
            Refuted: it is refused, or answers something else.
            NotProven: it did not get as far as an authentication decision.
        """
        __tracebackhide__ = True
        observation = self._settled(CALL, call, Accepted, within)
        if isinstance(observation, Refused):
            finding = _finding_of(observation)
            if observation.cause in INFRASTRUCTURE:
                raise NotProven(f"infrastructure: {call} was {observation}", finding)
            raise Refuted(f"{call.path} must be accepted, but was {observation}", finding)
        if not answers_as_expected(observation, call):
            answer = _answer(observation, call)
            raise Refuted(f"{call.path} must answer what the flow answers, but {answer}", _wrong_answer())
        self.finding = Finding()
        return observation

    def needed(self, call: Asked, *, within: float = 0.0) -> Accepted:
        """As :meth:`accepted`, for a call that a check needs and is not about: a refusal refutes nothing.

        Raises:
            NotProven: it is refused, or answers something else.
        """
        __tracebackhide__ = True
        observation = self._settled(NEED, call, Accepted, within)
        if isinstance(observation, Refused):
            kind = "infrastructure: " if observation.cause in INFRASTRUCTURE else ""
            raise NotProven(f"{kind}what the check needs was not accepted: {observation}", _finding_of(observation))
        if not answers_as_expected(observation, call):
            told = f"what the check needs was not answered by the flow: {_answer(observation, call)}"
            raise NotProven(told, _wrong_answer())
        self.finding = self.finding or Finding()
        return observation

    def refused(self, deviation: AskedOtherwise, cause: Cause, *, within: float = 0.0) -> Refused:
        """The deviation must be refused for this cause, at the layer of the cause, while its twin is accepted.

        ``within`` seconds the runtime may take to notice a change; so long an acceptance is asked again.

        Raises:
            Refuted: it is accepted, or refused elsewhere or for another cause.
            NotProven: the twin is not accepted, or the call did not get as far as a decision.
        """
        __tracebackhide__ = True
        self._require_twin(deviation.twin, again=False)
        observation = self._settled(DEVIATION, deviation.call, Refused, within)
        layer = LAYER_OF[cause]
        if isinstance(observation, Accepted):
            raise Refuted(f"must be refused at {layer}: {cause}, but was {observation}", _not_refused(layer))
        finding = _finding_of(observation)
        if observation.cause in INFRASTRUCTURE and observation.cause is not cause:
            raise NotProven(f"infrastructure: the deviation was {observation}", finding)
        if layer not in BEFORE_THE_FAR_SIDE:
            _require_that_it_left(deviation.call, observation, finding)
        if observation.response and _is_the_flows(observation.response.body, deviation.call):
            raise Refuted(f"was {observation}, but with the answer of the flow, which has run", _not_refused(layer))
        if observation.cause is cause:
            if cause in INFRASTRUCTURE:  # an outage since the twin was asked would look the same
                self._require_twin(deviation.twin, again=True)
            self.finding = finding
            return observation
        if observation.cause is Cause.ALERT_LOST:
            self._require_twin(deviation.twin, again=True)
            if layer is Layer.CLIENT_TRUST and self._expectations.lost_alerts == "tolerated":
                self.finding = finding
                return observation
        otherwise = replace(finding, remedy=remedy_for_verdict(REFUSED_OTHERWISE))
        raise Refuted(f"must be refused at {layer}: {cause}, but was {observation}", otherwise)

    def undisturbed(self, seen: Iterable[tuple[Asked, Observation]]) -> None:
        """Every call of a traffic must have been accepted, and answered by the flow.

        Raises:
            Refuted: one was refused, or answered otherwise.
            NotProven: there was none, or one did not get as far as an authentication decision.
        """
        __tracebackhide__ = True
        calls = tuple(seen)
        if not calls:
            raise NotProven("no call was made")
        for number, (call, observation) in enumerate(calls, 1):
            if isinstance(observation, Refused):
                self._witness(CALL, call, observation)
                finding = _finding_of(observation)
                if observation.cause in INFRASTRUCTURE:
                    raise NotProven(f"infrastructure: call {number} of {len(calls)} was {observation}", finding)
                raise Refuted(f"call {number} of {len(calls)} in between was {observation}", finding)
            if not answers_as_expected(observation, call):
                raise Refuted(
                    f"call {number} of {len(calls)} in between: {_answer(observation, call)}", _wrong_answer()
                )
        self._witness(CALL, *calls[-1])
        self.finding = Finding()

    def _settled(self, part: str, call: Asked, wanted: type[Observation], within: float) -> Observation:
        """What a call comes to when the runtime has had time to notice a change."""
        ends, pause, row = time.monotonic() + within, FIRST_PAUSE, 0
        while True:
            observation = self._send(call)
            row = row + 1 if isinstance(observation, wanted) and not _is_outage(observation) else 0
            if within == 0 or row >= IN_A_ROW or time.monotonic() >= ends:
                self._witness(part, call, observation)
                return observation
            if row:
                continue
            time.sleep(min(pause, max(0.0, ends - time.monotonic())))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _require_twin(self, twin: Asked, *, again: bool) -> None:
        __tracebackhide__ = True
        shared = twin in self._twins.sent and not again
        if not shared:
            self._twins.sent[twin] = self._send(twin)
        observation = self._twins.sent[twin]
        self._witness(SHARED_TWIN if shared else TWIN, twin, observation)
        if isinstance(observation, Refused):
            raise NotProven(f"the twin was not accepted: {observation}", _finding_of(observation))
        if not answers_as_expected(observation, twin):
            raise NotProven(f"the twin was not answered by the flow: {_answer(observation, twin)}", _wrong_answer())

    def _send(self, call: Asked) -> Observation:
        __tracebackhide__ = True
        if self._twins.given_up:
            raise NotProven(f"infrastructure: nobody has answered the last {PATIENCE} calls in time")
        observation = self._sender.send(call)
        self._twins.note(observation)
        return observation


def _require_that_it_left(call: Asked, observation: Refused, finding: Finding) -> None:
    """What this machine refused by itself, or left out, proves nothing about the far side."""
    __tracebackhide__ = True
    if not observation.evidence.bytes_left:
        raise NotProven(f"the call never left this machine: {observation}", finding)
    presented = call.presents_certificate and observation.evidence.certificate_requested
    if presented and not observation.evidence.client_chain:
        raise NotProven("the client certificate was asked for, but this machine did not send it", finding)


def _is_outage(observation: Observation) -> bool:
    return isinstance(observation, Refused) and observation.cause in INFRASTRUCTURE


def _is_the_flows(body: bytes, call: Asked) -> bool:
    return bool(call.expects.body) and body == (call.expects.body or "").encode()


def answers_as_expected(observation: Accepted, call: Asked) -> bool:
    """Whether an accepted call was answered by the flow, and not by somebody else."""
    expected = call.expects
    if observation.response.status != expected.status:
        return False
    return expected.body is None or observation.response.body == expected.body.encode()


def _answer(observation: Accepted, call: Asked) -> str:
    size = len(observation.response.body)
    return f"the answer has status {observation.response.status} and {size} bytes that differ from the flow's"


def _finding_of(observation: Refused) -> Finding:
    return Finding(str(observation.layer), str(observation.cause), remedy_for(observation.cause))


def _not_refused(layer: Layer) -> Finding:
    return Finding(str(layer), NOT_REFUSED, remedy_for_acceptance(layer))


def _wrong_answer() -> Finding:
    return Finding(str(Layer.FLOW), WRONG_ANSWER, remedy_for_verdict(WRONG_ANSWER))
