"""A backend that is wrong: the landscape names the way to whoever plays the backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cpi_conformance.simulator.defects.defect import Defect, System

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


def _named(name: str) -> Callable[[SimulatedLandscape], None]:
    def install(landscape: SimulatedLandscape) -> None:
        landscape.backend_defect = name

    return install


def _defect(name: str, wrong: str) -> Defect:
    return Defect(f"backend-{name}", System.BACKEND, wrong, _named(f"backend-{name}"))


DEFECTS = (
    _defect("trusts-intermediates", "An intermediate alone in the certificate list is an anchor."),
    _defect("trusts-anybody", "The backend does not verify the server certificate."),
    _defect("ignores-host-name", "A trusted server certificate is taken whatever host it is for."),
    _defect("tests-the-first-destination", "What is changed in SM59 does not reach the connection test."),
    _defect("uses-one-identity", "Whatever identity the destination names, one and the same PSE is used."),
    _defect("shares-the-standard-list", "What the standard identity trusts is trusted by every identity."),
    _defect("takes-the-scheme-away", "The connection test succeeds with https:// in the target host."),
    _defect("finds-every-host", "Every name of a host has an address, that of one and the same server."),
    _defect("offers-every-version", "The TLS versions of ssl/client_ciphersuites are not looked at."),
    _defect("sends-blindly", "The certificate goes out whatever CAs the load balancer names."),
    _defect("sends-the-name-always", "icm/HTTPS/client_sni_enabled is not looked at."),
    _defect("goes-around-the-proxy", "The HTTP proxy of the destination is not used."),
    _defect("cannot-use-proxies", "A destination with an HTTP proxy cannot be used."),
    _defect("sends-the-leaf-only", "The issuers in the PSE are not sent after the own certificate."),
    _defect("drops-the-logon", "User and password of the destination are not sent."),
    _defect("saves-at-once", "What STRUST shows is effective before Save."),
    _defect("edits-in-display-mode", "Add to Certificate List works in display mode."),
    _defect("imports-into-the-identity", "PSE > Import replaces the PSE of an identity instead of filling File."),
    _defect("creates-empty-pses", "A new SSL client identity has an empty PSE at once."),
)
