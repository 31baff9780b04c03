"""The way out through an HTTP proxy: CONNECT, and what the proxy says."""

from __future__ import annotations

import socket

from cpi_conformance.backend.destination import NO_LOGON, Proxy
from cpi_conformance.sender import Basic
from cpi_conformance.sender.echoes import unechoed

LONGEST_HEAD, LONGEST_TOLD = 16 * 1024, 200
"""Bytes of a proxy's answer that are read, and of its first line that are told."""

END = b"\r\n\r\n"


class ProxyRefused(Exception):
    """The proxy does not connect us; the text is that of the kernel's trace."""


def through(connection: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Have the proxy at the other end of a connection connect us on.

    Raises:
        ProxyRefused: it answers with an error, or with something that is no HTTP.
        OSError: the connection ended.
    """
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    logon = Basic(proxy.user, proxy.password) if proxy.password is not None else NO_LOGON
    lines += [f"Proxy-{name}: {value}" for name, value in logon.headers().items()]
    connection.sendall("\r\n".join((*lines, "", "")).encode("utf-8"))
    head = _head(connection)
    version, _, told = head.partition(b"\r\n")[0][:LONGEST_TOLD].decode("latin-1").partition(" ")
    if not version.startswith("HTTP/1."):
        told = "nothing that is HTTP"
    elif told.startswith("2") and not head.endswith(END):
        told = "a head without an end"
    elif told.startswith("2"):
        return
    told = unechoed(told.strip(), logon)
    raise ProxyRefused(f"Proxy connection to https://{host}:{port} via {proxy} failed (proxy returned {told})")


def _head(connection: socket.socket) -> bytes:
    """The head of the answer, to its end and not beyond: what follows is TLS."""
    head = b""
    while not head.endswith(END) and len(head) < LONGEST_HEAD:
        part = connection.recv(1)
        if not part:
            break
        head += part
    return head
