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


@dataclass(frozen=True)
class Remedy:
    """Why something happens, what to do about it, and where that is written."""

    why: str
    remedy: str
    source: str


def remedy_for(cause: str, layer: str) -> Remedy:
    """What to do about a cause; ``KeyError`` when the file knows neither the cause nor the layer."""
    tables = _tables()
    if cause == NOT_REFUSED:
        entry = tables[NOT_REFUSED][layer]
    elif cause == WRONG_ANSWER:
        entry = tables["verdicts"][WRONG_ANSWER]
    else:
        entry = tables["causes"][cause]
    return Remedy(entry["why"], entry["remedy"], entry["source"])


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("cpi_conformance.diagnosis") / "remedies.toml").read_text(encoding="utf-8"))
