"""Opening a PFX (PKCS#12, RFC 7292), and saying precisely why one does not open.

cryptography has one text for a wrong passphrase and for an algorithm that it does not know. The
algorithms stand unencrypted in the outer structure, so reading that tells the two apart
(texts and matrix: measured, see docs/fidelity.md).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.chain import issuers_above
from cpi_conformance.secret import Secret


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
            chain = issuers_above(certificate, others) if certificate else ()
        except (ValueError, TypeError, x509.InvalidVersion) as error:
            raise _explained(pfx) from error
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


def _explained(pfx: PfxFile) -> PfxRefused:
    from cpi_conformance.certificates.pfx_encryption import READABLE, encryption_of  # see there

    content = pfx.content
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
    given = "the passphrase does not open it" if pfx.passphrase else "it is encrypted, and no passphrase is given"
    return PfxRefused(PfxProblem.WRONG_PASSPHRASE, given)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
