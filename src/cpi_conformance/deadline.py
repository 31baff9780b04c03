"""A time for a whole call.

The time-out of a socket is for each read, so a far side that sends a byte now and then, or one interim answer after
the other, could hold a call for as long as it likes.
"""

from __future__ import annotations

import socket
import time
from typing import Any


class Deadline:
    """When a call has to be over, from now on; reads that begin before are cut short by it."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.perf_counter() + seconds

    def limit(self, connection: socket.socket) -> None:
        """Let the next operation of a connection take no longer than is left; one that does not wait is left alone.

        Raises:
            TimeoutError: nothing is left.
        """
        allowed = connection.gettimeout()
        if allowed == 0:
            return
        left = self._ends - time.perf_counter()
        if left <= 0:
            raise TimeoutError("timed out")
        connection.settimeout(left if allowed is None else min(allowed, left))


class TimedSocket(socket.socket):
    """A socket whose reads end at a deadline; takes the place of a connected one."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        allowed = connected.gettimeout()
        super().__init__(connected.family, connected.type, connected.proto, connected.detach())
        self.settimeout(allowed)
        self.deadline = deadline

    def recv(self, *size_and_flags: Any) -> bytes:
        """As of any socket; ``TimeoutError`` at the deadline."""
        self.deadline.limit(self)
        return super().recv(*size_and_flags)

    def recv_into(self, *where: Any) -> int:
        """As of any socket; ``TimeoutError`` at the deadline."""
        self.deadline.limit(self)
        return super().recv_into(*where)
