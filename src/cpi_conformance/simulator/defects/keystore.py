"""A keystore that keeps or shows something else than was imported, or takes what it must refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
from cryptography import x509

from cpi_conformance.certificates import Credential, PfxProblem, pem
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front, shown_otherwise
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.keystore import NOT_FOUND, SAP_KEY_PAIR, Keystore, sap_key_pair
from cpi_conformance.simulator.keystore_entry import KeystoreEntry, KeystoreRefused
from cpi_conformance.simulator.tenant_api.security_material import PFX_TEXTS

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Chain = tuple[x509.Certificate, ...]

Put = Callable[..., KeystoreEntry]

IMPORT = "/api/v1/KeyPairResources"
ENTRIES = "/api/v1/KeystoreEntries"
OWN_CERTIFICATE = re.compile(rf"{ENTRIES}\('[0-9A-F]+'\)/Certificate/\$value")


def _kept_with(
    issuers: Callable[[SimulatedLandscape, Chain], Chain],
) -> Callable[[SimulatedLandscape], None]:
    """An imported key pair is kept with other issuers than it came with."""

    def install(landscape: SimulatedLandscape) -> None:
        def put(right: Put, alias: str, credential: Credential, user: str, **flags: bool) -> KeystoreEntry:
            kept = replace(credential, issuers=issuers(landscape, credential.issuers))
            return right(alias, kept, user, **flags)

        around(landscape.keystore.put_key_pair, put)

    return install


def _wrong_passphrase_taken(landscape: SimulatedLandscape) -> None:
    text = PFX_TEXTS[PfxProblem.WRONG_PASSPHRASE].encode()

    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        if exchange.path != IMPORT or text not in answered.body:
            return answered
        another = landscape.passports.issue("S0000000000")
        landscape.keystore.put_key_pair(json.loads(exchange.body)["Alias"], another, "", verified=True)
        return Answer(204, (), b"")

    in_front(landscape, hosts.TENANT, answer)


def _alias_overwritten(landscape: SimulatedLandscape) -> None:
    def put(right: Put, alias: str, credential: Credential, user: str, **flags: bool) -> KeystoreEntry:
        there = any(entry.alias == alias for entry in landscape.keystore.entries())
        return right(alias, credential, user, **{**flags, "update": there})

    around(landscape.keystore.put_key_pair, put)


def _permission_not_asked_for(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        token = exchange.bearer()
        if exchange.path != IMPORT or answered.status != 403 or token is None:
            return answered
        caller = jwt.decode(token, options={"verify_signature": False})["client_id"]
        present = landscape.keys.keys()
        (key,) = (each for each in present if each.clientid == caller)
        instance = replace(key.instance, roles=key.instance.roles | {"SecurityMaterialEdit"})
        token = landscape.xsuaa.issue(replace(key, instance=instance))["access_token"]
        others = tuple(header for header in exchange.headers if header[0] != "authorization")
        return await right(replace(exchange, headers=(*others, ("authorization", f"Bearer {token}"))))

    in_front(landscape, hosts.TENANT, answer)


def _issuer_instead(landscape: SimulatedLandscape) -> None:
    issuer = pem([landscape.passports.second_generation.certificate]).encode()

    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        shown = answered.status == 200 and OWN_CERTIFICATE.fullmatch(exchange.path)
        return replace(answered, body=issuer) if shown else answered

    in_front(landscape, hosts.TENANT, answer)


def _shown_as_certificates(landscape: SimulatedLandscape) -> None:
    def change(document: Any) -> None:
        for entry in document["d"]["results"]:
            entry["Type"] = "Certificate"

    shown_otherwise(landscape, hosts.TENANT, lambda it: it.method == "GET" and it.path == ENTRIES, change)


def _without_sap_key_pair(landscape: SimulatedLandscape) -> None:
    def entries(right: Callable[[], tuple[KeystoreEntry, ...]]) -> tuple[KeystoreEntry, ...]:
        return tuple(entry for entry in right() if entry.alias != SAP_KEY_PAIR)

    def entry(right: Callable[[str], KeystoreEntry], alias: str) -> KeystoreEntry:
        if alias == SAP_KEY_PAIR:
            raise KeystoreRefused(404, NOT_FOUND.format(alias=alias))
        return right(alias)

    around(landscape.keystore.entries, entries)
    around(landscape.keystore.entry, entry)


def _with_sap_key_pair(landscape: SimulatedLandscape) -> None:
    own = sap_key_pair(landscape.passports.root, landscape.clock.now())
    preinstalled = Keystore(landscape.clock, own).entry(SAP_KEY_PAIR)

    def entry(right: Callable[[str], KeystoreEntry], alias: str) -> KeystoreEntry:
        return preinstalled if alias == SAP_KEY_PAIR else right(alias)

    around(landscape.keystore.entries, lambda right: (*right(), preinstalled))
    around(landscape.keystore.entry, entry)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None], profile: str = "current") -> Defect:
    return Defect(f"keystore-{name}", System.TENANT_API, wrong, install, profile)


DEFECTS = (
    _defect(
        "chain-incomplete",
        "An imported key pair is kept without the root of its chain.",
        _kept_with(lambda landscape, issuers: issuers[:-1]),
    ),
    _defect(
        "chain-with-a-stranger",
        "An imported key pair is kept with a root that has not issued its CA.",
        _kept_with(lambda landscape, issuers: (*issuers[:-1], landscape.trusted_root)),
    ),
    _defect(
        "wrong-passphrase-taken",
        "A PFX is imported with a wrong passphrase, as another key pair.",
        _wrong_passphrase_taken,
    ),
    _defect("alias-overwritten", "An import overwrites the entry that has its alias.", _alias_overwritten),
    _defect(
        "permission-not-asked-for",
        "A service key without the role SecurityMaterialEdit imports key pairs.",
        _permission_not_asked_for,
    ),
    _defect("issuer-instead", "The certificate of an entry is downloaded as that of its issuer.", _issuer_instead),
    _defect("key-pairs-as-certificates", "Key pairs are listed as certificates.", _shown_as_certificates),
    _defect(
        "without-sap-key-pair",
        "A standard tenant has no sap_cloudintegrationcertificate.",
        _without_sap_key_pair,
    ),
    _defect(
        "with-sap-key-pair",
        "A trial tenant has a sap_cloudintegrationcertificate.",
        _with_sap_key_pair,
        profile="trial",
    ),
)
"""What is in the keystore, and who may change it."""
