"""What to do about each cause, read from ``remedies.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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
    """Why something happens, what to do about it, and where that is written."""

    why: str
    remedy: str
    source: str


def remedy_for(cause: str) -> Remedy:
    """What to do about a cause that a sender has seen; ``KeyError`` when the file does not know it."""
    return _remedy(_tables()["causes"][cause])


def remedy_for_acceptance(layer: str) -> Remedy:
    """What to do when a call was accepted that must be refused at that layer."""
    return _remedy(_tables()[NOT_REFUSED][layer])


def remedy_for_verdict(name: str) -> Remedy:
    """What to do about :data:`WRONG_ANSWER`, :data:`REFUSED_OTHERWISE` or :data:`SHOWN_OTHERWISE`."""
    return _remedy(_tables()["verdicts"][name])


def _remedy(entry: dict[str, str]) -> Remedy:
    return Remedy(entry["why"], entry["remedy"], entry["source"])


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("cpi_conformance.diagnosis") / "remedies.toml").read_text(encoding="utf-8"))
