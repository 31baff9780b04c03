r"""The text around a certificate, in every state in which it is copied from one field into another.

The base64 between the markers is what counts. SAP's own Java helper drops literal ``\n``, sets the line
feeds again and adds markers that are missing (cloud-security-services-integration-library, X509 parser),
so a file in such a state is in use, although OpenSSL, Python's ``ssl`` and Java refuse it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from dataclasses import dataclass, field

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----")
_ESCAPED = re.compile(r"\\r\\n|\\n|\\r")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
_NO_DASH = re.compile("[‐‑‒–—―−]+ ?(?:BEGIN|END) ")


class ArmourDamaged(ValueError):
    """Text that was PEM once; its message says what happened to it and holds nothing of the content."""


@dataclass(frozen=True)
class Block:
    """What stands between two markers. The body may be a private key, so it is never shown."""

    label: str
    body: str = field(repr=False)

    def der(self) -> bytes:
        """The bytes of the body; headers as in an encrypted key of OpenSSL 1 are left out.

        Raises:
            ArmourDamaged: it is no base64, or breaks off.
        """
        text = self.body
        if "Proc-Type:" in text:
            text = text.replace("\r\n", "\n").partition("\n\n")[2]
        packed = "".join(text.split())
        if not packed:
            raise ArmourDamaged(f"there is nothing between the markers of {self.label}")
        try:
            return base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            raise ArmourDamaged(
                f"what stands between the markers of {self.label} is no base64, or breaks off"
            ) from None


def text_of(content: bytes) -> str | None:
    """The content as text, byte order mark and Windows' UTF-16 included; ``None`` when it is binary."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if b"-----BEGIN " not in content:
            return None
        text = content.decode("latin-1")  # a friendly name in an old code page stands in front of the markers
    return None if "\0" in text else text


def is_one_line(text: str) -> bool:
    """True when no line feed separates the markers from what they enclose."""
    return "\n" not in text.strip() and "\r" not in text.strip()


def is_escaped(text: str) -> bool:
    r"""True when its line feeds are the two characters ``\n``, as copied out of JSON."""
    return _ESCAPED.search(text) is not None


def blocks(text: str) -> tuple[Block, ...]:
    """Every block of a PEM text in its order; none when there are no markers.

    Raises:
        ArmourDamaged: a marker is incomplete.
    """
    plain = _ESCAPED.sub("\n", text)
    found: list[Block] = []
    position = 0
    while begin := _BEGIN.search(plain, position):
        label = begin.group(1)
        end = f"-----END {label}-----"
        stop = plain.find(end, begin.end())
        if stop < 0:
            raise ArmourDamaged(_lost_end(plain[begin.end() :], label))
        found.append(Block(label, plain[begin.end() : stop]))
        position = stop + len(end)
    if not found and (fault := _lost_begin(plain)):
        raise ArmourDamaged(fault)
    return tuple(found)


def _lost_end(rest: str, label: str) -> str:
    if f"END {label}" in rest:
        return f"the dashes around END {label} are not complete"
    return f"the marker END {label} is missing; it breaks off"


def _lost_begin(text: str) -> str | None:
    if _NO_DASH.search(text):
        return "its dashes have become typographic ones, as text programs make them"
    if "BEGIN CERTIFICATE" in text or "END CERTIFICATE" in text:
        return "the dashes around BEGIN CERTIFICATE are not complete, or that marker is missing"
    return None


def bare(text: str) -> bytes | None:
    """The bytes of base64 without any markers, when they begin as DER does; otherwise ``None``."""
    plain = _ESCAPED.sub("\n", text).strip().strip('"')
    if not plain.startswith("M") or not _BASE64.fullmatch(plain):
        return None
    packed = "".join(plain.split())
    try:
        decoded = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.startswith(b"\x30") else None
