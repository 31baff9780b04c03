"""Traffic that goes on while something is changed: it forgets no call that was refused."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from cpi_conformance.landscape import Expectations
from cpi_conformance.sender import Accepted, Call, Evidence, Observation, Response, Sender
from cpi_conformance.verdict import Judge, Refuted, Twins
from fixtures import traffic as module
from fixtures.traffic import flowing
from tests.conftest import Inhabited


class Counting(Sender):
    """Answers by itself, and refuses the calls of these numbers."""

    def __init__(self, bad: set[int], broken: int = 0) -> None:
        super().__init__()
        self.calls = 0
        self.changed = threading.Condition()
        self._bad = bad
        self._broken = broken

    def send(self, call: Call) -> Observation:
        """An answer of the flow, or of somebody else."""
        with self.changed:
            self.calls += 1
            self.changed.notify_all()
        if self.calls == self._broken:
            raise RuntimeError("a fault of our own")
        body = b"a log-in page" if self.calls in self._bad else (call.expects.body or "").encode()
        return Accepted(Response(200, (), body), Evidence(request="GET /"))


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
    assert len(seen) == len(bad) + 1
    judge = Judge(sender, Twins(), Expectations())
    if bad:
        with pytest.raises(Refuted, match="in between"):
            judge.undisturbed(seen)
    else:
        judge.undisturbed(seen)


def test_a_switch_is_done_when_a_call_has_been_answered(current: Inhabited) -> None:
    """Not when it has been asked for."""
    sender = Counting(set())
    other = replace(current.basic, method="POST")
    with flowing(sender, current.basic) as traffic:
        traffic.switch_to(other)
        before = sender.calls
        wait_for(sender, before + 3)
    assert traffic.seen()[-1][0] == other


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
