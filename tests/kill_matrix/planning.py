"""Which runs the matrix is made of.

A run of the whole suite on each defect would say everything, and take minutes. So narrow defects share one: the
checks that the expectations of some of them name are run on each of these defects alone, and all other checks once on
all of them together. There nothing may change, so each of them changes nothing there; when something does, each is
run alone on everything. Which checks a defect turns red, and why, is always seen on this defect alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cpi_conformance.simulator.defects import Defect
from tests.kill_matrix.expectations import Expectation

TOGETHER = 8
"""So many defects share a run at most."""

NARROW = 12
"""So many checks a defect may change that shares a run: more, and it would leave little of it to the others."""


@dataclass(frozen=True)
class Job:
    """A run that is to be made.

    Attributes:
        defects: by which it is wrong; none for the baseline.
        only: the ids of the checks that are run; ``None`` for all.
        but: the ids of checks that are left out.
        watched: whether to watch for the defect, of which there is one then.
        fault: the trouble that comes and goes meanwhile, and the seed of its schedule.
    """

    profile: str
    defects: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()
    watched: bool = False
    fault: tuple[str, int] | None = None


@dataclass(frozen=True)
class Group:
    """Defects of one profile that share a run, or one alone.

    Attributes:
        named: the ids of the checks that are run on each of them alone.
        only: the ids of the checks to which one alone is restricted; ``None`` for all.
    """

    profile: str
    members: tuple[str, ...]
    named: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Its runs, the shared one first: it takes longest."""
        if len(self.members) == 1:
            return self.alone
        alone = (Job(self.profile, (name,), only=self.named) for name in self.members)
        return (Job(self.profile, self.members, but=self.named), *alone)

    @property
    def alone(self) -> tuple[Job, ...]:
        """Each on everything."""
        return tuple(Job(self.profile, (name,), self.only) for name in self.members)


def one_by_one(defects: Iterable[Defect], only: frozenset[str] | None = None) -> list[Group]:
    """Each defect alone, on these checks."""
    return [Group(defect.profile, (defect.name,), only=only) for defect in defects]


def plan(defects: Iterable[Defect], expectations: Mapping[str, Expectation]) -> list[Group]:
    """Groups of defects: those that do not share first, because their runs take longest.

    Defects of one module do not share a run: one could stand in the place of the other. Nor does one that the receipt
    must show, that shows only beside all checks, or about which nothing is known.
    """
    single: list[Defect] = []
    narrow: dict[str, dict[str, list[Defect]]] = {}
    for defect in defects:
        expected = expectations.get(defect.name)
        if expected is None or expected.alone or not expected.clean or len(expected.named) > NARROW:
            single.append(defect)
        else:
            narrow.setdefault(defect.profile, {}).setdefault(defect.install.__module__, []).append(defect)
    shared = (
        Group(profile, tuple(each.name for each in dealt), _named(dealt, expectations))
        for profile, by_module in narrow.items()
        for dealt in _dealt(list(by_module.values()))
    )
    return [*one_by_one(single), *shared]


def _dealt(modules: Sequence[Sequence[Defect]]) -> Iterator[list[Defect]]:
    """All defects in as few groups as can be, no two of a module in one."""
    every = sorted(modules, key=len, reverse=True)
    groups = max(len(every[0]), -(-sum(map(len, every)) // TOGETHER))
    hands: list[list[Defect]] = [[] for _ in range(groups)]
    for number, defect in enumerate(defect for module in every for defect in module):
        hands[number % groups].append(defect)
    yield from hands


def _named(defects: Iterable[Defect], expectations: Mapping[str, Expectation]) -> frozenset[str]:
    return frozenset[str]().union(*(expectations[defect.name].named for defect in defects))
