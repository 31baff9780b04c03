"""The rounds in which the runs are made, and what came of each defect when they are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.kill_matrix.expectations import Expectation
from tests.kill_matrix.judging import Judgement, judge, odd_checks, unsound
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Group, Job, Member, Plan

FEW = 40
"""So many checks of a shared run may be odd; more, and it says nothing."""


class Unsound(Exception):
    """The suite is not green where nothing is wrong, so what it says about defects says nothing."""


class Rounds:
    """First a run without a defect on each profile, then those on defects, alone and shared.

    Then the checks of a shared run that did not end as expected on each of its defects alone; each defect alone on
    everything that is not caught for certain; and those that survive once more, watched.
    """

    def __init__(self, plan: Plan, expectations: Mapping[str, Expectation]) -> None:
        self._groups = plan.groups
        self._crossing = {each: crossing for crossing in plan.crossings for each in crossing.members}
        self._expectations = expectations
        self._ended: dict[Job, Outcome] = {}
        self._odds: dict[Group, frozenset[str]] = {}
        baselines = dict.fromkeys(Job(group.profile, only=group.only) for group in self._groups)
        self._rounds = iter(([*baselines], plan.jobs))

    def next_round(self) -> Sequence[Job]:
        """Runs that can be made now, in whatever order; none when everything is known."""
        return next(self._rounds, None) or self._of_odd_checks() or self._again() or self._survivors()

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
        every = {each.name: self._of(each, group) for group in self._groups for each in group.members}
        return {name: replace(each, met=watched[name].met) if name in watched else each for name, each in every.items()}

    def _of(self, member: Member, group: Group) -> Outcome:
        baseline = self.baselines[group.profile]
        whole = self._ended.get(group.alone(member))
        if whole is not None:
            return self._with_those_out_of_reach(whole, group)
        few, odd = self._few(member, group), self._odd(group)
        others = self._named(group) - member.few - odd
        return few.with_rest(
            self._ended[group.together].but(odd | others | member.few),
            baseline.only(others),  # as whoever names it says, so not by this one
            *(self._ended[job].but(member.few) for job in [group.alone(member, odd)] if job in self._ended),
        )

    def _few(self, member: Member, group: Group) -> Outcome:
        """Its few checks on it alone, when they were run, or beside those that it has met only there."""
        alone = self._ended.get(group.few(member))
        return alone or self._ended[self._crossing[member].together].only(member.few)

    def _with_those_out_of_reach(self, outcome: Outcome, group: Group) -> Outcome:
        """Checks that cannot reach a defect end as without it."""
        if group.through is None:
            return outcome
        return outcome.with_rest(self.baselines[group.profile].but(frozenset(outcome.by_check)))

    def _of_odd_checks(self) -> list[Job]:
        """Not of a run in which most is odd: each of its defects is run alone on everything."""
        groups = [(group, odd) for group in self._groups if group.shares and 0 < len(odd := self._odd(group)) <= FEW]
        crossings = [crossing for crossing in dict.fromkeys(self._crossing.values()) if self._odd(crossing)]
        jobs = (
            *(group.alone(each, odd) for group, odd in groups for each in group.members),
            *(crossing.few(each) for crossing in crossings for each in crossing.members),
        )
        return [job for job in dict.fromkeys(jobs) if job not in self._ended]

    def _again(self) -> list[Job]:
        """Alone on all checks in reach: who was in a shared run in which most is odd, and who few checks do not catch.

        Some defects show only beside what other checks create; and one that did not show in the shared run may not
        have been there at all, because another stood in its place.
        """
        baselines = self.baselines
        return [
            job
            for group in self._groups
            for each in group.members
            if (job := group.alone(each)) not in self._ended
            and not (
                len(self._odd(group)) <= FEW
                and self._was_there(each, group)
                and self._is(Judgement.CAUGHT, each.name, self._of(each, group), baselines)
            )
        ]

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

    def _odd(self, group: Group) -> frozenset[str]:
        """The checks of a shared run that did not end as whichever defect names them says, or as without one."""
        if group not in self._odds:
            expected = Expectation.of_all(self._expectations[each.name] for each in group.members)
            baseline = self.baselines[group.profile]
            within = baseline if group.only is None else baseline.only(group.only)
            self._odds[group] = odd_checks(expected, self._ended[group.together], within)
        return self._odds[group]

    def _was_there(self, member: Member, group: Group) -> bool:
        """Whether the shared run shows it as it shows alone."""
        expected = self._expectations[member.name]
        return not expected.clean or bool(expected.named - self._odd(group))

    def _named(self, group: Group) -> frozenset[str]:
        return frozenset[str]().union(*(self._expectations[each.name].named for each in group.members))
