"""The generations of a simulated landscape, as data.

What public sources leave open (what a bad client certificate leads to, what a trial does) is a
setting here. The profiles take different sides of it on purpose, so that a default run meets both.
"""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.simulator.edge_tls import BadCertificatePolicy
from cpi_conformance.simulator.it_rt import CertificateReuse, KeyRules
from cpi_conformance.simulator.server_chains import CURRENT, G2, WHITEPAPER, ServerChain

WHITEPAPER_KEYS = KeyRules(
    client_x509=True, x509_field_takes=frozenset(), certificate_reuse=CertificateReuse.REFUSED_AT_CREATION
)

KEY_TYPES = KeyRules()
"""The broker of today."""


@dataclass(frozen=True)
class Profile:
    """One generation.

    Attributes:
        edition: ``standard`` or ``trial``.
        chains: the load balancer's chains in the order of their use; the last one is served, the ones
            before it are what a backend may still trust.
        bad_certificate: what a client certificate that does not verify leads to.
        accepts_certificates: whether the runtime authenticates by client certificate at all.
        key_rules: the generation of the service broker.
        client_ciphersuites: profile parameter ``ssl/client_ciphersuites`` of the backend of that time.
    """

    name: str
    edition: str
    chains: tuple[ServerChain, ...]
    bad_certificate: BadCertificatePolicy
    accepts_certificates: bool = True
    key_rules: KeyRules = KEY_TYPES
    client_ciphersuites: str = "1174:PFS:HIGH::EC_X25519:EC_P256:EC_HIGH"

    @property
    def served(self) -> ServerChain:
        """The chain that is presented now."""
        return self.chains[-1]


OLDEST = ServerChain(
    "baltimore",
    "CN=Baltimore CyberTrust Root,OU=CyberTrust,O=Baltimore,C=IE",
    "CN=DigiCert Baltimore CA-2 G2,O=DigiCert Inc,C=US",
)
"""What SAP's load balancers presented before the whitepaper's chain (until about 2018)."""

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "whitepaper",
            "standard",
            (OLDEST, WHITEPAPER),
            BadCertificatePolicy.STRIP,
            key_rules=WHITEPAPER_KEYS,
            client_ciphersuites="150:PFS:HIGH::EC_P256:EC_HIGH",
        ),
        Profile("current", "standard", (WHITEPAPER, G2, CURRENT), BadCertificatePolicy.ALERT),
        Profile("trial", "trial", (G2, CURRENT), BadCertificatePolicy.ALERT, accepts_certificates=False),
    )
}
