"""Telling DER and BER files apart by their first tags, without parsing what is below."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, TIME = 0x30, 0x02, 0x03, 0x04, 0x06, 0x18
CONTEXT = frozenset(range(0xA0, 0xA4))
PSE_VERSIONS = (2, 4, 256)
"""256 stands for a PSE that is bound to the machine that it was made on."""

PKCS7 = bytes.fromhex("2a864886f70d0107")
"""The arc of PKCS#7's kinds of content: data, signed data, enveloped data and so on."""


class Shape(Enum):
    """What begins like this."""

    PFX = "pfx"
    P7B = "p7b"
    CERTIFICATE = "certificate"
    SIGNING_REQUEST = "signing request"
    PRIVATE_KEY = "private key"
    ENCRYPTED_PRIVATE_KEY = "encrypted private key"
    PUBLIC_KEY = "public key"
    PSE = "pse"
    OTHER = "other"


def shape_of(content: bytes) -> Shape:
    """The shape of a DER or BER value; ``Shape.OTHER`` for anything else."""
    outer = next(_values(content), None)
    if outer is None or outer[0] != SEQUENCE:
        return Shape.OTHER
    children = list(_values(outer[1]))[:4]
    if not children:
        return Shape.OTHER
    tags = [tag for tag, _ in children]
    first = children[0][1]
    if tags[0] == INTEGER:
        return _with_version(int.from_bytes(first[:4], "big"), tags, [content for _, content in children])
    if tags[0] == OBJECT_IDENTIFIER:
        return Shape.P7B if first.startswith(PKCS7) else Shape.OTHER
    return _without_version(tags, first) if tags[0] == SEQUENCE else Shape.OTHER


def _with_version(version: int, tags: list[int], contents: list[bytes]) -> Shape:
    behind = tags[1] if len(tags) > 1 else None
    if version == 3 and behind == SEQUENCE:
        return Shape.PFX
    if version in (0, 1) and behind in (SEQUENCE, INTEGER, OCTET_STRING):
        return Shape.PRIVATE_KEY
    if version == 2 and behind == SEQUENCE:  # a PSE without a PIN
        inside = next(_values(contents[1]), None)
        return Shape.PSE if inside is not None and inside[0] == SEQUENCE else Shape.OTHER
    return Shape.PSE if version in PSE_VERSIONS and behind in CONTEXT else Shape.OTHER


def _without_version(tags: list[int], first: bytes) -> Shape:
    inner = [tag for tag, _ in _values(first)][:7]
    match tags[1:3]:
        case [0x30, 0x03] if inner[:1] == [0xA0] or len(inner) >= 6:
            return Shape.CERTIFICATE
        case [0x30, 0x03] if inner[:2] == [INTEGER, SEQUENCE]:
            return Shape.SIGNING_REQUEST
        case [0x04] if inner[:1] == [OBJECT_IDENTIFIER]:
            return Shape.ENCRYPTED_PRIVATE_KEY
        case [0x03] if inner[:1] == [OBJECT_IDENTIFIER]:
            return Shape.PUBLIC_KEY
        case [0x13 | 0x17 | 0x18, *_] if inner[:1] == [OBJECT_IDENTIFIER]:
            return Shape.PSE
    return Shape.OTHER


def _values(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each value in a row; one that is cut off or of open length takes what is left."""
    position = 0
    while position + 2 <= len(content):
        tag, length = content[position], content[position + 1]
        start = position + 2
        if length == 0x80:
            yield tag, content[start:]
            return
        if length > 0x80:
            size = length - 0x80
            length = int.from_bytes(content[start : start + size], "big")
            start += size
        yield tag, content[start : start + length]
        position = start + length
