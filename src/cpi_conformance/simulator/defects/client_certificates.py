"""Runtimes that take other client certificates than those in their service keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography import x509

from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.service_key import DEFAULT_ROLE, ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, Authentication, Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

ByCertificate = Callable[[x509.Certificate], Authentication]


def _holding(landscape: SimulatedLandscape) -> list[tuple[ServiceKey, x509.Certificate]]:
    present = landscape.keys.keys()
    return [(key, key.certificate) for key in present if key.certificate is not None]


def _none(landscape: SimulatedLandscape) -> None:
    off = Unauthenticated("client certificates are not looked at")
    around(landscape.keys.authenticate_certificate, lambda right, certificate: off)


def _any(landscape: SimulatedLandscape) -> None:
    def authenticate(right: ByCertificate, certificate: x509.Certificate) -> Authentication:
        holding = _holding(landscape)
        if any(held.subject == certificate.subject for _, held in holding):
            return right(certificate)
        return next(Authenticated(key) for key, _ in holding if DEFAULT_ROLE in key.instance.roles)

    around(landscape.keys.authenticate_certificate, authenticate)


def _by_subject(landscape: SimulatedLandscape) -> None:
    def authenticate(right: ByCertificate, certificate: x509.Certificate) -> Authentication:
        named = (key for key, held in _holding(landscape) if held.subject == certificate.subject)
        return next((Authenticated(key) for key in named), right(certificate))

    around(landscape.keys.authenticate_certificate, authenticate)


DEFECTS = (
    Defect(
        "authentication-takes-no-certificate",
        System.AUTHENTICATION,
        "The runtime of a standard edition does not look at client certificates.",
        _none,
    ),
    Defect(
        "authentication-takes-any-certificate",
        System.AUTHENTICATION,
        "Whoever has a client certificate that the load balancer trusts is let in, although no service key holds it.",
        _any,
    ),
    Defect(
        "authentication-looks-at-the-subject-only",
        System.AUTHENTICATION,
        "Whoever has a client certificate with the subject of one in a service key is let in.",
        _by_subject,
    ),
)
"""How client certificates are compared with those in the service keys."""
