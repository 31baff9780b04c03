"""A call as a value: where to, as whom, trusting whom; and the one change that makes a deviation of it.

A call says everything that a sender needs, and nothing about how it is sent. Calls compare and hash by
value, so a call that several checks share is made once.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from ssl import TLSVersion
from typing import Any

from cryptography import x509

from cpi_conformance.certificates import PfxFile
from cpi_conformance.secret import Secret


@dataclass(frozen=True, repr=False)
class TlsRange:
    """The TLS versions that the sender offers."""

    lowest: TLSVersion
    highest: TLSVersion

    def __str__(self) -> str:
        names = {
            TLSVersion.TLSv1: "1.0",
            TLSVersion.TLSv1_1: "1.1",
            TLSVersion.TLSv1_2: "1.2",
            TLSVersion.TLSv1_3: "1.3",
        }
        low, high = names[self.lowest], names[self.highest]
        return f"TLS {low}" if low == high else f"TLS {low} to {high}"

    __repr__ = __str__


TLS_ANY = TlsRange(TLSVersion.TLSv1_2, TLSVersion.TLSv1_3)
TLS_1_2 = TlsRange(TLSVersion.TLSv1_2, TLSVersion.TLSv1_2)
TLS_1_3 = TlsRange(TLSVersion.TLSv1_3, TLSVersion.TLSv1_3)
TLS_1_1 = TlsRange(TLSVersion.TLSv1_1, TLSVersion.TLSv1_1)
TLS_1_0 = TlsRange(TLSVersion.TLSv1, TLSVersion.TLSv1)


class Authorization:
    """How credentials are put into a request; most ways use either headers or the query."""

    def headers(self) -> dict[str, str]:
        """The headers to send; they hold the secret."""
        return {}

    def query(self) -> dict[str, str]:
        """The query parameters to send; they hold the secret."""
        return {}


@dataclass(frozen=True)
class NoAuthorization(Authorization):
    """No Authorization header: *No Auth* in Postman."""


@dataclass(frozen=True)
class Basic(Authorization):
    """Basic authentication with the clientid and the clientsecret of a service key."""

    clientid: str
    clientsecret: Secret
    scheme: str = "Basic"

    def headers(self) -> dict[str, str]:
        """One Authorization header (RFC 7617)."""
        pair = f"{self.clientid}:{self.clientsecret.reveal()}".encode()
        return {"Authorization": f"{self.scheme} {base64.b64encode(pair).decode()}"}

    def with_clientid(self, change: Callable[[str], str]) -> Basic:
        """The same credentials with the clientid changed."""
        return replace(self, clientid=change(self.clientid))

    def with_clientsecret(self, change: Callable[[str], str]) -> Basic:
        """The same credentials with the clientsecret changed."""
        return replace(self, clientsecret=self.clientsecret.changed(change))


@dataclass(frozen=True)
class RawAuthorization(Authorization):
    """An Authorization header as it stands, for headers that no client would build."""

    value: Secret

    def headers(self) -> dict[str, str]:
        """The header as it was given, on one line."""
        return {"Authorization": " ".join(self.value.reveal().split("\n"))}


@dataclass(frozen=True)
class Bearer(Authorization):
    """An access token of the token server (RFC 6750)."""

    token: Secret

    def headers(self) -> dict[str, str]:
        """One Authorization header."""
        return {"Authorization": f"Bearer {self.token.reveal()}"}


@dataclass(frozen=True)
class CredentialsInQuery(Authorization):
    """The credentials in the URL's query, where they do not belong."""

    basic: Basic

    def query(self) -> dict[str, str]:
        """Both values under the names that the service key gives them."""
        return {"clientid": self.basic.clientid, "clientsecret": self.basic.clientsecret.reveal()}


@dataclass(frozen=True)
class CsrfToken:
    """What a sender shows to a channel with CSRF protection; ``None`` leaves it out.

    Attributes:
        token: the header ``X-CSRF-Token``; ``Fetch`` asks for one.
        cookies: the header ``Cookie``, by which the runtime knows the session that the token belongs to.
    """

    token: Secret | None = None
    cookies: Secret | None = None

    def headers(self) -> dict[str, str]:
        """The headers to send."""
        shown = {"X-CSRF-Token": self.token, "Cookie": self.cookies}
        return {name: value.reveal() for name, value in shown.items() if value is not None}


NO_CSRF_TOKEN = CsrfToken()
FETCH_CSRF_TOKEN = CsrfToken(Secret("Fetch"))


@dataclass(frozen=True)
class NoCertificate:
    """No client certificate, although the load balancer asks for one."""


@dataclass(frozen=True)
class CertificateInHandshake:
    """The client certificate of a PFX, presented as TLS does."""

    pfx: PfxFile


@dataclass(frozen=True)
class CertificateInHeaders:
    """The certificate of a PFX claimed in the headers that only the load balancer may set, without its key.

    Attributes:
        beside: a PFX of one's own that is presented in the handshake meanwhile.
    """

    pfx: PfxFile
    beside: PfxFile | None = None


Presentation = NoCertificate | CertificateInHandshake | CertificateInHeaders


@dataclass(frozen=True)
class Trust:
    """Whom the sender trusts: these CA certificates and no others.

    Attributes:
        expected_name: the name that the server certificate must carry (and the SNI); ``None`` is the
            host that is called.
    """

    certificates: tuple[x509.Certificate, ...] = field(repr=False)
    expected_name: str | None = None


@dataclass(frozen=True)
class Expected:
    """What the flow answers when all is well; a body of ``None`` is not compared."""

    status: int = 200
    body: str | None = None


@dataclass(frozen=True)
class Call:
    """Where to, as whom, and trusting whom."""

    host: str
    path: str
    trust: Trust
    port: int = 443
    method: str = "GET"
    scheme: str = "https"
    authorization: Authorization = NoAuthorization()
    certificate: Presentation = NoCertificate()
    tls: TlsRange = TLS_ANY
    csrf: CsrfToken = NO_CSRF_TOKEN
    expects: Expected = Expected()
    seconds: float = 30.0  # from beginning to end

    @property
    def presents_certificate(self) -> bool:
        """Whether a client certificate goes out when the far side asks for one."""
        return isinstance(self.certificate, CertificateInHandshake)

    def but(self, **change: object) -> Deviation:
        """This call with exactly one attribute changed; ``TypeError`` for more, fewer, or an unknown one.

        ``identity`` stands for all that a sender presents: credentials instead of a certificate, or the reverse.
        """
        if len(change) != 1:
            raise TypeError(f"a deviation differs from its twin in one attribute, not in {len(change)}")
        (attribute,) = change
        if attribute == "identity":
            return Deviation(self, replace(self, **_identity(change[attribute])))
        if attribute not in {each.name for each in fields(self)} - {"expects", "seconds"}:
            raise TypeError(f"a call has no attribute {attribute!r} to deviate in")
        return Deviation(self, replace(self, **change))  # type: ignore[arg-type]  # checked above

    def __str__(self) -> str:
        return f"{self.method} {self.scheme}://{self.host}:{self.port}{self.path}"


def _identity(presented: object) -> dict[str, Any]:
    """Both attributes of a call that say who calls, for the one that is given."""
    if isinstance(presented, Authorization):
        return {"authorization": presented, "certificate": NoCertificate()}
    if isinstance(presented, Presentation):
        return {"authorization": NoAuthorization(), "certificate": presented}
    raise TypeError("an identity is an authorization or the presentation of a certificate")


@dataclass(frozen=True)
class Deviation:
    """A call that must be refused, and its twin that must be accepted; they differ in one attribute."""

    twin: Call
    call: Call
