"""What is to be said about one certificate, and how several stand to each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from cpi_conformance.certificates.chain import UNREADABLE, dn, fingerprint, is_authority, issued_by, issuers_among

PURPOSES = {
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
}
USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
Extension = TypeVar("Extension", bound=x509.ExtensionType)

SAME_NAME = 16
"""How many certificates of one name are tried as an issuer; a file with more of them was made to waste time."""


@dataclass(frozen=True)
class CertificateFacts:
    """One certificate in words; ``None`` means that it has no such extension, or one that cannot be read."""

    subject: str
    issuer: str
    not_before: dt.datetime
    not_after: dt.datetime
    days_left: int
    """Whole days until it expires, rounded down: negative from the moment it has expired."""
    days_to_wait: int
    """Whole days until it becomes valid, rounded up; 0 when it is."""
    serial: str
    """Hexadecimal, in upper case."""
    key: str
    signature: str
    """The hash under the signature."""
    authority: bool
    self_signed: bool
    key_usage: tuple[str, ...] | None
    extended_key_usage: tuple[str, ...] | None
    names: tuple[str, ...]
    """Alternative names with their kind in front: ``DNS:…``, ``IP:…``."""
    subject_key: str | None
    authority_key: str | None
    sha1: str
    sha256: str


@dataclass(frozen=True)
class Placed:
    """A certificate at its place in the tree: 0 is a top, each further level is below the one listed before it."""

    depth: int
    facts: CertificateFacts


def facts_of(certificate: x509.Certificate, now: dt.datetime) -> CertificateFacts:
    """The facts of a certificate at a moment."""
    subject_key = _extension(certificate, x509.SubjectKeyIdentifier)
    authority_key = _extension(certificate, x509.AuthorityKeyIdentifier)
    wait = certificate.not_valid_before_utc - now
    return CertificateFacts(
        subject=dn(certificate.subject),
        issuer=dn(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        days_left=(certificate.not_valid_after_utc - now).days,
        days_to_wait=max(0, -((-wait).days)),
        serial=f"{certificate.serial_number:X}",
        key=key_name(public_key_of(certificate)),
        signature=_signature(certificate),
        authority=is_authority(certificate),
        self_signed=certificate.subject == certificate.issuer and issued_by(certificate, certificate),
        key_usage=_usages(_extension(certificate, x509.KeyUsage)),
        extended_key_usage=_purposes(_extension(certificate, x509.ExtendedKeyUsage)),
        names=_names(_extension(certificate, x509.SubjectAlternativeName)),
        subject_key=subject_key.digest.hex() if subject_key else None,
        authority_key=(authority_key.key_identifier or b"").hex() or None if authority_key else None,
        sha1=certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303  # STRUST and Windows show this one
        sha256=fingerprint(certificate),
    )


def tree_of(certificates: Sequence[x509.Certificate], now: dt.datetime) -> tuple[Placed, ...]:
    """All certificates, each below its issuer when that is there too; otherwise in the order given."""
    distinct = tuple(dict.fromkeys(certificates))
    named: dict[x509.Name, list[x509.Certificate]] = {}
    for each in distinct:
        named.setdefault(each.subject, []).append(each)
    below: dict[x509.Certificate, list[x509.Certificate]] = {}
    tops: list[x509.Certificate] = []
    for each in distinct:
        issuers = issuers_among(each, named.get(each.issuer, [])[:SAME_NAME])
        (below.setdefault(issuers[0], []) if issuers else tops).append(each)
    placed: dict[x509.Certificate, Placed] = {}
    for top in (*tops, *distinct):  # those that issued each other in a circle hang below no top
        waiting = [(0, top)]
        while waiting:
            depth, current = waiting.pop()
            if current not in placed:
                placed[current] = Placed(depth, facts_of(current, now))
                waiting.extend((depth + 1, each) for each in reversed(below.get(current, [])))
    return tuple(placed.values())


def key_name(key: object) -> str:
    """A public or private key's kind and size: ``RSA 2048``, ``EC secp256r1``."""
    match key:
        case rsa.RSAPublicKey() | rsa.RSAPrivateKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey() | ec.EllipticCurvePrivateKey():
            return f"EC {key.curve.name}"
        case dsa.DSAPublicKey() | dsa.DSAPrivateKey():
            return f"DSA {key.key_size}"
        case None:
            return "of a kind that cannot be read"
    return type(key).__name__.strip("_").removesuffix("PublicKey").removesuffix("PrivateKey")


def public_key_of(certificate: x509.Certificate) -> PublicKeyTypes | None:
    """The public key of a certificate; ``None`` when the library does not know its kind."""
    try:
        return certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _signature(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return certificate.signature_algorithm_oid.dotted_string
    return algorithm.name if algorithm else "none of its own"


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except UNREADABLE:
        return None


def _usages(usage: x509.KeyUsage | None) -> tuple[str, ...] | None:
    return tuple(said for name, said in USAGES.items() if getattr(usage, name)) if usage else None


def _purposes(purposes: x509.ExtendedKeyUsage | None) -> tuple[str, ...] | None:
    return tuple(PURPOSES.get(each, each.dotted_string) for each in purposes) if purposes else None


def _names(names: x509.SubjectAlternativeName | None) -> tuple[str, ...]:
    kinds: dict[type[x509.GeneralName], str] = {x509.DNSName: "DNS", x509.IPAddress: "IP", x509.RFC822Name: "e-mail"}
    return tuple(f"{kinds.get(type(each), 'other')}:{each.value}" for each in names or ())
