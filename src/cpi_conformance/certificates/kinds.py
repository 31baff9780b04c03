"""What a file is, by its content: people rename them, and ``.cer`` says nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum

from cpi_conformance.certificates.armour import ArmourDamaged, Block, bare, blocks, is_escaped, is_one_line, text_of
from cpi_conformance.certificates.der_shape import Shape, shape_of


class Kind(Enum):
    """What people call it."""

    PFX = "PFX (PKCS#12)"
    P7B = "certificates as p7b (PKCS#7)"
    CERTIFICATE = "certificate"
    CERTIFICATES = "bundle of certificates"
    CREDENTIAL = "certificate with its private key"
    SIGNING_REQUEST = "certificate signing request"
    PRIVATE_KEY = "private key, not encrypted"
    ENCRYPTED_PRIVATE_KEY = "private key, encrypted"
    PUBLIC_KEY = "public key"
    SERVICE_KEY = "service key"
    JAVA_KEYSTORE = "Java keystore (JKS)"
    PSE = "SAP personal security environment (PSE)"
    EMPTY = "empty file"
    UNKNOWN = "of no kind that is known here"


class Form(Enum):
    """How it is written down."""

    DER = "binary"
    PEM = "PEM"
    ONE_LINE = "PEM without line feeds"
    ESCAPED = r"PEM with literal \n"
    BARE = "base64 without markers"
    JSON = "JSON"
    NONE = ""


LABELS = {
    "CERTIFICATE": Kind.CERTIFICATE,
    "X509 CERTIFICATE": Kind.CERTIFICATE,
    "TRUSTED CERTIFICATE": Kind.CERTIFICATE,
    "PKCS7": Kind.P7B,
    "PKCS #7 SIGNED DATA": Kind.P7B,
    "CMS": Kind.P7B,
    "CERTIFICATE REQUEST": Kind.SIGNING_REQUEST,
    "NEW CERTIFICATE REQUEST": Kind.SIGNING_REQUEST,
    "PRIVATE KEY": Kind.PRIVATE_KEY,
    "RSA PRIVATE KEY": Kind.PRIVATE_KEY,
    "EC PRIVATE KEY": Kind.PRIVATE_KEY,
    "ENCRYPTED PRIVATE KEY": Kind.ENCRYPTED_PRIVATE_KEY,
    "PUBLIC KEY": Kind.PUBLIC_KEY,
    "RSA PUBLIC KEY": Kind.PUBLIC_KEY,
}
KEYS = {Kind.PRIVATE_KEY, Kind.ENCRYPTED_PRIVATE_KEY}

SHAPES = {
    Shape.PFX: Kind.PFX,
    Shape.P7B: Kind.P7B,
    Shape.CERTIFICATE: Kind.CERTIFICATE,
    Shape.SIGNING_REQUEST: Kind.SIGNING_REQUEST,
    Shape.PRIVATE_KEY: Kind.PRIVATE_KEY,
    Shape.ENCRYPTED_PRIVATE_KEY: Kind.ENCRYPTED_PRIVATE_KEY,
    Shape.PUBLIC_KEY: Kind.PUBLIC_KEY,
    Shape.PSE: Kind.PSE,
    Shape.OTHER: Kind.UNKNOWN,
}

JAVA_MAGIC = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
"""JKS, and JCEKS of Sun's extension."""


@dataclass(frozen=True)
class Recognised:
    """A file's kind and form, with its parts where it is PEM, and what is wrong with its text if anything is."""

    kind: Kind
    form: Form
    der: bytes = field(default=b"", repr=False)
    parts: tuple[Block, ...] = ()
    fault: str | None = None


def recognise(content: bytes) -> Recognised:
    """What a file is; never raises, and never looks behind an encryption."""
    if not content.strip(b" \t\r\n\0"):
        return Recognised(Kind.EMPTY, Form.NONE)
    if content.startswith(JAVA_MAGIC):
        return Recognised(Kind.JAVA_KEYSTORE, Form.DER)
    text = text_of(content)
    if text is None:
        return Recognised(SHAPES[shape_of(content)], Form.DER, content)
    if text.lstrip().startswith("{"):
        return _json(text)
    try:
        parts = blocks(text)
    except ArmourDamaged as damage:
        return Recognised(_kind_by_marker(text), Form.PEM, fault=str(damage))
    if parts:
        return Recognised(_kind_of(parts), _form_of(text), parts=parts)
    if (decoded := bare(text)) is not None:
        return Recognised(SHAPES[shape_of(decoded)], Form.BARE, decoded)
    return Recognised(SHAPES[shape_of(content)], Form.DER, content)


def _json(text: str) -> Recognised:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return Recognised(Kind.UNKNOWN, Form.JSON, fault="it begins as JSON does, and is none")
    credentials = service_key_fields(read)
    return Recognised(Kind.SERVICE_KEY if credentials else Kind.UNKNOWN, Form.JSON)


def service_key_fields(read: object) -> dict[str, object]:
    """The credentials of a service key, which are below ``oauth``, and perhaps that below ``credentials``.

    Empty when it is none. A key has at least a ``clientid`` or a ``certificate``.
    """
    for name in ("credentials", "oauth"):
        if isinstance(read, dict) and isinstance(read.get(name), dict):
            read = read[name]
    return read if isinstance(read, dict) and {"clientid", "certificate"} & read.keys() else {}


def _form_of(text: str) -> Form:
    if is_escaped(text):
        return Form.ESCAPED
    return Form.ONE_LINE if is_one_line(text) else Form.PEM


def _kind_of(parts: tuple[Block, ...]) -> Kind:
    kinds = [kind_of_block(part) for part in parts]
    certificates = kinds.count(Kind.CERTIFICATE)
    if certificates and KEYS & {*kinds}:
        return Kind.CREDENTIAL
    if certificates:
        return Kind.CERTIFICATE if certificates == 1 else Kind.CERTIFICATES
    return next((kind for kind in kinds if kind is not Kind.UNKNOWN), Kind.UNKNOWN)


def kind_of_block(block: Block) -> Kind:
    """What a block says it is; a key of OpenSSL 1 says in a header that it is encrypted."""
    kind = LABELS.get(block.label, Kind.UNKNOWN)
    if kind is Kind.PRIVATE_KEY and "ENCRYPTED" in block.body[:60]:
        return Kind.ENCRYPTED_PRIVATE_KEY
    return kind


def _kind_by_marker(text: str) -> Kind:
    for label, kind in sorted(LABELS.items(), key=lambda each: -len(each[0])):
        if f"BEGIN {label}" in text or f"END {label}" in text:
            return kind
    return Kind.UNKNOWN
