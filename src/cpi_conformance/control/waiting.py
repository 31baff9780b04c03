"""Waiting for something that the control plane does by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cpi_conformance.control.errors import JobTimeout, ServerFailure, TlsRefusal, Unreachable
from cpi_conformance.control.patience import PATIENT, Patience

Read = TypeVar("Read")

Sleep = Callable[[float], None]
Progress = Callable[[str, float], None]


def unheard(awaited: str, seconds: float) -> None:
    """Progress that nobody wants to hear of."""


@dataclass(frozen=True)
class Pace:
    """How a client waits: how patiently, by which sleep, and whom it tells (what is awaited, for how many seconds)."""

    patience: Patience = PATIENT
    sleep: Sleep = time.sleep
    progress: Progress = unheard


class Waiting:
    """One wait: pauses that grow, up to the deadline.

    Time is what has passed or what has been slept, whichever is more, so that a test which only pretends to
    sleep comes to the deadline too.
    """

    def __init__(self, awaited: str, pace: Pace) -> None:
        self.awaited = awaited
        self._pace = pace
        self._started = time.monotonic()
        self._slept = 0.0
        self._pauses = 0

    @property
    def seconds(self) -> float:
        """For how long already."""
        return max(time.monotonic() - self._started, self._slept)

    def pause(self) -> bool:
        """Pause, the last time until the deadline exactly; at once ``False`` when it has passed."""
        left = self._pace.patience.deadline - self.seconds
        if left <= 0:
            return False
        self._pace.progress(self.awaited, self.seconds)
        pause = min(self._pace.patience.pause(self._pauses), left)
        self._pauses += 1
        self._pace.sleep(pause)
        self._slept += pause
        return True

    def persistently(self, read: Callable[[], Read]) -> Read:
        """The answer to a question that must not stay open; asked again while nobody answers, for a while.

        Raises:
            Unreachable: there was no answer until the deadline, or the outage was too long.
            ServerFailure: likewise.
            ControlError: the far side has answered no.
        """
        began: float | None = None
        while True:
            try:
                return read()
            except (Unreachable, ServerFailure) as error:
                began = self.seconds if began is None else began
                too_long = self.seconds - began >= self._pace.patience.outage
                if isinstance(error, TlsRefusal) or too_long or not self.pause():
                    raise

    def until(self, read: Callable[[], Read], state: Callable[[Read], str | None]) -> Read:
        """Ask at once, then after each pause, until ``state`` is ``None``: nothing is left to wait for.

        Raises:
            JobTimeout: the deadline has passed.
            ControlError: the far side did not answer until then, or has answered no.
        """
        while True:
            found = self.persistently(read)
            seen = state(found)
            if seen is None:
                return found
            if not self.pause():
                raise JobTimeout(self.awaited, self.seconds, seen)
