"""How a judge waits for a runtime to notice a change, and how it judges a traffic; no time passes here."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cpi_conformance.sender import Call, Cause, Observation
from cpi_conformance.verdict import Finding, NotProven, Refuted, judge
from cpi_conformance.verdict.judge import IN_A_ROW, LONGEST_PAUSE
from cpi_conformance.verdict.standing import BROKEN_OFF, INFRASTRUCTURE, STANDS
from tests import test_judge as rehearsal
from tests.test_judge import DEVIATION, TWIN, Outcome, Rehearsed, accepted, refused

REFUSED, ACCEPTED = refused(Cause.UNAUTHENTICATED), accepted()

DELAY = 60.0


@dataclass
class Time:
    """In place of the module ``time``: passes only while somebody sleeps."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """The present moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Until the given moment, at once."""
        assert seconds > 0
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The judge's."""
    time = Time()
    monkeypatch.setattr(judge, "time", time)
    return time


WAITING: dict[str, tuple[list[Observation], list[Observation], Outcome, int]] = {
    "at-once": ([ACCEPTED], [REFUSED], None, IN_A_ROW),
    "noticed-in-time": ([REFUSED, REFUSED, ACCEPTED], [ACCEPTED, ACCEPTED, REFUSED], None, 2 + IN_A_ROW),
    "never-noticed": ([REFUSED], [ACCEPTED], Refuted, 0),
    "answered-by-the-flow-from-before": ([accepted(b"old"), accepted(b"old"), ACCEPTED], [], None, 2 + IN_A_ROW),
    "answered-by-it-for-ever": ([accepted(b"old")], [], Refuted, 0),
    "broken-off-in-between": (
        [refused(Cause.CONNECTION_REFUSED), ACCEPTED],
        [ACCEPTED, refused(Cause.CONNECTION_REFUSED)],
        None,
        1 + IN_A_ROW,
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_accepted_within(name: str, time: Time) -> None:
    """A refusal, or another answer, is asked again until the time is over, and not a moment longer."""
    observations, _, outcome, sent = WAITING[name]
    sender = Rehearsed(twin=list(observations))
    it = rehearsal.judge(sender)
    if outcome is None:
        it.accepted(TWIN, within=DELAY)
        assert it.finding == Finding()
        assert len(sender.sent) == sent
    else:
        with pytest.raises(outcome):
            it.accepted(TWIN, within=DELAY)
        assert time.now == 1000.0 + DELAY
        assert max(time.pauses) == LONGEST_PAUSE


@pytest.mark.parametrize("name", ["at-once", "noticed-in-time", "never-noticed"])
def test_refused_within(name: str, time: Time) -> None:
    """An acceptance is asked again until the time is over; then the twin again, and the deviation behind it."""
    _, observations, outcome, sent = WAITING[name]
    sender = Rehearsed(twin=[ACCEPTED], deviation=list(observations))
    it = rehearsal.judge(sender)
    if outcome is None:
        it.refused(DEVIATION, Cause.UNAUTHENTICATED, within=DELAY)
        assert sender.sent == [TWIN, *[DEVIATION.call] * sent, TWIN, *[DEVIATION.call] * IN_A_ROW]
    else:
        with pytest.raises(outcome, match="but was accepted"):
            it.refused(DEVIATION, Cause.UNAUTHENTICATED, within=DELAY)
        assert time.now == 1000.0 + DELAY


def test_refused_for_another_cause_within(time: Time) -> None:
    """It is waited for until it has the right one, as a flow answers 503 while it is being undeployed."""
    sender = Rehearsed(twin=[ACCEPTED], deviation=[refused(Cause.NOT_STARTED), refused(Cause.NO_SUCH_ENDPOINT)])
    rehearsal.judge(sender).refused(DEVIATION, Cause.NO_SUCH_ENDPOINT, within=DELAY)
    assert sender.sent == [TWIN, *[DEVIATION.call] * (1 + IN_A_ROW), TWIN, *[DEVIATION.call] * IN_A_ROW]


def test_refused_for_another_cause_for_ever(time: Time) -> None:
    """Is judged when the time is over."""
    sender = Rehearsed(twin=[ACCEPTED], deviation=[refused(Cause.ROLE_MISSING)])
    with pytest.raises(Refuted, match="must be refused at authentication: unauthenticated"):
        rehearsal.judge(sender).refused(DEVIATION, Cause.UNAUTHENTICATED, within=DELAY)
    assert time.now == 1000.0 + DELAY


def test_nothing_is_waited_for_without_a_delay(time: Time) -> None:
    """What does not depend on a change is asked again only to see whether it stands."""
    sender = Rehearsed(twin=[REFUSED])
    with pytest.raises(Refuted):
        rehearsal.judge(sender).accepted(TWIN)
    assert (len(sender.sent), time.pauses) == (STANDS, [])


def test_only_the_last_call_is_told_of(time: Time) -> None:
    """The report shows what was judged, not how long it took."""
    seen: list[Observation] = []
    sender = Rehearsed(twin=[REFUSED, REFUSED, ACCEPTED])
    it = rehearsal.judge(sender)
    it._witness = lambda part, call, observation: seen.append(observation)
    it.accepted(TWIN, within=DELAY)
    assert seen == [ACCEPTED]


def test_silent_far_side_is_given_up(time: Time) -> None:
    """Each further call would cost its whole time."""
    sender = Rehearsed(twin=[refused(Cause.ANSWER_TIMEOUT)])
    with pytest.raises(NotProven, match="nobody has answered the last 3 calls"):
        rehearsal.judge(sender).accepted(TWIN, within=DELAY)
    assert len(sender.sent) == 3


TRAFFIC: dict[str, tuple[list[Observation], Outcome, str]] = {
    "all-accepted": ([ACCEPTED] * 3, None, ""),
    "none": ([], NotProven, "no call was made"),
    "one-refused": ([ACCEPTED, REFUSED, ACCEPTED], Refuted, "call 2 of 3 in between was refused"),
    "the-first-refused": ([REFUSED, ACCEPTED, ACCEPTED], Refuted, "call 1 of 3"),
    "another-answer": ([ACCEPTED, ACCEPTED, accepted(b"login")], Refuted, "call 3 of 3 in between: the answer has"),
    "another-status": ([accepted(status=204)], Refuted, "call 1 of 1 in between: the answer has"),
}


@pytest.mark.parametrize("name", TRAFFIC)
def test_undisturbed(name: str) -> None:
    """Proven only when every call was answered by the flow; the first that was not is named."""
    observations, outcome, words = TRAFFIC[name]
    it = rehearsal.judge(Rehearsed())
    seen = [(TWIN, each) for each in observations]
    if outcome is None:
        it.undisturbed(iter(seen))
        assert it.finding == Finding()
    else:
        with pytest.raises(outcome, match=words):
            it.undisturbed(iter(seen))
        assert it.finding is None


@pytest.mark.parametrize("cause", sorted(INFRASTRUCTURE | BROKEN_OFF))
def test_traffic_that_did_not_get_through(cause: Cause) -> None:
    """It says nothing about authentication."""
    seen: list[tuple[Call, Observation]] = [(TWIN, ACCEPTED), (TWIN, refused(cause)), (TWIN, REFUSED)]
    with pytest.raises(NotProven, match="infrastructure: call 2 of 3") as open_question:
        rehearsal.judge(Rehearsed()).undisturbed(seen)
    assert open_question.value.finding.cause == cause


def test_one_node_that_has_noticed_is_not_all_of_them(time: Time) -> None:
    """A runtime has several nodes: answers that change to and fro are waited for until they stay."""
    to_and_fro: list[Observation] = [ACCEPTED, REFUSED, ACCEPTED, ACCEPTED, REFUSED, ACCEPTED]
    sender = Rehearsed(twin=to_and_fro)
    rehearsal.judge(sender).accepted(TWIN, within=DELAY)
    assert len(sender.sent) == 6 + IN_A_ROW - 1
