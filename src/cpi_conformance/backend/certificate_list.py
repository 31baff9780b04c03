"""Reading a certificate list in whatever form the backend's administrator has it.

STRUST exports single certificates only, as Base-64 or binary, so a list is exported one by one or as the PSE that
holds it; others keep the same certificates as p7b, as a trust store of Java, or as what a program has printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from cryptography import x509

from cpi_conformance.certificates.armour import ArmourDamaged, Block, text_of
from cpi_conformance.certificates.cer import load_certificate
from cpi_conformance.certificates.contents import contents_of
from cpi_conformance.certificates.der_shape import Shape, shape_of
from cpi_conformance.certificates.der_values import values
from cpi_conformance.certificates.kinds import KEYS, Kind, Recognised, kind_of_block, recognise
from cpi_conformance.certificates.p7b import P7bProblem, P7bRefused, read_p7b
from cpi_conformance.certificates.pse_file import read_pse
from cpi_conformance.certificates.pse_refused import PseProblem, PseRefused
from cpi_conformance.secret import Secret


class CertificateListProblem(Enum):
    """Why a file is no certificate list."""

    EMPTY = "empty-list"
    NAMES_ONLY = "names-only"
    """It tells of certificates, and does not hold them."""
    OTHER_FILE = "other-file"
    PRIVATE_KEY = "private-key"
    LOCKED = "locked"
    DAMAGED = "damaged-list"
    UNSUPPORTED = "unsupported-form"


class CertificateListRefused(Exception):
    """What is no certificate list: the problem, one sentence about it that holds nothing secret, and what to do."""

    def __init__(self, problem: CertificateListProblem, detail: str, advice: str) -> None:
        super().__init__(f"{problem.value}: {detail}; {advice}")
        self.problem = problem
        self.detail = detail
        self.advice = advice


ONE_BY_ONE = "export each certificate of the list in STRUST as Base-64 and put them into one file"
AGAIN = "export it again"

SAPGENPSE = ("it is what sapgenpse prints: names and numbers", f"give the .pse itself, or {ONE_BY_ONE}")

TOLD_ONLY = {
    "Serialno": SAPGENPSE,
    "PKList": SAPGENPSE,
    "trustedCertEntry": ("it is what keytool -list prints: names and fingerprints", "print it with keytool -list -rfc"),
    "Certificate fingerprint": ("it is what keytool prints: names and fingerprints", "print it again with -rfc"),
    "Signature Algorithm:": ("it is what openssl prints of a certificate, without it", "leave out -noout"),
}
"""What programs print of certificates without the certificates, by a word that only they use."""

ELSEWHERE = {
    Kind.JAVA_KEYSTORE: "print its certificates: keytool -list -rfc -keystore FILE > list.txt",
    Kind.SIGNING_REQUEST: "take the certificates of the authorities that are to be trusted",
    Kind.SERVICE_KEY: "its certificate is the sender's; take those of the authorities that are to be trusted",
    Kind.PUBLIC_KEY: "a public key alone names nobody; take the certificate",
}

PSE_PROBLEMS = {
    PseProblem.WRONG_PIN: (CertificateListProblem.LOCKED, "give the PIN with which it was exported"),
    PseProblem.DAMAGED: (CertificateListProblem.DAMAGED, AGAIN),
}


def read_certificate_list(content: bytes, pin: Secret | None = None) -> tuple[x509.Certificate, ...]:
    """The certificates of a list in the file's order, each once.

    Read are: PEM, with whatever stands around its blocks (``keytool -list -rfc``, ``keytool -printcert -rfc``,
    ``openssl x509 -text``, ``openssl s_client -showcerts``); ``.cer`` as Base-64 or binary, also several in one file;
    p7b; a PSE, of which the certificate list is taken; a PFX that holds certificates only.

    Args:
        content: the file.
        pin: the PIN of a PSE, or the passphrase of a PFX; not looked at otherwise.

    Raises:
        CertificateListRefused: the file holds no certificates, or a private key, does not open, or is damaged.
    """
    file = recognise(content)
    if file.fault:
        raise CertificateListRefused(CertificateListProblem.DAMAGED, file.fault, AGAIN)
    found = tuple(dict.fromkeys(_read(file, content, pin)))
    if not found:
        raise CertificateListRefused(CertificateListProblem.EMPTY, f"its list is empty ({file.kind.value})", ONE_BY_ONE)
    return found


def _read(file: Recognised, content: bytes, pin: Secret | None) -> Iterator[x509.Certificate]:
    match file.kind:
        case Kind.CERTIFICATE | Kind.CERTIFICATES | Kind.P7B if file.parts:
            return _of_blocks(file.parts)
        case Kind.CERTIFICATE | Kind.P7B:
            return _of_values(file.der)
        case Kind.PSE:
            return iter(_of_pse(content, pin))
        case Kind.PFX:
            return iter(_of_pfx(file, content, pin))
    raise _refused(file, content)


def _of_blocks(parts: tuple[Block, ...]) -> Iterator[x509.Certificate]:
    blocks = [part for part in parts if kind_of_block(part) in {Kind.CERTIFICATE, Kind.P7B}]
    for number, block in enumerate(blocks, 1):
        place = f"block {number} of {len(blocks)}: "
        try:
            der = block.der()
        except ArmourDamaged as damage:
            raise CertificateListRefused(CertificateListProblem.DAMAGED, f"{place}{damage}", AGAIN) from None
        if block.label == "TRUSTED CERTIFICATE":  # OpenSSL puts its own opinion behind the certificate
            der = next(_values(der, place))
        yield from _of_value(der, place)


def _of_values(der: bytes) -> Iterator[x509.Certificate]:
    """Certificates one after the other, as when binary files are copied into one."""
    for number, value in enumerate(_values(der, ""), 1):
        yield from _of_value(value, f"certificate {number}: " if len(value) < len(der) else "")


def _values(der: bytes, place: str) -> Iterator[bytes]:
    try:
        yield from values(der)
    except ValueError:
        told = f"{place}its structure is broken or breaks off"
        raise CertificateListRefused(CertificateListProblem.DAMAGED, told, AGAIN) from None


def _of_value(der: bytes, place: str) -> tuple[x509.Certificate, ...]:
    try:
        return read_p7b(der) if shape_of(der) is Shape.P7B else (load_certificate(der),)
    except P7bRefused as refusal:
        problem = CertificateListProblem.DAMAGED
        if refusal.problem in {P7bProblem.NO_CERTIFICATE, P7bProblem.NOT_SIGNED_DATA}:
            problem = CertificateListProblem.EMPTY
        raise CertificateListRefused(problem, f"{place}{refusal.detail}", AGAIN) from None
    except ValueError as error:
        told = f"{place}its structure is broken or breaks off"
        raise CertificateListRefused(CertificateListProblem.DAMAGED, told, AGAIN) from error


def _of_pse(content: bytes, pin: Secret | None) -> tuple[x509.Certificate, ...]:
    try:
        return read_pse(content, pin).certificate_list
    except PseRefused as refusal:
        problem, advice = PSE_PROBLEMS.get(refusal.problem, (CertificateListProblem.UNSUPPORTED, refusal.advice))
        raise CertificateListRefused(problem, refusal.detail, advice) from refusal


def _of_pfx(file: Recognised, content: bytes, pin: Secret | None) -> tuple[x509.Certificate, ...]:
    found = contents_of(content, file, pin)
    if found.locked:
        told = found.unreadable or "it does not open"
        raise CertificateListRefused(CertificateListProblem.LOCKED, told, "give its passphrase")
    if found.unreadable:
        raise CertificateListRefused(CertificateListProblem.DAMAGED, found.unreadable, AGAIN)
    if found.holds_key:
        raise _with_key(file.kind)
    return found.certificates


def _with_key(kind: Kind) -> CertificateListRefused:
    told = f"it holds a private key ({kind.value}); a certificate list holds none"
    return CertificateListRefused(CertificateListProblem.PRIVATE_KEY, told, "give the certificates alone")


def _refused(file: Recognised, content: bytes) -> CertificateListRefused:
    if file.kind in {*KEYS, Kind.CREDENTIAL}:
        return _with_key(file.kind)
    if file.kind is Kind.EMPTY:
        return CertificateListRefused(CertificateListProblem.EMPTY, "there is nothing in it", ONE_BY_ONE)
    if file.kind is Kind.UNKNOWN and content.startswith(b"\x30"):
        told = "it begins as a certificate may, and is broken or breaks off"
        return CertificateListRefused(CertificateListProblem.DAMAGED, told, AGAIN)
    text = text_of(content) or ""
    for word, (told, advice) in TOLD_ONLY.items():
        if word in text:
            return CertificateListRefused(CertificateListProblem.NAMES_ONLY, told, advice)
    advice = ELSEWHERE.get(file.kind, ONE_BY_ONE)
    return CertificateListRefused(CertificateListProblem.OTHER_FILE, f"it is: {file.kind.value}", advice)
