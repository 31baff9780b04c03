"""The load balancer: ends TLS, judges client certificates, hands requests on.

An asyncio protocol over a pyOpenSSL memory BIO. asyncio's own TLS server never sends the alert of a
refused client certificate; this one does, and closes lingeringly (shut down writing, read until the
caller closes), so that the alert is not lost to a reset.
"""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import suppress
from enum import Enum
from functools import lru_cache

import h11
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from cpi_conformance.certificates import dn, fingerprint
from cpi_conformance.certificates.chain import UNREADABLE
from cpi_conformance.simulator.edge_tls import EdgeTls, Handshake
from cpi_conformance.simulator.exchange import Answer, Application, ConnectionDropped, Exchange, Headers
from cpi_conformance.simulator.record import Entry, Record, Truth
from cpi_conformance.simulator.refusals import refusal_by_caller, refusal_by_edge

CHUNK = 65_536
HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 60.0
LINGER_SECONDS = 5.0
BODY_LIMIT = 40 * 1024 * 1024
"""Bytes; the default ``maximumBodySize`` of an HTTPS sender channel is 40 MB."""

FORGEABLE = ("x-forwarded-client-cert", "x-ssl-client", "ssl-client-cert", "ssl-client-user")
"""How headers begin that only the load balancer may set, with dashes for underscores; a caller's are removed."""


class Edge:
    """One listening port with one virtual host's worth of TLS and one application behind it.

    Attributes:
        tls: what new connections shake hands by.
        application: what answers requests.
        speaks: makes a connection of this edge out of each that is opened.
    """

    def __init__(self, name: str, tls: EdgeTls, application: Application, record: Record) -> None:
        self.name = name
        self.tls = tls
        self.application = application
        self.record = record
        self.speaks: type[EdgeConnection] = EdgeConnection
        self.connections: set[EdgeConnection] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, port: int = 0) -> int:
        """Listen on the loop-back addresses; 0 takes a free port. Returns the port.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        first = await loop.create_server(lambda: self.speaks(self), "127.0.0.1", port, backlog=512)
        self._servers.append(first)
        port = int(first.sockets[0].getsockname()[1])
        with suppress(OSError):  # no IPv6 here, or its port is taken: "localhost" is also 127.0.0.1
            self._servers.append(await loop.create_server(lambda: self.speaks(self), "::1", port, backlog=512))
        return port

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        for server in self._servers:
            server.close()
        for connection in tuple(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()


class Phase(Enum):
    """Where a connection stands."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    LINGERING = "lingering"
    """We have said all that we have to say; what still arrives is read and thrown away."""


