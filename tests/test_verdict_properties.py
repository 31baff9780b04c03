"""What holds of every run, of every sequence of observations, and of every accepted deviation, whatever they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.backend import ConnectionTest
from cpi_conformance.certificates import PfxFile, write_pfx
from cpi_conformance.control.place import Held, Remaining
from cpi_conformance.control.receipt import Receipt
from cpi_conformance.diagnosis import symptoms_of
from cpi_conformance.landscape import AcceptedDeviation, Expectations
from cpi_conformance.landscape.accepted_deviations import Observed
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    Accepted,
    Basic,
    Bearer,
    Call,
    Cause,
    CertificateInHandshake,
    Evidence,
    Expected,
    Observation,
    Refused,
    Response,
    Trust,
)
from cpi_conformance.sender.layers import LAYER_OF, Layer
from cpi_conformance.verdict import (
    AcceptanceState,
    CheckResult,
    Gate,
    Judge,
    NotProven,
    Refuted,
    Run,
    Twins,
    Verdict,
    acceptances_of,
    gate_of,
)
from cpi_conformance.verdict.acceptance import FAILING, accepted_reason
from cpi_conformance.verdict.finding import finding_of_refusal
from cpi_conformance.verdict.judge import BEFORE_THE_FAR_SIDE
from cpi_conformance.verdict.model import NOT_APPLICABLE
from cpi_conformance.verdict.standing import IMITATED, INFRASTRUCTURE
from tests.hostile_far_side import NOW, ROOT, YEAR, connection_test

pytestmark = pytest.mark.once

TODAY = dt.date(2026, 8, 20)

PROVEN = CheckResult("MTLS-01", "n", "t", Verdict.PROVEN, None, "blocker", ("1.basic.1",), None, None, None)
REFUTED = replace(PROVEN, verdict=Verdict.REFUTED, reason="must be refused")
OPEN = replace(PROVEN, verdict=Verdict.NOT_PROVEN, reason="infrastructure: nobody there")
NOT_FOR_IT = replace(OPEN, reason=f"{NOT_APPLICABLE}: a trial tenant")

CHECKS = ("MTLS-01", "MTLS-02", "BASIC-01")


def acceptance_of(check: str, days: int = 10) -> AcceptedDeviation:
    """A deviation that is accepted for so many days more."""
    observed = Observed("client-trust", "unknown-ca")
    return AcceptedDeviation(check, observed, "QA-1", "team@example.test", TODAY + dt.timedelta(days=days))


def accepted_result(check: str) -> CheckResult:
    """A check that is refuted exactly as somebody has accepted."""
    return replace(OPEN, id=check, reason=accepted_reason(acceptance_of(check), "must be refused"))


RESULTS = st.builds(
    lambda kind, check: accepted_result(check) if kind is None else replace(kind, id=check),
    st.sampled_from([PROVEN, PROVEN, PROVEN, REFUTED, OPEN, NOT_FOR_IT, None]),
    st.sampled_from(CHECKS),
)
RUNS = st.lists(RESULTS, max_size=6)

BETTER = {Gate.NO_GO: 0, Gate.NOT_PROVEN: 1, Gate.GO: 2}


@given(checks=RUNS, missing=st.integers(0, 2), data=st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_gate(checks: list[CheckResult], missing: int, data: st.DataObject) -> None:
    selected = len(checks) + missing
    gate = gate_of(checks, selected)

    # in whatever order they have run
    assert gate_of(data.draw(st.permutations(checks)), selected) is gate

    # what is refuted in addition makes it NO-GO, and what is open in addition never makes it better
    place = data.draw(st.integers(0, len(checks)))
    with_one = {kind: [*checks[:place], kind, *checks[place:]] for kind in (REFUTED, OPEN, NOT_FOR_IT)}
    assert gate_of(with_one[REFUTED], selected + 1) is Gate.NO_GO
    for kind in (OPEN, NOT_FOR_IT):
        assert BETTER[gate_of(with_one[kind], selected + 1)] <= BETTER[gate]

    # a proof that is lost never makes it better
    for number, check in enumerate(checks):
        lost = [*checks[:number], replace(check, verdict=Verdict.NOT_PROVEN, reason="lost"), *checks[number + 1 :]]
        assert check.verdict is not Verdict.PROVEN or BETTER[gate_of(lost, selected)] <= BETTER[gate]

    # GO only if something is proven, nothing is refuted, and nothing that applies is open
    if gate is Gate.GO:
        assert any(check.verdict is Verdict.PROVEN for check in checks)
        assert all(check.verdict is Verdict.PROVEN or check.accepted or not check.applicable for check in checks)
        assert missing == 0


LEFT = Remaining(Held("service key", "x", "guid"), "the broker has failed")


@given(
    checks=RUNS,
    faults=st.lists(st.just("rate-limit (seed 7)"), max_size=1),
    left=st.lists(st.just(LEFT), max_size=1),
    days=st.lists(st.integers(-2, 20), max_size=3),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_gate_of_a_run(checks: list[CheckResult], faults: list[str], left: list[Remaining], days: list[int]) -> None:
    """Faults, what is left behind and failing acceptances keep a run from GO, and make none of them NO-GO."""
    acceptances = acceptances_of(map(acceptance_of, CHECKS, days), checks, today=TODAY, selected=len(checks))
    receipt = Receipt("l", "space", "r", 0, len(left), (), tuple(left), (), ())
    run = Run("i", "s", 1, "l", "live", len(checks), tuple(checks), 0, tuple(faults), (receipt,), acceptances)
    by_checks = gate_of(checks, len(checks))
    in_the_way = faults or left or any(each.state in FAILING for each in acceptances)
    assert run.gate is (Gate.NOT_PROVEN if in_the_way and by_checks is Gate.GO else by_checks)


@given(checks=RUNS, days=st.lists(st.integers(-2, 20), min_size=3, max_size=3), missing=st.booleans(), data=st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_accepted_deviations(checks: list[CheckResult], days: list[int], missing: bool, data: st.DataObject) -> None:
    deviations = [acceptance_of(check, left) for check, left in zip(CHECKS, days, strict=True)]
    selected = len(checks) + missing
    found = acceptances_of(deviations, checks, today=TODAY, selected=selected)

    # one for each, in whatever order anything comes
    assert [each.deviation for each in found] == sorted(deviations, key=lambda each: each.check)
    shuffled = acceptances_of(
        data.draw(st.permutations(deviations)), data.draw(st.permutations(checks)), today=TODAY, selected=selected
    )
    assert shuffled == found

    for each in found:
        own = [check for check in checks if check.id == each.deviation.check]
        refuted = any(check.verdict is Verdict.REFUTED for check in own)
        # it holds only for what was seen as accepted, and for nothing else; a check of another id changes nothing
        assert (each.state is AcceptanceState.HOLDS) == (not refuted and any(check.accepted for check in own))
        assert (each.state in FAILING) >= refuted
        if each.state is AcceptanceState.NO_LONGER_NEEDED:
            assert not missing
            assert {check.verdict for check in own if check.applicable} == {Verdict.PROVEN}
        alone = acceptances_of([each.deviation], own, today=TODAY, selected=len(own) + missing)
        assert [one.state for one in alone] == [each.state]


PFX = write_pfx(
    ROOT.leaf("CN=S0012345678,O=SAP SE", not_before=NOW - YEAR, not_after=NOW + YEAR), Secret("a passphrase")
)
TWIN = Call(
    "tenant.test",
    "/http/x",
    Trust((ROOT.certificate,)),
    authorization=Basic("sb-x", Secret("right-secret")),
    expects=Expected(200, "hello"),
)
DEVIATION = TWIN.but(authorization=Basic("sb-x", Secret("wrong-secret")))

CHAINS = ((), (ROOT.certificate,))


def seen(chain: tuple[object, ...] = (), *, left: bool = True) -> Evidence:
    """What is known about a call."""
    return Evidence("GET /http/x", bytes_left=left, server_chain=chain)  # type: ignore[arg-type]  # of certificates


ACCEPTED = st.builds(
    lambda body, status, chain: Accepted(Response(status, (), body), seen(chain)),
    st.sampled_from([b"hello", b"hello", b"hello", b"login", b""]),
    st.sampled_from([200, 200, 200, 204]),
    st.sampled_from(CHAINS),
)


def refusals(causes: Sequence[Cause]) -> st.SearchStrategy[Refused]:
    """Refusals for some of these causes, now and then with the answer of the flow, or before anything was sent."""
    return st.builds(
        lambda cause, body, left, chain: Refused(
            cause, seen(chain, left=left), None if body is None else Response(500, (), body)
        ),
        st.sampled_from(causes),
        st.sampled_from([None, None, None, b"error", b"hello"]),
        st.sampled_from([True, True, True, False]),
        st.sampled_from(CHAINS),
    )


class Rehearsed:
    """A sender that says what was rehearsed for twin and deviation, each in turn, the last again when none is left."""

    def __init__(self, twin: list[Observation], deviation: list[Observation]) -> None:
        self._left = {TWIN: list(twin), DEVIATION.call: list(deviation)}
        self.said: list[tuple[Call, Observation]] = []

    def send(self, call: Call) -> Observation:
        """What comes next."""
        left = self._left[call]
        observation = left.pop(0) if len(left) > 1 else left[0]
        self.said.append((call, observation))
        return observation


def good(observation: Observation) -> bool:
    """Whether the flow has answered."""
    return isinstance(observation, Accepted) and observation.response == Response(200, (), b"hello")


@st.composite
def rehearsals(draw: st.DrawFn) -> tuple[list[Observation], list[Observation], Cause]:
    """What twin and deviation come to, and the cause that is expected; mostly few causes, so that some repeat."""
    cause = draw(st.sampled_from([*Cause]))
    causes = [cause, cause, *draw(st.lists(st.sampled_from([*Cause]), max_size=2))]
    twin = st.one_of(st.just(Accepted(Response(200, (), b"hello"), seen())), ACCEPTED, refusals(causes))
    deviation = st.one_of(refusals(causes), refusals(causes), ACCEPTED)
    return draw(st.lists(twin, min_size=1, max_size=4)), draw(st.lists(deviation, min_size=1, max_size=6)), cause


MOST_CALLS = 20


def outcome(judge: Judge, judged: Callable[[], object]) -> Refuted | NotProven | None:
    """How a judge ends, ``None`` for a proof; any other exception comes through."""
    try:
        judged()
    except (Refuted, NotProven) as verdict:
        found = verdict
    else:
        return None
    assert judge.finding is None
    assert isinstance(found, NotProven) or found.finding.remedy is not None
    return found


@given(rehearsed=rehearsals(), lost_alerts=st.sampled_from(["tolerated", "refuted"]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_refusal_is_proven_only_by_a_refusal_beside_an_accepted_twin(
    rehearsed: tuple[list[Observation], list[Observation], Cause], lost_alerts: str
) -> None:
    twin, deviation, cause = rehearsed
    sender = Rehearsed(twin, deviation)
    judge = Judge(sender, Twins(), Expectations(lost_alerts=lost_alerts))  # type: ignore[arg-type]  # a literal above
    tolerated = lost_alerts == "tolerated" and LAYER_OF[cause] is Layer.CLIENT_TRUST
    counting = {cause, Cause.ALERT_LOST} if tolerated else {cause}
    verdict = outcome(judge, lambda: judge.refused(DEVIATION, cause))
    proven, refuted = verdict is None, isinstance(verdict, Refuted)

    assert len(sender.said) <= MOST_CALLS
    twins = [observation for call, observation in sender.said if call == TWIN]
    deviations = [observation for call, observation in sender.said if call != TWIN]
    if proven or refuted:
        assert any(map(good, twins))
    if proven:
        causes = [observation.cause for observation in deviations if isinstance(observation, Refused)]
        assert len(causes) == len(deviations)
        assert set(causes) <= counting
        assert all(map(good, twins))
        assert not any(each.response and each.response.body == b"hello" for each in deviations[:1])
        assert LAYER_OF[cause] in BEFORE_THE_FAR_SIDE or deviations[0].evidence.bytes_left
        if causes[0] in IMITATED:  # it stands on both sides of the twin
            assert [call == TWIN for call, _ in sender.said[-3:]] == [False, True, False]
    if refuted:
        accepted = any(isinstance(each, Accepted) for each in deviations)
        with_the_answer = any(each.response and each.response.body == b"hello" for each in deviations)
        otherwise = [each for each in deviations if isinstance(each, Refused) and each.cause not in counting]
        assert accepted or with_the_answer or otherwise
        outage = all(isinstance(each, Refused) and each.cause in INFRASTRUCTURE - {cause} for each in deviations)
        assert not outage


@given(observations=st.lists(ACCEPTED | refusals([*Cause]), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_an_acceptance_is_proven_only_by_the_answer_of_the_flow(observations: list[Observation]) -> None:
    sender = Rehearsed(observations, [])
    judge = Judge(sender, Twins(), Expectations())
    verdict = outcome(judge, lambda: judge.accepted(TWIN))
    said = [observation for _, observation in sender.said]
    assert len(said) <= MOST_CALLS
    if verdict is None:
        assert [*map(good, said)] == [True]
    elif isinstance(verdict, Refuted):  # the same again and again, which was neither the flow's answer nor an outage
        kinds = {each.cause if isinstance(each, Refused) else None for each in said}
        assert len(kinds) == 1
        assert not any(map(good, said))
        assert not kinds & INFRASTRUCTURE


TEXTS = (
    st.none() | st.text(max_size=20) | st.sampled_from(["TLS alert unknown_ca", "HTTP status 401", "missing CA: CN=x"])
)

CALLS: tuple[Call | ConnectionTest, ...] = (
    TWIN,
    TWIN.but(authorization=Bearer(Secret("a.b.c"))).call,
    TWIN.but(identity=CertificateInHandshake(PFX)).call,
    TWIN.but(identity=CertificateInHandshake(PfxFile(b"no PFX"))).call,
    TWIN.but(host="127.0.0.1").call,
    TWIN.but(trust=Trust(())).call,
    connection_test(443, True, 1),
)


@given(
    asked=st.sampled_from(CALLS),
    cause=st.sampled_from([*Cause]),
    evidence=st.builds(
        Evidence,
        request=st.just("GET /http/x"),
        bytes_left=st.booleans(),
        tls_version=st.sampled_from([None, "TLSv1.2", "TLSv1.3"]),
        server_chain=st.sampled_from([(), (ROOT.certificate,), (PFX.open().certificate,)]),
        client_chain=st.sampled_from([(), (PFX.open().certificate,), (PFX.open().certificate, ROOT.certificate)]),
        certificate_requested=st.booleans(),
        accepted_cas=st.lists(st.sampled_from(["CN=Far Side Root", "CN=Other", ""]), max_size=2).map(tuple),
        alert_received=st.none() | st.integers(0, 255),
        alert_sent=st.none() | st.integers(0, 255),
        error=TEXTS,
        detail=TEXTS,
    ),
    response=st.none()
    | st.builds(
        Response,
        st.integers(100, 999),
        st.lists(st.tuples(st.sampled_from(["x-csrf-token", "server"]), st.text(max_size=5)), max_size=2).map(tuple),
        st.binary(max_size=30),
    ),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_refusal_is_explained(
    asked: Call | ConnectionTest, cause: Cause, evidence: Evidence, response: Response | None
) -> None:
    """Whatever was seen, and however little fits together; the finding is that of the refusal."""
    refused = Refused(cause, evidence, response)
    finding = finding_of_refusal(asked, refused)
    assert (finding.layer, finding.cause) == (str(refused.layer), str(cause))
    assert finding.remedy is not None
    assert finding.remedy.remedy
    assert symptoms_of(asked, refused).cause == str(cause)
