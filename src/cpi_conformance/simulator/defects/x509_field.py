"""A service broker that reads the field X.509 of a service key wrongly."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.key_order import FIELD

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Bind = Callable[[str, str, str, Mapping[str, Any]], dict[str, Any]]

CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")


def _read(repair: Callable[[str], str]) -> Callable[[SimulatedLandscape], None]:
    """The field is read when it has been repaired, so that a form is taken that must be refused."""

    def install(landscape: SimulatedLandscape) -> None:
        def bind(
            right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]
        ) -> dict[str, Any]:
            given = parameters.get(FIELD)
            taken = {**parameters, FIELD: repair(given)} if isinstance(given, str) else parameters
            return right(guid, instance_guid, name, taken)

        around(landscape.broker.bind, bind)

    return install


def _stored_unread(what: Callable[[str], bool]) -> Callable[[SimulatedLandscape], None]:
    """What is no certificate is written into the key as it is, and maps nobody."""

    def install(landscape: SimulatedLandscape) -> None:
        def bind(
            right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]
        ) -> dict[str, Any]:
            given = parameters.get(FIELD)
            if not (isinstance(given, str) and what(given)):
                return right(guid, instance_guid, name, parameters)
            try:
                return right(guid, instance_guid, name, parameters)
            except BrokerRefused:
                urls = landscape.broker.urls
                oauth = {
                    "clientid": f"sb-{uuid.uuid4()}",
                    "url": urls.runtime,
                    "tokenurl": f"{urls.token_by_certificate}/oauth/token",
                    "certificate": given,
                }
                return {"oauth": oauth}

        around(landscape.broker.bind, bind)

    return install


def _refused(form: str) -> Callable[[SimulatedLandscape], None]:
    """A form is refused that the landscape file says is taken."""

    def install(landscape: SimulatedLandscape) -> None:
        def bind(
            right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]
        ) -> dict[str, Any]:
            if form in str(parameters.get(FIELD, "")):
                raise BrokerRefused(f"the value of {FIELD} is not valid")
            return right(guid, instance_guid, name, parameters)

        around(landscape.broker.bind, bind)

    return install


def _first(text: str) -> str:
    found = CERTIFICATE.search(text)
    return found[0] if found and "\n" not in text and "KEY" not in text else text


def _damaged(text: str) -> bool:
    found = CERTIFICATE.fullmatch(text)
    try:
        x509.load_der_x509_certificate(base64.b64decode(found[1]) if found else b"")
    except ValueError:
        return found is not None
    return False


def _with_dashes(text: str) -> str:
    return re.sub(r"END CERTIFICATE-{0,4}\Z", "END CERTIFICATE-----", text)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None], profile: str = "current") -> Defect:
    return Defect(f"service-keys-{name}", System.SERVICE_KEYS, wrong, install, profile)


DEFECTS = (
    _defect(
        "line-feeds-taken",
        "The field X.509 takes line feeds where the landscape file does not say so.",
        _read(lambda text: text.replace("\n", "")),
        profile="whitepaper",
    ),
    _defect(
        "line-feeds-refused",
        "The field X.509 does not take line feeds although the landscape file says so.",
        _refused("\n"),
    ),
    _defect(
        "literal-line-feeds-taken",
        r"The field X.509 takes line feeds that are written as the two characters \n.",
        _read(lambda text: text.replace("\\n", "")),
    ),
    _defect(
        "chain-taken", "The field X.509 takes a whole chain, of which the first certificate counts.", _read(_first)
    ),
    _defect("lost-dashes-taken", "The field X.509 takes a certificate without its last dashes.", _read(_with_dashes)),
    _defect(
        "signing-request-taken",
        "The field X.509 takes a signing request.",
        _stored_unread(lambda text: "CERTIFICATE REQUEST" in text),
    ),
    _defect(
        "private-key-taken",
        "The field X.509 takes a private key.",
        _stored_unread(lambda text: "PRIVATE KEY" in text and "CERTIFICATE" not in text),
    ),
    _defect(
        "private-key-passed-over",
        "The field X.509 takes a certificate with a private key behind it.",
        _read(lambda text: re.sub(r"(?<=END CERTIFICATE-----)-----BEGIN PRIVATE KEY.*", "", text)),
    ),
    _defect("empty-field-taken", "The field X.509 may be empty.", _stored_unread(lambda text: not text)),
    _defect(
        "damaged-certificate-taken",
        "The field X.509 takes a certificate of which a letter is missing.",
        _stored_unread(_damaged),
    ),
)
"""Forms of the field X.509."""
