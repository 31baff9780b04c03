"""Load balancers that speak other protocols than TLS 1.2 and 1.3."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from OpenSSL import SSL

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.replacing import replace_connections, replace_tls
from cpi_conformance.simulator.edge import EdgeConnection, Phase
from cpi_conformance.simulator.edge_tls import EdgeTls, Presented

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


def _speaking(lowest: int, highest: int) -> Callable[[SimulatedLandscape], None]:
    class Speaking(EdgeTls):
        def _context(self, presented: Presented) -> SSL.Context:
            context = super()._context(presented)
            context.set_cipher_list(b"DEFAULT:@SECLEVEL=0")  # else OpenSSL does without the old versions
            context.set_min_proto_version(lowest)
            context.set_max_proto_version(highest)
            return context

    return lambda landscape: replace_tls(landscape, Speaking)


class _WithoutTls:
    """Takes the place of TLS in a connection that has none."""

    def __init__(self) -> None:
        self._received, self._sent = bytearray(), bytearray()

    def do_handshake(self) -> None:
        """There is nothing to agree on."""

    def get_peer_certificate(self, *, as_cryptography: bool) -> None:
        """Nobody has presented one."""

    def get_servername(self) -> None:
        """Nobody has named one."""

    def get_protocol_version_name(self) -> str:
        """For the record."""
        return "none"

    def bio_write(self, data: bytes) -> None:
        """Bytes have come in."""
        self._received += data

    def recv(self, size: int) -> bytes:
        """What has come in."""
        return _taken(self._received)

    def sendall(self, data: bytes) -> None:
        """Bytes are to go out."""
        self._sent += data

    def bio_read(self, size: int) -> bytes:
        """What is to go out."""
        return _taken(self._sent)

    def shutdown(self) -> None:
        """There is no way to say so."""


def _taken(waiting: bytearray) -> bytes:
    if not waiting:
        raise SSL.WantReadError
    taken = bytes(waiting)
    waiting.clear()
    return taken


class _SpeaksPlainHttp(EdgeConnection):
    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.HANDSHAKE and _is_plain(data):
            self._tls = _WithoutTls()  # type: ignore[assignment]  # it is asked for nothing else
        super().data_received(data)


class _RedirectsPlainHttp(EdgeConnection):
    def data_received(self, data: bytes) -> None:
        if self._phase is not Phase.HANDSHAKE or not _is_plain(data):
            super().data_received(data)
            return
        there = f"https://{hosts.HOST}/"
        head = f"HTTP/1.1 301 Moved Permanently\r\nlocation: {there}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        self._note(None, 301, None)
        self._transport.write(head.encode())
        self._linger()


def _is_plain(data: bytes) -> bool:
    return data[:1].isalpha()


DEFECTS = (
    Defect(
        "edge-speaks-old-tls",
        System.EDGE,
        "The load balancer still speaks TLS 1.0 and 1.1.",
        _speaking(SSL.TLS1_VERSION, SSL.TLS1_3_VERSION),
    ),
    Defect(
        "edge-speaks-tls-1-1",
        System.EDGE,
        "The load balancer still speaks TLS 1.1.",
        _speaking(SSL.TLS1_1_VERSION, SSL.TLS1_3_VERSION),
    ),
    Defect(
        "edge-speaks-only-tls-1-2",
        System.EDGE,
        "The load balancer does not speak TLS 1.3.",
        _speaking(SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION),
    ),
    Defect(
        "edge-speaks-only-tls-1-3",
        System.EDGE,
        "The load balancer does not speak TLS 1.2.",
        _speaking(SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION),
    ),
    Defect(
        "edge-speaks-plain-http",
        System.EDGE,
        "The load balancer lets calls without TLS through to the runtime.",
        lambda landscape: replace_connections(landscape, _SpeaksPlainHttp),
    ),
    Defect(
        "edge-redirects-plain-http",
        System.EDGE,
        "The load balancer answers calls without TLS, with a redirect to the address with TLS.",
        lambda landscape: replace_connections(landscape, _RedirectsPlainHttp),
    ),
)
