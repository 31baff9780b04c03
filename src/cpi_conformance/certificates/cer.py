"""Single certificates as ``.cer``: Windows' Base-64 export, and reading what people have made of one."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from cryptography import x509

from cpi_conformance.certificates.armour import ArmourDamaged
from cpi_conformance.certificates.chain import common_name, dn, ordered, pem
from cpi_conformance.certificates.der_shape import Shape, shape_of
from cpi_conformance.certificates.kinds import Kind, Recognised, kind_of_block, recognise


class CertificateProblem(Enum):
    """Why a text or a file is no single certificate."""

    NOT_A_CERTIFICATE = "not-a-certificate"
    DAMAGED = "damaged-certificate"
    SIGNING_REQUEST = "signing-request"
    PRIVATE_KEY = "private-key"
    SEVERAL = "several-certificates"


class CertificateRefused(Exception):
    """What is no single certificate: the problem, and one sentence about it that holds nothing of the content."""

    def __init__(self, problem: CertificateProblem, detail: str) -> None:
        super().__init__(f"{problem.value}: {detail}")
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True)
class CerFile:
    """A file to write: its name, which every file system takes, and its content."""

    name: str
    content: bytes = field(repr=False)


def write_cer(certificate: x509.Certificate) -> bytes:
    """*Base-64 encoded X.509 (.CER)* of Windows' certificate export: PEM in 64 columns with CR and LF."""
    return pem([certificate]).replace("\n", "\r\n").encode("ascii")


def export_chain(p7b: bytes) -> tuple[CerFile, ...]:
    """A ``.cer`` for each certificate of a p7b, from the leaf to the root, as the whitepaper exports them by hand.

    For the keystore's chain these are three: S-user, ``SAP Passport CA G2``, ``SAP Cloud Root CA``. They are
    named after their common names.

    Raises:
        P7bRefused: it is no p7b.
        ChainRefused: its certificates are no chain.
    """
    from cpi_conformance.certificates.p7b import read_p7b  # asn1crypto takes 20 ms to import

    chain = ordered(read_p7b(p7b))
    names = file_names(common_name(each.subject) for each in chain)
    return tuple(CerFile(f"{name}.cer", write_cer(each)) for name, each in zip(names, chain, strict=True))


FORBIDDEN = frozenset('<>:"/\\|?*')
PORTS = (f"{kind}{number}" for kind in ("com", "lpt") for number in "123456789")
DEVICES = frozenset({"con", "prn", "aux", "nul", *PORTS})
"""Names that Windows gives to devices, whatever follows behind a dot."""


def file_names(names: Iterable[str]) -> Iterator[str]:
    """Names that Windows, macOS and Linux take, without an ending; no two alike, also without regard to case."""
    taken: set[str] = set()
    for name in names:
        plain = _plain(name)
        free, number = plain, 2
        while free.casefold() in taken:
            free, number = f"{plain} ({number})", number + 1
        taken.add(free.casefold())
        yield free


def _plain(name: str) -> str:
    safe = "".join(map(_character, unicodedata.normalize("NFC", name)))
    short = safe.encode()[:120].decode(errors="ignore").strip(" .")
    return f"_{short}" if short.split(".")[0].strip().casefold() in {"", *DEVICES} else short


def _character(character: str) -> str:
    """Itself, or an underscore in place of what a file system or a reader would stumble over."""
    hidden = unicodedata.category(character)[0] in "CZ" and character != " "
    return "_" if hidden or character in FORBIDDEN else character


def read_certificate(content: bytes) -> x509.Certificate:
    r"""The one certificate of a file or a field, read as leniently as SAP's own Java helper reads it.

    DER, PEM with line feeds of any kind, with blanks instead, or on one line, with literal ``\n`` from a JSON
    text, without markers, with a byte order mark or texts in front (``Bag Attributes``).

    Raises:
        CertificateRefused: it is a signing request, a private key, several certificates (most programs take
            the first and say nothing), damaged, or something else; the detail says which.
    """
    file = recognise(content)
    if file.fault:
        problem = CertificateProblem.DAMAGED if file.kind is not Kind.UNKNOWN else CertificateProblem.NOT_A_CERTIFICATE
        raise CertificateRefused(problem, file.fault)
    if file.kind is not Kind.CERTIFICATE:
        raise _refused(file, content)
    try:
        der = _der_of(file)
        if shape_of(der) is Shape.P7B:
            raise CertificateRefused(
                CertificateProblem.NOT_A_CERTIFICATE, "it is a p7b under the label CERTIFICATE; export each certificate"
            )
        return load_certificate(der)
    except ArmourDamaged as damage:
        raise CertificateRefused(CertificateProblem.DAMAGED, str(damage)) from None
    except ValueError as error:
        raise CertificateRefused(CertificateProblem.DAMAGED, "its structure is broken or breaks off") from error


def load_certificate(der: bytes) -> x509.Certificate:
    """One certificate whose names and dates can be read; ``ValueError`` when it is damaged.

    The library reads lazily, so that a broken name would show itself only when someone asks for it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd serial numbers and parameters are not our affair
        try:
            certificate = x509.load_der_x509_certificate(der)
            dn(certificate.subject), dn(certificate.issuer)
            _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.serial_number
        except (x509.InvalidVersion, TypeError) as error:
            raise ValueError(str(error)) from error
    return certificate


def _der_of(file: Recognised) -> bytes:
    if not file.parts:
        return file.der
    return next(part.der() for part in file.parts if kind_of_block(part) is Kind.CERTIFICATE)


def _refused(file: Recognised, content: bytes) -> CertificateRefused:
    match file.kind:
        case Kind.SIGNING_REQUEST:
            told = "it is a certificate signing request; take the certificate that the CA made of it"
            return CertificateRefused(CertificateProblem.SIGNING_REQUEST, told)
        case Kind.PRIVATE_KEY | Kind.ENCRYPTED_PRIVATE_KEY | Kind.CREDENTIAL:
            told = f"it is: {file.kind.value}; a key must not leave its owner, take the certificate alone"
            return CertificateRefused(CertificateProblem.PRIVATE_KEY, told)
        case Kind.CERTIFICATES:
            told = f"it holds {len(file.parts)} certificates; take the leaf alone"
            return CertificateRefused(CertificateProblem.SEVERAL, told)
        case Kind.UNKNOWN if content.startswith(b"\x30"):
            return CertificateRefused(CertificateProblem.DAMAGED, "it begins as a certificate may, and is none")
    return CertificateRefused(CertificateProblem.NOT_A_CERTIFICATE, f"it is: {file.kind.value}")
