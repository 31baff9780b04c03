"""How a PFX is encrypted, read from its outer structure, for which no passphrase is needed.

Kept apart because few runs need it, and asn1crypto takes 20 ms to import.
"""

from __future__ import annotations

from collections.abc import Iterator

from asn1crypto import cms, pkcs12

READABLE = frozenset(
    {
        "pkcs12_sha1_rc4_128",
        "pkcs12_sha1_rc4_40",
        "pkcs12_sha1_tripledes_3key",
        "pkcs12_sha1_tripledes_2key",
        "pkcs12_sha1_rc2_128",
        "pkcs12_sha1_rc2_40",
        "aes128_cbc",
        "aes192_cbc",
        "aes256_cbc",
        "tripledes_3key",
        "rc2",
    }
)
"""What cryptography's own OpenSSL, legacy provider included, decrypts."""


def encryption_of(content: bytes) -> tuple[str, ...]:
    """The encryption algorithms of a PFX, by asn1crypto's names; ``ValueError`` when it has no such structure."""
    pfx = pkcs12.Pfx.load(content)
    if pfx["version"].native != "v3":
        raise ValueError("a PFX has version 3")
    return tuple(dict.fromkeys(_algorithms(pfx)))


def _algorithms(pfx: pkcs12.Pfx) -> Iterator[str]:
    for info in pfx.authenticated_safe:
        if isinstance(info["content"], cms.EncryptedData):
            yield _name(info["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        else:
            for bag in pkcs12.SafeContents.load(info["content"].native):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    yield _name(bag["bag_value"]["encryption_algorithm"])


def _name(algorithm: object) -> str:
    """The cipher's name; for PBES2 that of the cipher inside, for an unknown one its object identifier."""
    identifier = algorithm["algorithm"].native  # type: ignore[index]  # asn1crypto has no types
    if identifier == "pbes2":
        return str(algorithm["parameters"]["encryption_scheme"]["algorithm"].native)  # type: ignore[index]
    return str(identifier)
