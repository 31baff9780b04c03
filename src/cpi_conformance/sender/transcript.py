"""Watching a TLS handshake from inside the client.

:class:`WatchedSocket` notes every handshake message and alert, and reads once before anything is
written: under TLS 1.3 the far side refuses a client certificate only after our side of the handshake
is done, and a request written into a connection that is being refused can turn the alert into a
reset (measured: up to 67 % of calls). A server that accepts sends a session ticket, so an accepted call
does not wait.
"""

from __future__ import annotations

import selectors
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cryptography import x509

from cpi_conformance.deadline import Deadline
from cpi_conformance.sender.alerts import alert_name
from cpi_conformance.sender.handshake import certificates_in, names_in

ALERT = 21
HANDSHAKE = 22

NEW_SESSION_TICKET = 4
CERTIFICATE = 11
CERTIFICATE_REQUEST = 13
CERTIFICATE_VERIFY = 15
FINISHED = 20

MESSAGES = {
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    8: "EncryptedExtensions",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
}

VERDICT_SECONDS = 0.5
"""How long to wait for the verdict on our certificate from a server that sends no session ticket."""


@dataclass
class Transcript:
    """What passed during one connection; filled while it happens, read when it is over."""

    messages: list[str] = field(default_factory=list)
    server_chain: tuple[x509.Certificate, ...] = ()
    client_chain: tuple[x509.Certificate, ...] = ()
    certificate_requested: bool = False
    accepted_cas: tuple[str, ...] = ()
    modern: bool = False
    ticket_received: bool = False
    finished_received: bool = False
    alert_received: int | None = None
    alert_sent: int | None = None
    version: str | None = None
    cipher: str | None = None
    local_port: int | None = None
    connected_at: float | None = None
    agreed_at: float | None = None
    deadline: Deadline | None = None

    @property
    def hello_sent(self) -> bool:
        """Whether our side of a handshake went out; an alert alone may be our own OpenSSL's refusal to try."""
        return "→ ClientHello" in self.messages

    @property
    def accepted(self) -> bool:
        """Whether the far side has accepted the handshake, our certificate included."""
        return self.ticket_received if self.modern else self.finished_received

    def note(self, direction: str, version: int, kind: int, message: int, content: bytes) -> None:
        """Take down one message; ``direction`` is ``read`` or ``write`` as OpenSSL says."""
        arrow = "→" if direction == "write" else "←"
        if kind == ALERT and len(content) >= 2:
            number = content[1]
            if direction == "write":
                self.alert_sent = number
            elif number:
                self.alert_received = number
            self.messages.append(f"{arrow} Alert {alert_name(number)}")
        elif kind == HANDSHAKE and message in MESSAGES:
            self.messages.append(f"{arrow} {MESSAGES[message]}{self._remember(direction, version, message, content)}")

    def _remember(self, direction: str, version: int, message: int, content: bytes) -> str:
        if message == CERTIFICATE:
            chain = certificates_in(content, version)
            if direction == "write":
                self.client_chain = chain
            else:
                self.server_chain = chain
            return f" ({len(chain)})"
        if message == CERTIFICATE_REQUEST:
            self.certificate_requested = True
            self.accepted_cas = names_in(content, version)
        if direction == "read":
            self.modern = self.modern or version == ssl.TLSVersion.TLSv1_3
            self.ticket_received = self.ticket_received or message == NEW_SESSION_TICKET
            self.finished_received = self.finished_received or message == FINISHED
        return ""


_current: ContextVar[Transcript | None] = ContextVar("transcript", default=None)


def current_transcript() -> Transcript | None:
    """Of the block that this is within; ``None`` outside of one."""
    return _current.get()


@contextmanager
def transcribing(seconds: float) -> Iterator[Transcript]:
    """Within this block, connections of watched contexts are taken down; one block, one connection.

    A connection's reads come to their end when so many seconds have passed since the block began.
    """
    transcript = Transcript(deadline=Deadline(seconds))
    token = _current.set(transcript)
    try:
        yield transcript
    finally:
        _current.reset(token)


