"""How long to wait for the control plane, and how often to ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long a client waits, in seconds; each pause is twice the one before.

    Attributes:
        deadline: for one operation as a whole: for one request with its repetitions, none of which has longer by
            itself, and again for what the request has started.
        first_pause, longest_pause: between two questions for something that is under way; the first is short,
            because most keys are there within a second.
        first_rest, longest_rest: before a request is repeated that had no answer, or that failed.
        attempts: how often a request is sent.
        outage: how long an outage may last before a wait is given up.
    """

    deadline: float = 600.0
    first_pause: float = 0.005
    longest_pause: float = 2.0
    first_rest: float = 0.5
    longest_rest: float = 8.0
    attempts: int = 5
    outage: float = 60.0

    def pause(self, number: int) -> float:
        """The pause after so many pauses before."""
        return min(self.first_pause * 2.0 ** min(number, 30), self.longest_pause)

    def rest(self, number: int) -> float:
        """The rest after so many rests before."""
        return min(self.first_rest * 2.0 ** min(number, 30), self.longest_rest)


PATIENT = Patience()
"""What a caller has who says nothing."""
