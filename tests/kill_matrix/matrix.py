"""All defects against all checks, and whether the suite is as strong as it must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cpi_conformance.simulator.defects import Defect
from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import ALL, Expectations
from tests.kill_matrix.judging import Judged, Judgement, judge
from tests.kill_matrix.outcome import Outcome

CHECK_IDS = Path(__file__).parents[1] / "check-ids.txt"

NOT_APPLICABLE = "not applicable"
"""What a cell says of a check that has nothing to say about the profile."""


@dataclass(frozen=True)
class Matrix:
    """What came of a run of the whole matrix, or of some defects.

    Attributes:
        defects: those that were run, in the order of their modules.
        outcomes: of each, by its name.
        baselines: of each profile without any defect.
        expectations: what the files say.
        checks: the ids of all checks that there are.
        known: the names of all defects that there are.
        seconds: wall time of the whole.
        only: the ids of the checks that were run; ``None`` for all.
    """

    defects: tuple[Defect, ...]
    outcomes: Mapping[str, Outcome]
    baselines: Mapping[str, Outcome]
    expectations: Expectations
    checks: tuple[str, ...]
    known: frozenset[str]
    seconds: float
    only: frozenset[str] | None = None

    @cached_property
    def judged(self) -> Mapping[str, Judged]:
        """What was found about each defect, by its name."""
        return {defect.name: self._judge(defect) for defect in self.defects}

    @cached_property
    def killers(self) -> Mapping[str, tuple[str, ...]]:
        """Of each check the defects that it was to notice and has noticed."""
        return {
            check: tuple(name for name, judged in self.judged.items() if check in judged.by) for check in self.checks
        }

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What the report calls each check."""
        return {row.check: row.title for baseline in self.baselines.values() for row in reversed(baseline.rows)}

    @property
    def caught(self) -> tuple[str, ...]:
        """The defects that were caught as they were to be."""
        return tuple(name for name, judged in self.judged.items() if judged.judgement is Judgement.CAUGHT)

    @property
    def whole(self) -> bool:
        """Whether no defect and no check was left out."""
        return self.only is None and self.known == {defect.name for defect in self.defects}

    def cell(self, check: str, defect: Defect) -> str:
        """The verdict of a check on a defect: the worst of its ways; empty when it does not run on the profile."""
        rows = self.outcomes[defect.name].of(check)
        verdicts = {row.verdict for row in rows if row.applicable}
        worst = next((each for each in (Verdict.REFUTED, Verdict.NOT_PROVEN, Verdict.PROVEN) if each in verdicts), None)
        return worst.value.replace("_", " ") if worst else NOT_APPLICABLE if rows else ""

    def problems(self) -> list[str]:
        """Everything that is wrong with the suite's power or with what is written about it, a line or a few each."""
        return [*self._about_expectations(), *self._about_defects(), *self._about_checks()]

    def _judge(self, defect: Defect) -> Judged:
        expected = self.expectations.by_name.get(defect.name)
        if expected is None:
            return Judged(Judgement.UNEXPECTED, why=("tests/kill_matrix says nothing about it",))
        if self.only is not None:
            expected = expected.within(self.only)
        return judge(expected, self.outcomes[defect.name], self.baselines[defect.profile])

    def _about_expectations(self) -> Iterator[str]:
        yield from (each for each in self.expectations.problems if self.whole or self._is_chosen(each))
        for name, expected in self.expectations.by_name.items():
            if self.whole and name not in self.known:
                yield f"{name}: there are expectations, but no such defect"
            elif strangers := expected.few - set(self.checks):
                yield from (f"{name}: there is no check {each}" for each in sorted(strangers) if name in self.judged)
            if self.whole and (unknown := expected.apart - self.known - {ALL}):
                yield f"{name}: it stands apart from {', '.join(sorted(unknown))}, but there is no such defect"

    def _is_chosen(self, problem: str) -> bool:
        """Whether what is wrong with a file is about a defect that was run."""
        return any(f", {defect.name}: " in problem for defect in self.defects)

    def _about_defects(self) -> Iterator[str]:
        for name, judged in self.judged.items():
            if judged.judgement is not Judgement.CAUGHT:
                yield "\n".join((f"{name}: {judged.judgement}", *(f"  {why}" for why in judged.why)))

    def _about_checks(self) -> Iterator[str]:
        for check, killers in self.killers.items():
            if self.whole and not killers:
                yield f"{check}: no defect turns it red ({self.titles.get(check, 'it has not run')})"


def check_ids() -> tuple[str, ...]:
    """Every check that there is."""
    return tuple(CHECK_IDS.read_text(encoding="utf-8").split())
