"""Certificate chains as p7b (PKCS#7 signed data without a signature, RFC 2315), as the keystore downloads them.

The certificates of a p7b are a set: written as DER they are sorted by their bytes, which is no order of a chain
(measured with Java and cryptography: root, intermediate, leaf). :func:`cpi_conformance.certificates.chain.ordered`
puts them in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from cpi_conformance.certificates.armour import ArmourDamaged, Block
from cpi_conformance.certificates.cer import load_certificate
from cpi_conformance.certificates.der_shape import SEQUENCE, Shape, shape_of
from cpi_conformance.certificates.der_values import values
from cpi_conformance.certificates.kinds import LABELS, Kind, Recognised, recognise

LENGTH_LEFT_OPEN = 0x80
"""BER: the value ends where an end is marked."""


class Armour(Enum):
    """How a p7b is written down."""

    DER = "binary"
    """As Windows' certificate export writes it."""

    PEM = "PEM"
    """Between ``BEGIN PKCS7`` and ``END PKCS7``, as OpenSSL writes it."""


class P7bProblem(Enum):
    """Why a file is no chain as p7b."""

    NOT_A_P7B = "not-a-p7b"
    OTHER_LABEL = "other-label"
    NOT_SIGNED_DATA = "not-signed-data"
    DAMAGED = "damaged-p7b"
    NO_CERTIFICATE = "no-certificate"


class P7bRefused(Exception):
    """A p7b that cannot be used: the problem, and one sentence about it."""

    def __init__(self, problem: P7bProblem, detail: str) -> None:
        super().__init__(f"{problem.value}: {detail}")
        self.problem = problem
        self.detail = detail


def write_p7b(certificates: Iterable[x509.Certificate], armour: Armour = Armour.DER) -> bytes:
    """The certificates as p7b; as DER demands, they stand sorted by their bytes whatever order they come in.

    Raises:
        ValueError: there is no certificate.
    """
    listed = list(certificates)
    if not listed:
        raise ValueError("a p7b holds at least one certificate")
    return serialize_certificates(listed, Encoding.DER if armour is Armour.DER else Encoding.PEM)


def read_p7b(content: bytes) -> tuple[x509.Certificate, ...]:
    r"""The certificates of a p7b in the file's order.

    DER and BER, PEM with line feeds of any kind or none, with a byte order mark, with literal ``\n``, and base64
    without markers are all read.

    Raises:
        P7bRefused: it is something else (which is named), stands under another label, is another kind of PKCS#7
            such as enveloped data, is damaged, or holds no certificate.
    """
    der = _der_of(recognise(content), content)
    try:
        information = cms.ContentInfo.load(der)
        kind = information["content_type"].native
        if kind != "signed_data":
            said = str(kind).replace("_", " ")
            raise P7bRefused(P7bProblem.NOT_SIGNED_DATA, f"it holds {said}, not certificates alone")
        choices = information["content"]["certificates"]
        found = tuple(load_certificate(_definite(each)) for each in values(choices.contents) if each[0] == SEQUENCE)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise P7bRefused(P7bProblem.DAMAGED, "its structure is broken or breaks off") from error
    if not found:
        raise P7bRefused(P7bProblem.NO_CERTIFICATE, "it holds no certificate")
    return found


def _definite(certificate: bytes) -> bytes:
    """As it is, so that its signature fits; encoded anew only when it does not say how long it is (BER)."""
    return certificate if certificate[1] != LENGTH_LEFT_OPEN else bytes(asn1_x509.Certificate.load(certificate).dump())


def _der_of(file: Recognised, content: bytes) -> bytes:
    if file.kind is not Kind.P7B:
        if any(LABELS.get(part.label) is Kind.CERTIFICATE and _holds_p7b(part) for part in file.parts):
            raise P7bRefused(
                P7bProblem.OTHER_LABEL,
                "it is a p7b under the label CERTIFICATE, as certutil -encode writes it; write PKCS7 into both markers",
            )
        if file.kind is Kind.CERTIFICATES:
            count = len(file.parts)
            raise P7bRefused(
                P7bProblem.NOT_A_P7B, f"it is a PEM bundle of {count} certificates; its name should end in .pem"
            )
        if content.startswith(b"\x30") and len(content) < 24:
            raise P7bRefused(P7bProblem.DAMAGED, "it breaks off within its first bytes")
        raise P7bRefused(P7bProblem.NOT_A_P7B, f"it is: {file.kind.value}")
    if file.fault:
        raise P7bRefused(P7bProblem.DAMAGED, file.fault)
    if not file.parts:
        return file.der
    try:
        return file.parts[0].der()
    except ArmourDamaged as damage:
        raise P7bRefused(P7bProblem.DAMAGED, str(damage)) from None


def _holds_p7b(block: Block) -> bool:
    try:
        return shape_of(block.der()) is Shape.P7B
    except ArmourDamaged:
        return False
