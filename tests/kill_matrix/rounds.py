"""The rounds in which the runs are made, and what came of each defect when they are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.kill_matrix.expectations import Expectation
from tests.kill_matrix.judging import Judgement, as_without, judge, unsound
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Group, Job


class Unsound(Exception):
    """The suite is not green where nothing is wrong, so what it says about defects says nothing."""


class Rounds:
    """First a run without a defect, then all others.

    Then each defect alone that is not caught for certain, and those that survive once more, watched.
    """

    def __init__(self, groups: Iterable[Group], expectations: Mapping[str, Expectation]) -> None:
        self._groups = tuple(groups)
        self._expectations = expectations
        self._ended: dict[Job, Outcome] = {}
        first, *others = dict.fromkeys(Job(group.profile, only=group.only) for group in self._groups)
        runs = (job for group in self._groups for job in group.jobs)
        self._rounds = iter(([first], [*others, *runs]))

    def next_round(self) -> Sequence[Job]:
        """Runs that can be made now, in whatever order; none when everything is known."""
        return next(self._rounds, None) or self._again() or self._survivors()

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Take down what came of a run.

        Raises:
            Unsound: it is one without a defect, and not everything is proven; says all that is not.
        """
        self._ended[job] = outcome
        wrong = () if job.defects else tuple(unsound(outcome))
        if wrong:
            raise Unsound("\n".join((f"the profile {job.profile} without a defect is not in order:", *wrong)))

    @property
    def baselines(self) -> dict[str, Outcome]:
        """Of each profile what comes of it without a defect."""
        return {job.profile: outcome for job, outcome in self._ended.items() if not job.defects}

    @property
    def watched(self) -> dict[str, Outcome]:
        """Of each defect that survived what came of the checks that should notice it."""
        return {job.defects[0]: outcome for job, outcome in self._ended.items() if job.watched}

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """Of each defect what came of all checks."""
        watched = self.watched
        every = {name: self._of(name, group) for group in self._groups for name in group.members}
        return {name: replace(each, met=watched[name].met) if name in watched else each for name, each in every.items()}

    def _of(self, name: str, group: Group) -> Outcome:
        for job in group.alone:
            if job.defects == (name,) and job in self._ended:
                return self._ended[job]
        shared, *alone = group.jobs
        return next(self._ended[job] for job in alone if job.defects == (name,)).with_rest(self._ended[shared])

    def _again(self) -> list[Job]:
        """Alone on everything: who was in a shared run that is odd, and who was not caught by a few checks.

        Some defects show only beside what other checks create.
        """
        baselines, outcomes = self.baselines, self.outcomes
        again = []
        for group in self._groups:
            odd = len(group.members) > 1 and not self._as_without(group)
            for job in group.alone:
                (name,) = job.defects
                if job not in self._ended and (odd or not self._is(Judgement.CAUGHT, name, outcomes[name], baselines)):
                    again.append(job)
        return again

    def _survivors(self) -> list[Job]:
        baselines, watched = self.baselines, self.watched
        return [
            Job(outcome.profile, (name,), only=self._expectations[name].refuted, watched=True)
            for name, outcome in self.outcomes.items()
            if name not in watched and self._is(Judgement.SURVIVED, name, outcome, baselines)
        ]

    def _is(self, judgement: Judgement, name: str, outcome: Outcome, baselines: Mapping[str, Outcome]) -> bool:
        expected = self._expectations.get(name)
        return expected is not None and judge(expected, outcome, baselines[outcome.profile]).judgement is judgement

    def _as_without(self, group: Group) -> bool:
        """Whether a shared run ended as the same checks end without a defect."""
        shared, baseline = self._ended[group.jobs[0]], self.baselines[group.profile]
        nodes = {row.node for row in shared.rows}
        same = nodes == {row.node for row in baseline.rows if row.check not in group.named}
        return same and not (shared.broken or shared.left) and all(as_without(row, baseline) for row in shared.rows)
