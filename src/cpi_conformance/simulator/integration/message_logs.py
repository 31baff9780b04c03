"""Message processing logs: one for each call that reached a flow, and for no other."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import threading
from dataclasses import dataclass

COMPLETED, FAILED = "COMPLETED", "FAILED"
KEPT = 10_000
"""How many logs are kept; the oldest go first."""


@dataclass(frozen=True)
class MessageLog:
    """One log.

    Attributes:
        guid: 28 characters, see :func:`message_log_id`.
        artifact_id: of the integration flow.
        package_id: of the package that holds it; empty when the flow was deployed without one.
        status: ``COMPLETED`` or ``FAILED``.
        start: in UTC, as ``end``.
        correlation_id: of the shape of a guid, and equal to none.
        error: the text of the exception, or ``None``.
    """

    guid: str
    artifact_id: str
    artifact_name: str
    package_id: str
    status: str
    start: dt.datetime
    end: dt.datetime
    correlation_id: str
    error: str | None = None


class MessageLogs:
    """All logs of a tenant; safe to use from several threads."""

    def __init__(self) -> None:
        self._logs: list[MessageLog] = []
        self._lock = threading.Lock()

    def add(self, log: MessageLog) -> None:
        """Take a log down."""
        with self._lock:
            self._logs.append(log)
            del self._logs[:-KEPT]

    def all(self) -> tuple[MessageLog, ...]:
        """The logs, oldest first."""
        with self._lock:
            return tuple(self._logs)


def message_log_id(epoch: int) -> str:
    """28 characters: base64url of a zero byte, the start in seconds (4 bytes), 16 random bytes (deduced)."""
    return base64.urlsafe_b64encode(b"\x00" + epoch.to_bytes(4, "big") + secrets.token_bytes(16)).decode()
