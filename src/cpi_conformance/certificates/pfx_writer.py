"""Writing a PFX with the encryption that a real one may have.

Which algorithm the SAP Passport site uses is unconfirmed, so a PFX can be made with each that is
seen in the field: AES-256 (OpenSSL 3, Windows 11), 3DES (old STRUST and ``sapgenpse``), RC2-40 (the
default of OpenSSL 1 and Windows for twenty years). cryptography writes the first two.
"""

from __future__ import annotations

from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization import pkcs12 as pyca_pkcs12

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.pfx import PfxFile
from cpi_conformance.secret import Secret

ITERATIONS = 2048
"""OpenSSL's default; cryptography's own 20,000 cost 5 ms for each file."""


class Encryption(Enum):
    """How a PFX is encrypted."""

    AES_256 = "AES-256"
    TRIPLE_DES = "3DES"
    RC2_40 = "RC2-40"
    NONE = "none"


def write_pfx(
    credential: Credential,
    passphrase: Secret | None,
    encryption: Encryption = Encryption.AES_256,
    *,
    with_chain: bool = True,
    iterations: int = ITERATIONS,
) -> PfxFile:
    """Put key, certificate and (unless told otherwise) the chain to the root into a PFX.

    Without a passphrase the file is not encrypted, whatever ``encryption`` says. With few ``iterations`` it is quickly
    written and read, and its passphrase quickly found.
    """
    chain = credential.issuers if with_chain else ()
    if passphrase is None or encryption is Encryption.NONE:
        return PfxFile(_serialized(credential, chain, NoEncryption()), None)
    secret = passphrase.reveal().encode()
    if encryption is Encryption.RC2_40:
        from cpi_conformance.certificates.rc2_pfx import rc2_40  # few runs need it, and its imports take 50 ms

        return PfxFile(rc2_40(credential, chain, passphrase.reveal(), iterations), passphrase)
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(iterations)
    if encryption is Encryption.AES_256:
        builder = builder.key_cert_algorithm(pyca_pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256())
    else:
        builder = builder.key_cert_algorithm(pyca_pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303  # as old files have it
    return PfxFile(_serialized(credential, chain, builder.build(secret)), passphrase)


def write_certificates_only(credential: Credential, passphrase: Secret) -> PfxFile:
    """A PFX that holds the certificate and its chain, but no private key."""
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(ITERATIONS)
    encryption = builder.key_cert_algorithm(pyca_pkcs12.PBES.PBESv2SHA256AndAES256CBC).build(
        passphrase.reveal().encode()
    )
    certificates = [credential.certificate, *credential.issuers]
    return PfxFile(pyca_pkcs12.serialize_key_and_certificates(None, None, None, certificates, encryption), passphrase)


def _serialized(
    credential: Credential, chain: tuple[x509.Certificate, ...], encryption: KeySerializationEncryption
) -> bytes:
    return pyca_pkcs12.serialize_key_and_certificates(
        b"sender", credential.key, credential.certificate, list(chain), encryption
    )
