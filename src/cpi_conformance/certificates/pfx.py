"""Opening a PFX (PKCS#12, RFC 7292), and saying precisely why one does not open.

cryptography has one text for a wrong passphrase and for an algorithm that it does not know. The
algorithms stand unencrypted in the outer structure, so reading that tells the two apart
(texts and matrix: measured, see docs/fidelity.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from asn1crypto import cms, pkcs12
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.chain import issued_by
from cpi_conformance.secret import Secret

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


class PfxProblem(Enum):
    """Why a PFX is no identity."""

    NOT_A_PFX = "not-a-pfx"
    DAMAGED = "damaged-pfx"
    WRONG_PASSPHRASE = "wrong-passphrase"
    UNSUPPORTED_ENCRYPTION = "unsupported-encryption"
    UNSUPPORTED_KEY = "unsupported-key"
    NO_PRIVATE_KEY = "no-private-key"
    NO_CERTIFICATE = "no-certificate"


class PfxRefused(Exception):
    """A PFX that cannot be used: the problem, and one sentence about it that holds no secret."""

    def __init__(self, problem: PfxProblem, detail: str) -> None:
        super().__init__(f"{problem.value}: {detail}")
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True)
class PfxFile:
    """A PFX as a sender holds it: the bytes and the passphrase, neither of which is ever shown."""

    content: bytes = field(repr=False)
    passphrase: Secret | None = None

    def open(self) -> Credential:
        """The key, the certificate and its chain; :class:`PfxRefused` when that is not what it holds."""
        return open_pfx(self)


@lru_cache(maxsize=256)
def open_pfx(pfx: PfxFile) -> Credential:
    """Open a PFX once per run: an RSA key costs 30 ms each time, because its primes are checked.

    The issuers come back ordered from the direct one upwards, whatever order the file has.

    Raises:
        PfxRefused: the file is no PFX, is damaged, is encrypted in a way that is not supported, does
            not open with this passphrase, or holds no private key or no certificate.
    """
    passphrase = _usable(pfx.passphrase)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BER is allowed in a PFX, and odd serial numbers are not our affair
        try:
            key, certificate, others = load_key_and_certificates(pfx.content, passphrase)
            chain = _chain_of(certificate, others) if certificate else ()
        except (ValueError, TypeError, x509.InvalidVersion) as error:
            raise _explained(pfx.content) from error
    if key is None:
        raise PfxRefused(PfxProblem.NO_PRIVATE_KEY, "the file holds certificates but no private key")
    if certificate is None:
        raise PfxRefused(PfxProblem.NO_CERTIFICATE, "the file holds a private key but not its certificate")
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise PfxRefused(PfxProblem.UNSUPPORTED_KEY, f"a key of type {type(key).__name__} is not supported")
    return Credential(certificate, key, chain)


def _usable(passphrase: Secret | None) -> bytes | None:
    """The passphrase as bytes; a zero byte would make the library panic and print it."""
    if passphrase is None:
        return None
    try:
        encoded = passphrase.reveal().encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise PfxRefused(PfxProblem.WRONG_PASSPHRASE, "the passphrase is no text; was its file saved as UTF-8?")
    return encoded


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


def _explained(content: bytes) -> PfxRefused:
    if not content.startswith(b"\x30") or b"\x02\x01\x03" not in content[:9]:
        return PfxRefused(PfxProblem.NOT_A_PFX, "the file does not begin as a PKCS#12 container does")
    try:
        algorithms = encryption_of(content)
    except (ValueError, TypeError, KeyError) as error:
        return PfxRefused(PfxProblem.DAMAGED, f"the structure breaks off or is broken: {_first_line(error)}")
    if not algorithms:
        return PfxRefused(PfxProblem.DAMAGED, "what it holds cannot be read")
    unknown = [name for name in algorithms if name not in READABLE]
    if unknown:
        return PfxRefused(PfxProblem.UNSUPPORTED_ENCRYPTION, f"it is encrypted with {', '.join(unknown)}")
    return PfxRefused(PfxProblem.WRONG_PASSPHRASE, "the passphrase does not open it")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _chain_of(leaf: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    chain: list[x509.Certificate] = []
    current = leaf
    while current.subject != current.issuer:
        issuer = next((other for other in others if other not in chain and issued_by(current, other)), None)
        if issuer is None:
            break
        chain.append(issuer)
        current = issuer
    return tuple(chain)
