"""What became of accepted deviations in a run: each must go on in the same way, be needed, and end on its day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from cpi_conformance.landscape import AcceptedDeviation
from cpi_conformance.verdict.acceptance import Acceptance, AcceptanceState
from cpi_conformance.verdict.model import CheckResult, Verdict


def acceptances_of(
    deviations: Iterable[AcceptedDeviation],
    checks: Iterable[CheckResult],
    *,
    today: dt.date,
    selected: int,
    left_out: frozenset[str] = frozenset(),
) -> tuple[Acceptance, ...]:
    """What became of each accepted deviation, by check.

    A check runs on each TLS version, and all of its runs fall under one acceptance: it holds when one of them deviates
    as accepted and none in another way, and it is no longer needed only when all of them are proven. So ``selected``
    says how many runs of checks there were to be, and ``left_out`` names the checks of which some were not selected.
    """
    results = tuple(checks)
    broken_off = len(results) < selected

    def acceptance(deviation: AcceptedDeviation) -> Acceptance:
        own = [check for check in results if check.id == deviation.check]
        days = deviation.days_left(today)
        whole = not broken_off and deviation.check not in left_out
        unseen = AcceptanceState.UNDECIDED if broken_off else AcceptanceState.NOT_SELECTED
        return Acceptance(deviation, _state(own, expired=days < 0, whole=whole) if own else unseen, days)

    return tuple(acceptance(each) for each in sorted(deviations, key=lambda each: each.check))


def _state(runs: Sequence[CheckResult], *, expired: bool, whole: bool) -> AcceptanceState:
    if any(run.verdict is Verdict.REFUTED for run in runs):
        return AcceptanceState.EXPIRED if expired else AcceptanceState.REFUTED_OTHERWISE
    if any(run.accepted for run in runs):
        return AcceptanceState.HOLDS
    verdicts = {run.verdict for run in runs if run.applicable}
    needless = whole and verdicts == {Verdict.PROVEN}
    return AcceptanceState.NO_LONGER_NEEDED if needless else AcceptanceState.UNDECIDED
