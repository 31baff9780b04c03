"""How a verdict is reached: a call that must be accepted, or a deviation that must be refused.

A refusal proves something only together with its twin: the call that differs in one attribute and is
accepted. Without an accepted twin nothing is proven, whatever the refusal looked like. What trouble of the
far side can look like too (:mod:`cpi_conformance.verdict.standing`) counts only when it stands: for a
refusal on both sides of an accepted twin, and before anything is refuted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from cpi_conformance.diagnosis import (
    NOT_REFUSED,
    NOTHING_KNOWN,
    REFUSED_OTHERWISE,
    WRONG_ANSWER,
    Symptoms,
    remedy_for_acceptance,
    remedy_for_verdict,
)
from cpi_conformance.landscape import Expectations
from cpi_conformance.sender import Accepted, Cause, Layer, Observation, Refused
from cpi_conformance.sender.layers import LAYER_OF
from cpi_conformance.verdict.asking import (
    Asked,
    Asking,
    answers_as_expected,
    is_the_flows,
    otherwise,
)
from cpi_conformance.verdict.asking import AskedOtherwise as AskedOtherwise
from cpi_conformance.verdict.difference import NO_DIFFERENCE, one_difference
from cpi_conformance.verdict.finding import ACCEPTANCE, Finding, finding_of_refusal
from cpi_conformance.verdict.in_between import Change, InBetween
from cpi_conformance.verdict.standing import (
    BROKEN_OFF,
    IMITATED,
    INFRASTRUCTURE,
    STANDS,
    alike,
    is_outage,
    same_chain,
)
from cpi_conformance.verdict.twins import PATIENCE, Twins

BEFORE_THE_FAR_SIDE = frozenset({Layer.DESTINATION, Layer.IDENTITY, Layer.NAME, Layer.CONNECT})
"""Layers at which a call is refused without that anything of it has left this machine."""

BEFORE_OUR_CERTIFICATE = frozenset({Layer.PROTOCOL, Layer.SERVER_TRUST})
"""Layers at which a handshake ends before it is our turn to present a certificate, even if it was asked for."""


# the parts that calls play before a judge
CALL = "the call"
NEED = "what the check needs"
TWIN = "the twin"
SHARED_TWIN = "the twin, as sent before"
TWIN_AGAIN = "the twin again"
DEVIATION = "the deviation"
DEVIATION_AGAIN = "the deviation again"


class Refuted(AssertionError):
    """The landscape does not do what it must."""

    def __init__(self, message: str, finding: Finding) -> None:
        super().__init__(message)
        self.finding = finding


class NotProven(Exception):
    """The question could not be answered; the landscape is neither right nor wrong."""

    def __init__(self, message: str, finding: Finding = ACCEPTANCE) -> None:
        super().__init__(message)
        self.finding = finding


FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds between two calls that wait for a change to be noticed."""

IN_A_ROW = 3
"""So many answers of the same kind show that a change has been noticed: a runtime has several nodes."""


Witness = Callable[[str, Any, Observation], None]
"""Told of each call as it is judged: the part it plays, the call, what came of it."""