class EdgeConnection(asyncio.Protocol):
    """One connection, from its handshake to its lingering end."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._handshake = Handshake()
        self._tls = edge.tls.connection(self._handshake)
        self._http = h11.Connection(h11.SERVER)
        self._phase = Phase.HANDSHAKE
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._peer_port = 0
        self._certificate: x509.Certificate | None = None
        self._certificate_headers: Headers = ()
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._answering: asyncio.Task[None] | None = None
        self._noted = False
        self._caller_done = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected; asyncio calls this first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer_port = transport.get_extra_info("peername")[1]
        self._edge.connections.add(self)
        self._set_timer(HANDSHAKE_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes have come in."""
        if self._phase is Phase.LINGERING:
            return
        self._tls.bio_write(data)
        if self._phase is Phase.HANDSHAKE:
            self._shake_hands()
        else:
            self._converse()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, in order or not."""
        if self._phase is not Phase.LINGERING and not self._noted:
            self._note(None, None, refusal_by_caller(self._handshake))
        self._phase = Phase.LINGERING
        if self._timer:
            self._timer.cancel()
        if self._answering:
            self._answering.cancel()
        self._edge.connections.discard(self)

    def abort(self) -> None:
        """Drop the connection without a word, as a load balancer that dies does."""
        self._phase = Phase.LINGERING
        self._transport.abort()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return
        except SSL.Error as error:
            self._note(None, None, refusal_by_edge(self._handshake, _reason(error)))
            self._linger()
            return
        self._certificate = self._tls.get_peer_certificate(as_cryptography=True)
        self._certificate_headers = self._headers_of_certificate()
        self._phase = Phase.OPEN
        self._set_timer(IDLE_SECONDS)
        self._flush()
        self._converse()

    def _headers_of_certificate(self) -> Headers:
        """What the application is told about the caller's certificate; nothing about one that does not verify."""
        if self._certificate is None or self._handshake.verification:
            return ()
        return certificate_headers(self._certificate)

    def _converse(self) -> None:
        try:
            while self._phase is Phase.OPEN:
                self._http.receive_data(self._tls.recv(CHUNK))
                self._next_event()
        except SSL.WantReadError:
            self._flush()
        except SSL.ZeroReturnError:
            self._caller_done = True
            if self._answering is None:
                self._end_of_caller()
        except SSL.Error:
            self._end_of_caller()

    def _end_of_caller(self) -> None:
        if not self._noted:
            self._note(None, None, refusal_by_caller(self._handshake))
        self._linger()

    def _next_event(self) -> None:
        while self._answering is None:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                self._refuse(400, b"Bad Request")
                return
            if isinstance(event, h11.Request):
                self._request, self._body = event, bytearray()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > BODY_LIMIT:
                    self._refuse(413, b"Payload Too Large")
                    return
            elif isinstance(event, h11.EndOfMessage) and self._request is not None:
                exchange = self._exchange(self._request, bytes(self._body))
                self._answering = asyncio.ensure_future(self._answer(exchange))
            else:
                return

    def _exchange(self, request: h11.Request, body: bytes) -> Exchange:
        path, _, query = request.target.decode("ascii").partition("?")
        sent = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers)
        headers = (*self._passed_on(sent), *self._certificate_headers)
        return Exchange(request.method.decode("ascii"), path, query, headers, body)

    def _passed_on(self, sent: Headers) -> Headers:
        """What of a caller's headers reaches the application."""
        return sanitised(sent)

    async def _answer(self, exchange: Exchange) -> None:
        try:
            answer = await self._edge.application(exchange)
        except ConnectionDropped:
            self._note(f"{exchange.method} {exchange.path}", None, Truth("connect", "connection-lost", "dropped"))
            self.abort()
            return
        except Exception:  # of the simulation, not of the caller: never let the caller wait for it
            self.abort()
            raise
        self._answering = None
        self._note(f"{exchange.method} {exchange.path}", answer.status, self._explained(answer))
        self._send(answer)
        if self._http.our_state is h11.MUST_CLOSE or self._caller_done:
            self._close()
        elif self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._request = None
            self._set_timer(IDLE_SECONDS)
            self._next_event()

    def _explained(self, answer: Answer) -> Truth | None:
        """A certificate that was stripped is the reason behind the 401 that follows."""
        truth = answer.refused
        if truth is not None and truth.layer == "authentication" and self._handshake.verification:
            codes = ", ".join(str(code) for code in self._handshake.verification)
            return Truth(truth.layer, truth.cause, f"the client certificate was stripped (verify code {codes})")
        return truth

    def _send(self, answer: Answer) -> None:
        headers = [*answer.headers, ("content-length", str(len(answer.body)))]
        head = h11.Response(status_code=answer.status, headers=headers)
        content = self._http.send(head) or b""
        if self._request is None or self._request.method != b"HEAD":
            content += self._http.send(h11.Data(data=answer.body)) or b""
        content += self._http.send(h11.EndOfMessage()) or b""
        self._say(content)

    def _say(self, content: bytes) -> None:
        """An answer as it goes out: head and body."""
        self._tls.sendall(content)
        self._flush()

    def _refuse(self, status: int, text: bytes) -> None:
        """Answer a request that is none, and end the connection."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(Answer(status, (("content-type", "text/plain"), ("connection", "close")), text))
        self._close()

    def _close(self) -> None:
        with suppress(SSL.Error):  # the caller has closed already, so there is nobody to tell
            self._tls.shutdown()
        self._linger()

    def _linger(self) -> None:
        """Send what is left, shut down writing, and read on until the caller closes."""
        self._phase = Phase.LINGERING
        self._flush()
        with suppress(OSError):  # a caller that has gone has taken the connection with it
            if not self._transport.is_closing():
                self._transport.write_eof()
        self._set_timer(LINGER_SECONDS)

    def _flush(self) -> None:
        waiting = True
        while waiting:
            try:
                encrypted = self._tls.bio_read(CHUNK)
            except SSL.WantReadError:
                return
            self._transport.write(encrypted)
            waiting = len(encrypted) == CHUNK  # else that was all there is

    def _set_timer(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._transport.abort)

    def _note(self, request: str | None, status: int | None, refused: Truth | None) -> None:
        self._noted = True
        presented = self._certificate or self._handshake.presented
        name = self._tls.get_servername()
        self._edge.record.add(
            Entry(
                at=time.time(),
                host=self._edge.name,
                peer_port=self._peer_port,
                server_name=name.decode("ascii", "replace") if name else None,
                tls=self._tls.get_protocol_version_name() if self._phase is Phase.OPEN else None,
                certificate=_subject(presented) if presented else None,
                fingerprint=fingerprint(presented) if presented else None,
                verification=tuple(self._handshake.verification),
                request=request,
                status=status,
                refused=refused,
            )
        )


def sanitised(headers: Headers) -> Headers:
    """Without the headers that only the load balancer may set (policy ``sanitize_set``)."""
    return tuple((name, value) for name, value in headers if not name.replace("_", "-").startswith(FORGEABLE))


@lru_cache
def certificate_headers(certificate: x509.Certificate) -> Headers:
    """The header family of the Cloud Foundry HAProxy release for a verified client certificate."""
    encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    subject = base64.b64encode(_slashed(certificate.subject)).decode()
    issuer = base64.b64encode(_slashed(certificate.issuer)).decode()
    return (
        ("x-forwarded-client-cert", encoded),
        ("x-ssl-client", "1"),
        ("x-ssl-client-verify", "0"),
        ("x-ssl-client-subject-dn", subject),
        ("x-ssl-client-issuer-dn", issuer),
        ("x-ssl-client-notbefore", f"{certificate.not_valid_before_utc:%y%m%d%H%M%SZ}"),
        ("x-ssl-client-notafter", f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}"),
    )


@lru_cache
def _subject(certificate: x509.Certificate) -> str:
    """Whose certificate it says that it is; callers present what they like."""
    try:
        return dn(certificate.subject)
    except UNREADABLE:
        return "a name that cannot be read"


def _slashed(name: x509.Name) -> bytes:
    return "".join(f"/{part.rfc4514_string()}" for part in name.rdns).encode()


def _reason(error: SSL.Error) -> str:
    """OpenSSL's reason text of the last error in the queue; empty when there is none."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(queue[-1][2]) if queue else ""
