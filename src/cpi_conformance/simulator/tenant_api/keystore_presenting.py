"""Entries of the keystore as the API shows them, and the hexadecimal aliases by which it calls them."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cpi_conformance.certificates import dn
from cpi_conformance.simulator.keystore_entry import KeystoreEntry
from cpi_conformance.simulator.tenant_api.errors import ODataError
from cpi_conformance.simulator.tenant_api.model import Entity, Value
from cpi_conformance.simulator.tenant_api.security_content_schema import CHAIN_CERTIFICATE, KEYSTORE_ENTRY

ODD = "hexBinary needs to be even-length: {hexalias}"
NOT_HEX = "contains illegal character for hexBinary: {hexalias}"

NOT_SUPPORTED = "The certificate is not supported"

NOT_TRUSTED = "notTrusted"

HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def alias_of(hexalias: str) -> str:
    """The alias behind the hexadecimal of its UTF-8, in either letter case.

    Raises:
        ODataError: 500 for an odd number of digits, and for what is no digit.
    """
    if len(hexalias) % 2:
        raise ODataError(500, ODD.format(hexalias=hexalias))
    if not HEX_DIGITS.issuperset(hexalias):
        raise ODataError(500, NOT_HEX.format(hexalias=hexalias))
    return bytes.fromhex(hexalias).decode("utf-8", "replace")


def entry_entity(entry: KeystoreEntry, *, status: str | None = None, validity: str | None = None) -> Entity:
    """An entry; ``status`` says what has just happened to it, ``validity`` is ``notTrusted`` or nothing."""
    values: dict[str, Value] = {
        "Hexalias": entry.hexalias,
        "Alias": entry.alias,
        **_of_a_certificate(entry.certificate),
        "Validity": validity,
        "Type": "Key Pair" if entry.credential else "Certificate",
        "Owner": entry.owner.value,
        "LastModifiedBy": entry.modified_by,
        "LastModifiedTime": entry.modified,
        "CreatedBy": entry.created_by,
        "CreatedTime": entry.created,
        "Status": status,
    }
    return Entity(KEYSTORE_ENTRY, values, {"ChainCertificates": lambda: chain_entities(entry)})


def chain_entities(entry: KeystoreEntry) -> tuple[Entity, ...]:
    """The certificates of a key pair's chain: the root has the index 0, its own certificate the last one."""
    return tuple(
        Entity(
            CHAIN_CERTIFICATE,
            {
                "Hexalias": entry.hexalias,
                "Alias": entry.alias,
                "Index": index,
                **_of_a_certificate(certificate),
                "Validity": None,
            },
        )
        for index, certificate in enumerate(reversed(entry.chain))
    )


def check_describable(*certificates: x509.Certificate) -> None:
    """``ODataError`` 415 for a certificate whose key or algorithms are beyond the keystore."""
    try:
        for certificate in certificates:
            _of_a_certificate(certificate)
    except (ValueError, UnsupportedAlgorithm):
        raise ODataError(415, NOT_SUPPORTED) from None


def _of_a_certificate(certificate: x509.Certificate) -> dict[str, Value]:
    return {
        **_of_a_key(certificate),
        "ValidNotBefore": certificate.not_valid_before_utc,
        "ValidNotAfter": certificate.not_valid_after_utc,
        "SerialNumber": f"0x{certificate.serial_number:X}",
        "SubjectDN": dn(certificate.subject),
        "IssuerDN": dn(certificate.issuer),
        "Version": certificate.version.value + 1,
        "FingerprintSha1": _fingerprint(certificate, hashes.SHA1()),  # noqa: S303  # it is shown, not trusted
        "FingerprintSha256": _fingerprint(certificate, hashes.SHA256()),
        "FingerprintSha512": _fingerprint(certificate, hashes.SHA512()),
    }


def _of_a_key(certificate: x509.Certificate) -> dict[str, Value]:
    """Key and signature in the words of Java."""
    key = certificate.public_key()
    values: dict[str, Value] = {"SignatureAlgorithm": _signature(certificate)}
    if isinstance(key, rsa.RSAPublicKey):
        return {**values, "KeyType": "RSA", "KeySize": key.key_size}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {**values, "KeyType": "EC", "KeySize": key.key_size, "EllipticCurve": key.curve.name}
    return {**values, "KeyType": type(key).__name__.removesuffix("PublicKey"), "KeySize": 0}


def _signature(certificate: x509.Certificate) -> str:
    algorithm, name = certificate.signature_hash_algorithm, certificate.signature_algorithm_oid._name
    if algorithm is None:
        return name
    return f"{algorithm.name.upper()}with{'RSA' if 'RSA' in name.upper() else 'ECDSA'}"


def _fingerprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return certificate.fingerprint(algorithm).hex(":").upper()
