"""Values of the simulated subset of Groovy: their text, their JSON, their equality and truth.

Values are ``str``, ``int``, ``Decimal``, ``bool``, ``None``, tuples (lists), dicts (maps), messages and
class names. Lists and maps do not change once they are made, so none can hold itself; how deep they
are, and how much work each operation is, is limited.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cpi_conformance.simulator.integration.errors import ScriptFailed

STEPS = 100_000
CHARACTERS_PER_STEP = 64
VALUE_DEPTH = 40
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class ClassName:
    """A class, as an argument of ``getBody(String)``."""

    name: str


class Budget:
    """How much a script may still do; the limit is the simulator's, not the tenant's."""

    def __init__(self) -> None:
        self._left = STEPS
        self.depth = 0

    def spend(self, characters: int = 0) -> None:
        """One step, and one more for each 64 characters; ``ScriptFailed`` when none is left."""
        self._left -= 1 + characters // CHARACTERS_PER_STEP
        if self._left < 0:
            raise ScriptFailed("The script exceeded the limit of the simulated runtime: too many steps.")


def text_of(value: object, budget: Budget) -> str:
    """What ``toString()`` answers."""
    return value if isinstance(value, str) else _joined(_text(value, budget, 0), budget)


def json_of(value: object, budget: Budget) -> str:
    """What ``groovy.json.JsonOutput.toJson`` answers."""
    return _joined(_json(value, budget, 0), budget)


def joined(one: str, other: str, budget: Budget) -> str:
    """Two texts as one."""
    budget.spend(len(one) + len(other))
    return one + other


def is_true(value: object) -> bool:
    """Groovy truth: null, zero and what is empty are false."""
    return bool(value)


def equal(one: object, other: object, budget: Budget, depth: int = 0) -> bool:
    """``==``; a number never equals a text or a boolean."""
    _deeper(budget, depth)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(
            equal(left, right, budget, depth + 1) for left, right in zip(one, other, strict=True)
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key], budget, depth + 1) for key in one)
    if isinstance(one, str) and isinstance(other, str):
        budget.spend(min(len(one), len(other)))
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, Decimal)) and isinstance(other, (int, Decimal)):
        return one == other
    return one is other or (isinstance(one, ClassName) and one == other)


def less(one: object, other: object) -> bool:
    """``<``, of two numbers or two texts."""
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if is_number(one) and is_number(other):
        return bool(one < other)  # type: ignore[operator]  # both are numbers
    raise ScriptFailed(f"java.lang.IllegalArgumentException: Cannot compare {kind_of(one)} with {kind_of(other)}")


def added(one: object, other: object, budget: Budget) -> object:
    """``+``: texts when one of both is a text, else numbers."""
    budget.spend()
    if isinstance(one, str) or isinstance(other, str):
        return joined(text_of(one, budget), text_of(other, budget), budget)
    if is_number(one) and is_number(other):
        result = one + other  # type: ignore[operator]  # both are numbers
        if abs(result) > LARGEST:
            raise ScriptFailed("The number exceeds what the simulated runtime computes with.")
        return result
    raise ScriptFailed(
        f"groovy.lang.MissingMethodException: No signature of method: {kind_of(one)}.plus() is applicable"
        f" for argument types: ({kind_of(other)})"
    )


def is_number(value: object) -> bool:
    """Whether it is one; booleans are none."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def kind_of(value: object) -> str:
    """The Java class of a value, as error texts name it."""
    names = {
        str: "java.lang.String",
        bool: "java.lang.Boolean",
        int: "java.lang.Integer",
        Decimal: "java.math.BigDecimal",
        tuple: "java.util.ArrayList",
        dict: "java.util.LinkedHashMap",
        ClassName: "java.lang.Class",
        type(None): "null",
    }
    return names.get(type(value), "com.sap.gateway.ip.core.customdev.util.Message")


def _joined(pieces: Iterator[str], budget: Budget) -> str:
    found: list[str] = []
    for piece in pieces:
        budget.spend(len(piece))
        found.append(piece)
    return "".join(found)


def _deeper(budget: Budget, depth: int) -> None:
    budget.spend()
    if depth > VALUE_DEPTH:
        raise ScriptFailed("The script exceeded the limit of the simulated runtime: values nested too deeply.")


def _text(value: object, budget: Budget, depth: int) -> Iterator[str]:
    _deeper(budget, depth)
    if isinstance(value, tuple):
        for number, each in enumerate(value):
            yield ", " if number else "["
            yield from _text(each, budget, depth + 1)
        yield "]" if value else "[]"
    elif isinstance(value, dict):
        for number, (key, each) in enumerate(value.items()):
            yield (", " if number else "[") + f"{key}:"
            yield from _text(each, budget, depth + 1)
        yield "]" if value else "[:]"
    else:
        yield _scalar(value)


def _scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, ClassName):
        return f"class {value.name}"
    return str(value) if isinstance(value, (str, int, Decimal)) else kind_of(value)


def _json(value: object, budget: Budget, depth: int) -> Iterator[str]:
    _deeper(budget, depth)
    if isinstance(value, tuple):
        for number, each in enumerate(value):
            yield "," if number else "["
            yield from _json(each, budget, depth + 1)
        yield "]" if value else "[]"
    elif isinstance(value, dict):
        for number, (key, each) in enumerate(value.items()):
            yield ("," if number else "{") + f"{json.dumps(key)}:"
            yield from _json(each, budget, depth + 1)
        yield "}" if value else "{}"
    elif isinstance(value, str):
        yield json.dumps(value)
    elif value is None or isinstance(value, (bool, int, Decimal)):
        yield _scalar(value)
    else:
        raise ScriptFailed(f"groovy.json.JsonException: {kind_of(value)} cannot be written as JSON")
