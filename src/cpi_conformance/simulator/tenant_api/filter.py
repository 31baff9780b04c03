"""``$filter`` of OData V2, as far as texts, numbers and moments are compared."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.tenant_api.errors import not_found
from cpi_conformance.simulator.tenant_api.filter_tokens import broken_filter, tokens_of
from cpi_conformance.simulator.tenant_api.model import Entity, EntityType

COMPARISONS = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
FUNCTIONS: Mapping[str, tuple[int, Callable[..., object]]] = {
    "substringof": (2, lambda part, whole: part in whole),
    "startswith": (2, str.startswith),
    "endswith": (2, str.endswith),
    "tolower": (1, str.lower),
    "toupper": (1, str.upper),
}
CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
DEEPEST = 50
"""Brackets within brackets."""

Reading = Callable[[Entity], object]


@dataclass(frozen=True)
class Filter:
    """A condition.

    Attributes:
        names: the properties that it names.
        unequal: those of them that it compares with anything but ``eq``, or not at all.
        joined: the words that join its parts: ``and``, ``or``, ``not``.
    """

    condition: Reading
    names: frozenset[str]
    unequal: frozenset[str]
    joined: frozenset[str]

    def fits(self, entity: Entity) -> bool:
        """Whether an entity meets it; what cannot be compared does not."""
        return bool(self.condition(entity))


def read_filter(text: str, of: EntityType) -> Filter:
    """Read a condition on entities of a type.

    Raises:
        ODataError: 400 where it cannot be read, 404 for a property that there is not.
    """
    reader = _Reader(text, of)
    condition = reader.alternatives(0)
    reader.end()
    return Filter(condition, frozenset(reader.names), frozenset(reader.unequal), frozenset(reader.joined))


class _Reader:
    def __init__(self, text: str, of: EntityType) -> None:
        self._of = of
        self._tokens = tokens_of(text)
        self._next = 0
        self.names: list[str] = []
        self.unequal: set[str] = set()
        self.joined: set[str] = set()

    def alternatives(self, depth: int) -> Reading:
        parts = [self._conjunction(depth)]
        while self._take("or"):
            self.joined.add("or")
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else lambda entity: any(part(entity) for part in parts)

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise broken_filter()

    def _conjunction(self, depth: int) -> Reading:
        parts = [self._comparison(depth)]
        while self._take("and"):
            self.joined.add("and")
            parts.append(self._comparison(depth))
        return parts[0] if len(parts) == 1 else lambda entity: all(part(entity) for part in parts)

    def _comparison(self, depth: int) -> Reading:
        if self._take("not"):
            self.joined.add("not")
            denied = self._comparison(self._deeper(depth))
            return lambda entity: not denied(entity)
        known = len(self.names)
        left = self._operand(depth)
        for word, compare in COMPARISONS.items():
            if self._take(word):
                right = self._operand(depth)
                self.unequal.update(self.names[known:] if word != "eq" else ())
                return lambda entity: _applied(compare, left(entity), right(entity))
        return left

    def _operand(self, depth: int) -> Reading:
        if self._take("("):
            inner = self.alternatives(self._deeper(depth))
            self._expect(")")
            return inner
        kind, text = self._pop()
        if kind == "text":
            return _constant(text.replace("''", "'"))
        if kind == "number":
            return _constant(int(text))
        if kind == "moment":
            return _constant(self._moment(text))
        if kind != "name":
            raise broken_filter()
        return self._named(text, depth)

    def _named(self, name: str, depth: int) -> Reading:
        if name in CONSTANTS:
            return _constant(CONSTANTS[name])
        if name in FUNCTIONS and self._take("("):
            known = len(self.names)
            call = self._call(*FUNCTIONS[name], self._deeper(depth))
            self.unequal.update(self.names[known:])
            return call
        first, _, second = name.partition("/")
        if not self._of.has(first):
            raise not_found(f"Could not find property with name: '{first}'.")
        self.names.append(name)
        return lambda entity: _value(entity, first, second)

    def _call(self, arity: int, function: Callable[..., object], depth: int) -> Reading:
        arguments = [self.alternatives(depth)]
        while self._take(","):
            arguments.append(self.alternatives(depth))
        self._expect(")")
        if len(arguments) != arity:
            raise broken_filter()
        return lambda entity: _applied(function, *(argument(entity) for argument in arguments))

    def _moment(self, text: str) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise broken_filter() from None
        if moment.tzinfo is not None:
            raise broken_filter()
        return moment.replace(tzinfo=dt.UTC)

    def _take(self, word: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next] in (("name", word), ("mark", word)):
            self._next += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise broken_filter()

    def _pop(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise broken_filter()
        self._next += 1
        return self._tokens[self._next - 1]

    def _deeper(self, depth: int) -> int:
        if depth >= DEEPEST:
            raise broken_filter()
        return depth + 1


def _applied(function: Callable[..., object], *values: object) -> object:
    """Null, and values of different types, are in no relation."""
    try:
        return function(*values)
    except TypeError:
        return False


def _constant(value: object) -> Reading:
    return lambda _: value


def _value(entity: Entity, first: str, second: str) -> object:
    value = entity.values.get(first)
    return value.get(second) if second and isinstance(value, Mapping) else value
