"""Load balancers that are wrong about client certificates: whom they ask, whom they trust, what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography import x509
from OpenSSL import SSL, crypto

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.replacing import replace_connections, replace_tls
from cpi_conformance.simulator.edge import CHUNK, EdgeConnection, Phase, certificate_headers
from cpi_conformance.simulator.edge_tls import BadCertificatePolicy, EdgeTls, Presented
from cpi_conformance.simulator.exchange import Headers

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

NOT_YET_VALID, EXPIRED, SELF_SIGNED, UNKNOWN_ROOT, UNKNOWN_ISSUER, UNVERIFIABLE, WRONG_PURPOSE = (
    9,
    10,
    18,
    19,
    20,
    21,
    26,
)
"""OpenSSL ``X509_V_ERR_…`` codes."""


def _overlooking(*codes: int) -> Callable[[SimulatedLandscape], None]:
    """A verification that lets these errors pass."""

    class Overlooking(EdgeTls):
        def _judge(self, connection: SSL.Connection, certificate: crypto.X509, code: int, depth: int, ok: int) -> bool:
            if code in codes:
                code, ok = 0, 1
            return super()._judge(connection, certificate, code, depth, ok)

    return lambda landscape: replace_tls(landscape, Overlooking)


def _trust_intermediates(landscape: SimulatedLandscape) -> None:
    roots = landscape.edge(hosts.RUNTIME).tls.client_roots
    replace_tls(landscape, client_roots=(*roots, landscape.passports.second_generation.certificate))


def _trust_others_only(landscape: SimulatedLandscape) -> None:
    roots = landscape.edge(hosts.RUNTIME).tls.client_roots
    replace_tls(landscape, client_roots=tuple(root for root in roots if root != landscape.passports.root.certificate))


class _NamesNobody(EdgeTls):
    def _named(self, presented: Presented) -> tuple[x509.Certificate, ...]:
        return ()


class _NamesIssuersOfServers(EdgeTls):
    def _named(self, presented: Presented) -> tuple[x509.Certificate, ...]:
        return presented.credential.issuers


class _Demands(EdgeTls):
    def _context(self, presented: Presented) -> SSL.Context:
        context = super()._context(presented)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._judge)
        return context


class _ClosesWithoutAlert(EdgeConnection):
    def _linger(self) -> None:
        if self._phase is Phase.HANDSHAKE and self._handshake.verification:
            self._tls.bio_read(CHUNK)
        super()._linger()


class _PassesEverythingOn(EdgeConnection):
    def _headers_of_certificate(self) -> Headers:
        return () if self._certificate is None else certificate_headers(self._certificate)


DEFECTS = (
    Defect(
        "edge-does-not-ask",
        System.EDGE,
        "The load balancer does not ask for a client certificate.",
        lambda landscape: replace_tls(landscape, client_roots=()),
    ),
    Defect(
        "edge-demands-a-certificate",
        System.EDGE,
        "The load balancer ends the handshake with whoever presents no client certificate.",
        lambda landscape: replace_tls(landscape, _Demands),
    ),
    Defect(
        "edge-names-no-cas",
        System.EDGE,
        "The load balancer asks for a client certificate without naming the CAs that it accepts.",
        lambda landscape: replace_tls(landscape, _NamesNobody),
    ),
    Defect(
        "edge-names-other-cas",
        System.EDGE,
        "The load balancer names the CAs of its own certificate as those that it accepts.",
        lambda landscape: replace_tls(landscape, _NamesIssuersOfServers),
    ),
    Defect(
        "edge-lacks-the-passport-root",
        System.EDGE,
        "The load balancer does not trust the root of the SAP Passports.",
        _trust_others_only,
    ),
    Defect(
        "edge-trusts-any-ca",
        System.EDGE,
        "The load balancer takes client certificates of any CA.",
        _overlooking(SELF_SIGNED, UNKNOWN_ROOT, UNKNOWN_ISSUER, UNVERIFIABLE),
    ),
    Defect(
        "edge-trusts-any-root",
        System.EDGE,
        "The load balancer takes client certificates whose chain ends at a root that it does not know.",
        _overlooking(UNKNOWN_ROOT),
    ),
    Defect(
        "edge-trusts-self-signed",
        System.EDGE,
        "The load balancer takes self-signed client certificates.",
        _overlooking(SELF_SIGNED),
    ),
    Defect(
        "edge-trusts-an-intermediate",
        System.EDGE,
        "The load balancer holds the intermediate of the SAP Passports, so that nobody notices a missing chain.",
        _trust_intermediates,
    ),
    Defect(
        "edge-ignores-expiry",
        System.EDGE,
        "The load balancer takes client certificates that have expired.",
        _overlooking(EXPIRED),
    ),
    Defect(
        "edge-ignores-the-first-day",
        System.EDGE,
        "The load balancer takes client certificates that are not yet valid.",
        _overlooking(NOT_YET_VALID),
    ),
    Defect(
        "edge-ignores-purpose",
        System.EDGE,
        "The load balancer takes certificates for servers from clients.",
        _overlooking(WRONG_PURPOSE),
    ),
    Defect(
        "edge-strips-instead-of-alert",
        System.EDGE,
        "The load balancer sends no alert for a client certificate that does not verify, and goes on without it.",
        lambda landscape: replace_tls(landscape, policy=BadCertificatePolicy.STRIP),
    ),
    Defect(
        "edge-alerts-instead-of-strip",
        System.EDGE,
        "The load balancer ends the handshake over a client certificate that it is to leave out.",
        lambda landscape: replace_tls(landscape, policy=BadCertificatePolicy.ALERT),
        "whitepaper",
    ),
    Defect(
        "edge-passes-bad-certificates-on",
        System.EDGE,
        "The load balancer passes a client certificate that does not verify on as if it did.",
        lambda landscape: replace_connections(landscape, _PassesEverythingOn),
        "whitepaper",
    ),
    Defect(
        "edge-closes-without-alert",
        System.EDGE,
        "The load balancer refuses a client certificate by closing the connection, and its alert is lost.",
        lambda landscape: replace_connections(landscape, _ClosesWithoutAlert),
    ),
)
