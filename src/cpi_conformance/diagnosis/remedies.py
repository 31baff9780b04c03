"""What to do: from the catalogue where a row fits, else by the cause alone, from ``remedies.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from cpi_conformance.diagnosis.catalogue import Row, diagnose
from cpi_conformance.diagnosis.symptoms import Symptoms

NOT_REFUSED = "not-refused"
"""The cause when a call that must be refused was accepted; what to do depends on the layer."""

WRONG_ANSWER = "wrong-answer"
"""The cause when a flow answered, but not what it should."""


REFUSED_OTHERWISE = "refused-otherwise"
"""When a call that must be refused is, but at another layer or for another cause."""

SHOWN_OTHERWISE = "shown-otherwise"
"""The cause when an order was carried out, or a call accepted, but what is shown of it is not what it must be."""


@dataclass(frozen=True)
class Remedy:
    """Why something happens, what to do about it, and where that is written.

    Attributes:
        where: the page of a cockpit, or the transaction, in which it is done; empty where the text names several.
    """

    why: str
    remedy: str
    source: str
    where: str = ""


@dataclass(frozen=True)
class Advice:
    """What to do about symptoms, and the numbers of the catalogue's rows that fit them, best first."""

    remedy: Remedy
    rows: tuple[int, ...]


def advise(symptoms: Symptoms) -> Advice:
    """The best row's fix; where no row fits, what is to be done about the cause.

    Raises:
        KeyError: no row fits, and the cause is none that is known.
    """
    ranked = diagnose(symptoms)
    if ranked:
        return Advice(_of_row(ranked[0].row), tuple(each.row.number for each in ranked))
    return Advice(_remedy(_tables()["causes"][symptoms.cause]), ())


def remedy_for(cause: str) -> Remedy:
    """What to do about a cause of which nothing else is known; ``KeyError`` when it is none."""
    return advise(Symptoms(cause=cause)).remedy


def remedy_for_acceptance(layer: str) -> Remedy:
    """What to do when a call was accepted that must be refused at that layer."""
    return _remedy(_tables()[NOT_REFUSED][layer])


def remedy_for_verdict(name: str) -> Remedy:
    """What to do about :data:`WRONG_ANSWER`, :data:`REFUSED_OTHERWISE` or :data:`SHOWN_OTHERWISE`."""
    return _remedy(_tables()["verdicts"][name])


def causes_with_a_remedy() -> frozenset[str]:
    """The causes that ``remedies.toml`` knows."""
    return frozenset(_tables()["causes"])


def _of_row(row: Row) -> Remedy:
    return Remedy(row.why, row.fix, row.source, row.where)


def _remedy(entry: dict[str, str]) -> Remedy:
    return Remedy(entry["why"], entry["remedy"], entry["source"])


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("cpi_conformance.diagnosis") / "remedies.toml").read_text(encoding="utf-8"))
