"""How a PSE file is protected, and opening it with its PIN.

The PIN gives key and initialisation vector for 3DES as a passphrase does in PKCS#12. What is right is told by the
content: decrypted, it begins with the algorithm of its envelope (measured on pysap's samples of both versions).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from asn1crypto import core
from Crypto.Cipher import DES3
from Crypto.Util.Padding import unpad

from cpi_conformance.certificates.der_shape import Shape, shape_of
from cpi_conformance.certificates.der_values import inside, values
from cpi_conformance.certificates.pfx_protection import NAMES, Protection
from cpi_conformance.certificates.pkcs12_derivation import Derivation
from cpi_conformance.certificates.pse_refused import EXPORT, PseProblem, PseRefused
from cpi_conformance.certificates.pse_structure import PseFile
from cpi_conformance.secret import Secret

BOUND_TO_MACHINE = 256
"""What stands in the place of the version when the key lies in the protected storage (LPS) of the machine."""

MOST_ITERATIONS = 1_000_000
"""A hundred times what SAP's library takes; that many cost more than a second."""

TRIPLE_DES = "pkcs12_sha1_tripledes_3key"
BLOCK = 8
"""Bytes of a block of 3DES."""


@dataclass(frozen=True)
class Sealed:
    """An encrypted content, and what its envelope says of it."""

    ciphertext: bytes = field(repr=False)
    algorithm: str
    salt: bytes
    iterations: int
    pin: bytes | None = field(repr=False)
    """Of version 2: the PIN, encrypted with itself."""
    digest: bytes | None
    """Of version 4: SHA-1 of the open content."""


def protection_of_pse(der: bytes) -> Protection:
    """With what a PSE file is encrypted, for which no PIN is needed.

    Raises:
        PseRefused: it is bound to a machine, or damaged.
        ValueError, TypeError: it has not the structure of a PSE.
    """
    found = envelope_of(der)
    if isinstance(found, bytes):
        return Protection((), None, None, ())
    return Protection((found.algorithm,), None, None, (found.iterations,) if found.iterations else ())


def opened(der: bytes, pin: Secret | None) -> bytes:
    """The open content of a PSE file; a PIN is not looked at where none is needed.

    Raises:
        PseRefused: the PIN is wrong or missing, the encryption is not known, or it is damaged.
        ValueError, TypeError: it has not the structure of a PSE.
    """
    found = envelope_of(der)
    return found if isinstance(found, bytes) else _unsealed(found, pin)


def envelope_of(der: bytes) -> bytes | Sealed:
    """The content of a PSE file where it lies open, otherwise what is known of it without the PIN."""
    if inside(der)[:1] != b"\x02":
        return der
    file = PseFile.load(der)
    if file["version"].native == BOUND_TO_MACHINE:
        told = "its key lies in the protected storage (LPS) of the machine that it was made on"
        raise PseRefused(PseProblem.UNSUPPORTED_ENCRYPTION, told, EXPORT)
    envelope = file["envelope"].chosen
    match file["envelope"].name:
        case "open":
            _, content = values(inside(der))  # as it is: asn1crypto encodes anew what has a length like 0x180
            return content
        case "version_4" if envelope["flag"].native == 0:
            return bytes(envelope["content"].native)
        case "version_4":
            return _sealed(envelope, digest=envelope["digest"].native)
    return _sealed(envelope, pin=envelope["pin"].native)


def _sealed(envelope: core.Sequence, *, pin: bytes | None = None, digest: bytes | None = None) -> Sealed:
    algorithm = str(envelope["algorithm"]["algorithm"].native)
    salt, iterations = b"", 0
    if algorithm == TRIPLE_DES:
        parameters = envelope["algorithm"]["parameters"]
        salt, iterations = bytes(parameters["salt"].native), int(parameters["iterations"].native)
    return Sealed(bytes(envelope["content"].native), algorithm, salt, iterations, pin, digest)


def _unsealed(sealed: Sealed, pin: Secret | None) -> bytes:
    if sealed.algorithm != TRIPLE_DES:
        told = f"it is encrypted with {NAMES.get(sealed.algorithm, sealed.algorithm)}"
        raise PseRefused(PseProblem.UNSUPPORTED_ENCRYPTION, told, EXPORT)
    if sealed.iterations > MOST_ITERATIONS:
        told = f"its key is iterated {sealed.iterations} times, which takes too long"
        raise PseRefused(PseProblem.UNSUPPORTED_ENCRYPTION, told, EXPORT)
    ciphertext = sealed.ciphertext
    if sealed.iterations < 1 or not sealed.salt or not ciphertext or len(ciphertext) % BLOCK:
        raise PseRefused(PseProblem.DAMAGED, "what its envelope says of the encryption cannot be")
    text = _usable(pin)
    key, start = _derived(text, sealed)
    content = DES3.new(key, DES3.MODE_CBC, iv=start).decrypt(ciphertext)
    if shape_of(content) is not Shape.PSE:
        if sealed.pin is not None and _encrypts(text, key, start, sealed.pin):
            raise PseRefused(PseProblem.DAMAGED, "the PIN is right, and what it opens is broken")
        raise PseRefused(PseProblem.WRONG_PIN, "the PIN does not open it")
    content = unpad(content, BLOCK)
    if sealed.digest and hashlib.sha1(content, usedforsecurity=False).digest() != sealed.digest:
        raise PseRefused(PseProblem.DAMAGED, "the PIN is right, and what it opens has been changed")
    return content


def _usable(pin: Secret | None) -> str:
    if pin is None:
        raise PseRefused(PseProblem.WRONG_PIN, "it is protected by a PIN, and none is given")
    text = pin.reveal()
    try:
        text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise PseRefused(PseProblem.WRONG_PIN, "the PIN is no text; was its file saved as UTF-8?") from None
    return text


def _derived(pin: str, sealed: Sealed) -> tuple[bytes, bytes]:
    derivation = Derivation(pin, sealed.iterations)
    return derivation.derive(sealed.salt, purpose=1, size=24), derivation.derive(sealed.salt, purpose=2, size=BLOCK)


def _encrypts(pin: str, key: bytes, start: bytes, encrypted: bytes) -> bool:
    """Whether this is the PIN, encrypted with itself."""
    if not encrypted or len(encrypted) % BLOCK:
        return False
    try:
        return unpad(DES3.new(key, DES3.MODE_CBC, iv=start).decrypt(encrypted), BLOCK) == pin.encode()
    except ValueError:
        return False
