"""TLS of the load balancer: what it presents, whom it trusts, what it does with a bad client certificate.

Built on pyOpenSSL, because it alone in Python sends the names of the accepted CAs (Java and ABAP send
no certificate without them), lets a verify callback accept and note, and reports alerts by number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from cryptography import x509
from OpenSSL import SSL, crypto

from cpi_conformance.certificates import Credential

READ_ALERT = 0x4004
"""``SSL_CB_READ_ALERT``: pyOpenSSL has no name for it."""

WRITE_ALERT = 0x4008
"""``SSL_CB_WRITE_ALERT``."""


class BadCertificatePolicy(Enum):
    """What a client certificate that does not verify leads to.

    No public text settles it: a trace of August 2026 shows the alert, SAP's help page 7f84d16 says
    that the load balancer "doesn't pass on" such a certificate, which ends in 401.
    """

    ALERT = "alert"
    STRIP = "strip"


@dataclass(frozen=True)
class Presented:
    """One virtual host's certificate with its intermediates, and the name that it is served under."""

    host: str
    credential: Credential


@dataclass
class Handshake:
    """What one handshake brought to light; filled by OpenSSL's callbacks."""

    presented: x509.Certificate | None = None
    verification: list[int] = field(default_factory=list)
    alert_sent: int | None = None
    alert_received: int | None = None
    served_default: bool = False


class EdgeTls:
    """The TLS contexts of one load balancer.

    Attributes:
        hosts: what is presented under which name.
        default: what is presented without SNI and for unknown names.
        client_roots: the trust anchors for client certificates.
        policy: what one that does not verify leads to.
    """

    def __init__(
        self,
        *,
        hosts: tuple[Presented, ...],
        default: Presented,
        client_roots: tuple[x509.Certificate, ...],
        policy: BadCertificatePolicy,
    ) -> None:
        """Make the contexts.

        ``client_roots`` are the only trust anchors for client certificates, and their names are sent to
        callers; without any, no certificate is asked for. ``default`` is presented without SNI and for unknown names.
        """
        self.client_roots = client_roots
        self.policy = policy
        self.default = default
        self._by_name: dict[str, SSL.Context] = {}
        self._default_context = self._context(default)
        self.present(hosts)

    def present(self, hosts: tuple[Presented, ...]) -> None:
        """Serve these certificates from the next connection on: a rotation, while the edge runs."""
        self.hosts = hosts
        self._by_name = {host.host.lower(): self._context(host) for host in hosts}

    def connection(self, handshake: Handshake) -> SSL.Connection:
        """The server side of a new connection, on memory BIOs."""
        connection = SSL.Connection(self._default_context, None)
        connection.set_app_data(handshake)
        connection.set_accept_state()
        return connection

    def _context(self, presented: Presented) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.use_certificate(presented.credential.certificate)
        context.use_privatekey(presented.credential.key)
        for issuer in presented.credential.intermediates:
            context.add_extra_chain_cert(issuer)
        store = context.get_cert_store()
        if store is None:
            raise RuntimeError("OpenSSL gave a context without a certificate store")
        for root in self.client_roots:
            store.add_cert(crypto.X509.from_cryptography(root))
        for authority in self._named(presented):
            context.add_client_ca(authority)
        if self.client_roots:
            context.set_verify(SSL.VERIFY_PEER, self._judge)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_session_id(b"edge")
        context.set_info_callback(_note_alert)
        context.set_tlsext_servername_callback(self._choose)
        return context

    def _named(self, presented: Presented) -> tuple[x509.Certificate, ...]:
        """The CAs whose names are sent with the question for a certificate."""
        return self.client_roots

    def _judge(self, connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
        handshake = connection.get_app_data()
        if depth == 0:
            handshake.presented = certificate.to_cryptography()
        if code and code not in handshake.verification:
            handshake.verification.append(code)
        return bool(ok) or self.policy is BadCertificatePolicy.STRIP

    def _choose(self, connection: SSL.Connection) -> None:
        name = (connection.get_servername() or b"").decode("ascii", "replace").lower()
        context = self._by_name.get(name)
        if context is None:
            connection.get_app_data().served_default = True
        else:
            connection.set_context(context)


def _note_alert(connection: SSL.Connection, where: int, code: int) -> None:
    if where == READ_ALERT:
        connection.get_app_data().alert_received = code & 0xFF
    elif where == WRITE_ALERT:
        connection.get_app_data().alert_sent = code & 0xFF
