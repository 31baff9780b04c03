"""Which runs the matrix is made of.

A run of the whole suite on each defect would say everything, and take minutes. So defects that change few checks share
one. Each of them is run alone on the checks that its expectations name; all of them together are run on everything
that can reach them, where each check must end as the one defect says that names it, and as without a defect where none
does. A check that does not is run on each of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cpi_conformance.simulator.defects import Defect, System
from tests.kill_matrix.expectations import ALL, Expectation

TOGETHER = 18
"""So many defects share a run at most."""

NARROW = 60
"""So many checks a defect may refute that shares a run: more, and it would leave little of it to the others."""

HIDDEN = 25
"""So many it may leave NOT PROVEN: these say nothing about the others."""

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
    """A defect that shares a run.

    Attributes:
        few: the ids of the checks that are run on it alone.
    """

    name: str
    few: frozenset[str]


@dataclass(frozen=True)
class Group:
    """Defects of one profile that share a run, or one alone.

    Attributes:
        only: the ids of the checks to which one alone is restricted; ``None`` for all.
        through: the fixture by which checks reach them; ``None`` when it may be any check.
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

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The first runs, the long one first."""
        return (self.together, *map(self.few, self.members)) if self.shares else (self.together,)

    def few(self, member: Member) -> Job:
        """One of them alone, on its few checks."""
        return Job(self.profile, (member.name,), member.few)

    def alone(self, member: Member, only: frozenset[str] | None = None) -> Job:
        """One of them alone, on everything that can reach it or on these checks."""
        return Job(self.profile, (member.name,), self.only if only is None else only, self.through)


def one_by_one(defects: Iterable[Defect], only: frozenset[str] | None = None) -> list[Group]:
    """Each defect alone, on these checks."""
    return [Group(defect.profile, (Member(defect.name, frozenset()),), only) for defect in defects]


def plan(defects: Iterable[Defect], expectations: Mapping[str, Expectation]) -> list[Group]:
    """Groups of defects: those that do not share first, because their runs take longest.

    No check is named by two defects that share a run: nobody could say which of them has changed it. Those that the
    receipt must show are among themselves, so that all other receipts must be clean. Defects of the backend are always
    alone: few checks call it, and of two in the place of the same part one would be hidden.
    """
    single: list[Group] = []
    narrow: dict[str, list[Defect]] = {}
    for defect in defects:
        expected = expectations.get(defect.name)
        if expected is None or not _may_share(defect, expected):
            single.append(
                Group(defect.profile, (Member(defect.name, frozenset()),), through=THROUGH.get(defect.system))
            )
        else:
            narrow.setdefault(defect.profile, []).append(defect)
    shared = (
        Group(
            hand[0].profile,
            tuple(Member(each.name, expectations[each.name].few) for each in hand),
            through=_through(hand),
        )
        for of_profile in narrow.values()
        for hand in _dealt(of_profile, expectations)
    )
    return [*single, *shared]


def _may_share(defect: Defect, expected: Expectation) -> bool:
    narrow = len(expected.refuted) <= NARROW and len(expected.not_proven) <= HIDDEN
    return narrow and ALL not in expected.apart and defect.system is not System.BACKEND


def _through(hand: Iterable[Defect]) -> str | None:
    ways = {THROUGH.get(each.system) for each in hand}
    return ways.pop() if len(ways) == 1 else None


def _dealt(defects: Sequence[Defect], expectations: Mapping[str, Expectation]) -> list[list[Defect]]:
    """In few hands; those of one module far from each other, because they may stand in each other's way."""
    hands: list[list[Defect]] = [[] for _ in range(-(-len(defects) // TOGETHER))]
    for defect in sorted(defects, key=lambda each: len(expectations[each.name].named), reverse=True):
        with_room = [hand for hand in hands if _has_room(hand, defect, expectations)]
        if with_room:
            min(with_room, key=lambda hand: (_of_module(hand, defect), len(hand))).append(defect)
        else:
            hands.append([defect])
    return [sorted(hand, key=defects.index) for hand in hands]


def _of_module(hand: Iterable[Defect], defect: Defect) -> int:
    return sum(each.install.__module__ == defect.install.__module__ for each in hand)


def _has_room(hand: Sequence[Defect], further: Defect, expectations: Mapping[str, Expectation]) -> bool:
    one = expectations[further.name]
    return len(hand) < TOGETHER and all(
        not (there.named & one.named or each.name in one.apart or further.name in there.apart)
        and there.clean is one.clean
        for each in hand
        for there in [expectations[each.name]]
    )
