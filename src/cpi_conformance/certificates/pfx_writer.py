"""Writing a PFX with the encryption that a real one may have.

Which algorithm the SAP Passport site uses is unconfirmed, so a PFX can be made with each that is
seen in the field: AES-256 (OpenSSL 3, Windows 11), 3DES (old STRUST and ``sapgenpse``), RC2-40 (the
default of OpenSSL 1 and Windows for twenty years). cryptography writes the first two; the third is
built here after RFC 7292, with RC2 from pycryptodome.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from enum import Enum

from asn1crypto import algos, cms, core, pkcs12
from asn1crypto import x509 as asn1_x509
from Crypto.Cipher import ARC2, DES3
from Crypto.Util.Padding import pad
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
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
) -> PfxFile:
    """Put key, certificate and (unless told otherwise) the chain to the root into a PFX.

    Without a passphrase the file is not encrypted, whatever ``encryption`` says.
    """
    chain = credential.issuers if with_chain else ()
    if passphrase is None or encryption is Encryption.NONE:
        return PfxFile(_serialized(credential, chain, NoEncryption()), None)
    secret = passphrase.reveal().encode()
    if encryption is Encryption.RC2_40:
        return PfxFile(_rc2_40(credential, chain, passphrase.reveal()), passphrase)
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(ITERATIONS)
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


def _rc2_40(credential: Credential, chain: tuple[x509.Certificate, ...], passphrase: str) -> bytes:
    """What ``openssl pkcs12 -export -legacy`` writes: certificates under RC2-40, the key under 3DES, SHA-1 MAC."""
    key_id = credential.certificate.fingerprint(hashes.SHA1())  # noqa: S303  # the id that OpenSSL gives
    bags = [_certificate_bag(credential.certificate, key_id), *(_certificate_bag(issuer, None) for issuer in chain)]
    certificates = pkcs12.SafeContents(bags).dump()
    key = credential.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    safe = pkcs12.AuthenticatedSafe([_encrypted(certificates, passphrase), _shrouded(key, key_id, passphrase)]).dump()
    salt = os.urandom(8)
    mac_key = _derive(passphrase, salt, purpose=3, size=20)
    digest = hmac.new(mac_key, safe, hashlib.sha1).digest()
    pfx = pkcs12.Pfx(
        {
            "version": "v3",
            "auth_safe": {"content_type": "data", "content": safe},
            "mac_data": {
                "mac": {"digest_algorithm": {"algorithm": "sha1"}, "digest": digest},
                "mac_salt": salt,
                "iterations": ITERATIONS,
            },
        }
    )
    return bytes(pfx.dump())


def _certificate_bag(certificate: x509.Certificate, key_id: bytes | None) -> pkcs12.SafeBag:
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    content = pkcs12.CertBag({"cert_id": "x509", "cert_value": core.ParsableOctetString(parsed.dump())})
    return pkcs12.SafeBag({"bag_id": "cert_bag", "bag_value": content, "bag_attributes": _attributes(key_id)})


def _attributes(key_id: bytes | None) -> list[dict[str, object]]:
    return [{"type": "local_key_id", "values": [key_id]}] if key_id else []


def _encrypted(content: bytes, passphrase: str) -> cms.ContentInfo:
    salt = os.urandom(8)
    cipher = ARC2.new(  # noqa: S304  # weak on purpose: files of this kind are in the field
        _derive(passphrase, salt, purpose=1, size=5),
        ARC2.MODE_CBC,
        iv=_derive(passphrase, salt, purpose=2, size=8),
        effective_keylen=40,
    )
    return cms.ContentInfo(
        {
            "content_type": "encrypted_data",
            "content": cms.EncryptedData(
                {
                    "version": "v0",
                    "encrypted_content_info": {
                        "content_type": "data",
                        "content_encryption_algorithm": _algorithm("pkcs12_sha1_rc2_40", salt),
                        "encrypted_content": cipher.encrypt(pad(content, 8)),
                    },
                }
            ),
        }
    )


def _shrouded(key: bytes, key_id: bytes, passphrase: str) -> cms.ContentInfo:
    salt = os.urandom(8)
    cipher = DES3.new(
        _derive(passphrase, salt, purpose=1, size=24), DES3.MODE_CBC, iv=_derive(passphrase, salt, purpose=2, size=8)
    )
    bag = pkcs12.SafeBag(
        {
            "bag_id": "pkcs8_shrouded_key_bag",
            "bag_value": {
                "encryption_algorithm": _algorithm("pkcs12_sha1_tripledes_3key", salt),
                "encrypted_data": cipher.encrypt(pad(key, 8)),
            },
            "bag_attributes": _attributes(key_id),
        }
    )
    return cms.ContentInfo({"content_type": "data", "content": pkcs12.SafeContents([bag]).dump()})


def _algorithm(name: str, salt: bytes) -> algos.EncryptionAlgorithm:
    return algos.EncryptionAlgorithm({"algorithm": name, "parameters": {"salt": salt, "iterations": ITERATIONS}})


def _derive(passphrase: str, salt: bytes, *, purpose: int, size: int) -> bytes:
    """RFC 7292 appendix B.2 with SHA-1; purpose 1 makes a key, 2 an initialisation vector, 3 a MAC key."""
    block = 64
    password = passphrase.encode("utf-16-be") + b"\x00\x00"
    state = bytearray(_filled(salt, block) + _filled(password, block))
    derived = b""
    while len(derived) < size:
        digest = bytes([purpose]) * block + bytes(state)
        for _ in range(ITERATIONS):
            digest = hashlib.sha1(digest, usedforsecurity=False).digest()
        derived += digest
        increment = int.from_bytes(_filled(digest, block), "big") + 1
        for start in range(0, len(state), block):
            value = int.from_bytes(state[start : start + block], "big") + increment
            state[start : start + block] = (value % (1 << (8 * block))).to_bytes(block, "big")
    return derived[:size]


def _filled(content: bytes, block: int) -> bytes:
    """``content`` repeated and cut to a whole number of blocks."""
    size = -(-len(content) // block) * block
    return (content * (size // len(content) + 1))[:size]
