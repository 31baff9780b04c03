"""What the landscape itself saw: one entry for each answered request and each failed connection.

The record is the landscape's truth, against which tests hold a sender's view. It names layers and
causes in the same words as the sender, but is written without any code of the sender, so that the
two cannot be wrong together. It holds no secret.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Truth:
    """Why something was refused: the layer, the cause that the caller can see, and the reason behind it."""

    layer: str
    cause: str
    why: str


@dataclass(frozen=True)
class Entry:
    """One answered request, or one connection that did not get as far as a request.

    Attributes:
        at: seconds since the epoch.
        host: the virtual host that was called.
        peer_port: the caller's port; with the host's port it tells connections apart.
        server_name: the SNI that the caller sent.
        tls: ``TLSv1.2``, ``TLSv1.3``, or ``None`` when none was agreed.
        certificate: the subject of the client certificate that was presented, if any; not known when an
            issuer in its chain had been refused before the certificate itself was looked at.
        fingerprint: its SHA-256.
        verification: OpenSSL verify codes of that certificate; empty when it is trusted.
        request: method and path without the query, or ``None``.
        status: the HTTP status that was answered, or ``None``.
        refused: why not, or ``None`` when the flow answered.
    """

    at: float
    host: str
    peer_port: int
    server_name: str | None
    tls: str | None
    certificate: str | None
    fingerprint: str | None
    verification: tuple[int, ...]
    request: str | None
    status: int | None
    refused: Truth | None


class Record:
    """All entries of a run, in memory and, when a path is given, as one JSON line each."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[Entry] = []
        self._changed = threading.Condition()
        self._path = path

    def add(self, entry: Entry) -> None:
        """Take an entry down."""
        with self._changed:
            self._entries.append(entry)
            if self._path:
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(asdict(entry)) + "\n")
            self._changed.notify_all()

    def entries(self) -> tuple[Entry, ...]:
        """All entries so far, oldest first."""
        with self._changed:
            return tuple(self._entries)

    def after(self, count: int, *, timeout: float = 5.0) -> Entry:
        """The entry that follows the first ``count``; waits for it, ``TimeoutError`` when none comes."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._entries) > count, timeout):
                raise TimeoutError(f"the record has no more than {count} entries")
            return self._entries[count]
