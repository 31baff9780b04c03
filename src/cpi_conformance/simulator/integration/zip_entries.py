"""The entries of a zip file that a stranger has sent.

Nothing is written to disk, and no declared size is believed: every entry is read up to a limit. What
an honest archive of an integration flow never holds (paths that lead out, links, encryption, two
entries of one name) is refused instead of being interpreted.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

from cpi_conformance.simulator.integration.errors import ArchiveBroken

ARCHIVE_BYTES = 10 * 1024 * 1024
ENTRIES = 256
ENTRY_BYTES = 4 * 1024 * 1024
TOTAL_BYTES = 16 * 1024 * 1024
RATIO = 200
"""How much larger than its compressed form an entry may be, once it exceeds :data:`RATIO_COUNTS_FROM` bytes."""

RATIO_COUNTS_FROM = 256 * 1024
CHUNK_BYTES = 64 * 1024
NAME_LENGTH = 255

CENTRAL_HEADER = b"PK\x01\x02"
ENCRYPTED = 0x1 | 0x40 | 0x2000
UTF_8 = 0x800
PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f\\:]+")


def zip_entries(content: bytes) -> Mapping[str, bytes]:
    """The files in a zip by their names, uncompressed; folders are left out and zips inside stay closed.

    Raises:
        ArchiveBroken: it is none, it is damaged, it exceeds a limit, or a name or kind of entry is not allowed.
    """
    if len(content) > ARCHIVE_BYTES:
        raise ArchiveBroken(f"The archive exceeds {ARCHIVE_BYTES} bytes.")
    # zipfile reads the whole directory before it tells how long it is; a stored zip inside adds some
    if content.count(CENTRAL_HEADER) > 4 * ENTRIES:
        raise ArchiveBroken(f"The archive has more than {ENTRIES} entries.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_all(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        IndexError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
    ):
        raise ArchiveBroken("The archive cannot be read: it is no zip file, or damaged.") from None


def _read_all(archive: zipfile.ZipFile) -> Mapping[str, bytes]:
    directory = archive.infolist()
    if len(directory) > ENTRIES:
        raise ArchiveBroken(f"The archive has more than {ENTRIES} entries.")
    entries: dict[str, bytes] = {}
    seen: set[str] = set()
    total = 0
    for info in directory:
        _examine(info)
        if info.orig_filename in seen:
            raise ArchiveBroken(f"The archive holds the entry {info.orig_filename!r} twice.")
        seen.add(info.orig_filename)
        if info.is_dir():
            continue
        entries[info.filename] = read = _read(archive, info, TOTAL_BYTES - total)
        total += len(read)
    return entries


def _examine(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if not info.flag_bits & UTF_8 and not name.isascii():
        raise ArchiveBroken("The archive holds an entry whose name is not in UTF-8.")
    parts = name.removesuffix("/").split("/")
    if len(name) > NAME_LENGTH or not PLAIN_NAME.fullmatch(name) or {"", ".", ".."} & set(parts):
        raise ArchiveBroken(f"The archive holds an entry whose name is not allowed: {name[:60]!r}.")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveBroken(f"The entry {name!r} is a link or a device.")
    if info.flag_bits & ENCRYPTED:
        raise ArchiveBroken(f"The entry {name!r} is encrypted.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveBroken(f"The entry {name!r} is compressed with an unknown method.")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    read = bytearray()
    with archive.open(info) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            read += chunk
            if len(read) > ENTRY_BYTES:
                raise ArchiveBroken(f"The entry {info.filename!r} exceeds {ENTRY_BYTES} bytes.")
            if len(read) > left:
                raise ArchiveBroken(f"The archive exceeds {TOTAL_BYTES} bytes when it is unpacked.")
            if len(read) > RATIO_COUNTS_FROM and len(read) > RATIO * max(1, info.compress_size):
                raise ArchiveBroken(f"The entry {info.filename!r} unpacks to more than {RATIO} times its size.")
    return bytes(read)
