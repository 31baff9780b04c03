"""Troubles of the network and of the load balancer itself, on connections to the runtime's host.

What a caller sees of each was measured with requests (Python 3.11 to 3.13, OpenSSL 3.0); see docs/faults.md.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.edge import Edge, EdgeConnection, Phase
from cpi_conformance.simulator.exchange import Exchange
from cpi_conformance.simulator.faults.fault import Due, Fault, SeededFault, Strikes
from cpi_conformance.simulator.record import Truth

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

RESET_AT_ONCE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""``SO_LINGER`` on, no seconds: closing sends a reset, and throws away what has not been sent."""

BEFORE_HELLO = b"before SSL initialization"
"""OpenSSL's name for the state of a server that has read no ClientHello."""

END_OF_HEAD = b"\r\n\r\n"

SHORTEST_HEAD = len(b"HTTP/1.1 200")

INTERNAL_ERROR = bytes((21, 3, 3, 0, 2, 2, 80))
"""A TLS record with the fatal alert ``internal_error``."""

MAINTENANCE = b"<html><body><h1>Down for maintenance</h1></body></html>"
"""What a proxy in between answers for everybody, with a status that says that all is well."""


class StruckConnection(EdgeConnection):
    """A connection on which a fault may strike; each kind of fault is a kind of connection on top of the others."""

    strikes: ClassVar[Mapping[type[StruckConnection], Strikes]] = {}

    def __init__(self, edge: Edge) -> None:
        self._due = {kind: strikes.next() for kind, strikes in self.strikes.items()}
        super().__init__(edge)

    def _strike(self, due: Due, what: str, request: str | None = None) -> None:
        due.strikes(what, self._peer_port)
        self._note(request, None, Truth("connect", "connection-lost", f"a fault: {what}"))

    def _reset(self) -> None:
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
        self.abort()


class ResetAfterHello(StruckConnection):
    """Reset when the first bytes of a caller have come."""

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes have come in."""
        due = self._due[ResetAfterHello]
        if due is None:
            super().data_received(data)
            return
        self._strike(due, "reset after the ClientHello")
        self._reset()


class ResetAfterFlight(StruckConnection):
    """Reset when our certificate has been presented, and the caller's may be on its way."""

    def _flush(self) -> None:
        super()._flush()
        due = self._due[ResetAfterFlight]
        if due is not None and self._phase is Phase.HANDSHAKE and self._tls.get_state_string() != BEFORE_HELLO:
            self._strike(due, "reset after the server's flight")
            self._reset()


class ResetAfterRequest(StruckConnection):
    """Reset when the request has come, before anybody has seen it."""

    async def _answer(self, exchange: Exchange) -> None:
        due = self._due[ResetAfterRequest]
        if due is None:
            await super()._answer(exchange)
            return
        self._strike(due, "reset after the request", f"{exchange.method} {exchange.path}")
        self._reset()


class CloseWithoutAnswer(StruckConnection):
    """Close in all order, with the request unanswered."""

    async def _answer(self, exchange: Exchange) -> None:
        due = self._due[CloseWithoutAnswer]
        if due is None:
            await super()._answer(exchange)
            return
        self._strike(due, "closed without an answer", f"{exchange.method} {exchange.path}")
        self._close()


class HalfBody(StruckConnection):
    """Close in the middle of a body, whose length the head tells in one of the two ways."""

    def _say(self, content: bytes) -> None:
        due = self._due[HalfBody]
        head, _, body = content.partition(END_OF_HEAD)
        if due is None or len(body) < 2:
            super()._say(content)
            return
        sent = due.chance.randrange(1, len(body))
        if due.chance.random() < 0.5:
            head = head.replace(b"content-length: %d" % len(body), b"transfer-encoding: chunked")
            cut = head + END_OF_HEAD + b"%x\r\n" % len(body) + body[:sent]
        else:
            cut = head + END_OF_HEAD + body[:sent]
        due.strikes(f"{sent} of {len(body)} bytes of the body", self._peer_port)
        super()._say(cut)
        self._close()


class CutHead(StruckConnection):
    """Close in the middle of a head, somewhere behind the status."""

    def _say(self, content: bytes) -> None:
        due = self._due[CutHead]
        if due is None:
            super()._say(content)
            return
        sent = due.chance.randrange(SHORTEST_HEAD, content.index(END_OF_HEAD))
        due.strikes(f"{sent} bytes of the head", self._peer_port)
        super()._say(content[:sent])
        self._close()


