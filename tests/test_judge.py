"""How verdicts are reached: every pair of twin and deviation, with senders that say what they are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from cpi_conformance.certificates import Authority
from cpi_conformance.diagnosis import REFUSED_OTHERWISE, Symptoms, remedy_for_verdict
from cpi_conformance.landscape import Expectations
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    Accepted,
    Basic,
    Call,
    Cause,
    Evidence,
    Expected,
    Observation,
    Refused,
    Response,
    Trust,
)
from cpi_conformance.sender.layers import LAYER_OF, Layer
from cpi_conformance.verdict import Finding, Judge, NotProven, Refuted, Twins
from cpi_conformance.verdict.standing import INFRASTRUCTURE

TWIN = Call(
    host="tenant.invalid",
    path="/http/x",
    trust=Trust(()),
    authorization=Basic("sb-x", Secret("right")),
    expects=Expected(200, "hello"),
)
DEVIATION = TWIN.but(authorization=Basic("sb-x", Secret("wrong")))


def accepted(body: bytes = b"hello", status: int = 200) -> Accepted:
    """An answer of the flow."""
    return Accepted(Response(status, (), body), Evidence("GET /http/x", bytes_left=True))


def refused(cause: Cause) -> Refused:
    """A refusal for that cause."""
    return Refused(cause, Evidence("GET /http/x", bytes_left=True))


class Rehearsed:
    """A sender that answers each call with what was rehearsed, in turn."""

    def __init__(self, **observations: list[Observation]) -> None:
        self._observations = {TWIN: observations.get("twin", []), DEVIATION.call: observations.get("deviation", [])}
        self.sent: list[Call] = []

    def send(self, call: Call) -> Observation:
        """The next observation for this call; the last one again when none is left."""
        self.sent.append(call)
        rehearsed = self._observations[call]
        return rehearsed.pop(0) if len(rehearsed) > 1 else rehearsed[0]


def judge(sender: Rehearsed, lost_alerts: str = "tolerated") -> Judge:
    """A judge who believes the rehearsed sender."""
    expectations = Expectations(lost_alerts=lost_alerts)  # type: ignore[arg-type]  # a literal in the table
    return Judge(sender, Twins(), expectations)


Outcome = type[Exception] | None

REFUSALS: dict[str, tuple[Observation, Observation, Cause, Outcome]] = {
    "refused-as-it-must-be": (accepted(), refused(Cause.UNAUTHENTICATED), Cause.UNAUTHENTICATED, None),
    "accepted": (accepted(), accepted(), Cause.UNAUTHENTICATED, Refuted),
    "refused-at-another-layer": (accepted(), refused(Cause.ROLE_MISSING), Cause.UNAUTHENTICATED, Refuted),
    "refused-for-another-cause": (accepted(), refused(Cause.CERTIFICATE_EXPIRED), Cause.UNKNOWN_CA, Refuted),
    "twin-refused": (refused(Cause.UNAUTHENTICATED), refused(Cause.UNAUTHENTICATED), Cause.UNAUTHENTICATED, NotProven),
    "twin-with-another-answer": (accepted(b"login"), refused(Cause.UNAUTHENTICATED), Cause.UNAUTHENTICATED, NotProven),
    "twin-with-a-cut-head": (accepted(b""), refused(Cause.UNAUTHENTICATED), Cause.UNAUTHENTICATED, NotProven),
    "twin-with-another-status": (
        accepted(status=204),
        refused(Cause.UNAUTHENTICATED),
        Cause.UNAUTHENTICATED,
        NotProven,
    ),
    "nobody-there": (
        refused(Cause.CONNECTION_REFUSED),
        refused(Cause.CONNECTION_REFUSED),
        Cause.UNAUTHENTICATED,
        NotProven,
    ),
    "gone-in-between": (accepted(), refused(Cause.CONNECTION_REFUSED), Cause.UNAUTHENTICATED, NotProven),
    "gateway-failed": (accepted(), refused(Cause.ENDPOINT_FAILURE), Cause.UNAUTHENTICATED, NotProven),
    "alert-lost": (accepted(), refused(Cause.ALERT_LOST), Cause.UNKNOWN_CA, None),
    "alert-lost-where-401-is-due": (accepted(), refused(Cause.ALERT_LOST), Cause.UNAUTHENTICATED, Refuted),
}


NEEDED: dict[str, tuple[Observation, str]] = {
    "refused": (refused(Cause.UNAUTHENTICATED), "what the check needs was not accepted"),
    "another-answer": (accepted(b"login"), "what the check needs was not answered by the flow"),
    "nobody-there": (refused(Cause.CONNECTION_REFUSED), "infrastructure: what the check needs"),
}


@pytest.mark.parametrize("name", NEEDED)
def test_what_a_check_needs_and_has_not_refutes_nothing(name: str) -> None:
    """Another check is about it."""
    observation, words = NEEDED[name]
    it = judge(Rehearsed(twin=[observation]))
    with pytest.raises(NotProven, match=words) as open_question:
        it.needed(TWIN)
    assert open_question.value.finding.cause
    assert it.finding is None


def test_what_a_check_needs_and_has_is_no_verdict_by_itself() -> None:
    """It leaves standing what has been found before."""
    it = judge(Rehearsed(twin=[accepted()], deviation=[refused(Cause.UNAUTHENTICATED)]))
    it.needed(TWIN)
    assert it.finding == Finding()
    it.refused(DEVIATION, Cause.UNAUTHENTICATED)
    found = it.finding
    it.needed(TWIN)
    assert it.finding is found


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(name: str) -> None:
    """Proven only when the twin is accepted and the deviation is refused at its layer for its cause."""
    twin, deviation, cause, outcome = REFUSALS[name]
    it = judge(Rehearsed(twin=[twin], deviation=[deviation]))
    if outcome is None:
        it.refused(DEVIATION, cause)
        assert it.finding is not None
        assert it.finding.layer == LAYER_OF[cause]
    else:
        with pytest.raises(outcome):
            it.refused(DEVIATION, cause)
        assert it.finding is None


@pytest.mark.parametrize("cause", sorted(INFRASTRUCTURE))
def test_infrastructure_never_refutes(cause: Cause) -> None:
    """Whatever ends a call before a decision leaves the question open, in both directions."""
    it = judge(Rehearsed(twin=[accepted()], deviation=[refused(cause)]))
    with pytest.raises(NotProven, match="infrastructure"):
        it.refused(DEVIATION, Cause.UNAUTHENTICATED)
    with pytest.raises(NotProven, match="infrastructure"):
        judge(Rehearsed(twin=[refused(cause)])).accepted(TWIN)


def test_lost_alert_is_checked_with_a_second_twin() -> None:
    """A lost alert looks like a dead far side, so the twin is asked again before anything is proven."""
    sender = Rehearsed(twin=[accepted(), refused(Cause.CONNECTION_LOST)], deviation=[refused(Cause.ALERT_LOST)])
    with pytest.raises(NotProven):
        judge(sender).refused(DEVIATION, Cause.UNKNOWN_CA)
    assert sender.sent == [TWIN, DEVIATION.call, TWIN]


def test_lost_alert_refutes_where_alerts_must_arrive() -> None:
    """The simulated load balancer closes lingeringly, so there a lost alert is a defect."""
    sender = Rehearsed(twin=[accepted()], deviation=[refused(Cause.ALERT_LOST)])
    with pytest.raises(Refuted):
        judge(sender, "refuted").refused(DEVIATION, Cause.UNKNOWN_CA)


def test_twins_are_shared() -> None:
    """A twin is sent once for all the checks that lean on it, unless trouble could look like the refusal."""
    sender = Rehearsed(twin=[accepted()], deviation=[refused(Cause.CERTIFICATE_EXPIRED)])
    it = judge(sender)
    for _ in range(3):
        it.refused(DEVIATION, Cause.CERTIFICATE_EXPIRED)
    assert sender.sent.count(TWIN) == 1


ACCEPTANCES: dict[str, tuple[Observation, Outcome]] = {
    "the-flows-answer": (accepted(), None),
    "another-answer": (accepted(b"<html>login</html>"), Refuted),
    "an-empty-answer": (accepted(b""), Refuted),
    "another-status": (accepted(status=202), Refuted),
    "unauthenticated": (refused(Cause.UNAUTHENTICATED), Refuted),
    "missing-ca": (refused(Cause.MISSING_CA), Refuted),
    "nobody-there": (refused(Cause.CONNECTION_REFUSED), NotProven),
}


@pytest.mark.parametrize("name", ACCEPTANCES)
def test_accepted(name: str) -> None:
    """Accepted means that the flow answered, to the letter."""
    observation, outcome = ACCEPTANCES[name]
    it = judge(Rehearsed(twin=[observation]))
    if outcome is None:
        it.accepted(TWIN)
    else:
        with pytest.raises(outcome):
            it.accepted(TWIN)


@pytest.mark.parametrize(
    "layer",
    [
        Layer.IDENTITY,
        Layer.PROTOCOL,
        Layer.SERVER_TRUST,
        Layer.CLIENT_TRUST,
        Layer.AUTHENTICATION,
        Layer.AUTHORIZATION,
    ],
)
def test_acceptance_of_what_must_be_refused_names_what_to_do(layer: Layer) -> None:
    """The worst finding of all comes with a remedy for its layer."""
    cause = next(cause for cause, of in LAYER_OF.items() if of is layer)
    it = judge(Rehearsed(twin=[accepted()], deviation=[accepted()]))
    with pytest.raises(Refuted) as refuted:
        it.refused(DEVIATION, cause)
    assert refuted.value.finding.layer == layer
    assert refuted.value.finding.cause == "not-refused"
    assert refuted.value.finding.remedy


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in INFRASTRUCTURE])
def test_every_refusal_names_what_to_do(cause: Cause) -> None:
    """Whatever is seen instead of an acceptance, the finding says layer, cause and remedy."""
    with pytest.raises(Refuted) as refuted:
        judge(Rehearsed(twin=[refused(cause)])).accepted(TWIN)
    finding = refuted.value.finding
    assert (finding.layer, finding.cause) == (LAYER_OF[cause], cause)
    assert finding.remedy


def test_witness_sees_every_call() -> None:
    """The report shows the twin and the deviation, in this order, and that they were asked again."""
    seen: list[str] = []
    sender = Rehearsed(twin=[accepted()], deviation=[refused(Cause.UNAUTHENTICATED)])
    witness: Callable[[str, Call, Observation], None] = lambda part, call, observation: seen.append(part)  # noqa: E731
    it = Judge(sender, Twins(), Expectations(), witness)
    it.refused(DEVIATION, Cause.UNAUTHENTICATED)
    assert seen == ["the twin", "the deviation", "the twin again", "the deviation again"]


def test_what_never_left_proves_nothing() -> None:
    """A refusal by this machine says nothing about the far side, unless the PFX itself is in question."""
    stayed = Refused(Cause.TLS_VERSION, Evidence("GET /http/x"))
    with pytest.raises(NotProven, match="never left"):
        judge(Rehearsed(twin=[accepted()], deviation=[stayed])).refused(DEVIATION, Cause.TLS_VERSION)
    spoilt = Refused(Cause.WRONG_PASSPHRASE, Evidence("GET /http/x"))
    judge(Rehearsed(twin=[accepted()], deviation=[spoilt])).refused(DEVIATION, Cause.WRONG_PASSPHRASE)


def test_refusal_with_the_answer_of_the_flow_is_none() -> None:
    """A 401 that carries what the flow answers shows that the flow has run for a stranger."""
    evidence = Evidence("GET /http/x", bytes_left=True)
    ran = Refused(Cause.UNAUTHENTICATED, evidence, Response(401, (), b"hello"))
    with pytest.raises(Refuted, match="answer of the flow"):
        judge(Rehearsed(twin=[accepted()], deviation=[ran])).refused(DEVIATION, Cause.UNAUTHENTICATED)


def test_gives_up_on_a_silent_far_side() -> None:
    """Each further call would cost its whole time and learn nothing."""
    sender = Rehearsed(twin=[refused(Cause.ANSWER_TIMEOUT)])
    it = judge(sender)
    for _ in range(10):
        with pytest.raises(NotProven, match="infrastructure"):
            it.accepted(TWIN)
    assert len(sender.sent) == 3


def test_finding_names_the_rows_that_fit() -> None:
    """Of the call as it was made, and of what else is known of the landscape."""
    untrusted = Refused(Cause.MISSING_CA, Evidence("GET /http/x", bytes_left=True))
    with pytest.raises(Refuted) as refuted:
        judge(Rehearsed(twin=[untrusted])).accepted(TWIN)
    assert refuted.value.finding.rows == (1,)
    assert refuted.value.finding.remedy
    assert refuted.value.finding.remedy.where == "STRUST"


def test_finding_knows_the_landscape() -> None:
    """What a trial tenant does not support is told as such."""
    now = dt.datetime.now(dt.UTC)
    sent = Authority.root("CN=Sender", now=now).certificate
    unknown = Refused(Cause.UNAUTHENTICATED, Evidence("GET /http/x", bytes_left=True, client_chain=(sent,)))
    for edition, rows in (("trial", (39, 21)), ("standard", (21,))):
        it = Judge(Rehearsed(twin=[unknown]), Twins(), Expectations(), known=Symptoms(edition=edition))
        with pytest.raises(Refuted) as refuted:
            it.accepted(TWIN)
        assert refuted.value.finding.rows == rows


def test_finding_of_another_refusal_keeps_its_rows() -> None:
    """What to do first is to compare with the twin; what was seen is explained all the same."""
    expired = refused(Cause.CERTIFICATE_EXPIRED)
    with pytest.raises(Refuted) as refuted:
        judge(Rehearsed(twin=[accepted()], deviation=[expired])).refused(DEVIATION, Cause.UNKNOWN_CA)
    assert refuted.value.finding.remedy == remedy_for_verdict(REFUSED_OTHERWISE)
    assert refuted.value.finding.rows == (44,)
