"""Whether the suite noticed a defect, and noticed nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import Expectation
from tests.kill_matrix.outcome import Outcome, Row


class Judgement(StrEnum):
    """Of a defect, the worst first."""

    BROKEN = "no verdict"
    UNEXPECTED = "no expectations"
    SURVIVED = "survived"
    NOT_MET = "did not apply"
    ELSEWHERE = "caught elsewhere"
    WRONG_CAUSE = "wrong cause"
    PARTLY = "caught in part"
    CAUGHT = "caught"


SEVERITY = list(Judgement)


@dataclass(frozen=True)
class Judged:
    """What was found about a defect.

    Attributes:
        by: the ids of the checks that caught it, of those that were to.
        receipt: whether the receipt at the end of the run shows it, as it was to.
        why: what is wrong, a sentence each; empty when it is caught.
    """

    judgement: Judgement
    by: frozenset[str] = frozenset()
    receipt: bool = False
    why: tuple[str, ...] = ()


Wrong = tuple[Judgement, str]
"""Something that is not as expected: what it makes of the defect, and a sentence."""


def judge(expected: Expectation, outcome: Outcome, baseline: Outcome) -> Judged:
    """Compare the run on a defect with what was expected of it, and with the run on the same profile without it."""
    if outcome.broken is not None:
        return Judged(Judgement.BROKEN, why=(outcome.broken,))
    by = outcome.with_verdict(Verdict.REFUTED) & expected.refuted
    receipt = bool(outcome.left) and not expected.clean
    wrong = _wrong(expected, outcome, baseline)
    if not wrong and not (by or receipt):
        return Judged(Judgement.NOT_MET, why=("none of the checks that were run is to notice it",))
    if not wrong:
        return Judged(Judgement.CAUGHT, by, receipt)
    found = min((kind for kind, _ in wrong), key=SEVERITY.index)
    if found is Judgement.PARTLY and not (by or receipt):
        found = Judgement.SURVIVED
        if unmet := _not_met(expected, outcome, baseline):
            found, wrong = Judgement.NOT_MET, [*wrong, (found, unmet)]
    return Judged(found, by, receipt, tuple(text for _, text in wrong))


def odd_checks(expected: Expectation, outcome: Outcome, baseline: Outcome) -> frozenset[str]:
    """The ids of the checks that did not end as expected; of all when the receipt did not."""
    checks = baseline.by_check.keys()
    if outcome.broken is not None or bool(outcome.left) is expected.clean:
        return frozenset(checks)
    each = ((check, frozenset({check})) for check in checks)
    return frozenset(
        check
        for check, only in each
        if _wrong(replace(expected.within(only), clean=True), outcome.only(only), baseline.only(only))
    )


def _wrong(expected: Expectation, outcome: Outcome, baseline: Outcome) -> list[Wrong]:
    return [
        *_not_as_stated(expected, outcome),
        *_unrelated(expected, outcome, baseline),
        *_wrong_causes(expected, outcome),
    ]


def unsound(baseline: Outcome) -> Iterator[str]:
    """What is wrong without any defect: there everything that applies must be proven, and nothing left behind."""
    if baseline.broken is not None:
        yield baseline.broken
    for row in baseline.rows:
        if row.applicable and row.verdict is not Verdict.PROVEN:
            yield f"{row.check} must be proven, but {_ended([row])}"
    yield from (f"the receipt must be clean, but: {left}" for left in baseline.left)


def as_without(row: Row, baseline: Outcome) -> bool:
    """Whether a check ended as it does without a defect; what applies must apply still."""
    same = baseline.by_node.get(row.node)
    return same is not None and (same.verdict, same.applicable) == (row.verdict, row.applicable)


def _not_met(expected: Expectation, outcome: Outcome, baseline: Outcome) -> str | None:
    """Why nothing could notice the defect, if that is why nothing did."""
    if expected.refuted and not any(row.applicable for check in expected.refuted for row in baseline.of(check)):
        return f"none of these checks says anything about the profile {baseline.profile}"
    return "no code of the defect's own ran while these checks did" if outcome.met is False else None


def _not_as_stated(expected: Expectation, outcome: Outcome) -> Iterator[Wrong]:
    for verdict, checks in ((Verdict.REFUTED, expected.refuted), (Verdict.NOT_PROVEN, expected.not_proven)):
        missing = {check: _ended(outcome.of(check)) for check in checks - outcome.with_verdict(verdict)}
        for checks_alike, ended in _alike(missing):
            yield Judgement.PARTLY, f"{checks_alike} must be {_words(verdict)}, but {ended}"
    if not expected.clean and not outcome.left:
        yield Judgement.PARTLY, "the receipt must not be clean, but is"


def _unrelated(expected: Expectation, outcome: Outcome, baseline: Outcome) -> Iterator[Wrong]:
    allowed = {Verdict.REFUTED: expected.refuted, Verdict.NOT_PROVEN: expected.not_proven}
    changed: dict[str, str] = {}
    for check, rows in outcome.by_check.items():
        odd = [row for row in rows if not as_without(row, baseline) and check not in allowed.get(row.verdict, ())]
        # a way in which a refuted check is not even begun is no other check's affair
        if odd and not (check in expected.refuted and all(row.verdict is Verdict.NOT_PROVEN for row in odd)):
            changed[check] = _ended(odd)
    for checks, ended in _alike(changed):
        yield Judgement.ELSEWHERE, f"{checks} must not change, but {ended}"
    if gone := {row.check for row in baseline.rows} - {row.check for row in outcome.rows}:
        yield Judgement.ELSEWHERE, f"not run: {', '.join(sorted(gone))}"
    if expected.clean and outcome.left:
        yield Judgement.ELSEWHERE, f"the receipt must be clean, but: {'; '.join(outcome.left)}"


def _alike(sentences: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What is the same of several checks is said once."""
    alike: dict[str, list[str]] = {}
    for check, sentence in sorted(sentences.items()):
        alike.setdefault(sentence, []).append(check)
    return ((", ".join(checks), sentence) for sentence, checks in alike.items())


def _wrong_causes(expected: Expectation, outcome: Outcome) -> Iterator[Wrong]:
    for row in outcome.rows:
        if row.verdict is Verdict.REFUTED and row.check in expected.refuted:
            wanted = expected.cause_of(row.check)
            if row.cause != wanted:
                yield Judgement.WRONG_CAUSE, f"{row.check} must name {wanted}, but names {row.cause}: {row.reason}"


def _ended(rows: Iterable[Row]) -> str:
    """In words, with the first reason."""
    ended = list(rows)
    if not ended:
        return "it has not run"
    verdicts = " and ".join(sorted({_words(row.verdict) for row in ended}))
    told = next((f": {row.reason}{f' (cause {row.cause})' if row.cause else ''}" for row in ended if row.reason), "")
    return f"it is {verdicts}{told}"


def _words(verdict: Verdict) -> str:
    return str(verdict).replace("_", " ")
