"""Load balancers that present something else than they should."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

from cpi_conformance.certificates import Authority, Credential, Usage
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.replacing import replace_tls
from cpi_conformance.simulator.edge_tls import EdgeTls, Presented
from cpi_conformance.simulator.load_balancer import FOREIGN_HOST
from cpi_conformance.simulator.server_chains import LEAF, ServerAuthority, ServerChain

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

INSPECTION = ServerChain(
    "inspection",
    "CN=Inspection Root CA,O=Elsewhere,C=DE",
    "CN=Inspection Issuing CA,O=Elsewhere,C=DE",
)
"""A proxy that looks into TLS, on the way to the load balancer."""

ADDRESSES = ("127.0.0.1", "::1")

LEGACY_ROOT = "CN=Legacy Root CA,O=DigiCert Inc,C=US"
"""A root from before everything that a landscape file can name."""


def _served(landscape: SimulatedLandscape) -> ServerAuthority:
    return landscape.load_balancer.authorities[landscape.profile.served.name]


def _present(landscape: SimulatedLandscape, credential: Credential) -> None:
    replace_tls(landscape, hosts=(Presented(hosts.HOST, credential),))


def _present_leaf_alone(landscape: SimulatedLandscape) -> None:
    _present(landscape, replace(_served(landscape).leaf(hosts.HOST), issuers=()))


def _present_for(days: tuple[int, int], landscape: SimulatedLandscape) -> None:
    _present(landscape, _leaf(landscape, _served(landscape).intermediate, hosts.HOST, days=days))


def _leaf(landscape: SimulatedLandscape, by: Authority, *names: str, days: tuple[int, int] = (-1, 365)) -> Credential:
    """A certificate for hosts and addresses, valid from one day to another, counted from now."""
    begins, ends = (landscape.clock.now() + dt.timedelta(days=each) for each in days)
    subject = LEAF.format(host=names[0])
    return by.leaf(subject, not_before=begins, not_after=ends, usage=Usage.SERVER, hosts=names)


def _present_below_root(landscape: SimulatedLandscape) -> None:
    _present(landscape, _leaf(landscape, _served(landscape).root, hosts.HOST))


def _present_without_name(landscape: SimulatedLandscape) -> None:
    replace_tls(landscape, default=Presented(hosts.HOST, _served(landscape).leaf(hosts.HOST)))


def _present_for_address(landscape: SimulatedLandscape) -> None:
    leaf = _leaf(landscape, _served(landscape).intermediate, FOREIGN_HOST, *ADDRESSES)
    replace_tls(landscape, default=Presented(FOREIGN_HOST, leaf))


def _present_below_unknown_root(landscape: SimulatedLandscape) -> None:
    _present(landscape, ServerAuthority(INSPECTION, landscape.clock.now()).leaf(hosts.HOST))


def _present_for_any_name(landscape: SimulatedLandscape) -> None:
    authority = _served(landscape)

    class ForAnyName(EdgeTls):
        """Makes a certificate for whatever name is asked for."""

        def _choose(self, connection: SSL.Connection) -> None:
            name = (connection.get_servername() or b"").decode("ascii", "replace")
            if name:
                connection.set_context(self._context(Presented(name, authority.leaf(name))))

    replace_tls(landscape, ForAnyName)


def _present_below_previous_root(landscape: SimulatedLandscape) -> None:
    previous = landscape.load_balancer.authorities[landscape.profile.chains[-2].name].root
    credential = _served(landscape).leaf(hosts.HOST)
    cross = _cross_signed(credential.root, previous)
    _present(landscape, replace(credential, issuers=(*credential.intermediates, cross, previous.certificate)))


def _present_leftovers(landscape: SimulatedLandscape) -> None:
    legacy = Authority.root(LEGACY_ROOT, now=landscape.clock.now())
    leftover = landscape.load_balancer.authorities[landscape.profile.chains[-2].name].intermediate.certificate
    credential = _served(landscape).leaf(hosts.HOST)
    sent = (*credential.intermediates, _cross_signed(credential.root, legacy), leftover)
    _present(landscape, replace(credential, issuers=(*sent, legacy.certificate)))


def _cross_signed(root: x509.Certificate, by: Authority) -> x509.Certificate:
    """The same root with its key, as another root vouches for it."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(root.subject)
        .issuer_name(by.certificate.subject)
        .public_key(root.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
    )
    for extension in root.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    identifier = by.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    return builder.add_extension(above, critical=False).sign(by.credential.key, SHA256())


DEFECTS = (
    Defect(
        "edge-presents-no-intermediate",
        System.EDGE,
        "The load balancer presents its certificate without the intermediate.",
        _present_leaf_alone,
    ),
    Defect(
        "edge-presents-a-leaf-of-the-root",
        System.EDGE,
        "The load balancer presents a certificate that the root itself has signed, so that there is no intermediate.",
        _present_below_root,
    ),
    Defect(
        "edge-presents-an-expired-certificate",
        System.EDGE,
        "The load balancer presents a certificate that expired yesterday.",
        lambda landscape: _present_for((-366, -1), landscape),
    ),
    Defect(
        "edge-presents-a-certificate-too-early",
        System.EDGE,
        "The load balancer presents a certificate that will be valid tomorrow.",
        lambda landscape: _present_for((1, 366), landscape),
    ),
    Defect(
        "edge-ignores-the-server-name",
        System.EDGE,
        "The load balancer presents its default certificate, which is for another host, whatever name is asked for.",
        lambda landscape: replace_tls(landscape, hosts=()),
    ),
    Defect(
        "edge-needs-no-server-name",
        System.EDGE,
        "The load balancer presents the right certificate to callers that name no host.",
        _present_without_name,
    ),
    Defect(
        "edge-presents-for-its-address",
        System.EDGE,
        "The load balancer's default certificate carries its IP address.",
        _present_for_address,
    ),
    Defect(
        "edge-presents-for-any-name",
        System.EDGE,
        "The load balancer has a certificate for whatever name is asked for.",
        _present_for_any_name,
    ),
    Defect(
        "edge-presents-an-unknown-root",
        System.EDGE,
        "Somebody on the way presents a certificate below a root of his own.",
        _present_below_unknown_root,
    ),
    Defect(
        "edge-presents-a-cross-certificate",
        System.EDGE,
        "The load balancer presents its new root signed by the previous one, so that the rotation has not happened.",
        _present_below_previous_root,
    ),
    Defect(
        "edge-presents-leftovers",
        System.EDGE,
        "The load balancer presents its root signed by a legacy root, and behind it the intermediate of another chain.",
        _present_leftovers,
    ),
)
