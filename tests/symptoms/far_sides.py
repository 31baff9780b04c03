"""Far sides that are no load balancer of SAP: firewalls, proxies, plain ports, servers with other habits."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates import Authority, Usage, pem
from cpi_conformance.simulator.clock import Clock

NOW = Clock().now()
ROOT = Authority.root("CN=DigiCert Global Root G3,OU=www.digicert.com,O=DigiCert Inc,C=US", now=NOW)
"""Of servers that are trusted."""

COMPANY = Authority.root("CN=Web Gateway Root CA,O=Example Works,C=DE", now=NOW)
"""Of the proxy that opens TLS."""

SECONDS = 10.0

Script = Callable[[socket.socket], None]


@contextmanager
def far_side(script: Script, callers: int = 1) -> Iterator[int]:
    """Does ``script`` with each of so many callers, one after the other; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)

        def serve() -> None:
            for _ in range(callers):
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(SECONDS)
                    script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


def closed_port() -> int:
    """One on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def plain_http(connection: socket.socket) -> None:
    """A port without TLS."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def firewall(connection: socket.socket) -> None:
    """Reads the ClientHello and closes without a word."""
    connection.recv(65_536)


def refusing_proxy(connection: socket.socket) -> None:
    """Wants user and password."""
    connection.recv(65_536)
    connection.sendall(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    )


def server_context(folder: Path, authority: Authority = ROOT) -> ssl.SSLContext:
    """TLS with a certificate for this machine."""
    credential = authority.leaf(
        "CN=localhost",
        not_before=NOW.replace(year=NOW.year - 1),
        not_after=NOW.replace(year=NOW.year + 1),
        usage=Usage.SERVER,
        hosts=("localhost",),
    )
    path = folder / "server.pem"
    key = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(key + pem([credential.certificate]).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def shaking_hands(context: ssl.SSLContext) -> Script:
    """TLS, and no answer."""

    def script(connection: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)

    return script


def answering(context: ssl.SSLContext, content: bytes) -> Script:
    """One answer to one request."""

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            secured.sendall(content)

    return script


def without_common_cipher(folder: Path) -> ssl.SSLContext:
    """Anonymous ciphers of TLS 1.2 only, which no client offers."""
    context = server_context(folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ADH-AES256-SHA256:@SECLEVEL=0")
    return context


def asking_afterwards(context: ssl.SSLContext, trusted: str) -> Script:
    """Asks for a client certificate when it sees what is called: after the handshake, if that is of TLS 1.3."""
    context.load_verify_locations(cadata=trusted)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.post_handshake_auth = True

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            if not secured.getpeercert():
                with suppress(ssl.SSLError):  # the client does not offer it
                    secured.verify_client_post_handshake()
            status = b"200 OK" if secured.getpeercert() else b"403 Forbidden"
            secured.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n\r\n")

    return script


def losing_the_alert(context: ssl.SSLContext) -> Script:
    """Refuses every client certificate, and resets the connection in place of the alert."""
    context.verify_mode = ssl.CERT_REQUIRED

    def script(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        shaking = context.wrap_bio(incoming, outgoing, server_side=True)
        try:
            while True:
                try:
                    shaking.do_handshake()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65_536))
        except ssl.SSLError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script