class GarbageForHttp(StruckConnection):
    """Answer what no runtime would."""

    def _say(self, content: bytes) -> None:
        due = self._due[GarbageForHttp]
        if due is None:
            super()._say(content)
            return
        page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n" % len(MAINTENANCE)
        kinds: dict[str, Callable[[], bytes]] = {
            "random bytes": lambda: due.chance.randbytes(200),
            "a page without a head": lambda: MAINTENANCE,
            "a banner of another protocol": lambda: b"220 mail ESMTP\r\n",
            "a page for everybody": lambda: page + MAINTENANCE,
        }
        kind = due.chance.choice(list(kinds))
        due.strikes(kind, self._peer_port)
        super()._say(kinds[kind]())
        self._close()


class GarbageForTls(StruckConnection):
    """Answer a ClientHello with something that is no handshake."""

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes have come in."""
        due = self._due[GarbageForTls]
        if due is None or self._phase is not Phase.HANDSHAKE:
            super().data_received(data)
            return
        kinds: dict[str, Callable[[], bytes]] = {
            "random bytes": lambda: b"\x80" + due.chance.randbytes(63),
            "HTTP": lambda: b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
            "a banner of another protocol": lambda: b"SSH-2.0-OpenSSH_9.2\r\n",
            "the alert internal_error": lambda: INTERNAL_ERROR,
        }
        kind = due.chance.choice(list(kinds))
        self._strike(due, kind)
        self._transport.write(kinds[kind]())
        self._linger()


class AlertLost(StruckConnection):
    """Refuse a client certificate as ever, but close at once, so that the alert does not arrive."""

    def _linger(self) -> None:
        due = self._due[AlertLost]
        refused = self._phase is Phase.HANDSHAKE and self._handshake.alert_sent is not None
        if due is None or not refused:
            super()._linger()
            return
        due.strikes("the alert was lost", self._peer_port)
        self._reset()


def on_connections(kind: type[StruckConnection]) -> Callable[[SimulatedLandscape, SeededFault], None]:
    """How a kind of connection is installed: on top of what the runtime's host speaks already."""

    def install(landscape: SimulatedLandscape, fault: SeededFault) -> None:
        edge = landscape.edge(hosts.RUNTIME)
        before = edge.speaks
        struck = before.strikes if issubclass(before, StruckConnection) else {}
        strikes = {**struck, kind: fault.on(hosts.RUNTIME)}
        edge.speaks = cast(type[EdgeConnection], type(kind.__name__, (kind, before), {"strikes": strikes}))

    return install


FAULTS = (
    Fault(
        "reset-after-hello",
        "The connection is reset when the first bytes of the caller have come.",
        "measured; anchors of toxiproxy and WireMock",
        on_connections(ResetAfterHello),
    ),
    Fault(
        "reset-after-flight",
        "The connection is reset while the caller's certificate is on its way: as if an alert had been lost.",
        "measured",
        on_connections(ResetAfterFlight),
    ),
    Fault(
        "reset-after-request",
        "The connection is reset when the request has come.",
        "measured; WireMock, CONNECTION_RESET_BY_PEER",
        on_connections(ResetAfterRequest),
    ),
    Fault(
        "close-without-answer",
        "The connection is closed in order, without an answer.",
        "measured; WireMock, EMPTY_RESPONSE",
        on_connections(CloseWithoutAnswer),
    ),
    Fault(
        "half-body",
        "The connection is closed in the middle of a body.",
        "measured; WireMock, MALFORMED_RESPONSE_CHUNK",
        on_connections(HalfBody),
    ),
    Fault(
        "cut-head",
        "The connection is closed in the middle of a response head, which requests takes for a whole one.",
        "measured",
        on_connections(CutHead),
    ),
    Fault(
        "http-garbage",
        "Something else than the runtime's answer comes: no HTTP, or the page of somebody in between.",
        "assumed",
        on_connections(GarbageForHttp),
    ),
    Fault(
        "tls-garbage",
        "A ClientHello is answered with no handshake, or with the alert of a load balancer in trouble.",
        "measured",
        on_connections(GarbageForTls),
    ),
    Fault(
        "alert-lost",
        "A client certificate is refused, but the connection ends before the alert has arrived.",
        "measured, CPython issue 98078",
        on_connections(AlertLost),
    ),
)
