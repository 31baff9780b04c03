"""What stands in the messages of a TLS handshake that name certificates and CAs.

The far side has written them, and they are read before OpenSSL has looked at them: what a message claims and does
not hold is left out, and nothing in one is an error.
"""

from __future__ import annotations

import ssl
import warnings
from functools import lru_cache

from cryptography import x509

from cpi_conformance.certificates import dn
from cpi_conformance.certificates.chain import UNREADABLE

HEADER = 4
"""Bytes of a message before its content: its kind, and three of length (RFC 8446, section 4)."""

CERTIFICATE_AUTHORITIES = 47
"""The extension that names the accepted CAs (RFC 8446, section 4.2.4)."""


def certificates_in(message: bytes, version: int) -> tuple[x509.Certificate, ...]:
    """The readable certificates of a TLS Certificate message, header included (RFC 5246 7.4.2, RFC 8446 4.4.2)."""
    modern = version == ssl.TLSVersion.TLSv1_3
    content = message[HEADER:]
    if modern:
        _, content = _vector(content, 1)  # the context of the request
    entries, _ = _vector(content, 3)
    found = []
    while entries:
        der, entries = _vector(entries, 3)
        if modern:
            _, entries = _vector(entries, 2)  # extensions
        found.append(_certificate(der))
    return tuple(each for each in found if each is not None)


def names_in(message: bytes, version: int) -> tuple[str, ...]:
    """The readable CA names of a CertificateRequest, header included (RFC 5246 7.4.4, RFC 8446 4.3.2)."""
    content = message[HEADER:]
    if version == ssl.TLSVersion.TLSv1_3:
        _, content = _vector(content, 1)  # the context of the request
        content = _extension(_vector(content, 2)[0], CERTIFICATE_AUTHORITIES)
    else:
        _, content = _vector(content, 1)  # types of certificates
        _, content = _vector(content, 2)  # signature algorithms
    entries, _ = _vector(content, 2)
    names = []
    while entries:
        der, entries = _vector(entries, 2)
        names.append(_name(der))
    return tuple(filter(None, names))


def _vector(content: bytes, size: int) -> tuple[bytes, bytes]:
    """A vector as far as it is there, and what follows it; its first ``size`` bytes are its length (RFC 8446, 3.4)."""
    ends = size + int.from_bytes(content[:size], "big")
    return content[size:ends], content[ends:]


def _extension(extensions: bytes, wanted: int) -> bytes:
    """The content of the first extension of a kind; empty when there is none."""
    while extensions:
        kind = int.from_bytes(extensions[:2], "big")
        content, extensions = _vector(extensions[2:], 2)
        if kind == wanted:
            return content
    return b""


@lru_cache(maxsize=128)  # a far side presents the same ones each time
def _certificate(der: bytes) -> x509.Certificate | None:
    """A certificate of the far side, which may be anything; odd ones are not our affair, unreadable ones left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
            dn(certificate.subject)  # names are read when they are asked for, and whoever explains a refusal does
            dn(certificate.issuer)
        except (*UNREADABLE, x509.InvalidVersion):
            return None
    return certificate


@lru_cache(maxsize=128)
def _name(der: bytes) -> str | None:
    try:
        return dn(x509.Name.from_bytes(der))
    except UNREADABLE:
        return None
