"""``META-INF/MANIFEST.MF``: the headers of a bundle, folded to lines of 72 bytes (JAR File Specification)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from cpi_conformance.simulator.integration.errors import ArchiveBroken

MANIFEST = "META-INF/MANIFEST.MF"
LINE_BYTES = 72
LINE_END = re.compile(rb"\r\n|\n|\r")
HEADER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9_-]{0,69}): (.*)", re.DOTALL)
VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}(\.[A-Za-z0-9_-]{1,40})?")
"""A version of OSGi with its first three numbers, as the tenant writes them."""


def read_manifest(content: bytes) -> Mapping[str, str]:
    """The headers of the main section by their names.

    Raises:
        ArchiveBroken: a line is too long or is no header, or a value is not in UTF-8.
    """
    lines: list[bytes] = []
    for number, line in enumerate(LINE_END.split(content), start=1):
        if not line:
            if lines:
                break
            continue
        if len(line) > LINE_BYTES:
            raise ArchiveBroken(f"Line {number} of {MANIFEST} is longer than {LINE_BYTES} bytes.")
        if not line.startswith(b" "):
            lines.append(line)
        elif lines:
            # bytes, because the fold may stand in the middle of a character
            lines[-1] += line[1:]
        else:
            raise ArchiveBroken(f"{MANIFEST} begins with a continuation line.")
    headers = dict(_header(line) for line in lines)
    if "Manifest-Version" not in headers:
        raise ArchiveBroken(f"{MANIFEST} holds no Manifest-Version.")
    return headers


def write_manifest(headers: Mapping[str, str]) -> bytes:
    """The manifest with these headers, folded, with CRLF."""
    lines = bytearray()
    for name, value in headers.items():
        line = f"{name}: {value}".encode()
        lines += line[:LINE_BYTES] + b"\r\n"
        for start in range(LINE_BYTES, len(line), LINE_BYTES - 1):
            lines += b" " + line[start : start + LINE_BYTES - 1] + b"\r\n"
    return bytes(lines)


def symbolic_name(headers: Mapping[str, str]) -> str:
    """``Bundle-SymbolicName`` without its directives; empty when there is none."""
    return headers.get("Bundle-SymbolicName", "").partition(";")[0].strip()


def _header(line: bytes) -> tuple[str, str]:
    match = HEADER.fullmatch(line)
    if match is None:
        raise ArchiveBroken(f"{MANIFEST} holds a line that is no header: {line[:40].decode('ascii', 'replace')!r}.")
    try:
        return match[1].decode("ascii"), match[2].decode("utf-8")
    except UnicodeDecodeError:
        raise ArchiveBroken(f"The value of {match[1].decode('ascii')} in {MANIFEST} is not in UTF-8.") from None
