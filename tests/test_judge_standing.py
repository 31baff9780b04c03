"""What a judge makes of troubles that pass: never a proof, never a refutation, only an open question."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509

from cpi_conformance.sender import Accepted, Cause, Observation, Refused
from cpi_conformance.simulator.server_chains import CURRENT, G2, ServerAuthority
from cpi_conformance.verdict import NotProven, Refuted
from cpi_conformance.verdict.standing import IMITATED, INFRASTRUCTURE, STANDS
from tests.test_judge import DEVIATION, TWIN, Outcome, Rehearsed, accepted, judge, refused
from tests.test_truth import NOW

GOOD = accepted()
PAGE = accepted(b"<html>Down for maintenance</html>")
DENIED = refused(Cause.UNAUTHENTICATED)
LOST = refused(Cause.ALERT_LOST)
UNKNOWN = refused(Cause.UNKNOWN_CA)
RESET = refused(Cause.CONNECTION_LOST)

T, D = TWIN, DEVIATION.call

REFUSALS: dict[str, tuple[list[Observation], list[Observation], Cause, str, Outcome, list[object]]] = {
    "401-that-stands": ([GOOD], [DENIED], Cause.UNAUTHENTICATED, "refuted", None, [T, D, T, D]),
    "401-to-everybody": ([GOOD, DENIED], [DENIED], Cause.UNAUTHENTICATED, "refuted", NotProven, [T, D, T]),
    "401-once-where-all-are-let-in": (
        [GOOD],
        [DENIED, GOOD],
        Cause.UNAUTHENTICATED,
        "refuted",
        Refuted,
        [T, D, T, D, T],
    ),
    "401-and-then-nobody": ([GOOD], [DENIED, RESET], Cause.UNAUTHENTICATED, "refuted", NotProven, [T, D, T, D]),
    "page-for-a-refusal": ([GOOD], [PAGE, DENIED], Cause.UNAUTHENTICATED, "refuted", NotProven, [T, D, D]),
    "403-once": (
        [GOOD],
        [refused(Cause.ROLE_MISSING), DENIED],
        Cause.UNAUTHENTICATED,
        "refuted",
        NotProven,
        [T, D, D],
    ),
    "reset-that-looks-like-a-lost-alert": (
        [GOOD],
        [LOST, GOOD],
        Cause.UNKNOWN_CA,
        "tolerated",
        Refuted,
        [T, D, T, D, T],
    ),
    "lost-alerts": ([GOOD], [LOST], Cause.UNKNOWN_CA, "tolerated", None, [T, D, T, D]),
    "alert-lost-once": ([GOOD], [LOST, UNKNOWN], Cause.UNKNOWN_CA, "tolerated", None, [T, D, T, D]),
    "alert-lost-once-where-alerts-must-arrive": (
        [GOOD],
        [LOST, UNKNOWN],
        Cause.UNKNOWN_CA,
        "refuted",
        NotProven,
        [T, D, D],
    ),
    "lost-alerts-where-they-must-arrive": (
        [GOOD],
        [LOST],
        Cause.UNKNOWN_CA,
        "refuted",
        Refuted,
        [T, *[D] * STANDS, T],
    ),
    "lost-alerts-while-nobody-is-let-in": ([GOOD, LOST], [LOST], Cause.UNKNOWN_CA, "tolerated", NotProven, [T, D, T]),
    "alert": ([GOOD], [UNKNOWN], Cause.UNKNOWN_CA, "tolerated", None, [T, D]),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str) -> None:
    """A refusal that trouble can look like is asked for on both sides of the accepted twin; others are not."""
    twins, deviations, cause, lost_alerts, outcome, sent = REFUSALS[name]
    sender = Rehearsed(twin=list(twins), deviation=list(deviations))
    it = judge(sender, lost_alerts)
    if outcome is None:
        it.refused(DEVIATION, cause)
    else:
        with pytest.raises(outcome) as raised:
            it.refused(DEVIATION, cause)
        assert str(raised.value).startswith("infrastructure: ") is (outcome is NotProven)
    assert sender.sent == sent


def test_cause_is_named_when_one_of_two_alerts_has_arrived() -> None:
    """A lost alert says less than the one that came."""
    it = judge(Rehearsed(twin=[GOOD], deviation=[LOST, UNKNOWN]))
    assert it.refused(DEVIATION, Cause.UNKNOWN_CA).cause is Cause.UNKNOWN_CA


PASSING: dict[str, Observation] = {
    **{str(cause): refused(cause) for cause in sorted(IMITATED - INFRASTRUCTURE)},
    "maintenance-page": PAGE,
}


@pytest.mark.parametrize("times", [1, STANDS - 1])
@pytest.mark.parametrize("name", PASSING)
def test_passing_trouble_refutes_nothing(name: str, times: int) -> None:
    """Neither an acceptance nor what a check needs, and no twin is believed to be refused for good."""
    for ask in ("accepted", "needed"):
        with pytest.raises(NotProven, match=r"^infrastructure: "):
            getattr(judge(Rehearsed(twin=[PASSING[name]] * times + [GOOD])), ask)(TWIN)
    sender = Rehearsed(twin=[PASSING[name]] * times + [GOOD], deviation=[UNKNOWN])
    it = judge(sender)
    with pytest.raises(NotProven, match=r"^infrastructure: "):
        it.refused(DEVIATION, Cause.UNKNOWN_CA)
    it.refused(DEVIATION, Cause.UNKNOWN_CA)


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_stands_refutes(name: str) -> None:
    """Whatever it was, the landscape does not do what it must."""
    with pytest.raises(Refuted):
        judge(Rehearsed(twin=[PASSING[name]])).accepted(TWIN)
    with pytest.raises(NotProven, match=r"^what the check needs was not"):
        judge(Rehearsed(twin=[PASSING[name]])).needed(TWIN)


def test_refused_twin_is_asked_once() -> None:
    """All checks that lean on it end NOT PROVEN, without asking it again and again."""
    sender = Rehearsed(twin=[DENIED], deviation=[DENIED])
    it = judge(sender)
    for _ in range(3):
        with pytest.raises(NotProven, match=r"^the twin was not accepted"):
            it.refused(DEVIATION, Cause.UNAUTHENTICATED)
    assert sender.sent == [TWIN] * STANDS


def test_twin_that_was_not_reached_is_asked_by_the_next_check() -> None:
    """An outage of a moment does not take every check with it."""
    it = judge(Rehearsed(twin=[RESET, GOOD], deviation=[DENIED]))
    with pytest.raises(NotProven, match=r"^infrastructure: the twin was not accepted"):
        it.refused(DEVIATION, Cause.UNAUTHENTICATED)
    it.refused(DEVIATION, Cause.UNAUTHENTICATED)


def _chain(shape: object) -> tuple[x509.Certificate, ...]:
    credential = ServerAuthority(G2 if shape is G2 else CURRENT, NOW).leaf("tenant.invalid")
    return (credential.certificate, *credential.intermediates)


OLD, NEW = _chain(G2), _chain(CURRENT)


def presenting(observation: Observation, chain: tuple[x509.Certificate, ...]) -> Observation:
    """The same, from a load balancer that presents this chain."""
    return replace(observation, evidence=replace(observation.evidence, server_chain=chain))


MISSING = refused(Cause.MISSING_CA)

ROTATIONS: dict[str, tuple[list[Observation], Outcome]] = {
    "rotated-in-mid-run": ([presenting(GOOD, OLD), presenting(MISSING, NEW)], NotProven),
    "another-chain-for-some-calls": (
        [presenting(GOOD, OLD), *[presenting(MISSING, NEW)] * STANDS, presenting(GOOD, OLD)],
        Refuted,
    ),
    "rotated-and-then-accepted-with-both": (
        [presenting(GOOD, OLD), presenting(GOOD, NEW), presenting(MISSING, NEW)],
        NotProven,
    ),
    "same-chain": ([presenting(GOOD, OLD), presenting(MISSING, OLD)], Refuted),
}


@pytest.mark.parametrize("name", ROTATIONS)
def test_acceptance_after_a_rotation(name: str) -> None:
    """Who trusts the chain from before is cut off, which says nothing about the landscape's authentication.

    It is a rotation only when a call that was accepted with the other chain is refused now as well.
    """
    observations, outcome = ROTATIONS[name]
    it = judge(Rehearsed(twin=list(observations)))
    for each in observations[: sum(isinstance(each, Accepted) for each in observations[:2])]:
        assert it.accepted(TWIN) == each
    assert outcome is not None
    with pytest.raises(outcome) as raised:
        it.accepted(TWIN)
    assert str(raised.value).startswith("infrastructure: the load balancer presents another chain") is (
        outcome is NotProven
    )


REFUSED_AFTER_ROTATION: dict[str, tuple[Cause, list[Observation], Observation, Outcome]] = {
    "missing-ca": (Cause.MISSING_CA, [presenting(GOOD, OLD), presenting(MISSING, NEW)], MISSING, NotProven),
    "old-root-trusted-again": (Cause.MISSING_CA, [presenting(GOOD, OLD), presenting(MISSING, NEW)], GOOD, NotProven),
    "other-chain-for-another-name": (
        Cause.HOST_NAME_MISMATCH,
        [presenting(GOOD, OLD)],
        refused(Cause.HOST_NAME_MISMATCH),
        None,
    ),
}


@pytest.mark.parametrize("name", REFUSED_AFTER_ROTATION)
def test_refusal_after_a_rotation(name: str) -> None:
    """A deviation that met another chain than its twin is judged only when the twin is accepted with it too."""
    cause, twins, deviation, outcome = REFUSED_AFTER_ROTATION[name]
    sender = Rehearsed(twin=list(twins), deviation=[presenting(deviation, NEW)])
    if outcome is None:
        judge(sender).refused(DEVIATION, cause)
    else:
        with pytest.raises(outcome, match=r"^infrastructure: the twin, accepted before, was not accepted"):
            judge(sender).refused(DEVIATION, cause)
    assert sender.sent == [TWIN, DEVIATION.call, TWIN]


def test_same_chain_needs_no_second_twin() -> None:
    """What this side has refused by itself cannot be the far side's trouble."""
    sender = Rehearsed(twin=[presenting(GOOD, OLD)], deviation=[presenting(MISSING, OLD)])
    assert isinstance(judge(sender).refused(DEVIATION, Cause.MISSING_CA), Refused)
    assert sender.sent == [TWIN, DEVIATION.call]


def test_acceptance_is_never_taken_back() -> None:
    """Nothing is asked again of a call that the flow has answered."""
    sender = Rehearsed(twin=[GOOD, DENIED])
    assert isinstance(judge(sender).accepted(TWIN), Accepted)
    assert sender.sent == [TWIN]
