"""The diagnosis catalogue, read from ``catalogue.toml``, and the rows that fit what is known about a failure."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from cpi_conformance.diagnosis.symptoms import Symptoms


@dataclass(frozen=True)
class Fact:
    """An attribute of :class:`Symptoms` and the values of which it has one."""

    name: str
    values: tuple[str | bool, ...]

    def holds(self, symptoms: Symptoms) -> bool:
        """Whether it is known to hold; what is not known does not."""
        value = getattr(symptoms, self.name)
        if isinstance(value, frozenset):
            return any(each in value for each in self.values)
        return value is not None and value in self.values


Facts = tuple[Fact, ...]


@dataclass(frozen=True)
class Row:
    """One row of the catalogue.

    Attributes:
        number: frozen.
        where: the page of a cockpit, or the transaction, in which the fix is done.
        when: sets of facts; the row applies when all facts of one set hold.
        fits: facts that raise it.
        unless: facts each of which rules it out.
        unproducible: why nothing here brings the symptom about; ``None`` where something does.
    """

    number: int
    symptom: str
    why: str
    fix: str
    where: str
    source: str
    when: tuple[Facts, ...]
    fits: Facts = ()
    unless: Facts = ()
    unproducible: str | None = None


@dataclass(frozen=True)
class Ranked:
    """A row that applies, and the facts by which it was recognised: those it needs, and those that raise it."""

    row: Row
    needed: Facts
    raised: Facts


@lru_cache
def diagnose(symptoms: Symptoms) -> tuple[Ranked, ...]:
    """The rows that apply to what is known, best first; none when nothing fits.

    The row that needed more facts is the more specific one and comes first; among these the one that more facts
    raise; among these the one with the lower number. Never raises, whatever is known.
    """
    found = [ranked for row in catalogue() if (ranked := _ranked(row, symptoms)) is not None]
    return tuple(sorted(found, key=lambda each: (-len(each.needed), -len(each.raised), each.row.number)))


def _ranked(row: Row, symptoms: Symptoms) -> Ranked | None:
    met = [facts for facts in row.when if all(fact.holds(symptoms) for fact in facts)]
    if not met or any(fact.holds(symptoms) for fact in row.unless):
        return None
    return Ranked(row, max(met, key=len), tuple(fact for fact in row.fits if fact.holds(symptoms)))


@cache
def catalogue() -> tuple[Row, ...]:
    """All rows, by number."""
    read = tomllib.loads((files("cpi_conformance.diagnosis") / "catalogue.toml").read_text(encoding="utf-8"))
    return tuple(sorted((_row(entry) for entry in read["row"]), key=lambda row: row.number))


def row_of(number: int) -> Row:
    """A row by its number; ``KeyError`` when there is none."""
    return {row.number: row for row in catalogue()}[number]


def _row(entry: dict[str, Any]) -> Row:
    facts = {name: _facts(entry.pop(name, {})) for name in ("fits", "unless")}
    return Row(**{**entry, "when": tuple(_facts(each) for each in entry["when"]), **facts})


def _facts(entry: dict[str, Any]) -> Facts:
    return tuple(
        Fact(name, tuple(value) if isinstance(value, list) else (value,)) for name, value in sorted(entry.items())
    )
