"""Writing PSE files of every kind that the reader knows, byte by byte, without the reader's own definitions.

What is known of the format, and from where:

- the envelopes of version 2 and 4, the encryption, the objects ``SKnew``, ``PKRoot``, ``Cert`` and ``CertList``:
  measured on pysap's samples. Given their key, certificate, salt and times, these functions write them byte for byte;
- the last 20 bytes of version 4 are the SHA-1 of the content before its encryption: measured on the same sample;
- ``PKList`` as a set of whole certificates: measured on ``required.pse`` of SAP's trust store;
- a file without a PIN as version 2 with the content open, and as version 4 with the flag 0: from pysap's definitions;
- ``FCPath`` as a sequence of sets of certificates (X.509's ForwardCertificationPath): from the sources of SecuDE, on
  which SAP's library is built; not measured;
- ``PKList`` as a set of to-be-signed parts, and the owner ``SYSTEM``: from SAP's Java class ``secudePSE``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from Crypto.Cipher import DES3
from Crypto.Util.Padding import pad
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cpi_conformance.certificates.pkcs12_derivation import Derivation
from cpi_conformance.secret import Secret

TIME = b"20260115120000Z"
SALT = bytes.fromhex("0011223344556677")
ITERATIONS = 20
"""SAP's library takes 10000, which would cost each reading 15 ms."""

SHA1_3DES = bytes.fromhex("060a2a864886f70d010c0103")
DES_EDE3_CBC = bytes.fromhex("06082a864886f70d0307")
PBES2 = bytes.fromhex("06092a864886f70d01050d")
AES_256_CBC = bytes.fromhex("060960864801650304012a")
RSA = bytes.fromhex("300d06092a864886f70d0101010500")
EC = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")

SK_NEW, CERT, SIGN_CERT, CERT_LIST = "1.3.36.2.3.4", "1.3.36.2.1.3", "1.3.36.2.1.1", "1.3.36.2.0"
FC_PATH, PK_ROOT, PK_LIST = "1.3.36.2.4.1", "1.3.36.2.5.1", "1.3.36.2.6.1"


class Envelope(Enum):
    """What stands around the content."""

    VERSION_2 = "version 2, with a PIN"
    VERSION_4 = "version 4, with a PIN"
    OPEN = "version 2, without a PIN"
    OPEN_4 = "version 4, without a PIN"
    BARE = "the content alone"


@dataclass(frozen=True)
class Sealing:
    """With what a file is encrypted."""

    pin: Secret
    salt: bytes = SALT
    iterations: int = ITERATIONS

    def algorithm(self) -> bytes:
        return tlv(0x30, SHA1_3DES, tlv(0x30, tlv(0x04, self.salt), integer(self.iterations)))

    def encrypted(self, plain: bytes) -> bytes:
        derivation = Derivation(self.pin.reveal(), self.iterations)
        key = derivation.derive(self.salt, purpose=1, size=24)
        start = derivation.derive(self.salt, purpose=2, size=8)
        return DES3.new(key, DES3.MODE_CBC, iv=start).encrypt(pad(plain, 8))


def write_pse(objects: Iterable[bytes], envelope: Envelope, sealing: Sealing, *, time: bytes = TIME) -> bytes:
    """A PSE file; the open ones keep the sealing's algorithm in their content, as decrypted ones do."""
    content = tlv(0x30, sealing.algorithm(), tlv(0x18, time), integer(1), tlv(0x31, *objects))
    match envelope:
        case Envelope.VERSION_2:
            pin = tlv(0x04, sealing.encrypted(sealing.pin.reveal().encode()))
            inside = tlv(0xA0, pin, sealing.algorithm(), tlv(0x04, sealing.encrypted(content)))
            return tlv(0x30, integer(2), inside)
        case Envelope.VERSION_4:
            sealed = tlv(0x04, sealing.encrypted(content))
            digest = hashlib.sha1(content, usedforsecurity=False).digest()
            inside = tlv(0xA3, integer(1), sealing.algorithm(), sealed, tlv(0x04, digest))
            return tlv(0x30, integer(4), inside)
        case Envelope.OPEN:
            return tlv(0x30, integer(2), content)
        case Envelope.OPEN_4:
            return tlv(0x30, integer(4), tlv(0xA3, integer(0), sealing.algorithm(), tlv(0x04, content), tlv(0x04)))
        case Envelope.BARE:
            return content


