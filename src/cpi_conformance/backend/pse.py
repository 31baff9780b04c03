"""What a PSE of the backend holds, and who has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cryptography import x509

from cpi_conformance.certificates import Credential


@dataclass(frozen=True)
class Pse:
    """A personal security environment, as STRUST shows it.

    Attributes:
        own: own certificate with its private key and the issuers that are in the PSE (FCPath), from the direct
            one upwards; they are what a backend sends after its certificate.
        certificate_list: the certificates that are trusted; a root among them anchors.
    """

    own: Credential | None = None
    certificate_list: tuple[x509.Certificate, ...] = ()

    @property
    def path(self) -> Credential | None:
        """The own certificate with its issuers as far as they reach without a gap: what a backend sends."""
        if self.own is None:
            return None
        reached = [self.own.certificate]
        for issuer in self.own.issuers:
            if issuer.subject != reached[-1].issuer:
                break
            reached.append(issuer)
        return replace(self.own, issuers=tuple(reached[1:]))

    def trusting(self, certificates: Iterable[x509.Certificate]) -> Pse:
        """The same with another certificate list."""
        return replace(self, certificate_list=tuple(certificates))

    def with_issuers(self, issuers: Iterable[x509.Certificate]) -> Pse:
        """The same with other issuers of the own certificate; ``ValueError`` when there is none."""
        if self.own is None:
            raise ValueError("a PSE without an own certificate has no issuers of it")
        return replace(self, own=replace(self.own, issuers=tuple(issuers)))


@dataclass(frozen=True)
class SslClientIdentity:
    """An entry of *Environment > SSL Client Identities*: at most six characters, and what STRUST calls it."""

    name: str
    description: str

    @property
    def node(self) -> str:
        """The node of its PSE in STRUST."""
        return f"SSL client {self.description}"

    @property
    def file(self) -> str:
        """The file of its PSE in ``DIR_INSTANCE/sec``."""
        return {STANDARD: "SAPSSLC.pse", ANONYMOUS: "SAPSSLA.pse"}.get(self.name, f"SAPSSL{self.name}.pse")


STANDARD, ANONYMOUS = "DFAULT", "ANONYM"
"""The identities that every backend has."""

PREINSTALLED = (
    SslClientIdentity(STANDARD, "SSL Client (Standard)"),
    SslClientIdentity(ANONYMOUS, "SSL Client (Anonymous)"),
)

LONGEST_IDENTITY = 6
"""Characters: ``SSFAPPLSSL`` is CHAR 6."""
