"""How a PFX is protected, read from its outer structure, for which no passphrase is needed."""

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import cms, pkcs12

from cpi_conformance.certificates.pfx_encryption import encryption_of

LEGACY = ("rc2", "rc4")
"""What OpenSSL 3 has only in its legacy provider."""

NAMES = {
    "pkcs12_sha1_rc2_40": "RC2-40",
    "pkcs12_sha1_rc2_128": "RC2-128",
    "pkcs12_sha1_rc4_40": "RC4-40",
    "pkcs12_sha1_rc4_128": "RC4-128",
    "pkcs12_sha1_tripledes_3key": "3DES",
    "pkcs12_sha1_tripledes_2key": "3DES with two keys",
    "aes128_cbc": "AES-128",
    "aes192_cbc": "AES-192",
    "aes256_cbc": "AES-256",
}


@dataclass(frozen=True)
class Protection:
    """Ciphers by asn1crypto's names, the MAC's hash, and how often each is iterated; no MAC is ``None``."""

    ciphers: tuple[str, ...]
    mac: str | None
    mac_iterations: int | None
    iterations: tuple[int, ...]

    @property
    def encryption(self) -> str:
        """The ciphers by the names that people use, in the file's order: certificates, then the key."""
        return " and ".join(NAMES.get(cipher, cipher) for cipher in self.ciphers) or "none"

    @property
    def legacy(self) -> bool:
        """True when OpenSSL 3 and Node need their legacy provider for it."""
        return any(word in cipher for cipher in self.ciphers for word in LEGACY)

    @property
    def modern(self) -> bool:
        """True for AES, which old CommonCryptoLib and Windows Server 2016 do not read."""
        return any(cipher.startswith("aes") for cipher in self.ciphers)


def protection_of(content: bytes) -> Protection:
    """The protection of a PFX; ``ValueError``, ``TypeError`` or ``KeyError`` when it has no such structure."""
    ciphers = encryption_of(content)
    pfx = pkcs12.Pfx.load(content)
    mac, rounds = None, None
    if pfx["mac_data"].native is not None:
        mac = str(pfx["mac_data"]["mac"]["digest_algorithm"]["algorithm"].native)
        rounds = int(pfx["mac_data"]["iterations"].native)
    return Protection(ciphers, mac, rounds, tuple(dict.fromkeys(_iterations(pfx))))


def _iterations(pfx: pkcs12.Pfx) -> list[int]:
    algorithms = []
    for info in pfx.authenticated_safe:
        if isinstance(info["content"], cms.EncryptedData):
            algorithms.append(info["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        else:
            bags = pkcs12.SafeContents.load(info["content"].native)
            shrouded = (bag for bag in bags if bag["bag_id"].native == "pkcs8_shrouded_key_bag")
            algorithms.extend(bag["bag_value"]["encryption_algorithm"] for bag in shrouded)
    return [rounds for algorithm in algorithms if (rounds := _rounds(algorithm)) is not None]


def _rounds(algorithm: object) -> int | None:
    parameters = algorithm["parameters"].native  # type: ignore[index]  # asn1crypto has no types
    if not isinstance(parameters, dict):
        return None
    derivation = parameters.get("key_derivation_func")
    found = (derivation.get("parameters") or {}) if derivation else parameters
    rounds = found.get("iterations", found.get("iteration_count")) if isinstance(found, dict) else None
    return int(rounds) if isinstance(rounds, int) else None
