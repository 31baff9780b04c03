"""Ports of the load balancer's host beside the one that is meant: one without TLS, and one that is closed."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

PLAIN_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 11\r\nConnection: close\r\n\r\nBad Request"
)
"""What a port that speaks HTTP only answers to a ClientHello, and to everything else."""


class PlainPort:
    """Speaks HTTP without TLS, and refuses everything."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None

    async def listen(self) -> int:
        """Listen on a free port of 127.0.0.1, and return it."""
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # a caller may go at any time
            await reader.read(1)
            writer.write(PLAIN_ANSWER)
            await writer.drain()
            writer.write_eof()
            while await reader.read(4096):
                pass
        writer.close()


class ClosedPort:
    """A port that is taken, so that nobody else takes it, but on which nobody listens: connections are refused."""

    def __init__(self) -> None:
        self._taken: list[socket.socket] = []

    def take(self) -> int:
        """Take a free port, and return it."""
        self._taken = [_bound(socket.AF_INET, "127.0.0.1", 0)]
        port = int(self._taken[0].getsockname()[1])
        with suppress(OSError):  # no IPv6 here, or its port is taken
            self._taken.append(_bound(socket.AF_INET6, "::1", port))
        return port

    def release(self) -> None:
        """Give the port back."""
        for each in self._taken:
            each.close()


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    taken = socket.socket(family)
    try:
        taken.bind((address, port))
    except OSError:
        taken.close()
        raise
    return taken
