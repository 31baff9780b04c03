"""The document that *View Credentials* shows for a service key, field by field as SAP's samples have it.

Everything is nested below ``oauth``. A key of type *Certificate* brings its chain and its private key
(PKCS#1); one of type *External Certificate* brings neither secret nor key (help pages 6e5db60 and
0fc1446). That ``tokenurl`` of both names the host with ``.cert.`` follows from SAP's tutorial.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates import pem
from cpi_conformance.simulator.service_key import Plan, ServiceKey


@dataclass(frozen=True)
class TenantUrls:
    """Where the systems of a tenant are: scheme, host and port, without a path.

    Attributes:
        runtime: the host with ``-rt``, for senders.
        api: the host without ``-rt``, for the tenant API.
        token: XSUAA for clients with a secret.
        token_by_certificate: XSUAA for clients with a certificate (``.cert.``).
    """

    runtime: str
    api: str
    token: str
    token_by_certificate: str


def credentials(key: ServiceKey, urls: TenantUrls) -> dict[str, dict[str, Any]]:
    """The credentials of a key as JSON holds them."""
    by_certificate = key.certificate is not None
    common: dict[str, Any] = {
        "clientid": key.clientid,
        "url": urls.runtime if key.instance.plan is Plan.INTEGRATION_FLOW else urls.api,
        "tokenurl": f"{urls.token_by_certificate if by_certificate else urls.token}/oauth/token",
    }
    if key.secret is not None:
        return {"oauth": {**common, "clientsecret": key.secret.reveal(), "createdate": _moment(key.created)}}
    if key.certificate is None:
        raise ValueError(f"the key {key.name} holds neither a secret nor a certificate")
    details = {"certificate": pem([key.certificate]), "certificatedetails": _details(key.certificate)}
    if key.generated is None:
        return {"oauth": {**common, **details}}
    own = {
        "certificate": pem([key.generated.certificate, *key.generated.issuers]),
        "key": key.generated.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
        "createdate": _moment(key.created),
    }
    return {"oauth": {**common, **details, **own}}


def _details(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "issuerdn": certificate.issuer.rfc4514_string(),
        "subjectdn": certificate.subject.rfc4514_string(),
        "validuntil": _moment(certificate.not_valid_after_utc),
        "serialnumber": f"0x{certificate.serial_number:X}",
    }


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
