"""The operators of the simulated subset of Groovy that stand between two values."""

from __future__ import annotations

from collections.abc import Callable

from cpi_conformance.simulator.integration.script_names import Expression
from cpi_conformance.simulator.integration.script_values import Budget, added, equal, is_true, less


def _compared(test: Callable[[object, object, Budget], bool]) -> Callable[[Expression, Expression], Expression]:
    return lambda left, right: lambda evaluation: test(left(evaluation), right(evaluation), evaluation.budget)


BINARY: dict[str, Callable[[Expression, Expression], Expression]] = {
    "+": lambda left, right: lambda evaluation: added(left(evaluation), right(evaluation), evaluation.budget),
    "&&": lambda left, right: lambda evaluation: is_true(left(evaluation)) and is_true(right(evaluation)),
    "||": lambda left, right: lambda evaluation: is_true(left(evaluation)) or is_true(right(evaluation)),
    "==": _compared(equal),
    "!=": _compared(lambda one, other, budget: not equal(one, other, budget)),
    "<": _compared(lambda one, other, budget: less(one, other)),
    ">": _compared(lambda one, other, budget: less(other, one)),
    "<=": _compared(lambda one, other, budget: not less(other, one)),
    ">=": _compared(lambda one, other, budget: not less(one, other)),
}
