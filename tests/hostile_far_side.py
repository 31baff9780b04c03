"""A far side on loop-back that does with each caller what a test tells it, by no rule of TLS or HTTP; and callers."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.backend import ANONYMOUS, Backend, ConnectionTest, Destination, Icm, Proxy, Pse
from cpi_conformance.certificates import Authority, Credential, Usage
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic, Call, Observation, Sender, Trust

NOW = dt.datetime.now(dt.UTC)
YEAR = dt.timedelta(days=365)

ROOT = Authority.root("CN=Far Side Root", now=NOW)
"""Who trusts it trusts the far side."""

Script = Callable[[socket.socket], None]


def credential(name: str = "CN=localhost") -> Credential:
    """A server certificate for this machine."""
    return ROOT.leaf(name, not_before=NOW - YEAR, not_after=NOW + YEAR, usage=Usage.SERVER, hosts=("localhost",))


def server_context(asks_for_certificate: bool = False) -> ssl.SSLContext:
    """TLS of the standard library, with a certificate of :data:`ROOT`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served = credential()
    key = served.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(key + served.certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    if asks_for_certificate:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=ROOT.certificate.public_bytes(Encoding.PEM).decode())
    return context


class FarSide:
    """Does ``script`` with each caller, one after the other; what ends a connection ends no more than that.

    Attributes:
        port: on 127.0.0.1.
        script: what to do with the next caller; the connection is closed afterwards.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.script: Script = lambda connection: None
        self._over = False
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, suppress(OSError):
                if self._over:
                    return
                connection.settimeout(10)
                self.script(connection)

    @contextmanager
    def running(self) -> Iterator[FarSide]:
        """Within this block it listens."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over = True
            socket.create_connection(("127.0.0.1", self.port)).close()
            self._thread.join()
            self._listener.close()


def saying(content: bytes) -> Script:
    """Read what comes first, send bytes, close."""

    def script(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(content)

    return script


def within_tls(context: ssl.SSLContext, script: Script) -> Script:
    """Shake hands, and go on within TLS."""

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inner:
            script(inner)

    return secured


def shaking_hands_with(context: ssl.SSLContext, tamper: Callable[[bytes], bytes]) -> Script:
    """Shake hands with another first flight than OpenSSL has written; close when it is done or refused."""

    def script(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        shaking = context.wrap_bio(incoming, outgoing, server_side=True)
        change, done = tamper, False
        while not done and (received := connection.recv(65_536)):
            incoming.write(received)
            with suppress(ssl.SSLWantReadError):
                shaking.do_handshake()
                done = True
            connection.sendall(change(outgoing.read()))
            change = bytes

    return script


LOGON = Basic("sb-caller!b1", Secret("sesame/0815+<open>"))
"""What each caller presents; it has characters that are written in different ways at different places."""


def by_sender(port: int, secured: bool, seconds: float) -> Observation:
    """A call."""
    scheme = "https" if secured else "http"
    trust = Trust((ROOT.certificate,))
    return Sender().send(Call("localhost", "/http/x", trust, port, "GET", scheme, LOGON, seconds=seconds))


def connection_test(port: int, secured: bool, seconds: float, proxy: Proxy | None = None) -> ConnectionTest:
    """A connection test of the identity that has no certificate of its own."""
    pses = ((ANONYMOUS, Pse(None, (ROOT.certificate,))),)
    destination = Destination(
        "CPI", "localhost", "/http/x", str(port), secured, ANONYMOUS, LOGON, proxy=proxy, timeout=seconds
    )
    return ConnectionTest(Backend(pses), destination)


def by_icm(port: int, secured: bool, seconds: float) -> Observation:
    """A connection test."""
    return Icm().send(connection_test(port, secured, seconds))


Caller = Callable[[int, bool, float], Observation]

CALLERS: dict[str, Caller] = {"sender": by_sender, "icm": by_icm}
"""Who calls a port of this machine, within TLS or not, for so many seconds."""
