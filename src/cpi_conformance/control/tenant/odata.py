"""Writing and reading the OData V2 of the tenant API.

``$`` and quotes stand in its URLs as they are, and a space is ``%20``; what httpx makes of parameters, Olingo need
not read. Only the package list and the runtime artifacts can be read in pages.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

from cpi_conformance.control.errors import BrokenAnswer

PORTION = 100
"""Entries of a page."""

MOST_PAGES = 100


def literal(text: str) -> str:
    """A text as a key or as a value in a filter; quotes are doubled, then everything is percent-encoded."""
    doubled = text.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def moment(when: dt.datetime) -> str:
    """A moment in a filter: UTC, to the second, rounded down.

    Raises:
        ValueError: it has no time zone.
    """
    if when.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return f"datetime'{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}'"


def hexalias(alias: str) -> str:
    """An alias as a key of the keystore: the upper-case hexadecimal of its UTF-8."""
    return alias.encode().hex().upper()


def query(**options: str) -> str:
    """System query options, ``top="1"`` is ``$top=1``; values are encoded already, but for spaces."""
    return "&".join(f"${name}={value.replace(' ', '%20')}" for name, value in options.items())


def entity(document: dict[str, Any], source: str) -> dict[str, Any]:
    """The entity in ``{"d":{…}}``.

    Raises:
        BrokenAnswer: there is none.
    """
    found = document.get("d")
    if not isinstance(found, dict):
        raise BrokenAnswer(source, "no entity below d")
    return found


def entries(document: dict[str, Any], source: str) -> list[Any]:
    """The entries in ``{"d":{"results":[…]}}``.

    Raises:
        BrokenAnswer: there is no list.
    """
    found = document.get("d")
    results = found.get("results") if isinstance(found, dict) else found
    if not isinstance(results, list):
        raise BrokenAnswer(source, "no results below d")
    return results