class WatchedSocket(ssl.SSLSocket):
    """A TLS socket that fills the current :class:`Transcript` and waits for the verdict on our certificate.

    Attributes:
        named: the CAs that the server accepts, once it has asked for a certificate.
        deadline: when the handshake, and each read, has to be over.
    """

    named: tuple[str, ...] | None = None
    deadline: Deadline | None = None

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, note what passed, and wait for the verdict on our certificate."""
        transcript = _current.get()
        if transcript is None:
            super().do_handshake(block)
            return
        transcript.connected_at = time.perf_counter()
        transcript.local_port = self.getsockname()[1]
        self.deadline = transcript.deadline
        try:
            self._limit()
            super().do_handshake(block)
            if transcript.certificate_requested and self.version() == "TLSv1.3":
                self._await_verdict(transcript)
        finally:
            transcript.agreed_at = time.perf_counter()
            cipher = self.cipher()
            if cipher:
                transcript.cipher = cipher[0]
                transcript.version = self.version() or cipher[1]  # none yet when the handshake has failed

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002  # its name in the library
        """As of any TLS socket, whose other ways to read come here; ``TimeoutError`` at the deadline."""
        self._limit()
        return super().read(len, buffer)

    def _limit(self) -> None:
        if self.deadline is not None:
            self.deadline.limit(self)

    def _await_verdict(self, transcript: Transcript) -> None:
        """Read until a session ticket (accepted), an alert or the end (refused), or time is up."""
        deadline = time.perf_counter() + VERDICT_SECONDS
        timeout = self.gettimeout()
        self.settimeout(0)
        try:
            while not transcript.ticket_received:
                remaining = deadline - time.perf_counter()
                if remaining <= 0 or not self._readable_within(remaining):
                    return
                try:
                    self._read_nothing()
                except ssl.SSLWantReadError:
                    continue
        finally:
            self.settimeout(timeout)

    def _readable_within(self, seconds: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def _read_nothing(self) -> None:
        """Let OpenSSL process what has arrived; a server never speaks HTTP first.

        Raises:
            ssl.SSLWantReadError: no application data, as it should be.
            ssl.SSLError, OSError: the far side ended the connection.
        """
        if not self.recv(1):
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "EOF while waiting for the verdict on the certificate")
        raise ssl.SSLError("the far side sent data before the request")


Choice = Callable[[tuple[str, ...]], ssl.SSLContext | None]
"""From the names of the CAs that a server accepts to the context that presents a certificate; ``None``: to none."""


def watch(context: ssl.SSLContext, choose: Choice | None = None) -> None:
    """Make a context's connections fill transcripts.

    ``choose`` is asked when the server asks for a certificate, so that a sender can decide by the names of the
    accepted CAs whether it presents one. The context that it gives takes over when the server has been verified:
    it needs no trust, and had better have none, because OpenSSL completes the chain that it sends from the
    certificates that it trusts. It must be watched too.

    ``_msg_callback`` is CPython's own debugging hook, private but present from 3.8 to 3.14; it is the
    only way in the standard library to see whether a certificate was asked for and sent. It is set as ``ssl`` sets
    it, without the function that ``ssl`` puts in front: that looks up three enumerations for each of the thirty
    messages of a handshake, which costs as much as reading them.
    """
    context.sslsocket_class = WatchedSocket
    noting = _note if choose is None else partial(_note_and_choose, choose)
    hook = getattr(super(ssl.SSLContext, ssl.SSLContext), "_msg_callback")  # noqa: B009  # not in the type stubs
    hook.__set__(context, noting)


def _note(_socket: object, direction: str, version: int, kind: int, message: Any, content: bytes) -> None:
    transcript = _current.get()
    if transcript is not None:
        transcript.note(direction, int(version), int(kind), int(message) if message is not None else -1, content)


def _note_and_choose(
    choose: Choice, socket: ssl.SSLSocket, direction: str, version: int, kind: int, message: Any, content: bytes
) -> None:
    _note(socket, direction, version, kind, message, content)
    if direction != "read" or int(kind) != HANDSHAKE or message is None or not isinstance(socket, WatchedSocket):
        return
    if int(message) == CERTIFICATE_REQUEST:
        socket.named = names_in(content, int(version))
    modern = int(version) == ssl.TLSVersion.TLSv1_3
    verified = CERTIFICATE_VERIFY if modern else CERTIFICATE_REQUEST  # what follows the server's certificate in each
    if int(message) == verified and socket.named is not None:
        chosen = choose(socket.named)
        if chosen is not None:
            socket.context = chosen
