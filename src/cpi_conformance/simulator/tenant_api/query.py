"""System query options of a collection, with what each set takes, ignores and refuses.

Only clients turn pages (``$top``, ``$skip``): there is no ``__next`` (recorded on a tenant).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cpi_conformance.simulator.exchange import Exchange
from cpi_conformance.simulator.tenant_api.errors import ODataError, bad_request, not_found, not_implemented
from cpi_conformance.simulator.tenant_api.filter import Filter, read_filter
from cpi_conformance.simulator.tenant_api.model import Entity, EntityType
from cpi_conformance.simulator.tenant_api.selection import Selection, read_selection

TOP, SKIP, INLINECOUNT, FILTER, ORDERBY = "$top", "$skip", "$inlinecount", "$filter", "$orderby"
SELECT, EXPAND, FORMAT = "$select", "$expand", "$format"
KNOWN = (TOP, SKIP, INLINECOUNT, FILTER, ORDERBY, SELECT, EXPAND, FORMAT)

COUNT_REFUSED = "$count is not supported"


@dataclass(frozen=True)
class Rules:
    """What a collection does with the options that change its content.

    Attributes:
        takes: those that it honours.
        ignores: those that it accepts and does nothing with; all others are refused with 501.
        only_or: its filters may be joined by ``or`` alone.
        never_filtered: properties that no filter may name.
        equality_only: those that are compared with ``eq`` alone.
        orders: all orders that it takes; ``None`` for any property.
        counts: whether ``/$count`` is there.
    """

    takes: frozenset[str]
    ignores: frozenset[str] = frozenset()
    only_or: bool = False
    never_filtered: frozenset[str] = frozenset()
    equality_only: frozenset[str] = frozenset()
    orders: frozenset[str] | None = None
    counts: bool = True


@dataclass(frozen=True)
class Page:
    """The part of a collection that was asked for; ``count`` is that of all that fit, when it was asked for."""

    entities: tuple[Entity, ...]
    count: int | None
    selection: Selection


@dataclass(frozen=True)
class Query:
    """The options of a request."""

    options: Mapping[str, str] = field(default_factory=dict)

    def selection(self, of: EntityType) -> Selection:
        """What is shown of each entity."""
        return read_selection(of, self.options.get(SELECT), self.options.get(EXPAND))

    def page(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> Page:
        """Apply all options to a collection.

        Raises:
            ODataError: 501 for an option that the set does not have, 400 for one that cannot be read.
        """
        honoured = self._honoured(rules)
        found = honoured._fitting(entities, of, rules)
        skip, top = honoured._number(SKIP, 0), honoured._number(TOP, len(found))
        counted = honoured._counted()
        return Page(found[skip : skip + top], len(found) if counted else None, self.selection(of))

    def count(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> int:
        """How many fit: what ``/$count`` answers; ``ODataError`` as above."""
        if not rules.counts:
            raise not_implemented(COUNT_REFUSED)
        return len(self._honoured(rules)._fitting(entities, of, rules))

    def _honoured(self, rules: Rules) -> Query:
        for name in self.options:
            if name in (SELECT, EXPAND, FORMAT) or name in rules.takes or name in rules.ignores:
                continue
            raise not_implemented(COUNT_REFUSED if name == INLINECOUNT else f"{name} is not supported")
        return replace(self, options={name: text for name, text in self.options.items() if name not in rules.ignores})

    def _fitting(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> tuple[Entity, ...]:
        found = list(entities)
        if FILTER in self.options:
            condition = read_filter(self.options[FILTER], of)
            _check(condition, rules)
            found = [each for each in found if condition.fits(each)]
        if ORDERBY in self.options:
            found = _ordered(found, self.options[ORDERBY], of, rules)
        return tuple(found)

    def _number(self, name: str, otherwise: int) -> int:
        text = self.options.get(name)
        if text is None:
            return otherwise
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise bad_request(f"Invalid value: '{name}={text}'.")
        return int(text)

    def _counted(self) -> bool:
        text = self.options.get(INLINECOUNT, "none")
        if text not in ("none", "allpages"):
            raise bad_request(f"Invalid value: '{INLINECOUNT}={text}'.")
        return text == "allpages"


def read_query(exchange: Exchange) -> Query:
    """The system query options of a request; ``ODataError`` 400 for one that OData does not have."""
    options = {name: text for name, text in exchange.parameters().items() if name.startswith("$")}
    for name in options:
        if name not in KNOWN:
            raise bad_request(f"Invalid system query option: '{name}'. ")
    return Query(options)


def _check(condition: Filter, rules: Rules) -> None:
    if rules.only_or and condition.joined - {"or"}:
        raise _refused("only the operator 'or' is supported")
    for name in sorted(condition.names & rules.never_filtered):
        raise _refused(f"property '{name}' is not supported")
    for name in sorted(condition.unequal & rules.equality_only):
        raise _refused(f"property '{name}' supports only the operator 'eq'")


def _refused(text: str) -> ODataError:
    return bad_request(f"Invalid filter expression: {text}.")


def _ordered(entities: list[Entity], text: str, of: EntityType, rules: Rules) -> list[Entity]:
    terms = [" ".join(each.split()) for each in text.split(",")]
    if rules.orders is not None and ",".join(terms).removesuffix(" asc") not in rules.orders:
        raise bad_request(f"Invalid value: '{ORDERBY}={text}'.")
    for term in reversed(terms):
        name, _, direction = term.partition(" ")
        if direction not in ("", "asc", "desc"):
            raise bad_request(f"Invalid value: '{ORDERBY}={text}'.")
        if not of.has(name):
            raise not_found(f"Could not find property with name: '{name}'.")
        entities = sorted(entities, key=lambda each: _order(each, name), reverse=direction == "desc")
    return entities


def _order(entity: Entity, name: str) -> tuple[bool, object]:
    value = entity.values.get(name)
    return (value is not None, str(value) if isinstance(value, Mapping) else value)
