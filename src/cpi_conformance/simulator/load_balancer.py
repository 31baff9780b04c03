"""What the load balancer presents and whom it trusts, on all its virtual hosts at once."""

from __future__ import annotations

import datetime as dt

from cryptography import x509

from cpi_conformance.simulator.edge_tls import EdgeTls, Presented
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.profiles import Profile
from cpi_conformance.simulator.server_chains import ServerAuthority

FOREIGN_HOST = "cfapps.eu10.hana.ondemand.com"
"""Whom the default certificate is for: callers without SNI get it, as they do from SAP's load balancer."""


class LoadBalancer:
    """The chains of a profile, one of which is served.

    Attributes:
        authorities: by the name of their chain.
        asking: TLS of the hosts that ask for a client certificate.
        silent: TLS of the hosts that do not.
    """

    def __init__(self, profile: Profile, client_roots: tuple[x509.Certificate, ...], now: dt.datetime) -> None:
        self.authorities = {chain.name: ServerAuthority(chain, now) for chain in profile.chains}
        self._profile = profile
        self._served = profile.served.name
        self.asking, self.silent = self._tls(client_roots), self._tls(())

    @property
    def served(self) -> ServerAuthority:
        """The authority of the chain that is presented now."""
        return self.authorities[self._served]

    @property
    def trusted_root(self) -> x509.Certificate:
        """What a sender must trust now."""
        return self.authorities[self._served].root.certificate

    @property
    def previous_roots(self) -> tuple[x509.Certificate, ...]:
        """What a sender may still trust from before the last rotation."""
        names = [chain.name for chain in self._profile.chains]
        before = names[: names.index(self._served)]
        return tuple(self.authorities[name].root.certificate for name in before)

    def rotate(self, chain: str) -> None:
        """Serve another chain of the profile from the next connection on; ``KeyError`` for an unknown one."""
        for tls in (self.asking, self.silent):
            tls.present((self._presented(chain),))
        self._served = chain

    def _tls(self, client_roots: tuple[x509.Certificate, ...]) -> EdgeTls:
        foreign = self.authorities[self._served].leaf(FOREIGN_HOST)
        return EdgeTls(
            hosts=(self._presented(self._served),),
            default=Presented(FOREIGN_HOST, foreign),
            client_roots=client_roots,
            policy=self._profile.bad_certificate,
        )

    def _presented(self, chain: str) -> Presented:
        return Presented(HOST, self.authorities[chain].leaf(HOST))
