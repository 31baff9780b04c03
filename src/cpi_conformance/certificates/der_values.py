"""The values of DER in a row, and what is inside one; nothing of them is interpreted."""

from __future__ import annotations

from collections.abc import Iterator

from asn1crypto import parser


def values(content: bytes) -> Iterator[bytes]:
    """Each value that stands in ``content``, one behind the other; ``ValueError`` when one breaks off."""
    while content:
        size = parser.peek(content)
        yield content[:size]
        content = content[size:]


def inside(value: bytes) -> bytes:
    """What a value encloses; ``ValueError`` when it breaks off."""
    return bytes(parser.parse(value)[4])
