"""Which runs the matrix is made of.

A run of the whole suite on each defect would say everything, and take minutes. So defects that change few checks share
their runs. Each of them is run twice, in other company each time: with some others on everything, where each check
must end as the one defect says that names it, and as without a defect where none does; and with some that it has not
met on the checks that one of them names. A check that does not end so is run on each of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.defects import Defect, System
from tests.kill_matrix.dealing import dealt, may_meet_again, may_share, shares
from tests.kill_matrix.expectations import Expectation

THROUGH = {
    System.EDGE: "flow",
    System.AUTHENTICATION: "flow",
    System.RUNTIME: "flow",
    System.TRIAL: "flow",
    System.BACKEND: "administrator",
}
"""The fixture without which no check calls a system. Other systems are called for what most checks need."""


@dataclass(frozen=True)
class Job:
    """A run that is to be made.

    Attributes:
        defects: by which it is wrong; none for the baseline.
        only: the ids of the checks that are run; ``None`` for all.
        through: the fixture that the checks that are run must use; ``None`` for all.
        watched: whether to watch for the defect, of which there is one then.
        fault: the trouble that comes and goes meanwhile, and the seed of its schedule.
    """

    profile: str
    defects: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    through: str | None = None
    watched: bool = False
    fault: tuple[str, int] | None = None


@dataclass(frozen=True)
class Member:
    """A defect that is run.

    Attributes:
        few: the ids of the checks that must be run to see all of it; empty when it shares no run.
    """

    name: str
    few: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """Defects of one profile that share a run, or one alone.

    Attributes:
        only: the ids of the checks to which the run is restricted; ``None`` for all.
        through: the fixture by which checks reach one alone; ``None`` when it may be any check.
    """

    profile: str
    members: tuple[Member, ...]
    only: frozenset[str] | None = None
    through: str | None = None

    @property
    def shares(self) -> bool:
        """Whether there is more than one."""
        return len(self.members) > 1

    @property
    def together(self) -> Job:
        """All of them, on everything that can reach them."""
        return Job(self.profile, tuple(each.name for each in self.members), self.only, self.through)

    def few(self, member: Member) -> Job:
        """One of them alone, on its few checks."""
        return Job(self.profile, (member.name,), member.few)

    def alone(self, member: Member, only: frozenset[str] | None = None) -> Job:
        """One of them alone, on everything that can reach it or on these checks."""
        return Job(self.profile, (member.name,), self.only if only is None else only, self.through)


@dataclass(frozen=True)
class Plan:
    """How all defects are run.

    Attributes:
        groups: each defect is in one of them, which is run on everything that can reach it.
        crossings: each defect that shares is in one of them, with none of its group, on the few checks of them all;
            or nobody is left whom it may meet, and it is run on its own few alone.
    """

    groups: tuple[Group, ...]
    crossings: tuple[Group, ...] = ()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The runs that are made in any case, the long ones first."""
        crossed = {each for crossing in self.crossings for each in crossing.members}
        return (
            *(group.together for group in (*self.groups, *self.crossings)),
            *(
                group.few(each)
                for group in self.groups
                if group.shares
                for each in group.members
                if each not in crossed
            ),
        )


def one_by_one(defects: Iterable[Defect], only: frozenset[str] | None = None) -> Plan:
    """Each defect alone, on these checks."""
    return Plan(tuple(Group(defect.profile, (Member(defect.name),), only) for defect in defects))


def plan(defects: Iterable[Defect], expectations: Mapping[str, Expectation]) -> Plan:
    """Groups of defects: those that do not share first, because their runs take longest."""
    chosen = list(defects)
    groups: list[Group] = []
    crossings: list[Group] = []
    for profile in dict.fromkeys(each.profile for each in chosen):
        sharing = [each for each in chosen if each.profile == profile and shares(each, expectations)]
        hands = [hand for hand in dealt(sharing, may_share(expectations), expectations) if len(hand) > 1]
        company = {each.name: frozenset(other.name for other in hand) for hand in hands for each in hand}
        again = [each for each in sharing if each.name in company and expectations[each.name].clean]
        crossing = dealt(again, may_meet_again(expectations, company), expectations)
        groups += (_group(hand, expectations) for hand in hands)
        crossings += (_crossing(hand, expectations) for hand in crossing if len(hand) > 1)
    with_company = {each.name for group in groups for each in group.members}
    single = (
        Group(each.profile, (Member(each.name),), through=THROUGH.get(each.system))
        for each in chosen
        if each.name not in with_company
    )
    return Plan((*single, *groups), tuple(crossings))


def _group(hand: Iterable[Defect], expectations: Mapping[str, Expectation]) -> Group:
    every = [*hand]
    return Group(every[0].profile, tuple(Member(each.name, expectations[each.name].few) for each in every))


def _crossing(hand: Iterable[Defect], expectations: Mapping[str, Expectation]) -> Group:
    group = _group(hand, expectations)
    few = frozenset[str]().union(*(each.few for each in group.members))
    return Group(group.profile, group.members, few)
