"""The way out through an HTTP proxy: CONNECT, and what the proxy says."""

from __future__ import annotations

import base64
import socket

from cpi_conformance.backend.destination import Proxy

LONGEST_HEAD = 16 * 1024
"""Bytes of a proxy's answer that are read."""


class ProxyRefused(Exception):
    """The proxy does not connect us; the text is that of the kernel's trace."""


def through(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy at the other end of a connection connect us on.

    Raises:
        ProxyRefused: it answers with an error, or with something that is no HTTP.
        OSError: the connection ended.
    """
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if proxy.user and proxy.password is not None:
        pair = base64.b64encode(f"{proxy.user}:{proxy.password.reveal()}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    connection.sendall("\r\n".join((*lines, "", "")).encode("utf-8"))
    version, _, told = _first_line(connection).partition(" ")
    if not version.startswith("HTTP/1.") or not told.startswith("2"):
        raise ProxyRefused(
            f"Proxy connection to https://{host}:{port} via {proxy} failed "
            f"(proxy returned {told.strip() or 'nothing that is HTTP'})"
        )


def _first_line(connection: socket.socket) -> str:
    """Of the answer's head, which is read to its end and not beyond: what follows is TLS."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < LONGEST_HEAD:
        part = connection.recv(1)
        if not part:
            break
        head += part
    return head.partition(b"\r\n")[0].decode("latin-1")[:200]
