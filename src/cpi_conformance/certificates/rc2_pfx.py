"""A PFX under RC2-40, which cryptography reads but does not write: built after RFC 7292, with RC2 from pycryptodome."""

from __future__ import annotations

import hashlib
import hmac
import os

from asn1crypto import algos, cms, core, pkcs12
from asn1crypto import x509 as asn1_x509
from Crypto.Cipher import ARC2, DES3
from Crypto.Util.Padding import pad
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.pkcs12_derivation import Derivation


def rc2_40(credential: Credential, chain: tuple[x509.Certificate, ...], passphrase: str, iterations: int) -> bytes:
    """What ``openssl pkcs12 -export -legacy`` writes: certificates under RC2-40, the key under 3DES, SHA-1 MAC."""
    derivation = Derivation(passphrase, iterations)
    key_id = credential.certificate.fingerprint(hashes.SHA1())  # noqa: S303  # the id that OpenSSL gives
    bags = [_certificate_bag(credential.certificate, key_id), *(_certificate_bag(issuer, None) for issuer in chain)]
    certificates = pkcs12.SafeContents(bags).dump()
    key = credential.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    safe = pkcs12.AuthenticatedSafe([_encrypted(certificates, derivation), _shrouded(key, key_id, derivation)]).dump()
    salt = os.urandom(8)
    mac_key = derivation.derive(salt, purpose=3, size=20)
    digest = hmac.new(mac_key, safe, hashlib.sha1).digest()
    pfx = pkcs12.Pfx(
        {
            "version": "v3",
            "auth_safe": {"content_type": "data", "content": safe},
            "mac_data": {
                "mac": {"digest_algorithm": {"algorithm": "sha1"}, "digest": digest},
                "mac_salt": salt,
                "iterations": iterations,
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


def _encrypted(content: bytes, derivation: Derivation) -> cms.ContentInfo:
    salt = os.urandom(8)
    cipher = ARC2.new(  # noqa: S304  # weak on purpose: files of this kind are in the field
        derivation.derive(salt, purpose=1, size=5),
        ARC2.MODE_CBC,
        iv=derivation.derive(salt, purpose=2, size=8),
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
                        "content_encryption_algorithm": _algorithm("pkcs12_sha1_rc2_40", salt, derivation),
                        "encrypted_content": cipher.encrypt(pad(content, 8)),
                    },
                }
            ),
        }
    )


def _shrouded(key: bytes, key_id: bytes, derivation: Derivation) -> cms.ContentInfo:
    salt = os.urandom(8)
    cipher = DES3.new(
        derivation.derive(salt, purpose=1, size=24), DES3.MODE_CBC, iv=derivation.derive(salt, purpose=2, size=8)
    )
    bag = pkcs12.SafeBag(
        {
            "bag_id": "pkcs8_shrouded_key_bag",
            "bag_value": {
                "encryption_algorithm": _algorithm("pkcs12_sha1_tripledes_3key", salt, derivation),
                "encrypted_data": cipher.encrypt(pad(key, 8)),
            },
            "bag_attributes": _attributes(key_id),
        }
    )
    return cms.ContentInfo({"content_type": "data", "content": pkcs12.SafeContents([bag]).dump()})


def _algorithm(name: str, salt: bytes, derivation: Derivation) -> algos.EncryptionAlgorithm:
    parameters = {"salt": salt, "iterations": derivation.iterations}
    return algos.EncryptionAlgorithm({"algorithm": name, "parameters": parameters})
