"""Opening a file of any kind: its certificates, whose key it holds, and why it does not open."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates

from cpi_conformance.certificates.armour import ArmourDamaged, Block, text_of
from cpi_conformance.certificates.cer import CertificateRefused, load_certificate, read_certificate
from cpi_conformance.certificates.certificate_facts import public_key_of
from cpi_conformance.certificates.chain import dn, is_authority
from cpi_conformance.certificates.kinds import KEYS, Kind, Recognised, kind_of_block, recognise, service_key_fields
from cpi_conformance.certificates.p7b import P7bRefused, read_p7b
from cpi_conformance.certificates.pfx import PfxFile, PfxProblem, PfxRefused, open_pfx
from cpi_conformance.certificates.pfx_protection import Protection, protection_of
from cpi_conformance.certificates.pse_file import read_pse
from cpi_conformance.certificates.pse_protection import protection_of_pse
from cpi_conformance.certificates.pse_refused import PseProblem, PseRefused
from cpi_conformance.secret import Secret


@dataclass(frozen=True)
class Contents:
    """What a file holds. Of a private key only its public half is kept."""

    certificates: tuple[x509.Certificate, ...] = ()
    leaf: x509.Certificate | None = None
    """The certificate that belongs to the key, or the one that would have to."""
    holds_key: bool = False
    key: PublicKeyTypes | None = field(default=None, repr=False)
    """The public half of the private key, when that could be read."""
    protection: Protection | None = None
    requested: str | None = None
    """The subject of a signing request."""
    listed: tuple[x509.Certificate, ...] | None = None
    """Of a PSE: its certificate list; ``None`` of everything else."""
    issuers: tuple[x509.Certificate, ...] | None = None
    """Of a PSE: those that go with its own certificate, in whatever order; its list does not."""
    locked: bool = False
    """True when only the passphrase is missing, or is another one."""
    unreadable: str | None = None

    @property
    def matches(self) -> bool | None:
        """Whether key and certificate belong together; ``None`` when one of them is not there."""
        if self.key is None or self.leaf is None:
            return None
        return public_key_of(self.leaf) == self.key


def contents_of(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    """Open a recognised file; never raises because of what it holds."""
    if file.fault:
        return Contents(unreadable=file.fault)
    opener = OPENERS.get(file.kind)
    if opener is None:
        return Contents(unreadable=ADVICE.get(file.kind, "it is no file that certificates travel in, or it is damaged"))
    try:
        return opener(content, file, passphrase)
    except (CertificateRefused, P7bRefused, PfxRefused) as refusal:
        return Contents(unreadable=refusal.detail)
    except ArmourDamaged as damage:
        return Contents(unreadable=str(damage))
    except BROKEN:
        return Contents(unreadable="its structure is broken or breaks off")


BROKEN = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError),
    *(UnsupportedAlgorithm, x509.InvalidVersion),
)
"""What the libraries raise for structures that nobody has written on purpose."""


ADVICE = {
    Kind.EMPTY: "there is nothing in it",
    Kind.JAVA_KEYSTORE: "convert it: keytool -importkeystore -srckeystore FILE -destkeystore new.pfx "
    "-deststoretype PKCS12",
    Kind.PUBLIC_KEY: "a public key alone names nobody; take the certificate",
}


def _pfx(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    der = file.parts[0].der() if file.parts else file.der
    try:
        protection = protection_of(der)
    except BROKEN:
        protection = None
    outside = Contents(protection=protection)
    refusal = _refusal(der, passphrase)
    if refusal and protection and not protection.ciphers and passphrase is not None:
        refusal, passphrase = _refusal(der, None), None  # nothing is encrypted: the one that was given is not needed
    if refusal is not None:
        if refusal.problem is PfxProblem.DAMAGED and protection and not protection.ciphers:
            said = "nothing in it is encrypted, but its MAC does not fit the passphrase, or it is damaged"
            return replace(outside, locked=True, unreadable=said)
        return replace(outside, locked=refusal.problem is PfxProblem.WRONG_PASSPHRASE, unreadable=refusal.detail)
    given = None if passphrase is None else passphrase.reveal().encode()
    key, certificate, others = load_key_and_certificates(der, given)
    leaf = certificate or _end(tuple(others))
    found = tuple(others) if certificate is None else (certificate, *others)
    public = None if key is None else key.public_key()
    return replace(outside, certificates=found, leaf=leaf, holds_key=key is not None, key=public)


INCOMPLETE = frozenset({PfxProblem.NO_CERTIFICATE, PfxProblem.NO_PRIVATE_KEY, PfxProblem.UNSUPPORTED_KEY})
"""What is no identity, but can be looked at."""


def _refusal(content: bytes, passphrase: Secret | None) -> PfxRefused | None:
    try:
        open_pfx(PfxFile(content, passphrase))
    except PfxRefused as refusal:
        return None if refusal.problem in INCOMPLETE else refusal
    return None


def _certificate(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    certificate = read_certificate(content)
    return Contents((certificate,), certificate)


def _p7b(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    certificates = read_p7b(content)
    return Contents(certificates, _end(certificates))


def _pem(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    labelled = [(kind_of_block(part), part) for part in file.parts]
    certificates = tuple(load_certificate(part.der()) for kind, part in labelled if kind is Kind.CERTIFICATE)
    keys = [(kind, part) for kind, part in labelled if kind in KEYS]
    if not keys:
        return Contents(certificates, _end(certificates))
    kind, part = keys[0]
    public, why = _private(kind, part, b"", passphrase)
    leaf = next((each for each in certificates if public and public_key_of(each) == public), _end(certificates))
    return Contents(certificates, leaf, holds_key=True, key=public, locked=why is not None, unreadable=why)


def _key(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    part = next((part for part in file.parts if kind_of_block(part) in KEYS), None)
    public, why = _private(file.kind, part, file.der, passphrase)
    if passphrase is None and file.kind is Kind.ENCRYPTED_PRIVATE_KEY:
        return Contents(holds_key=True, locked=True)
    return Contents(holds_key=True, key=public, locked=file.kind is Kind.ENCRYPTED_PRIVATE_KEY, unreadable=why)


def _pse(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    outside = Contents()
    try:
        outside = Contents(protection=protection_of_pse(file.der))
        found = read_pse(content, passphrase)
    except PseRefused as refusal:
        told = "; ".join(filter(None, (refusal.detail, refusal.advice)))
        return replace(outside, locked=refusal.problem is PseProblem.WRONG_PIN, unreadable=told)
    own = () if found.certificate is None else (found.certificate,)
    above = (*found.issuers, *(() if found.root is None else (found.root,)))
    return replace(
        outside,
        certificates=tuple(dict.fromkeys((*own, *above, *found.certificate_list))),
        leaf=found.certificate,
        holds_key=found.holds_key,
        key=None if found.key is None else found.key.public_key(),
        listed=found.certificate_list,
        issuers=above,
    )


def _private(
    kind: Kind, part: Block | None, der: bytes, passphrase: Secret | None
) -> tuple[PublicKeyTypes | None, str | None]:
    """The public half of a key, or why it cannot be read."""
    encrypted = kind is Kind.ENCRYPTED_PRIVATE_KEY
    if encrypted and passphrase is None:
        return None, "the private key is encrypted, and no passphrase is given"
    given = passphrase.reveal().encode(errors="replace") if encrypted and passphrase else None
    try:
        if part is not None and "Proc-Type:" in part.body:
            armoured = f"-----BEGIN {part.label}-----{part.body}-----END {part.label}-----\n"
            return load_pem_private_key(armoured.encode(), given).public_key(), None
        return load_der_private_key(der if part is None else part.der(), given).public_key(), None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        said = "the passphrase does not open the private key" if encrypted else "the private key cannot be read"
        return None, said


def _request(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    der = file.parts[0].der() if file.parts else file.der
    return Contents(requested=dn(x509.load_der_x509_csr(der).subject))


def _service_key(content: bytes, file: Recognised, passphrase: Secret | None) -> Contents:
    fields = service_key_fields(json.loads(text_of(content) or ""))
    texts = {name: each.encode() for name, each in fields.items() if isinstance(each, str)}
    if "certificate" not in texts:
        return Contents()
    inside = recognise(texts["certificate"] + b"\n" + texts.get("key", b""))
    if inside.kind is Kind.UNKNOWN or inside.fault:
        return Contents(unreadable=f"its field certificate cannot be read: {inside.fault or 'it is no PEM'}")
    return _pem(content, inside, passphrase)


def _end(certificates: tuple[x509.Certificate, ...]) -> x509.Certificate | None:
    return next((each for each in certificates if not is_authority(each)), None)


OPENERS: dict[Kind, Callable[[bytes, Recognised, Secret | None], Contents]] = {
    Kind.PFX: _pfx,
    Kind.P7B: _p7b,
    Kind.CERTIFICATE: _certificate,
    Kind.CERTIFICATES: _pem,
    Kind.CREDENTIAL: _pem,
    Kind.SIGNING_REQUEST: _request,
    Kind.PRIVATE_KEY: _key,
    Kind.ENCRYPTED_PRIVATE_KEY: _key,
    Kind.SERVICE_KEY: _service_key,
    Kind.PSE: _pse,
}
