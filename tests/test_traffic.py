"""Traffic that goes on while something is changed: it forgets no call that was refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import TypeVar

import pytest

from cpi_conformance.landscape import Expectations
from cpi_conformance.sender import Accepted, Call, Evidence, Observation, Response, Sender
from cpi_conformance.verdict import Judge, Refuted, Twins
from fixtures import traffic as module
from fixtures.traffic import CALM, KEPT, flowing
from tests.conftest import Inhabited

T = TypeVar("T")


class Counting(Sender):
    """Answers by itself, and refuses the calls of these numbers."""

    def __init__(self, bad: set[int], broken: int = 0) -> None:
        super().__init__()
        self.calls = 0
        self.changed = threading.Condition()
        self.bad = bad
        self._broken = broken

    def send(self, call: Call) -> Observation:
        """An answer of the flow, or of somebody else."""
        with self.changed:
            self.calls += 1
            self.changed.notify_all()
        if self.calls == self._broken:
            raise RuntimeError("a fault of our own")
        body = b"a log-in page" if self.calls in self.bad else (call.expects.body or "").encode()
        return Accepted(Response(200, (), body), Evidence(request="GET /"))


class Waiting(Counting):
    """Answers only while somebody waits for it, but for the call that is under way then."""

    def __init__(self) -> None:
        super().__init__(set())
        self._waited_for = threading.Event()

    def send(self, call: Call) -> Observation:
        """As soon as somebody waits."""
        assert self._waited_for.wait(timeout=60)
        return super().send(call)

    def condition(self) -> threading.Condition:
        """On which somebody waits."""
        waited_for = self._waited_for

        class Condition(threading.Condition):
            def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
                waited_for.set()  # nothing can be noted before the lock is given up to wait
                try:
                    return super().wait_for(predicate, timeout)
                finally:
                    waited_for.clear()

        return Condition()

    def event(self) -> threading.Event:
        """By which the traffic is ended: nobody waits for a call then but whoever wants to see its end."""
        waited_for = self._waited_for

        class Event(threading.Event):
            def set(self) -> None:
                super().set()
                waited_for.set()

        return Event()


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0)


def wait_for(sender: Counting, calls: int) -> None:
    """Until so many calls have been made."""
    with sender.changed:
        assert sender.changed.wait_for(lambda: sender.calls >= calls, timeout=60)


@pytest.mark.parametrize("bad", [set(), {1}, {700}, {2, 1100}], ids=["none", "the first", "late", "two"])
def test_every_bad_call_is_kept(bad: set[int], current: Inhabited) -> None:
    """However many good ones there were before and after it."""
    sender = Counting(bad)
    with flowing(sender, current.basic) as traffic:
        wait_for(sender, 1200)
    seen = traffic.seen()
    assert len(seen.calls) == len(bad) + 1
    assert seen.calm
    if bad:
        with pytest.raises(Refuted, match="in between"):
            Judge(sender, Twins(), Expectations()).undisturbed(lambda: seen)
    else:
        Judge(sender, Twins(), Expectations()).undisturbed(lambda: seen)


@pytest.mark.parametrize(
    ("before", "after", "calm"),
    [
        pytest.param(0, 3, True, id="nothing-to-find-out"),
        pytest.param(1, None, True, id="well-afterwards"),
        pytest.param(1, CALM // 2, False, id="one-more"),
        pytest.param(KEPT + 10, CALM // 2, False, id="more-than-are-kept"),
    ],
)
def test_calm_afterwards(
    before: int, after: int | None, calm: bool, current: Inhabited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has met something bad goes on for a while, until there is more of it; who has not is done."""
    sender = Waiting()
    there = SimpleNamespace(Thread=threading.Thread, Event=sender.event, Condition=sender.condition)
    monkeypatch.setattr(module, "threading", there)
    with flowing(sender, current.basic) as traffic:
        sender.bad |= {sender.calls + number for number in range(2, 2 + before)}
        while before and sender.calls < max(sender.bad) + 2:
            traffic.wait_for_another()
        sender.bad |= {sender.calls + after} if after else set()
    assert traffic.seen().calm is calm


def test_a_switch_is_done_when_a_call_has_been_answered(current: Inhabited) -> None:
    """Not when it has been asked for."""
    sender = Counting(set())
    other = replace(current.basic, method="POST")
    with flowing(sender, current.basic) as traffic:
        traffic.switch_to(other)
        before = sender.calls
        wait_for(sender, before + 3)
    assert traffic.seen().calls[-1][0] == other


def test_another_call_is_one_that_had_not_begun(current: Inhabited) -> None:
    """So whatever was changed before is seen by the whole of a call, however soon the traffic ends."""
    sender = Counting(set())
    with flowing(sender, current.basic) as traffic:
        for _ in range(100):
            before = sender.calls
            traffic.wait_for_another()
            assert sender.calls > before


def test_a_fault_of_our_own_is_no_silence(current: Inhabited) -> None:
    """A traffic that has ended before its time must not look undisturbed."""
    sender = Counting(set(), broken=5)
    with flowing(sender, current.basic) as traffic:
        wait_for(sender, 5)
    with pytest.raises(RuntimeError, match="fault of our own"):
        traffic.seen()
