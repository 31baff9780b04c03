"""Which defects share a run: those that can be told from each other by what they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cpi_conformance.simulator.defects import Defect, System
from tests.kill_matrix.expectations import ALL, Expectation

TOGETHER = 20
"""So many defects share a run at most."""

NARROW = 60
"""So many checks a defect may refute that shares a run: more, and it would leave little of it to the others."""

HIDDEN = 25
"""So many it may leave NOT PROVEN: these say nothing about the others."""

Rule = Callable[[Defect, Defect], bool]
"""Whether two defects may be in one run."""


def shares(defect: Defect, expectations: Mapping[str, Expectation]) -> bool:
    """Whether it changes so little, and that is known, that others can be seen beside it."""
    expected = expectations.get(defect.name)
    if expected is None:
        return False
    narrow = len(expected.refuted) <= NARROW and len(expected.not_proven) <= HIDDEN
    return narrow and ALL not in expected.apart


def may_share(expectations: Mapping[str, Expectation]) -> Rule:
    """No check is named by two that share a run: nobody could say which of them has changed it.

    Those that the receipt must show are among themselves, so that all other receipts must be clean. A landscape has
    one backend, which can be wrong in one way only.
    """

    def rule(one: Defect, other: Defect) -> bool:
        this, that = expectations[one.name], expectations[other.name]
        apart = other.name in this.apart or one.name in that.apart
        backends = one.system is other.system is System.BACKEND
        return not (this.named & that.named or apart or backends) and this.clean is that.clean

    return rule


def may_meet_again(expectations: Mapping[str, Expectation], company: Mapping[str, frozenset[str]]) -> Rule:
    """Nobody meets whom it has met; and what lets one show is not changed by another."""
    sharing = may_share(expectations)

    def rule(one: Defect, other: Defect) -> bool:
        this, that = expectations[one.name], expectations[other.name]
        disturbed = this.beside & that.named or that.beside & this.named
        return other.name not in company[one.name] and not disturbed and sharing(one, other)

    return rule


def dealt(defects: Sequence[Defect], rule: Rule, expectations: Mapping[str, Expectation]) -> list[list[Defect]]:
    """In few hands, each in the order of the catalogue; those of one module far from each other.

    They may stand in each other's way. A backend opens no hand: few checks call it, so it costs little alone.
    """
    hands: list[list[Defect]] = [[] for _ in range(-(-len(defects) // TOGETHER))]
    for defect in sorted(defects, key=lambda each: _first_the_demanding(each, expectations)):
        with_room = [hand for hand in hands if len(hand) < TOGETHER and all(rule(defect, each) for each in hand)]
        if with_room:
            min(with_room, key=lambda hand: (_of_module(hand, defect), len(hand))).append(defect)
        elif defect.system is not System.BACKEND:
            hands.append([defect])
    return [sorted(hand, key=defects.index) for hand in hands if hand]


def _first_the_demanding(defect: Defect, expectations: Mapping[str, Expectation]) -> tuple[bool, int]:
    return defect.system is System.BACKEND, -len(expectations[defect.name].named)


def _of_module(hand: Iterable[Defect], defect: Defect) -> int:
    return sum(each.install.__module__ == defect.install.__module__ for each in hand)
