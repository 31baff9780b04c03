"""The rounds in which runs under faults are made, and what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cpi_conformance.simulator.defects import DEFECTS
from tests.fault_runs.comparing import Kind, compared
from tests.fault_runs.drawing import ALL, CALLING, CHECKS, CREATING, Drawing, kind_of
from tests.kill_matrix.matrix import check_ids
from tests.kill_matrix.outcome import Outcome, Row
from tests.kill_matrix.planning import Job


@dataclass(frozen=True)
class Wrong:
    """A check that a fault has made say what it does not say without; ``without`` is what it says there."""

    number: int
    job: Job
    row: Row
    without: Row

    def __str__(self) -> str:
        return (
            f"run {self.number}: {self.row.check} is {self.row.verdict} ({self.row.cause}: {self.row.reason}), "
            f"and {self.without.verdict} ({self.without.cause}: {self.without.reason}) without the fault\n"
            f"  {self.row.node}\n  {replay(self.job)}"
        )


def replay(job: Job) -> str:
    """The command that makes a run again."""
    assert job.fault is not None
    assert job.only is not None
    wrong = "".join(f" --defect {name}" for name in job.defects)
    checks = " or ".join(sorted(job.only))
    return f'pytest --profile {job.profile}{wrong} --fault {job.fault[0]} --seed {job.fault[1]} -k "{checks}"'


class FaultRounds:
    """Runs without faults first, then those with, then again without those whose checks differ.

    What differs is compared with the same checks without the fault: on a landscape with a defect a check may depend on
    those that ran before it.
    """

    def __init__(
        self,
        numbers: Iterable[int],
        seed: int,
        faults: Sequence[str],
        defects: Sequence[str] = (),
        *,
        profiles: Sequence[str] = ALL,
        checks: int = CHECKS,
    ) -> None:
        self._numbers = list(numbers)
        self._seed = seed
        self._faults = faults
        only = frozenset(check for check in check_ids() if kind_of(check) in CALLING | CREATING)
        wrong = (Job(DEFECTS[name].profile, (name,), only) for name in defects)
        self._without = [*(Job(profile, only=only) for profile in profiles), *wrong]
        self._checks = checks
        self._baselines: dict[tuple[str, tuple[str, ...]], Outcome] = {}
        self._controls: dict[Job, Outcome] = {}
        self._runs: dict[int, tuple[Job, Outcome]] = {}
        self._waiting: dict[Job, list[int]] = {}
        self._rounds = iter((self._first, self._others, self._drawn, self._repeated))
        self._drawing = False

    def next_round(self) -> Sequence[Job]:
        """Runs that can be made now; none when everything is known."""
        return next((jobs for make in self._rounds if (jobs := make())), ())

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Take down what came of a run."""
        if job.fault is not None:
            self._runs[self._waiting[job].pop(0)] = (job, outcome)
        elif self._drawing:
            self._controls[job] = outcome
        else:
            self._baselines[job.profile, job.defects] = outcome

    @property
    def runs(self) -> dict[int, tuple[Job, Outcome]]:
        """Those with faults that have ended, by their numbers."""
        return dict(sorted(self._runs.items()))

    def kinds(self) -> dict[str, Counter[Kind]]:
        """How many checks ended how, by fault."""
        counted: dict[str, Counter[Kind]] = {}
        for job, outcome in self._runs.values():
            assert job.fault is not None
            counter = counted.setdefault(job.fault[0], Counter())
            counter.update(compared(row, without) for row, without in self._pairs(job, outcome))
        return counted

    def wrong(self) -> Iterator[Wrong]:
        """Every check that says something wrong, in the order of the runs."""
        for number, (job, outcome) in self.runs.items():
            for row, without in self._pairs(job, outcome):
                if compared(row, without) is Kind.WRONG:
                    yield Wrong(number, job, row, without)

    def broken(self) -> Iterator[str]:
        """Every run that came to no verdict."""
        for job, outcome in (*self._baselines.items(), *self._controls.items(), *self._runs.values()):
            if outcome.broken:
                yield f"{job}: {outcome.broken}"

    def _first(self) -> list[Job]:
        return self._without[:1]

    def _others(self) -> list[Job]:
        return self._without[1:]

    def _drawn(self) -> list[Job]:
        self._drawing = True
        drawing = Drawing(self._seed, self._faults, self._baselines, self._checks)
        for number in self._numbers:
            self._waiting.setdefault(drawing.run(number), []).append(number)
        return [job for job, numbers in self._waiting.items() for _ in numbers]

    def _repeated(self) -> list[Job]:
        return list(dict.fromkeys(replace(wrong.job, fault=None) for wrong in self.wrong()))

    def _pairs(self, job: Job, outcome: Outcome) -> Iterator[tuple[Row, Row]]:
        """Each check of a run beside itself without the fault."""
        whole = self._baselines[job.profile, job.defects]
        without = self._controls.get(replace(job, fault=None), whole)
        for row in outcome.rows:
            if row.node in without.by_node:
                yield row, without.by_node[row.node]
