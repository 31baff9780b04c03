"""The ways in which a simulated backend is wrong, by name: what a check of the backend must notice."""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.backend import wrong_icm, wrong_strust
from cpi_conformance.backend.icm import Icm
from cpi_conformance.backend.strust import SslClientIdentities, TrustManager


@dataclass(frozen=True)
class Parts:
    """What a backend is made of, right or wrong."""

    icm: type[Icm] = Icm
    trust_manager: type[TrustManager] = TrustManager
    identities: type[SslClientIdentities] = SslClientIdentities


RIGHT = Parts()

WRONG: dict[str, Parts] = {
    "backend-trusts-intermediates": Parts(icm=wrong_icm.TrustsIntermediates),
    "backend-trusts-anybody": Parts(icm=wrong_icm.TrustsAnybody),
    "backend-ignores-host-name": Parts(icm=wrong_icm.IgnoresHostName),
    "backend-tests-the-first-destination": Parts(icm=wrong_icm.TestsTheFirstDestination),
    "backend-uses-one-identity": Parts(icm=wrong_icm.UsesOneIdentity),
    "backend-shares-the-standard-list": Parts(icm=wrong_icm.SharesTheStandardList),
    "backend-takes-the-scheme-away": Parts(icm=wrong_icm.TakesTheSchemeAway),
    "backend-finds-every-host": Parts(icm=wrong_icm.FindsEveryHost),
    "backend-offers-every-version": Parts(icm=wrong_icm.OffersEveryVersion),
    "backend-sends-blindly": Parts(icm=wrong_icm.SendsBlindly),
    "backend-sends-the-name-always": Parts(icm=wrong_icm.SendsTheNameAlways),
    "backend-goes-around-the-proxy": Parts(icm=wrong_icm.GoesAroundTheProxy),
    "backend-cannot-use-proxies": Parts(icm=wrong_icm.CannotUseProxies),
    "backend-sends-the-leaf-only": Parts(icm=wrong_icm.SendsTheLeafOnly),
    "backend-drops-the-logon": Parts(icm=wrong_icm.DropsTheLogon),
    "backend-saves-at-once": Parts(trust_manager=wrong_strust.SavesAtOnce),
    "backend-edits-in-display-mode": Parts(trust_manager=wrong_strust.EditsInDisplayMode),
    "backend-imports-into-the-identity": Parts(trust_manager=wrong_strust.ImportsIntoTheIdentity),
    "backend-creates-empty-pses": Parts(identities=wrong_strust.CreatesEmptyPses),
}
