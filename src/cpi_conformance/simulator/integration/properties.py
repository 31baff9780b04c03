"""``parameters.prop``: the file format of ``java.util.Properties``, as far as text goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cpi_conformance.simulator.integration.errors import ArchiveBroken

ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
SEPARATOR = re.compile(r"(?P<key>(?:\\.|[^\\=:\s])*)[ \t\f]*(?:[=:][ \t\f]*)?(?P<value>.*)", re.DOTALL)
CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")


def read_properties(content: bytes) -> Mapping[str, str]:
    """Keys and values, unescaped; of a key that stands twice, the last value.

    Raises:
        ArchiveBroken: the file is not text.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ArchiveBroken("parameters.prop is not in UTF-8.") from None
    pairs = (SEPARATOR.fullmatch(line) for line in _logical_lines(text))
    return {_unescaped(pair["key"]): _unescaped(pair["value"]) for pair in pairs if pair}


def _logical_lines(text: str) -> Iterator[str]:
    begun = ""
    for line in re.split(r"\r\n|\n|\r", text):
        natural = line.lstrip(" \t\f")
        if not begun and (not natural or natural[0] in "#!"):
            continue
        if CONTINUED.search(natural):
            begun += natural[:-1]
            continue
        yield begun + natural
        begun = ""
    if begun:
        yield begun


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        escaped = match[1]
        return chr(int(escaped[1:], 16)) if len(escaped) == 5 else CONTROL.get(escaped, escaped)

    return ESCAPE.sub(character, text)