class Judge:
    """Judges the calls of one check.

    Twins are shared: a call that several checks use as their twin is made once, and again only
    where trouble of the far side could look like the refusal.
    """

    def __init__(
        self,
        sender: Asking,
        twins: Twins,
        expectations: Expectations,
        witness: Witness = lambda part, call, observation: None,
        known: Symptoms = NOTHING_KNOWN,
    ) -> None:
        """``known`` is what is known of the landscape beside what a call tells, for the diagnosis."""
        self._known = known
        self._sender = sender
        self._twins = twins
        self._expectations = expectations
        self._witness = witness
        self.finding: Finding | None = None

    def accepted(self, call: Asked, *, within: float = 0.0) -> Accepted:
        """The call must be accepted, and the flow must answer what it should.

        ``within`` seconds the runtime may take to notice a change; so long a refusal, or another answer, is asked
        again: until a new flow has started, the one from before answers.

        Raises:
            Refuted: it is refused, or answers something else.
            NotProven: it did not get as far as an authentication decision.
        """
        __tracebackhide__ = True
        observation = self._settled(CALL, call, _answered_by_the_flow(call), within)
        if isinstance(observation, Refused):
            if observation.cause in INFRASTRUCTURE:
                told = f"infrastructure: {call} was {observation}"
                raise NotProven(told, self._finding_of(call, observation))
            self._require_that_it_stands(call, observation)
            told = f"{call.path} must be accepted, but was {observation}"
            raise Refuted(told, self._finding_of(call, observation))
        if not answers_as_expected(observation, call):
            self._require_that_it_stands(call, observation)
            told = f"{call.path} must answer what the flow answers, but {otherwise(observation)}"
            raise Refuted(told, _wrong_answer())
        self._twins.chains.note(self._sender, call, observation)
        self.finding = Finding()
        return observation

    def needed(self, call: Asked, *, within: float = 0.0) -> Accepted:
        """As :meth:`accepted`, for a call that a check needs and is not about: a refusal refutes nothing.

        Raises:
            NotProven: it is refused, or answers something else.
        """
        __tracebackhide__ = True
        observation = self._settled(NEED, call, _answered_by_the_flow(call), within)
        if isinstance(observation, Refused) or not answers_as_expected(observation, call):
            self._require_that_it_stands(call, observation)
            raise self._lacking("what the check needs", call, observation)
        self._twins.chains.note(self._sender, call, observation)
        self.finding = self.finding or Finding()
        return observation

    def refused(self, deviation: AskedOtherwise, cause: Cause, *, within: float = 0.0) -> Refused:
        """The deviation must be refused for this cause, at the layer of the cause, while its twin is accepted.

        ``within`` seconds the runtime may take to notice a change; so long an acceptance, or a refusal for another
        cause, is asked again: a flow that is being undeployed answers 503 before it is not there.

        Raises:
            Refuted: it is accepted, or refused elsewhere or for another cause.
            NotProven: the twin is not accepted, or the same; or the call did not get as far as a decision.
            TypeError: it differs from its twin in more than one attribute.
        """
        __tracebackhide__ = True
        if one_difference(deviation.twin, deviation.call) is None:
            raise NotProven(NO_DIFFERENCE)
        twin = self._require_twin(deviation.twin)
        observation = self._settled(DEVIATION, deviation.call, self._refused_for(cause), within)
        layer = LAYER_OF[cause]
        if isinstance(observation, Accepted):
            self._refute_acceptance(deviation, observation, cause)
        if observation.cause in INFRASTRUCTURE and observation.cause is not cause:
            told = f"infrastructure: the deviation was {observation}"
            raise NotProven(told, self._finding_of(deviation.call, observation))
        if layer not in BEFORE_THE_FAR_SIDE:
            self._require_that_it_left(deviation.call, observation)
        if observation.response and is_the_flows(observation.response.body, deviation.call):
            raise Refuted(f"was {observation}, but with the answer of the flow, which has run", _not_refused(layer))
        if observation.cause not in self._counting_as(cause):
            self._require_that_it_stands(deviation.call, observation)
            self._require_twin(deviation.twin, again=True)
            finding = self._finding_of(deviation.call, observation)
            remedied = replace(finding, remedy=remedy_for_verdict(REFUSED_OTHERWISE))
            raise Refuted(f"must be refused at {layer}: {cause}, but was {observation}", remedied)
        if observation.cause in IMITATED:
            observation = self._on_both_sides_of_the_twin(deviation, observation, cause, within)
        elif layer not in BEFORE_THE_FAR_SIDE and not same_chain(observation, twin):
            self._require_twin(deviation.twin, again=True)
        self.finding = Finding(str(observation.layer), str(observation.cause))  # nothing is to be done
        return observation

    def undisturbed(self, change: Change) -> None:
        """Every call that is made while something is changed must be accepted, and answered by the flow.

        What was seen in the past cannot be asked again, and trouble can look like it: so it refutes only when the
        change, made once more, has done the same, and calls were well afterwards both times.

        Raises:
            Refuted: the change has twice refused a call, or had it answered otherwise.
            NotProven: no call was made; or one did not get as far as a decision, or met a trouble that passes.
        """
        __tracebackhide__ = True
        first = self._disturbed(change())
        if first is None:
            self.finding = Finding()
            return
        call, observation = first
        finding = self._finding_of(call, observation)
        again = self._disturbed(change())
        if again is None or not alike(observation, again[1], call):
            raise NotProven(f"infrastructure: {_in_between(observation)}; it was not when it was done again", finding)
        raise Refuted(f"{_in_between(observation)}, twice", finding)

    def _disturbed(self, seen: InBetween) -> tuple[Asked, Observation] | None:
        """The first call that was not answered as it must be, if it may be the change's doing."""
        __tracebackhide__ = True
        if not seen.calls:
            raise NotProven("no call was made")
        bad = ((call, observation) for call, observation in seen.calls if not _answered_by_the_flow(call)(observation))
        found = next(bad, None)
        self._witness(CALL, *(found or seen.calls[-1]))
        if found is None:
            return None
        call, observation = found
        broken_off = isinstance(observation, Refused) and observation.cause in INFRASTRUCTURE | BROKEN_OFF
        if broken_off or not seen.calm:
            afterwards = "" if seen.calm else "; so was one when nothing was changed any more"
            told = f"infrastructure: {_in_between(observation)}{afterwards}"
            raise NotProven(told, self._finding_of(call, observation))
        return found

    def _settled(self, part: str, call: Asked, wanted: Callable[[Observation], bool], within: float) -> Observation:
        """What a call comes to when the runtime has had time to notice a change."""
        ends, pause, row = time.monotonic() + within, FIRST_PAUSE, 0
        while True:
            observation = self._send(call)
            row = row + 1 if wanted(observation) else 0
            if within == 0 or row >= IN_A_ROW or time.monotonic() >= ends:
                self._witness(part, call, observation)
                return observation
            if row:
                continue
            time.sleep(min(pause, max(0.0, ends - time.monotonic())))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _require_twin(self, twin: Asked, *, again: bool = False) -> Accepted:
        """The twin, accepted: once in a run, or ``again`` now."""
        __tracebackhide__ = True
        before = self._twins.sent.get(twin)
        if before is None or again:
            observation, shared = self._send(twin), False
        else:
            observation, shared = before, True
        good = isinstance(observation, Accepted) and answers_as_expected(observation, twin)
        self._witness(SHARED_TWIN if shared else TWIN_AGAIN if again and good else TWIN, twin, observation)
        if isinstance(observation, Accepted) and good:
            if not shared:
                self._twins.sent[twin] = observation
                self._twins.chains.note(self._sender, twin, observation)
            return observation
        what = "the twin, accepted before," if again else "the twin"
        lacking = self._lacking(what, twin, observation, in_trouble=again)
        if not again and not shared:
            self._require_that_it_stands(twin, observation)
            if not is_outage(observation):
                self._twins.sent[twin] = observation
        raise lacking

    def _on_both_sides_of_the_twin(
        self, deviation: AskedOtherwise, first: Refused, cause: Cause, within: float
    ) -> Refused:
        """A refusal that trouble can look like, once more behind the accepted twin; the one that names the cause."""
        __tracebackhide__ = True
        self._require_twin(deviation.twin, again=True)
        again = self._settled(DEVIATION_AGAIN, deviation.call, self._refused_for(cause), within)
        if isinstance(again, Accepted):
            self._refute_acceptance(deviation, again, cause)
        if again.cause not in self._counting_as(cause):
            raise self._passing(deviation.call, first, again)
        return first if first.cause is cause else again

    def _refute_acceptance(self, deviation: AskedOtherwise, observation: Accepted, cause: Cause) -> NoReturn:
        """Nothing but a rotation of the load balancer's chain makes a flow answer whom it must not."""
        __tracebackhide__ = True
        layer = LAYER_OF[cause]
        if not answers_as_expected(observation, deviation.call):
            self._require_that_it_stands(deviation.call, observation)
        self._require_twin(deviation.twin, again=True)
        raise Refuted(f"must be refused at {layer}: {cause}, but was {observation}", _not_refused(layer))

    def _counting_as(self, cause: Cause) -> frozenset[Cause]:
        """The causes that are taken for this one: where it is tolerated, also that its alert was lost."""
        tolerated = LAYER_OF[cause] is Layer.CLIENT_TRUST and self._expectations.lost_alerts == "tolerated"
        return frozenset({cause, Cause.ALERT_LOST} if tolerated else {cause})

    def _refused_for(self, cause: Cause) -> Callable[[Observation], bool]:
        counting = self._counting_as(cause)
        return lambda observation: isinstance(observation, Refused) and observation.cause in counting

    def _require_that_it_stands(self, call: Asked, first: Observation) -> None:
        """What trouble can look like refutes nothing unless it is the same again and again; an outage never does.

        Raises:
            NotProven: it is another one, or the load balancer has changed its chain since a call was accepted.
        """
        __tracebackhide__ = True
        if is_outage(first):
            return
        for _ in range(STANDS - 1):
            again = self._send(call)
            if not alike(first, again, call):
                self._witness(CALL, call, again)
                raise self._passing(call, first, again)
        if isinstance(first, Refused) and first.layer is Layer.SERVER_TRUST:
            self._require_the_same_load_balancer(call, first)

    def _require_the_same_load_balancer(self, call: Asked, refused: Refused) -> None:
        """Whoever trusts the chain from before a rotation is cut off by it, which refutes nothing."""
        __tracebackhide__ = True
        if self._twins.chains.gone(refused):
            told = "infrastructure: the load balancer presents another chain than before in this run"
            raise NotProven(f"{told}; {call.path} was {refused}", self._finding_of(call, refused))

    def _require_that_it_left(self, call: Asked, observation: Refused) -> None:
        """What this machine refused by itself, or left out, proves nothing about the far side."""
        __tracebackhide__ = True
        if not observation.evidence.bytes_left:
            told = f"the call never left this machine: {observation}"
            raise NotProven(told, self._finding_of(call, observation))
        before = observation.layer in BEFORE_OUR_CERTIFICATE
        presented = call.presents_certificate and observation.evidence.certificate_requested and not before
        if presented and not observation.evidence.client_chain:
            told = "the client certificate was asked for, but this machine did not send it"
            raise NotProven(told, self._finding_of(call, observation))

    def _lacking(self, what: str, call: Asked, observation: Observation, *, in_trouble: bool = False) -> NotProven:
        """What a verdict leans on is not there."""
        kind = "infrastructure: " if in_trouble or is_outage(observation) else ""
        if isinstance(observation, Refused):
            told = f"{kind}{what} was not accepted: {observation}"
            return NotProven(told, self._finding_of(call, observation))
        return NotProven(f"{kind}{what} was not answered by the flow: {otherwise(observation)}", _wrong_answer())

    def _passing(self, call: Asked, first: Observation, again: Observation) -> NotProven:
        """The same call has come to two things: something passes by."""
        told = f"infrastructure: {call.path} was {first}, and then, asked again, {again}"
        return NotProven(told, self._finding_of(call, first))

    def _finding_of(self, call: Asked, observation: Observation) -> Finding:
        """Of a refusal, or of an answer that is not the flow's."""
        if isinstance(observation, Refused):
            return finding_of_refusal(call, observation, self._known)
        return _wrong_answer()

    def _send(self, call: Asked) -> Observation:
        __tracebackhide__ = True
        if self._twins.given_up:
            raise NotProven(f"infrastructure: nobody has answered the last {PATIENCE} calls in time")
        observation = self._sender.send(call)
        self._twins.note(observation)
        return observation


def _answered_by_the_flow(call: Asked) -> Callable[[Observation], bool]:
    return lambda observation: isinstance(observation, Accepted) and answers_as_expected(observation, call)


def _in_between(observation: Observation) -> str:
    if isinstance(observation, Refused):
        return f"a call in between was {observation}"
    return f"of a call in between {otherwise(observation)}"


def _not_refused(layer: Layer) -> Finding:
    return Finding(str(layer), NOT_REFUSED, remedy_for_acceptance(layer))


def _wrong_answer() -> Finding:
    return Finding(str(Layer.FLOW), WRONG_ANSWER, remedy_for_verdict(WRONG_ANSWER))
