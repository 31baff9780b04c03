"""What a service key of Process Integration Runtime holds, below ``oauth``.

Shapes: SAP help 0fc1446 (key types) and 6e5db60 (``certificatedetails``); no field but ``clientid``, ``url`` and
``tokenurl`` is in all of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cpi_conformance.certificates import Credential, read_pem_bundle
from cpi_conformance.certificates.certificate_facts import public_key_of
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.secret import Secret

SOURCE = "credentials of the service key"

PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----")


@dataclass(frozen=True)
class CertificateDetails:
    """``certificatedetails``: names as the broker writes them, ``serialnumber`` in hexadecimal with ``0x``."""

    issuerdn: str
    subjectdn: str
    validuntil: dt.datetime | None
    serialnumber: str


@dataclass(frozen=True)
class KeyCredentials:
    """The credentials of one service key.

    Attributes:
        clientid, url, tokenurl: as given; ``url`` has no path, ``tokenurl`` has.
        clientsecret: of the type *ClientId/Secret*.
        certificates: of the two types with a certificate, leaf first.
        key: PEM; of the type *Certificate*.
        createdate: when the broker made it.
        certificate_details: of the two types with a certificate.
        fields: the names that are present, also those that are not read here.
    """

    clientid: str
    clientsecret: Secret | None
    certificates: tuple[x509.Certificate, ...]
    key: Secret | None
    url: str
    tokenurl: str
    createdate: dt.datetime | None
    certificate_details: CertificateDetails | None
    fields: frozenset[str]

    def credential(self) -> Credential:
        """Key, certificate and issuers, to present in a handshake.

        Raises:
            BrokenAnswer: there is no private key, it cannot be read, or it belongs to none of the certificates.
        """
        if self.key is None:
            raise BrokenAnswer(SOURCE, "no private key")
        key = _private_key(self.key)
        if key is None:
            raise BrokenAnswer(SOURCE, "the private key is no RSA or EC key in PEM")
        leaf = next((each for each in self.certificates if public_key_of(each) == key.public_key()), None)
        if leaf is None:
            raise BrokenAnswer(SOURCE, "the private key belongs to none of the certificates")
        return Credential(leaf, key, tuple(each for each in self.certificates if each is not leaf))


def read_credentials(document: Mapping[str, Any]) -> KeyCredentials:
    """The object ``credentials`` of ``GET …/details``.

    Raises:
        BrokenAnswer: a field is missing or damaged; names the field, never its value.
    """
    oauth = document.get("oauth")
    if not isinstance(oauth, Mapping):
        raise BrokenAnswer(SOURCE, "no object called oauth")
    clientsecret, key = _text(oauth, "clientsecret"), _text(oauth, "key")
    return KeyCredentials(
        clientid=_required(oauth, "clientid"),
        clientsecret=Secret(clientsecret) if clientsecret else None,
        certificates=_certificates(oauth),
        key=Secret(_lines(key)) if key else None,
        url=_required(oauth, "url"),
        tokenurl=_required(oauth, "tokenurl"),
        createdate=_date(oauth, "createdate", "oauth.createdate"),
        certificate_details=_details(oauth),
        fields=frozenset(map(str, oauth)),
    )


def _required(oauth: Mapping[str, Any], name: str) -> str:
    value = _text(oauth, name)
    if not value:
        raise BrokenAnswer(SOURCE, f"oauth.{name} is missing")
    return value


def _text(document: Mapping[str, Any], name: str, within: str = "oauth") -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise BrokenAnswer(SOURCE, f"{within}.{name} is no text")
    return value


def _certificates(oauth: Mapping[str, Any]) -> tuple[x509.Certificate, ...]:
    content = _text(oauth, "certificate")
    if not content:
        return ()
    try:
        return read_pem_bundle(_lines(content).encode())
    except ValueError:
        pass
    raise BrokenAnswer(SOURCE, "oauth.certificate is no PEM")


def _details(oauth: Mapping[str, Any]) -> CertificateDetails | None:
    details = oauth.get("certificatedetails")
    if details is None:
        return None
    within = "oauth.certificatedetails"
    if not isinstance(details, Mapping):
        raise BrokenAnswer(SOURCE, f"{within} is no object")
    issuer, subject, serial = (_text(details, name, within) or "" for name in ("issuerdn", "subjectdn", "serialnumber"))
    return CertificateDetails(issuer, subject, _date(details, "validuntil", f"{within}.validuntil"), serial)


def _date(document: Mapping[str, Any], name: str, place: str) -> dt.datetime | None:
    value = _text(document, name, place.rpartition(".")[0])
    if not value:
        return None
    try:
        date = dt.datetime.fromisoformat(value)
    except ValueError:
        raise BrokenAnswer(SOURCE, f"{place} is no date") from None
    return date if date.tzinfo else date.replace(tzinfo=dt.UTC)


def _lines(content: str) -> str:
    r"""PEM with its line feeds, whether they were lost or are written as ``\n``, as some cockpits show them."""
    content = content.replace("\\r", "").replace("\\n", "\n")
    return PEM_BLOCK.sub(lambda found: _block(found[1], found[2]), content)


def _block(label: str, body: str) -> str:
    base64 = "".join(body.split())
    lines = (base64[start : start + 64] for start in range(0, len(base64), 64))
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----")) + "\n"


@lru_cache(maxsize=64)
def _private_key(secret: Secret) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None:
    """The key, read once: an RSA key costs 50 ms each time, because its primes are checked."""
    try:
        key = load_pem_private_key(secret.reveal().encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else None
