"""The manifest of an OSGi bundle: ``Name: value`` in UTF-8, lines of 72 bytes at most (JAR file specification).

A longer value goes on in the next line after one space, also in the middle of a character.
"""

from __future__ import annotations

from collections.abc import Mapping

LINE = 70
"""Bytes; 72 with the line break, as SAP folds, so that it does not matter which of them the rule means."""


def write_manifest(headers: Mapping[str, str]) -> bytes:
    """The headers in their order, folded, with CRLF; the last line ends as the others do."""
    return b"".join(_folded(f"{name}: {value}".encode()) for name, value in headers.items())


def read_manifest(content: bytes) -> dict[str, str]:
    """The headers of the main section; of a header that comes twice, the first.

    Raises:
        ValueError: a line is no header, or the text is no UTF-8.
    """
    lines: list[bytes] = []
    for line in content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if not line:
            break
        if line.startswith(b" "):
            if not lines:
                raise ValueError("the manifest begins with a continuation")
            lines[-1] += line[1:]
        else:
            lines.append(line)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode().partition(": ")
        if not colon:
            raise ValueError("a line of the manifest is no header")
        headers.setdefault(name, value)
    return headers


def _folded(line: bytes) -> bytes:
    first, rest = line[:LINE], line[LINE:]
    more = (b" " + rest[start : start + LINE - 1] for start in range(0, len(rest), LINE - 1))
    return b"\r\n".join((first, *more)) + b"\r\n"
