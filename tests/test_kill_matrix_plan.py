"""Every defect is run on every check, by as few runs as can be."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from cpi_conformance.simulator.defects import DEFECTS, Defect, System
from tests.kill_matrix.dealing import HIDDEN, NARROW, TOGETHER
from tests.kill_matrix.expectations import ALL, Expectation, load
from tests.kill_matrix.planning import Group, Job, Plan, one_by_one, plan
from tests.made_up_runs import a_defect, expected

pytestmark = pytest.mark.once

LONERS = ("wide", "hiding", "alone", "unknown")
"""Defects that do not share a run."""


def a_plan() -> tuple[list[Defect], dict[str, Expectation], Plan]:
    """Forty narrow defects in five modules, two of the receipt, some that do not share, one that nobody knows."""
    narrow = [a_defect(f"narrow-{number}", module=f"module-{number % 5}") for number in range(40)]
    others = [a_defect(name) for name in (*LONERS, "receipt", "another-receipt")]
    known = {each.name: expected(f"A-{number % 20}") for number, each in enumerate(narrow)}
    known["narrow-0"] = expected("A-0", apart=frozenset({"narrow-1"}))
    known["narrow-2"] = expected("A-2", beside=frozenset({"A-3"}))
    known["wide"] = expected(*(f"X-{number}" for number in range(NARROW + 1)))
    known["hiding"] = expected("X-0", not_proven=frozenset(f"X-{number}" for number in range(1, HIDDEN + 2)))
    known["alone"] = expected("X-0", apart=frozenset({ALL}))
    known["receipt"] = known["another-receipt"] = expected(cause=None, clean=False, beside=frozenset({"A-01"}))
    return [*others, *narrow], known, plan([*others, *narrow], known)


def the_plan() -> tuple[list[Defect], dict[str, Expectation], Plan]:
    """The one that the matrix is made of."""
    expectations = dict(load().by_name)
    return [*DEFECTS.values()], expectations, plan(DEFECTS.values(), expectations)


PLANS = pytest.mark.parametrize("make", [a_plan, the_plan], ids=["made-up", "of-the-matrix"])


Made = Callable[[], tuple[list[Defect], dict[str, Expectation], Plan]]


def names(group: Group) -> list[str]:
    """Of its members, in their order."""
    return [each.name for each in group.members]


@PLANS
def test_plan_covers_every_defect_on_every_check(make: Made) -> None:
    """Each is in one group; each that shares is also in one crossing, or on its few checks alone."""
    defects, known, made = make()
    assert sorted(name for group in made.groups for name in names(group)) == sorted(each.name for each in defects)
    jobs = list(made.jobs)
    for group in made.groups:
        jobs.remove(group.together)
        assert group.only is None
        assert set(group.together.defects) == set(names(group))
        assert not (group.shares and group.through), "of defects of several systems all checks say something"
    sharing = {name for group in made.groups if group.shares for name in names(group)}
    crossed = [name for crossing in made.crossings for name in names(crossing)]
    assert len(crossed) == len(set(crossed))
    for crossing in made.crossings:
        jobs.remove(crossing.together)
        assert crossing.only == frozenset[str]().union(*(known[name].few for name in names(crossing)))
    profile = {each.name: each.profile for each in defects}
    assert {(*job.defects, job.profile) for job in jobs} == {(name, profile[name]) for name in sharing - {*crossed}}
    assert all(job.only == known[job.defects[0]].few for job in jobs)


@PLANS
def test_plan_lets_only_those_share_that_can_be_told_from_each_other(make: Made) -> None:
    """No check is named by two that share; those of the receipt are among themselves; who stands apart does."""
    defects, known, made = make()
    order = [each.name for each in defects]
    system = {each.name: each.system for each in defects}
    for group in (*made.groups, *made.crossings):
        assert len(group.members) <= TOGETHER
        assert names(group) == sorted(names(group), key=order.index), "a run of all installs them in another order"
        for one, other in itertools.combinations(names(group), 2):
            assert not known[one].named & known[other].named
            assert other not in known[one].apart
            assert one not in known[other].apart
            assert known[one].clean is known[other].clean
            assert not system[one] is system[other] is System.BACKEND, "a landscape has one backend"


@PLANS
def test_nobody_meets_twice(make: Made) -> None:
    """So that a check that two runs show red is red by what they have in common; and nothing hides what shows."""
    _, known, made = make()
    together = {pair for group in made.groups for pair in itertools.combinations(names(group), 2)}
    for crossing in made.crossings:
        assert crossing.shares
        for one, other in itertools.combinations(names(crossing), 2):
            assert not {(one, other), (other, one)} & together
            assert not known[one].beside & known[other].named
            assert not known[other].beside & known[one].named
        assert all(known[name].clean for name in names(crossing)), "of which the receipt shows each alone"


def test_who_changes_much_is_alone() -> None:
    _, _, made = a_plan()
    assert {name for group in made.groups if not group.shares for name in names(group)} == set(LONERS)
    assert {job.defects for job in made.jobs if job.only == frozenset({"A-01"})} == {
        ("receipt",),
        ("another-receipt",),
    }


@pytest.mark.parametrize(
    ("system", "through"),
    [(System.EDGE, "flow"), (System.BACKEND, "administrator"), (System.CLOUD_FOUNDRY, None)],
)
def test_plan_runs_what_can_reach_a_system(system: System, through: str | None) -> None:
    """A restricted run, which somebody has asked for, is not restricted further."""
    defect = a_defect("x", system)
    assert plan([defect], {"x": expected("A-01")}).jobs == (Job("current", ("x",), through=through),)
    only = frozenset({"A-01"})
    assert one_by_one([defect], only).jobs == (Job("current", ("x",), only),)


def test_plan_deals_those_of_a_module_evenly() -> None:
    defects, known, made = a_plan()
    module = {each.name: each.install.__module__ for each in defects}
    clean = [group for group in made.groups if group.shares and known[group.members[0].name].clean]
    shared = [[module[name] for name in names(group)] for group in clean]
    for name in {f"module-{number}" for number in range(5)}:
        counts = [modules.count(name) for modules in shared]
        assert max(counts) - min(counts) <= 1, counts
