"""The words of a filter expression."""

from __future__ import annotations

import re

from cpi_conformance.simulator.tenant_api.errors import ODataError, bad_request

TOKEN = re.compile(
    r"\s*(?:datetime'(?P<moment>[^']*)'|'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d{1,18})L?\b"
    r"|(?P<name>[A-Za-z_][\w/]*)|(?P<mark>[(),]))"
)


def tokens_of(text: str) -> list[tuple[str, str]]:
    """Kind (``moment``, ``text``, ``number``, ``name``, ``mark``) and content of each word; ``ODataError`` 400."""
    tokens, position, text = [], 0, text.rstrip()
    while position < len(text):
        found = TOKEN.match(text, position)
        if not found:
            raise broken_filter()
        kind = found.lastgroup or ""
        tokens.append((kind, found[kind]))
        position = found.end()
    return tokens


def broken_filter() -> ODataError:
    """The expression cannot be read."""
    return bad_request("Invalid filter expression.")
