"""Made-up results of runs on made-up defects, for the tests of the kill matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cpi_conformance.simulator.defects import Defect, System
from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import Expectation, Expectations
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.outcome import Outcome, Row

PROVEN, REFUTED, OPEN = Verdict.PROVEN, Verdict.REFUTED, Verdict.NOT_PROVEN

CHECKS = ("A-01", "A-02", "B-01", "C-01")

SILENT = "not applicable: made up"


def row(check: str, verdict: Verdict = PROVEN, cause: str | None = None, reason: str | None = None) -> Row:
    """A result as a run has it."""
    return Row(check, f"the title of {check}", f"suites/test_x.py::{check}", verdict, reason, cause)


def outcome(*changed: Row, left: tuple[str, ...] = (), without: str = "", met: bool | None = None) -> Outcome:
    """A run in which everything is proven but what is changed; C-01 says nothing about the profile."""
    rows = {check: row(check) for check in CHECKS} | {"C-01": row("C-01", OPEN, reason=SILENT)}
    rows |= {each.check: each for each in changed}
    return Outcome("current", tuple(each for each in rows.values() if each.check != without), left, met=met)


def expected(*refuted: str, cause: str | None = "not-refused", **others: object) -> Expectation:
    """Expectations of a defect."""
    return replace(Expectation(frozenset(refuted), cause), **others)  # type: ignore[arg-type]


NOTICED = row("A-01", REFUTED, "not-refused", "was accepted")
TWIN_LOST = row("A-02", OPEN, "unauthenticated", "the twin was not accepted")


def a_defect(name: str, system: System = System.EDGE, module: str = "a") -> Defect:
    """One that nobody installs."""

    def install(_: object) -> None:
        """Nothing."""

    install.__module__ = module
    return Defect(name, system, f"The sentence of {name} with a < in it.", install)


def matrix(
    outcomes: Mapping[str, Outcome], expectations: Mapping[str, Expectation], known: frozenset[str] = frozenset()
) -> Matrix:
    """A matrix over the checks that apply."""
    defects = tuple(a_defect(name) for name in outcomes)
    there = known or frozenset(outcomes)
    return Matrix(defects, outcomes, {"current": outcome()}, Expectations(expectations), CHECKS[:3], there, 12.3)


EACH = {check: outcome(row(check, REFUTED, "not-refused", "was accepted")) for check in CHECKS[:3]}
OF_EACH = {check: expected(check) for check in CHECKS[:3]}
