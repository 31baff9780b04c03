"""Service keys that hold what they must not, or not what they must, when somebody views their credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates import pem
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.service_key import Plan, ServiceInstance, ServiceKey
from cpi_conformance.simulator.xsuaa import TOKEN_PATH

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Fields = dict[str, Any]
"""What stands below ``oauth``."""

Credentials = Callable[[ServiceKey], dict[str, Fields]]
Bind = Callable[[str, str, str, Mapping[str, Any]], dict[str, Any]]


def _of_secret(key: ServiceKey) -> bool:
    return key.secret is not None


def _of_generated(key: ServiceKey) -> bool:
    return key.generated is not None


def _of_external(key: ServiceKey) -> bool:
    return key.certificate is not None and key.generated is None


def _of_certificate(key: ServiceKey) -> bool:
    return key.certificate is not None


def _holding(
    change: Callable[[Fields, TenantUrls], Fields], *, of: Callable[[ServiceKey], bool]
) -> Callable[[SimulatedLandscape], None]:
    """Some keys for senders hold other fields, or more; those of the tenant API stay right."""

    def install(landscape: SimulatedLandscape) -> None:
        def credentials(right: Credentials, key: ServiceKey) -> dict[str, Fields]:
            held = right(key)["oauth"]
            meant = key.instance.plan is Plan.INTEGRATION_FLOW and of(key)
            return {"oauth": {**held, **change(held, landscape.broker.urls)} if meant else held}

        around(landscape.broker.credentials, credentials)

    return install


def _private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def _root_as_certificate(landscape: SimulatedLandscape) -> None:
    certificate = pem([landscape.passports.root.certificate])
    _holding(lambda held, urls: {"certificate": certificate}, of=_of_secret)(landscape)


def _clientid_without_prefix(landscape: SimulatedLandscape) -> None:
    """Of keys that are made for Cloud Foundry; whoever lives on the landscape already has a good one."""
    ordering: list[str] = []

    def bind(right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        ordering.append(guid)
        try:
            return right(guid, instance_guid, name, parameters)
        finally:
            ordering.remove(guid)

    def new_clientid(right: Callable[[ServiceInstance], str], instance: ServiceInstance) -> str:
        return right(instance).removeprefix("sb-") if ordering else right(instance)

    around(landscape.broker.bind, bind)
    around(landscape.keys.new_clientid, new_clientid)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"service-keys-{name}", System.SERVICE_KEYS, wrong, install)


DEFECTS = (
    _defect(
        "url-of-the-tenant",
        "The url in a key for senders is that of the tenant, without -rt.",
        _holding(lambda held, urls: {"url": urls.api}, of=_of_secret),
    ),
    _defect(
        "tokenurl-plain-http",
        "The tokenurl in a key with a secret is an address without TLS.",
        _holding(lambda held, urls: {"tokenurl": held["tokenurl"].replace("https:", "http:")}, of=_of_secret),
    ),
    _defect(
        "tokenurl-without-cert",
        "The tokenurl in a key with a certificate names the host that asks for no certificate.",
        _holding(lambda held, urls: {"tokenurl": f"{urls.token}{TOKEN_PATH}"}, of=_of_certificate),
    ),
    _defect(
        "tokenurl-with-cert",
        "The tokenurl in a key with a secret names the host that takes certificates only.",
        _holding(lambda held, urls: {"tokenurl": f"{urls.token_by_certificate}{TOKEN_PATH}"}, of=_of_secret),
    ),
    _defect(
        "secret-in-certificate-key",
        "A key whose certificate SAP has made holds a clientsecret too.",
        _holding(lambda held, urls: {"clientsecret": "not-needed"}, of=_of_generated),
    ),
    _defect(
        "private-key-in-external-key",
        "A key with a certificate from outside holds a private key.",
        _holding(lambda held, urls: {"key": _private_key()}, of=_of_external),
    ),
    _defect("certificate-in-secret-key", "A key with a secret holds a certificate.", _root_as_certificate),
    _defect(
        "details-of-another-certificate",
        "The certificatedetails in a key tell the serial number of another certificate.",
        _holding(
            lambda held, urls: {"certificatedetails": {**held["certificatedetails"], "serialnumber": "0x2A"}},
            of=_of_certificate,
        ),
    ),
    _defect("clientid-without-prefix", "The clientid of a key does not begin with sb-.", _clientid_without_prefix),
)
"""What View Credentials shows."""
