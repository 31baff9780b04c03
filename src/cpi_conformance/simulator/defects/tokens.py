"""A token server that issues tokens that it must refuse, or tokens that say something wrong; and who believes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.client_certificate import client_certificate
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.service_key import DEFAULT_ROLE, Plan, ServiceKey
from cpi_conformance.simulator.service_keys import API_APPLICATION, ServiceKeys, Unauthenticated
from cpi_conformance.simulator.xsuaa import JSON, TOKEN_PATH

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Issue = Callable[[ServiceKey], dict[str, Any]]

Opened = Callable[[ServiceKeys, Exchange], ServiceKey | None]
"""From a request for a token to the key that gets one although it must not."""

TWELVE_HOURS = 43_200


def _issued(host: str, wrongly: Opened) -> Callable[[SimulatedLandscape], None]:
    """Whoever is refused a token gets one all the same when ``wrongly`` names a key for the request."""

    def install(landscape: SimulatedLandscape) -> None:
        async def answer(right: Application, exchange: Exchange) -> Answer:
            answered = await right(exchange)
            if exchange.path != TOKEN_PATH or answered.status != 401:
                return answered
            key = wrongly(landscape.keys, exchange)
            return Answer(200, (JSON,), json.dumps(landscape.xsuaa.issue(key)).encode()) if key else answered

        in_front(landscape, host, answer)

    return install


def _named(keys: ServiceKeys, clientid: str | None) -> ServiceKey | None:
    present = keys.keys()
    return next((key for key in present if key.clientid == clientid), None)


def _by_clientid_alone(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    return _named(keys, exchange.form().get("client_id")) if exchange.basic() is None else None


def _by_any_secret(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    pair = exchange.basic()
    return _named(keys, pair[0]) if pair else None


def _by_beginning_of_secret(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    clientid, secret = exchange.basic() or ("", "")
    key = _named(keys, clientid)
    return key if key and key.secret and len(secret) > 20 and key.secret.reveal().startswith(secret) else None


def _by_any_certificate(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    return _named(keys, exchange.form().get("client_id")) if client_certificate(exchange) else None


def _by_certificate_of_sibling(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    presented, key = client_certificate(exchange), _named(keys, exchange.form().get("client_id"))
    siblings = keys.keys_of(key.instance) if key and presented else ()
    return key if any(each.certificate == presented for each in siblings) else None


def _without_certificate(keys: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
    return _named(keys, exchange.form().get("client_id")) if client_certificate(exchange) is None else None


def _for_deleted_key(landscape: SimulatedLandscape) -> None:
    gone: list[ServiceKey] = []

    def delete(right: Callable[[str], None], guid: str) -> None:
        present = landscape.keys.keys()
        gone.extend(key for key in present if key.guid == guid)
        right(guid)

    def deleted(_: ServiceKeys, exchange: Exchange) -> ServiceKey | None:
        clientid, secret = exchange.basic() or ("", "")
        return next(
            (key for key in gone if key.clientid == clientid and key.secret and key.secret.reveal() == secret), None
        )

    around(landscape.keys.delete_key, delete)
    _issued(hosts.AUTHENTICATION, deleted)(landscape)


def _as_if(change: Callable[[ServiceKey], ServiceKey]) -> Callable[[SimulatedLandscape], None]:
    """A token of a key for senders says what one of another key would say."""

    def install(landscape: SimulatedLandscape) -> None:
        def issue(right: Issue, key: ServiceKey) -> dict[str, Any]:
            return right(change(key) if key.instance.plan is Plan.INTEGRATION_FLOW else key)

        around(landscape.xsuaa.issue, issue)

    return install


def _of_instance(**change: Any) -> Callable[[ServiceKey], ServiceKey]:
    return lambda key: replace(key, instance=replace(key.instance, **change))


def _of_another_application(key: ServiceKey) -> ServiceKey:
    return replace(key, clientid=key.clientid.replace("|it-rt-", "|it-rt-other-"))


Claims = dict[str, Any]


def _believed(whom: Callable[[Claims, Claims], bool]) -> Callable[[SimulatedLandscape], None]:
    """The runtime takes a token that it refuses rightly when ``whom`` says so from its header and its claims."""

    def install(landscape: SimulatedLandscape) -> None:
        authenticator = landscape.runtime.authenticator
        right = authenticator.bearer_tokens
        if right is None:
            return

        def caller(token: str) -> frozenset[str] | Unauthenticated:
            found = right(token)
            if not isinstance(found, Unauthenticated):
                return found
            try:
                header = jwt.get_unverified_header(token)
                claims: Claims = jwt.decode(token, options={"verify_signature": False})
            except jwt.PyJWTError:
                return found
            return frozenset({DEFAULT_ROLE}) if whom(header, claims) else found

        authenticator.bearer_tokens = caller

    return install


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"tokens-{name}", System.TOKENS, wrong, install)


DEFECTS = (
    _defect(
        "by-clientid-alone",
        "A clientid gets a token without its secret.",
        _issued(hosts.AUTHENTICATION, _by_clientid_alone),
    ),
    _defect("by-any-secret", "A clientid gets a token with any secret.", _issued(hosts.AUTHENTICATION, _by_any_secret)),
    _defect(
        "by-beginning-of-secret",
        "A clientid gets a token with the beginning of its secret.",
        _issued(hosts.AUTHENTICATION, _by_beginning_of_secret),
    ),
    _defect(
        "by-any-certificate",
        "A clientid gets a token with any certificate that the load balancer trusts.",
        _issued(hosts.AUTHENTICATION_CERT, _by_any_certificate),
    ),
    _defect(
        "by-certificate-of-sibling",
        "A clientid gets a token with the certificate of another key of its instance.",
        _issued(hosts.AUTHENTICATION_CERT, _by_certificate_of_sibling),
    ),
    _defect(
        "without-certificate",
        "A clientid gets a token without a certificate in the handshake.",
        _issued(hosts.AUTHENTICATION_CERT, _without_certificate),
    ),
    _defect("for-deleted-key", "A deleted key gets tokens with its secret.", _for_deleted_key),
    _defect(
        "valid-too-long", "Every token is valid for twelve hours.", _as_if(_of_instance(token_validity=TWELVE_HOURS))
    ),
    _defect(
        "validity-ignored",
        "Every token is valid for an hour, whatever its instance says.",
        _as_if(_of_instance(token_validity=3600)),
    ),
    _defect(
        "without-scopes", "Tokens do not carry the roles of their instance.", _as_if(_of_instance(roles=frozenset()))
    ),
    _defect(
        "with-foreign-roles",
        "Tokens carry roles that their instance has not.",
        _as_if(lambda key: _of_instance(roles=key.instance.roles | {DEFAULT_ROLE, "Conformance.more"})(key)),
    ),
    _defect("of-another-application", "Tokens are issued for another application.", _as_if(_of_another_application)),
    _defect(
        "signature-not-checked",
        "The runtime takes tokens without looking at their signature.",
        _believed(lambda header, claims: header.get("alg") == "RS256" and API_APPLICATION not in claims.get("aud", ())),
    ),
    _defect(
        "unsigned-taken",
        "The runtime takes tokens that say that they need no signature.",
        _believed(lambda header, claims: header.get("alg") == "none"),
    ),
    _defect(
        "of-the-api-taken",
        "The runtime takes tokens of the plan api.",
        _believed(lambda header, claims: API_APPLICATION in claims.get("aud", ())),
    ),
)
"""How tokens are issued, and what the runtime makes of them."""
