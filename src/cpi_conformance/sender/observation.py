"""What a sender saw: accepted, or refused at a layer for a cause, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from cpi_conformance.sender.call import CsrfToken
from cpi_conformance.sender.layers import LAYER_OF, Cause, Layer


@dataclass(frozen=True)
class Response:
    """An HTTP response.

    Attributes:
        headers: names in lower case; values of cookies are left out.
        body: at most the first 64 KiB.
        csrf: the CSRF token and the cookies of its session, when the answer has brought one.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    csrf: CsrfToken | None = field(default=None, repr=False)

    def header(self, name: str) -> str | None:
        """The first value of a header (name in lower case), or ``None``."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class Evidence:
    """What is known about one call; holds no secret.

    Attributes:
        request: method and path; a query is shown as ``?…``.
        bytes_left: whether anything of the call left this machine above TCP.
        local_port: our end of the connection, by which the far side's log names us.
        tls_version, cipher: as agreed, ``None`` when the handshake did not get there.
        server_chain: the certificates that the far side sent, leaf first.
        client_chain: the certificates that we sent, leaf first.
        certificate_requested: whether the far side asked for a client certificate.
        accepted_cas: the CAs that it named when it asked, as STRUST shows names.
        alert_received, alert_sent: TLS alert numbers (RFC 8446, section 6).
        transcript: the TLS messages in order, as ``→ ClientHello`` and ``← Alert unknown_ca``.
        connect_ms, tls_ms, total_ms: milliseconds since the start of the call until the TCP connection
            stood, the handshake was done, and the answer was read.
        error: the exception's kind and OpenSSL's reason, without addresses and texts of the far side.
        detail: one sentence more about the cause, such as the missing CA's name.
    """

    request: str
    bytes_left: bool = False
    local_port: int | None = None
    tls_version: str | None = None
    cipher: str | None = None
    server_chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    client_chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    certificate_requested: bool = False
    accepted_cas: tuple[str, ...] = ()
    alert_received: int | None = None
    alert_sent: int | None = None
    transcript: tuple[str, ...] = field(default=(), repr=False)
    connect_ms: float | None = None
    tls_ms: float | None = None
    total_ms: float = 0.0
    error: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The flow answered with a 2xx status."""

    response: Response
    evidence: Evidence

    def __str__(self) -> str:
        return f"accepted with {self.response.status}"


@dataclass(frozen=True)
class Refused:
    """The call ended before the flow had answered; ``response`` is there when HTTP was spoken."""

    cause: Cause
    evidence: Evidence
    response: Response | None = None

    @property
    def layer(self) -> Layer:
        """The layer that the cause belongs to."""
        return LAYER_OF[self.cause]

    def __str__(self) -> str:
        detail = f" ({self.evidence.detail})" if self.evidence.detail else ""
        return f"refused at {self.layer}: {self.cause}{detail}"


Observation = Accepted | Refused