def written_by_java(certificates: Iterable[x509.Certificate]) -> bytes:
    """What SAP's Java class writes: open, for ``SYSTEM``, the list without the signatures, objects without a time."""
    algorithm = tlv(0x30, DES_EDE3_CBC, tlv(0x04, bytes(8)))
    parts = tlv(0x31, *(each.tbs_certificate_bytes for each in certificates))
    listed = tlv(0x30, tlv(0x13, b"PKList"), oid(PK_LIST), parts)
    content = tlv(0x30, algorithm, tlv(0x13, b"SYSTEM"), tlv(0x17, b"020101000000Z"), integer(1), tlv(0x31, listed))
    return tlv(0x30, integer(2), content)


def sealed_otherwise(version: int, algorithm: bytes) -> bytes:
    """An envelope whose encryption is another one."""
    inside = tlv(0xA0, tlv(0x04, bytes(16)), tlv(0x30, algorithm), tlv(0x04, bytes(64)))
    return tlv(0x30, integer(version), inside)


def holding(name: str, kind: str, value: bytes, *, time: bytes = TIME) -> bytes:
    """An object of a PSE."""
    return tlv(0x30, tlv(0x13, name.encode()), tlv(0x18, time), oid(kind), value)


def own_certificate(certificate: x509.Certificate, kind: str = CERT, *, time: bytes = TIME) -> bytes:
    return holding("Cert", kind, der(certificate), time=time)


def own_key(key: rsa.RSAPrivateKey, *, time: bytes = TIME) -> bytes:
    """Of an RSA key the PSE keeps the two primes alone; the exponent is in the certificate."""
    numbers = key.private_numbers()
    primes = tlv(0x30, integer(numbers.p), integer(numbers.q))
    return holding("SKnew", SK_NEW, tlv(0x30, RSA, tlv(0x03, b"\0", primes)), time=time)


def own_curve_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key of another kind, in a form that nobody has documented."""
    form = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return holding("SKnew", SK_NEW, tlv(0x30, EC, tlv(0x03, b"\0", form)))


def own_path(*levels: Sequence[x509.Certificate]) -> bytes:
    return holding("FCPath", FC_PATH, tlv(0x30, *(tlv(0x31, *map(der, level)) for level in levels)))


def own_root(root: x509.Certificate, *, time: bytes = TIME) -> bytes:
    """The parts of a root's certificate, in another order: name, number, key, validity, signature, extensions."""
    parts = children(root.tbs_certificate_bytes)
    version, serial, algorithm, name, validity, _, key, extensions = parts
    _, _, signature = children(der(root))
    newest = tlv(0x30, version, serial, key, tlv(0xA1, validity), tlv(0xA2, algorithm), signature)
    return holding("PKRoot", PK_ROOT, tlv(0x30, name, newest, tlv(0xA0, *children(extensions))), time=time)


def own_certificates(*certificates: x509.Certificate, time: bytes = TIME) -> bytes:
    return holding("CertList", CERT_LIST, tlv(0x31, *map(der, certificates)), time=time)


def trusted(*certificates: x509.Certificate) -> bytes:
    """The certificate list that STRUST shows."""
    return holding("PKList", PK_LIST, tlv(0x31, *map(der, certificates)))


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def public(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def tlv(tag: int, *parts: bytes) -> bytes:
    """A value of DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes(-(-len(content).bit_length() // 8), "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """An object identifier whose numbers are below 128, as all of 1.3.36.2 are."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, bytes([first * 40 + second, *rest]))


def children(value: bytes) -> list[bytes]:
    """The values inside a value of DER."""
    found, position = [], _start(value, 0)
    while position < len(value):
        start = _start(value, position)
        size = value[position + 1]
        length = size if size < 0x80 else int.from_bytes(value[position + 2 : start], "big")
        found.append(value[position : start + length])
        position = start + length
    return found


def enclosed(value: bytes) -> bytes:
    """What a value of DER encloses."""
    return value[_start(value, 0) :]


def _start(value: bytes, position: int) -> int:
    size = value[position + 1]
    return position + 2 + (size - 0x80 if size > 0x80 else 0)
