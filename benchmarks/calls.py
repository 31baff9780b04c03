"""A call with as little as Python needs for it, and the same call by the sender."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median
from tempfile import NamedTemporaryFile

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates import PfxFile, pem
from cpi_conformance.sender import Call, CertificateInHandshake, Sender

REPETITIONS = 25


def seconds_each(sends: Sequence[Callable[[], object]]) -> float:
    """What one call costs: the median of its repetitions, and the mean over calls that are made equally often."""
    taken: list[list[float]] = [[] for _ in sends]
    for _ in range(REPETITIONS):
        for send, times in zip(sends, taken, strict=True):
            started = time.perf_counter()
            send()
            times.append(time.perf_counter() - started)
    return mean(median(times) for times in taken)


def by_sender(call: Call) -> Callable[[], object]:
    """The call by a sender that holds the identity already, as for all but the first call of a run."""
    sender = Sender()
    return lambda: sender.send(call)


def bare(call: Call, folder: Path) -> Callable[[], bytes]:
    """The call over a plain TLS socket: connect, full handshake, one request, read to the end.

    The context is made once and holds no session, so no handshake is a resumption.
    """
    context = _context(call, folder)
    headers = {"Host": f"{call.host}:{call.port}", "Connection": "close", **call.authorization.headers()}
    lines = [f"{call.method} {call.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    request = "\r\n".join((*lines, "", "")).encode()

    def send() -> bytes:
        answer = b""
        with (
            socket.create_connection((call.host, call.port)) as plain,
            context.wrap_socket(plain, server_hostname=call.host) as connection,
        ):
            connection.sendall(request)
            while received := connection.recv(65_536):
                answer += received
        return answer

    return send


def _context(call: Call, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.maximum_version = call.tls.lowest, call.tls.highest
    context.load_verify_locations(cadata=pem(call.trust.certificates))
    if isinstance(call.certificate, CertificateInHandshake):
        _identify(context, call.certificate.pfx, folder)
    return context


def _identify(context: ssl.SSLContext, pfx: PfxFile, folder: Path) -> None:
    """Give a context the identity of a PFX, by way of a file that only this user can read and that is gone at once."""
    credential = pfx.open()
    with NamedTemporaryFile(dir=folder, suffix=".pem") as file:
        file.write(credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.write(pem((credential.certificate, *credential.issuers)).encode())
        file.flush()
        context.load_cert_chain(file.name)
