r"""Java's properties: ``key=value``, with ``#`` and ``!`` before comments, ``\`` before what means itself."""

from __future__ import annotations

import re

LINE = re.compile(r"((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)", re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
NAMED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def read_properties(text: str) -> dict[str, str]:
    """The values by their keys; of a key that comes twice, the last."""
    found: dict[str, str] = {}
    for line in _logical_lines(text):
        parts = LINE.fullmatch(line)
        if parts:
            found[_plain(parts[1])] = _plain(parts[2])
    return found


def _logical_lines(text: str) -> list[str]:
    lines: list[str] = []
    parts: list[str] = []
    for line in re.split(r"\r\n|\r|\n", text):
        line = line.lstrip(" \t\f")
        if not parts and (not line or line[0] in "#!"):
            continue
        backslashes = len(line) - len(line.rstrip("\\"))
        goes_on = backslashes % 2 == 1
        parts.append(line[:-1] if goes_on else line)
        if not goes_on:
            lines.append("".join(parts))
            parts = []
    return [*lines, "".join(parts)] if parts else lines


def _plain(text: str) -> str:
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else NAMED.get(found[2], found[2]), text)
