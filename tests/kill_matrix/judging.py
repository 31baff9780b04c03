"""Whether the suite noticed a defect, and noticed nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import Expectation
from tests.kill_matrix.outcome import Outcome


class Judgement(StrEnum):
    """Of a defect."""

    CAUGHT = "caught"
    PARTLY = "caught in part"
    SURVIVED = "survived"
    NOT_MET = "did not apply"
    ELSEWHERE = "caught elsewhere"
    WRONG_CAUSE = "wrong cause"
    BROKEN = "no verdict"
    UNEXPECTED = "no expectations"


@dataclass(frozen=True)
class Judged:
    """What was found about a defect.

    Attributes:
        by: the ids of the checks that caught it, of those that were to.
        why: what is wrong, a sentence each; empty when it is caught.
    """

    judgement: Judgement
    by: frozenset[str] = frozenset()
    why: tuple[str, ...] = ()


def judge(expected: Expectation, outcome: Outcome, baseline: Outcome) -> Judged:
    """Compare the run on a defect with what was expected of it, and with the run on the same profile without it."""
    if outcome.broken is not None:
        return Judged(Judgement.BROKEN, why=(outcome.broken,))
    refuted = outcome.with_verdict(Verdict.REFUTED)
    by = refuted & expected.refuted
    noticed = bool(by) or not (expected.clean or not outcome.left)
    wrong = tuple(_wrong(expected, outcome, baseline))
    if not wrong:
        return Judged(Judgement.CAUGHT, by)
    kinds = [kind for kind, _ in wrong]
    if not noticed:
        met = any(row.applicable for check in expected.refuted for row in baseline.of(check))
        first = Judgement.SURVIVED if met or not expected.clean else Judgement.NOT_MET
    else:
        first = min(kinds, key=list(Judgement).index)
    return Judged(first, by, tuple(text for _, text in wrong))


def _wrong(expected: Expectation, outcome: Outcome, baseline: Outcome) -> Iterator[tuple[Judgement, str]]:
    refuted, open_ = outcome.with_verdict(Verdict.REFUTED), outcome.with_verdict(Verdict.NOT_PROVEN)
    for check in sorted(expected.refuted - refuted):
        yield Judgement.PARTLY, f"{check} must be refuted, but {_ended(outcome, check)}"
    for check in sorted(refuted - expected.refuted):
        yield Judgement.ELSEWHERE, f"{check} was refuted, which nobody expects: {_reason(outcome, check)}"
    for check in sorted(open_ - expected.not_proven - refuted):
        yield Judgement.ELSEWHERE, f"{check} was not proven, which nobody expects: {_reason(outcome, check)}"
    for check in sorted(expected.not_proven - open_):
        yield Judgement.PARTLY, f"{check} must end not proven, but {_ended(outcome, check)}"
    for row in baseline.rows:
        if row.applicable and row.node not in {each.node for each in outcome.rows if each.applicable}:
            yield Judgement.ELSEWHERE, f"{row.check} applies no more"
    if expected.clean and outcome.left:
        yield Judgement.ELSEWHERE, f"the receipt is not clean, which nobody expects: {'; '.join(outcome.left)}"
    if not expected.clean and not outcome.left:
        yield Judgement.PARTLY, "the receipt is clean, and must not be"
    for row in outcome.rows:
        if row.verdict is Verdict.REFUTED and row.check in expected.refuted:
            wanted = expected.cause_of(row.check)
            if row.cause != wanted:
                yield Judgement.WRONG_CAUSE, f"{row.check} must name {wanted}, but names {row.cause}: {row.reason}"


def _ended(outcome: Outcome, check: str) -> str:
    rows = outcome.of(check)
    if not rows:
        return "it has not run"
    verdicts = ", ".join(sorted({str(row.verdict).replace("_", " ") for row in rows}))
    reason = next((f": {row.reason}" for row in rows if row.reason), "")
    return f"it is {verdicts}{reason}"


def _reason(outcome: Outcome, check: str) -> str:
    row = next(row for row in outcome.of(check) if row.verdict is not Verdict.PROVEN)
    return f"{row.reason} (cause {row.cause})"
