"""An accepted deviation at the end of a run, and in which words it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cpi_conformance.landscape import AcceptedDeviation

ACCEPTED = "accepted until"
"""How the reason begins when a check is refuted as somebody has accepted; it does not hold up the gate."""

SOON = 14
"""With fewer days left than this somebody should look at it."""


class AcceptanceState(StrEnum):
    """Of an accepted deviation, at the end of a run."""

    HOLDS = "holds"
    REFUTED_OTHERWISE = "refuted_otherwise"
    EXPIRED = "expired"
    NO_LONGER_NEEDED = "no_longer_needed"
    UNDECIDED = "undecided"
    NOT_SELECTED = "not_selected"


FAILING = frozenset(
    {AcceptanceState.REFUTED_OTHERWISE, AcceptanceState.EXPIRED, AcceptanceState.NO_LONGER_NEEDED},
)
"""States in which the run fails until somebody has changed the landscape or its file."""


@dataclass(frozen=True)
class Acceptance:
    """An accepted deviation, and what became of it in a run.

    Attributes:
        days_left: 0 on the last day, negative when it has expired.
    """

    deviation: AcceptedDeviation
    state: AcceptanceState
    days_left: int

    @property
    def failing(self) -> bool:
        """Whether the run fails because of it."""
        return self.state in FAILING

    @property
    def ends_soon(self) -> bool:
        """Whether it ends within a fortnight, or has ended."""
        return self.days_left < SOON

    def __str__(self) -> str:
        it = self.deviation
        whose = f"acceptance of {it.check} ({it.ticket}, {it.owner})"
        ends = f"it ends on {it.until} ({days_in_words(self.days_left)})"
        match self.state:
            case AcceptanceState.HOLDS:
                told = f"accepted: {it.check} {it.observed}; {it.ticket}, {it.owner}; {ends}"
            case AcceptanceState.REFUTED_OTHERWISE:
                told = f"{whose} is for {it.observed} only, which is not what was seen; {ends}"
            case AcceptanceState.EXPIRED:
                told = f"{whose} expired on {it.until}"
            case AcceptanceState.NO_LONGER_NEEDED:
                told = f"acceptance of {it.check} ({it.ticket}) is no longer needed: remove it"
            case AcceptanceState.UNDECIDED:
                told = f"{whose} could not be put to the test; {ends}"
            case AcceptanceState.NOT_SELECTED:
                told = f"{whose} was not put to the test: the check was not selected; {ends}"
        return told


def days_in_words(days: int) -> str:
    """How long an acceptance still counts."""
    if days < 0:
        return "expired"
    return "1 day left" if days == 1 else f"{days} days left" if days else "today"


def with_how_many(holding: Sequence[Acceptance]) -> str:
    """What goes with GO when deviations are accepted; there is at least one."""
    days = min(each.days_left for each in holding)
    ends = f"in {days} days" if days > 1 else "in 1 day" if days else "today"
    several = "s" if len(holding) > 1 else ""
    return f"with {len(holding)} accepted deviation{several} (next ends {ends})"


def accepted_reason(deviation: AcceptedDeviation, reason: str) -> str:
    """Why a check is not proven that is refuted exactly as accepted."""
    return f"{ACCEPTED} {deviation.until}: {deviation.ticket} ({deviation.owner}): {reason}"


def refuted_reason(deviation: AcceptedDeviation, reason: str, today: dt.date) -> str:
    """Why a check is refuted although a deviation is accepted: it has expired, or another one was seen."""
    if deviation.days_left(today) < 0:
        return f"{reason}; the acceptance of {deviation.ticket} ({deviation.owner}) expired on {deviation.until}"
    return f"{reason}; {deviation.ticket} ({deviation.owner}) accepts only {deviation.observed}"
