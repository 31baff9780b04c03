"""Facts about the certificates of a connection: the client certificate that was presented, the root that is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cpi_conformance.certificates import dn, missing_issuer
from cpi_conformance.certificates.chain import UNREADABLE, issued_by
from cpi_conformance.diagnosis.symptoms import Stored, Symptoms

PUBLIC_ISSUERS = ("DigiCert", "Baltimore", "GTE", "VeriSign", "Symantec", "Entrust", "Internet Security Research Group")
"""How the organization begins of those who have issued certificates of SAP's load balancers, 2016 to 2026
(announcements of SAP; REQUIRED list of btp-trust-store 1.0 to 3.0.0)."""

SAP = ("SAP SE", "SAP AG", "SAP Trust Community")
"""SAP's own CAs are on the REQUIRED list too."""

CLIENTS = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def symptoms_of_server_chain(served: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate]) -> Symptoms:
    """Of a server chain that is not trusted: whose CA is missing, and whether a root from before is trusted."""
    missing = missing_issuer(served, trusted)
    name = next((each for each in _names(served) if dn(each) == missing), None)
    if name is None:
        return Symptoms()
    public = _organized(name, PUBLIC_ISSUERS)
    old = public and any(_organized(each.subject, PUBLIC_ISSUERS) for each in trusted if each.subject == each.issuer)
    return Symptoms(known_issuer=public or _organized(name, SAP), old_root_trusted=old)


def symptoms_of_client_chain(chain: Sequence[x509.Certificate], accepted_cas: Sequence[str]) -> Symptoms:
    """Of a client certificate with the issuers that go with it, leaf first, and the CAs that the far side named.

    A chain is complete that leads, by signatures, to a self-issued certificate or to one whose issuer was named.
    Only of a complete one it can be said whether its root was named.
    """
    if not chain:
        return Symptoms()
    top, broken = _top(chain)
    complete = _complete(top, broken, accepted_cas)
    now = dt.datetime.now(dt.UTC)
    return Symptoms(
        chain_complete=complete,
        issuer_named=dn(top.issuer) in accepted_cas if complete and accepted_cas else None,
        client_auth=_client_auth(chain[0]),
        expired=any(each.not_valid_after_utc < now for each in chain),
        issuer_renewed=True if broken is not None else None,
    )


def symptoms_of_stored(
    presented: x509.Certificate,
    stored: Iterable[x509.Certificate],
    accepted_since: Iterable[x509.Certificate] = (),
) -> Symptoms:
    """Where the presented certificate is among those that service keys hold (the first of *View Credentials*).

    ``accepted_since`` are certificates with which calls have been accepted meanwhile.
    """
    alike = [each for each in stored if _same_names(each, presented)]
    newer = any(
        _same_names(each, presented) and each.not_valid_before_utc > presented.not_valid_before_utc
        for each in accepted_since
    )
    renewed = [_issuers_key(each) != _issuers_key(presented) for each in alike if each != presented]
    return Symptoms(
        stored=_stored(presented, alike),
        newer_accepted=newer or None,
        issuer_renewed=renewed[0] if len(alike) == 1 and renewed else None,
    )


def _stored(presented: x509.Certificate, alike: list[x509.Certificate]) -> Stored:
    if not alike:
        return Stored.NOWHERE
    if len(alike) > 1:
        return Stored.SEVERAL
    return Stored.EXACTLY if alike[0] == presented else Stored.SAME_NAMES


def _same_names(one: x509.Certificate, other: x509.Certificate) -> bool:
    return one.subject == other.subject and one.issuer == other.issuer


def _top(chain: Sequence[x509.Certificate]) -> tuple[x509.Certificate, x509.Certificate | None]:
    """How far up signatures lead, and a CA of the right name whose key is another one, if that is where they end."""
    current, left = chain[0], list(chain[1:])
    while current.subject != current.issuer:
        named = [each for each in left if each.subject == current.issuer]
        signer = next((each for each in named if issued_by(current, each)), None)
        if signer is None:
            return current, named[0] if named else None
        left.remove(signer)
        current = signer
    return current, None


def _complete(top: x509.Certificate, broken: x509.Certificate | None, accepted_cas: Sequence[str]) -> bool | None:
    if broken is not None:
        return False
    if top.subject == top.issuer:
        return True
    return dn(top.issuer) in accepted_cas if accepted_cas else None


def _names(chain: Iterable[x509.Certificate]) -> Iterable[x509.Name]:
    return (name for each in chain for name in (each.issuer, each.subject))


def _organized(name: x509.Name, organizations: tuple[str, ...]) -> bool:
    found = name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(str(each.value).startswith(organizations) for each in found)


def _client_auth(leaf: x509.Certificate) -> bool | None:
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except UNREADABLE:
        return None
    return bool(CLIENTS & set(purposes))


def _issuers_key(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except UNREADABLE:
        return None
