"""How a judge waits for a runtime to notice a change, and how it judges a traffic; no time passes here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from cpi_conformance.sender import Cause, Observation
from cpi_conformance.verdict import Finding, InBetween, NotProven, Refuted, judge
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


GOOD = InBetween(((TWIN, ACCEPTED),))
DISTURBED = InBetween(((TWIN, REFUSED), (TWIN, ACCEPTED)))
TROUBLED = replace(DISTURBED, calm=False)
ANSWERED_OTHERWISE = InBetween(((TWIN, accepted(b"login")),))
WITHOUT_ROLE = InBetween(((TWIN, refused(Cause.ROLE_MISSING)),))

CHANGES: dict[str, tuple[list[InBetween], Outcome, str]] = {
    "all-accepted": ([GOOD], None, ""),
    "none": ([InBetween(())], NotProven, "no call was made"),
    "refused-twice": ([DISTURBED, DISTURBED], Refuted, "a call in between was refused at authentication.*, twice"),
    "answered-otherwise-twice": ([ANSWERED_OTHERWISE] * 2, Refuted, "of a call in between the answer has .*, twice"),
    "refused-once": ([DISTURBED, GOOD], NotProven, "infrastructure: .*; it was not when it was done again"),
    "in-two-ways": ([DISTURBED, WITHOUT_ROLE], NotProven, "infrastructure: .*; it was not when it was done again"),
    "refused-and-answered-otherwise": ([DISTURBED, ANSWERED_OTHERWISE], NotProven, "infrastructure: "),
    "and-afterwards-too": ([TROUBLED], NotProven, "infrastructure: .*; so was one when nothing was changed any more"),
    "the-second-time-afterwards-too": ([DISTURBED, TROUBLED], NotProven, "infrastructure: .*; so was one when"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_undisturbed(name: str) -> None:
    """Refuted only by what the change does again; what may be a trouble that passes leaves the question open."""
    changes, outcome, words = CHANGES[name]
    it, left = rehearsal.judge(Rehearsed()), iter(changes)
    if outcome is None:
        it.undisturbed(lambda: next(left))
        assert it.finding == Finding()
    else:
        with pytest.raises(outcome, match=words):
            it.undisturbed(lambda: next(left))
        assert it.finding is None
    assert next(left, None) is None, "it was not done as often as it must be"


@pytest.mark.parametrize("cause", sorted(INFRASTRUCTURE | BROKEN_OFF))
def test_traffic_that_did_not_get_through(cause: Cause) -> None:
    """It says nothing about authentication, and nothing is changed again for it."""
    changes = iter([InBetween(((TWIN, refused(cause)), (TWIN, REFUSED), (TWIN, ACCEPTED)))])
    with pytest.raises(NotProven, match="infrastructure: a call in between was refused") as open_question:
        rehearsal.judge(Rehearsed()).undisturbed(lambda: next(changes))
    assert open_question.value.finding.cause == cause


def test_one_node_that_has_noticed_is_not_all_of_them(time: Time) -> None:
    """A runtime has several nodes: answers that change to and fro are waited for until they stay."""
    to_and_fro: list[Observation] = [ACCEPTED, REFUSED, ACCEPTED, ACCEPTED, REFUSED, ACCEPTED]
    sender = Rehearsed(twin=to_and_fro)
    rehearsal.judge(sender).accepted(TWIN, within=DELAY)
    assert len(sender.sent) == 6 + IN_A_ROW - 1
