"""Reading a PSE, the file in which SAP's cryptographic library keeps a key, its certificates and whom it trusts.

STRUST shows the parts as *Own Certificate* with its issuers, and *Certificate List*. Nothing is written here.
``pse_structure`` says what of the format was measured, and what is told by other programs only.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.cer import load_certificate
from cpi_conformance.certificates.certificate_facts import public_key_of
from cpi_conformance.certificates.chain import issued_by, issuers_above
from cpi_conformance.certificates.der_shape import Shape, shape_of
from cpi_conformance.certificates.der_values import inside, values
from cpi_conformance.certificates.kinds import Kind, Recognised, recognise
from cpi_conformance.certificates.pse_protection import opened
from cpi_conformance.certificates.pse_refused import EXPORT, PseProblem, PseRefused
from cpi_conformance.certificates.pse_structure import Content, Root, SecretKey
from cpi_conformance.secret import Secret

SECRET_KEYS = ("1.3.36.2.3.4", "1.3.36.2.3.1")
"""``SKnew``, and ``SignSK`` of a PSE with one key pair for signing and one for encryption."""
OWN_CERTIFICATES = ("1.3.36.2.1.3", "1.3.36.2.1.1")
"""``Cert``, and ``SignCert``."""
PATH = ("1.3.36.2.4.1",)
ROOT = ("1.3.36.2.5.1",)
LIST = ("1.3.36.2.6.1",)

BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What the libraries raise for structures that nobody has written on purpose."""


@dataclass(frozen=True)
class PseContent:
    """What a PSE holds."""

    certificate: x509.Certificate | None
    """STRUST's *Own Certificate*; a PSE that is there for trusting only has none."""
    key: rsa.RSAPrivateKey | None = field(repr=False)
    """The own private key, where it is RSA; how other kinds are kept is not known."""
    holds_key: bool
    issuers: tuple[x509.Certificate, ...]
    """The certification path (``FCPath``) in the file's order, level by level."""
    certificate_list: tuple[x509.Certificate, ...]
    """STRUST's *Certificate List* (``PKList``), in the file's order."""
    root: x509.Certificate | None
    """The top of the own chain (``PKRoot``), which need not be in the list."""

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The own certificate's issuers that the PSE holds, from the direct one upwards; its list is not asked."""
        above = (*self.issuers, *((self.root,) if self.root else ()))
        return () if self.certificate is None else issuers_above(self.certificate, above)

    @property
    def credential(self) -> Credential | None:
        """With what its owner identifies itself; ``None`` without a certificate or a key that can be read."""
        if self.certificate is None or self.key is None:
            return None
        return Credential(self.certificate, self.key, self.chain)


def read_pse(content: bytes, pin: Secret | None = None) -> PseContent:
    """Read a PSE file: without a PIN, or of version 2 or 4 with one; base64 of it is read as well.

    Raises:
        PseRefused: it is no PSE, does not open with this PIN, is damaged, or is encrypted or written in a way of
            which too little is known; the advice then says how to export what is in it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd serial numbers and weak algorithms are not our affair
            return _read(opened(pse_der(recognise(content)), pin))
    except BROKEN as error:
        raise PseRefused(PseProblem.DAMAGED, "its structure is broken or breaks off") from error


def pse_der(file: Recognised) -> bytes:
    """The bytes of a file that is a PSE; :class:`PseRefused` when it is something else."""
    if file.kind is not Kind.PSE:
        raise PseRefused(PseProblem.NOT_A_PSE, f"it is: {file.kind.value}")
    return file.der


def _read(content: bytes) -> PseContent:
    kept: dict[str, bytes] = {}
    for each in Content.load(content)["objects"]:
        kept.setdefault(str(each["kind"].dotted), each["value"].dump())
    own = _first(kept, OWN_CERTIFICATES)
    certificate = None if own is None else _certificate(own)
    secret = _first(kept, SECRET_KEYS)
    return PseContent(
        certificate=certificate,
        key=None if secret is None or certificate is None else _key(secret, certificate),
        holds_key=secret is not None,
        issuers=_certificates(_first(kept, PATH), depth=2),
        certificate_list=_certificates(_first(kept, LIST), depth=1),
        root=_root(_first(kept, ROOT)),
    )


def _first(kept: dict[str, bytes], kinds: tuple[str, ...]) -> bytes | None:
    return next((kept[kind] for kind in kinds if kind in kept), None)


def _certificates(value: bytes | None, *, depth: int) -> tuple[x509.Certificate, ...]:
    return () if value is None else tuple(map(_certificate, _members(value, depth)))


def _members(value: bytes, depth: int) -> Iterator[bytes]:
    """What lies that deep in sets and sequences; a certificate further up is taken as it is."""
    if depth == 0 or shape_of(value) is Shape.CERTIFICATE:
        yield value
        return
    for each in values(inside(value)):
        yield from _members(each, depth - 1)


def _certificate(der: bytes) -> x509.Certificate:
    if _is_unsigned(der):
        told = "its list holds certificates without their signatures, as old programs wrote them"
        raise PseRefused(PseProblem.UNSUPPORTED_FORM, told, EXPORT)
    return load_certificate(der)


def _is_unsigned(der: bytes) -> bool:
    """True for the to-be-signed part of a certificate, which ends before algorithm and signature."""
    tags = [each[0] for each in islice(values(inside(der)), 3)]
    return tags in ([0xA0, 0x02, 0x30], [0x02, 0x30, 0x30])


def _key(value: bytes, certificate: x509.Certificate) -> rsa.RSAPrivateKey | None:
    """The private key, of which the PSE keeps the primes alone (measured on pysap's samples)."""
    public = public_key_of(certificate)
    secret = SecretKey.load(value)
    if secret["algorithm"]["algorithm"].native != "rsa" or not isinstance(public, rsa.RSAPublicKey):
        return None
    primes = [int(each.native) for each in core.SequenceOf.load(secret["key"].native, spec=core.Integer)]
    if len(primes) != 2:
        return None
    (p, q), numbers = primes, public.public_numbers()
    if min(p, q) < 3 or p * q != numbers.n:
        raise PseRefused(PseProblem.DAMAGED, "its private key and its own certificate do not belong together")
    d = rsa.rsa_recover_private_exponent(numbers.e, p, q)
    remainders = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *remainders, numbers).private_key()


def _root(value: bytes | None) -> x509.Certificate | None:
    """The root's certificate put together again; ``None`` when it cannot be, or its signature does not fit."""
    if value is None:
        return None
    try:
        found = load_certificate(_together(Root.load(value)))
    except BROKEN:
        return None
    return found if issued_by(found, found) else None


def _together(root: Root) -> bytes:
    key = root["key"]
    parts = {
        "version": key["version"],
        "serial_number": key["serial_number"],
        "signature": key["algorithm"],
        "issuer": root["name"],
        "validity": key["validity"],
        "subject": root["name"],
        "subject_public_key_info": key["public_key"],
    }
    rest = root["rest"].untag().dump()
    if rest and inside(rest)[:1] == b"\x30":  # otherwise it is the key before this one
        parts["extensions"] = asn1_x509.Extensions.load(rest)
    whole = {
        "tbs_certificate": asn1_x509.TbsCertificate(parts),
        "signature_algorithm": key["algorithm"],
        "signature_value": key["signature"],
    }
    return bytes(asn1_x509.Certificate(whole).dump())
