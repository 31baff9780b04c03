"""The profile parameters of a backend that decide how its TLS client behaves."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import TLSVersion

from cpi_conformance.sender import TlsRange

BEST, BLIND = 2, 16
"""Bits of the number in ``ssl/client_ciphersuites``, derived from published values (SAP Note 510007 is not public).

Bit 4 is for no gap between the versions, of which there is none here.
"""

VERSIONS = {128: TLSVersion.TLSv1, 256: TLSVersion.TLSv1_1, 512: TLSVersion.TLSv1_2, 1024: TLSVersion.TLSv1_3}

NEWEST = "1174:PFS:HIGH::EC_X25519:EC_P256:EC_HIGH"
"""Default of S/4HANA 2025 (SAP Note 3346659)."""


@dataclass(frozen=True)
class Parameters:
    """Profile parameters, and what depends on the release.

    Attributes:
        client_sni: ``icm/HTTPS/client_sni_enabled``; off, the load balancer serves its default certificate.
        client_ciphersuites: ``ssl/client_ciphersuites``: the number says the TLS versions, and whether a
            certificate is sent although the server names no CA of it (*blind*).
        https_active: whether the HTTPS service is active in SMICM.
        intermediate_anchors: whether an intermediate alone in the certificate list is an anchor. No public text
            settles it; reports of missing roots speak against it.
        untrusted_has_own_code: whether the kernel tells untrusted peers apart (421) or not (407, older ones).
    """

    client_sni: bool = True
    client_ciphersuites: str = NEWEST
    https_active: bool = True
    intermediate_anchors: bool = False
    untrusted_has_own_code: bool = True

    @property
    def bits(self) -> int:
        """The number in front of the cipher string; ``ValueError`` when there is none."""
        return int(self.client_ciphersuites.partition(":")[0])

    @property
    def blind(self) -> bool:
        """Whether a certificate is sent although no CA of it is named."""
        return bool(self.bits & BLIND)

    @property
    def offers_tls(self) -> bool:
        """Whether the number allows any version of TLS."""
        return bool(self._versions)

    @property
    def tls(self) -> TlsRange:
        """The TLS versions on offer; ``ValueError`` when the number allows none."""
        return TlsRange(min(self._versions), max(self._versions))

    @property
    def _versions(self) -> list[TLSVersion]:
        """*BEST* stands for the best version that was there when it was made, which is TLS 1.2."""
        allowed = [version for bit, version in VERSIONS.items() if self.bits & bit]
        return [*allowed, TLSVersion.TLSv1_2] if self.bits & BEST else allowed


DEFAULTS = Parameters()
"""Of a backend of today."""
