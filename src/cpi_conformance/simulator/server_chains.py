"""The chains that the load balancer of SAP BTP has presented over the years, as data.

Names are those of the public record: the whitepaper (DigiCert Global Root CA), the announcement of
4 May 2023 (Global Root G2) and the ``sap-software/btp-trust-store`` releases of 2024 to 2026 (TLS
RSA4096 Root G5). The intermediate below G5 is not published: its name follows DigiCert's scheme
(UNCONFIRMED). Keys are P-256 here; a check that is about RSA asks for RSA itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cpi_conformance.certificates import Authority, Credential, Usage


@dataclass(frozen=True)
class ServerChain:
    """The shape of one server chain: who is at the top and who signs the leaf."""

    name: str
    root: str
    intermediate: str


WHITEPAPER = ServerChain(
    "whitepaper",
    "CN=DigiCert Global Root CA,OU=www.digicert.com,O=DigiCert Inc,C=US",
    "CN=DigiCert SHA2 Secure Server CA,O=DigiCert Inc,C=US",
)
G2 = ServerChain(
    "g2",
    "CN=DigiCert Global Root G2,OU=www.digicert.com,O=DigiCert Inc,C=US",
    "CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US",
)
CURRENT = ServerChain(
    "current",
    r"CN=DigiCert TLS RSA4096 Root G5,O=DigiCert\, Inc.,C=US",
    r"CN=DigiCert G5 TLS RSA4096 SHA384 2021 CA1,O=DigiCert\, Inc.,C=US",
)

BY_NAME = {chain.name: chain for chain in (WHITEPAPER, G2, CURRENT)}

LEAF = "CN={host},O=SAP SE,L=Walldorf,C=DE"


class ServerAuthority:
    """Root and intermediate of one chain, made anew for each simulated landscape."""

    def __init__(self, shape: ServerChain, now: dt.datetime) -> None:
        self.shape = shape
        self._root = Authority.root(shape.root, now=now)
        self._intermediate = self._root.intermediate(shape.intermediate, now=now)
        self._now = now

    @property
    def root(self) -> Authority:
        """The authority at the top."""
        return self._root

    @property
    def intermediate(self) -> Authority:
        """The authority that signs leaves."""
        return self._intermediate

    def leaf(self, host: str) -> Credential:
        """A server certificate for ``host``, valid for a year from yesterday."""
        return self._intermediate.leaf(
            LEAF.format(host=host),
            not_before=self._now - dt.timedelta(days=1),
            not_after=self._now + dt.timedelta(days=365),
            usage=Usage.SERVER,
            hosts=(host,),
        )
