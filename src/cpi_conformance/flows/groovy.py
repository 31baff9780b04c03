r"""A text as a literal of Groovy.

In single quotes, where ``$`` means nothing. What is not ASCII is written as ``\uXXXX``, which Groovy 2 replaces
before it looks for quotes; a quote must therefore never be written in that way.
"""

from __future__ import annotations

import re

ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters, half characters, and what Groovy's lexer takes for the end of the file."""


def groovy_literal(text: str) -> str:
    """The literal, with its quotes.

    Raises:
        ValueError: the text holds a character that no script should hold.
    """
    if UNSPEAKABLE.search(text):
        raise ValueError("the text holds control characters, or is no Unicode text")
    return f"'{''.join(_escaped(each) for each in text)}'"


def _escaped(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isascii():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[start : start + 2].hex()}" for start in range(0, len(units), 2))
