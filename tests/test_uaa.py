"""UAA: who gets tokens, and with which words everybody else is sent away."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import jwt
import pytest

from cpi_conformance.simulator.record import Truth
from tests.foundry import URLS, USERS, Foundry

RIGHT = {"grant_type": "password", "username": "developer", "password": "right"}
WRONG = {**RIGHT, "password": "wrong"}
COLLEAGUE = {**RIGHT, "username": "colleague"}
HINT = '{"origin":"tenant-platform"}'
LOCKED = "Your account has been locked because of too many failed attempts to login."


@pytest.fixture
def foundry() -> Iterator[Foundry]:
    """One for each test."""
    foundry = Foundry()
    yield foundry
    foundry.close()


def test_token_answer_has_the_recorded_shape(foundry: Foundry) -> None:
    reply = foundry.login(RIGHT)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json;charset=UTF-8"
    assert reply.headers["cache-control"] == "no-store"
    assert list(reply.json) == [
        "access_token",
        "token_type",
        "id_token",
        "refresh_token",
        "expires_in",
        "scope",
        "jti",
    ]
    assert reply.json["token_type"] == "bearer"
    assert reply.json["expires_in"] == 1199
    assert re.fullmatch(r"[0-9a-f]{32}-r", reply.json["refresh_token"])
    assert reply.json["scope"] == "cloud_controller.read password.write cloud_controller.write openid uaa.user"
    claims = foundry.issuer.verify(reply.json["access_token"])
    assert claims["jti"] == reply.json["jti"]
    assert claims["user_name"] == "developer"
    assert claims["exp"] - claims["iat"] == 1200


def test_token_keys_verify_the_token(foundry: Foundry) -> None:
    keys = jwt.PyJWKSet.from_dict(foundry.ask_uaa("GET", "/token_keys").json)
    token = foundry.token("developer")
    options = {"verify_exp": False, "verify_iat": False}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, audience="cloud_controller", options=options)["cid"] == "cf"  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/info", "/login"])
def test_discovery_links_both_hosts(foundry: Foundry, path: str) -> None:
    document = foundry.ask_uaa("GET", path).json
    assert document["links"]["login"] == URLS.login
    assert document["links"]["uaa"] == URLS.uaa
    assert set(document["prompts"]) == {"username", "password", "passcode"}
    assert document["app"]["version"]


def test_unknown_path_is_refused(foundry: Foundry) -> None:
    assert foundry.ask_uaa("GET", "/nothing").status == 404


def test_empty_scope_is_tolerated(foundry: Foundry) -> None:
    assert foundry.login({**RIGHT, "scope": ""}).status == 200


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(HINT, id="plain"),
        pytest.param(quote(HINT), id="double-encoded"),
    ],
)
@pytest.mark.parametrize("where", ["form", "query"])
def test_login_hint_names_the_identity_provider(foundry: Foundry, where: str, value: str) -> None:
    if where == "form":
        reply = foundry.login({**COLLEAGUE, "login_hint": value})
    else:
        reply = foundry.login(COLLEAGUE, query=urlencode({"login_hint": value}))
    assert reply.status == 200
    assert foundry.issuer.verify(reply.json["access_token"])["origin"] == "tenant-platform"


@pytest.mark.parametrize("value", ["{", "[]", '{"origin":7}', "%", '"x"', "{}"])
def test_unusable_login_hint_is_ignored(foundry: Foundry, value: str) -> None:
    assert foundry.login({**RIGHT, "login_hint": value}).status == 200


UNKNOWN_ORIGIN = (
    "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant."
)
INVALID_REFRESH = "The token expired, was revoked, or the token ID is incorrect."


@pytest.mark.parametrize(
    ("form", "status", "error", "text"),
    [
        pytest.param(WRONG, 401, "invalid_client", "Bad credentials", id="wrong-password"),
        pytest.param({**RIGHT, "username": "nobody"}, 401, "invalid_client", "Bad credentials", id="unknown-user"),
        pytest.param({"grant_type": "password"}, 401, "invalid_client", "Bad credentials", id="neither-of-both"),
        pytest.param(COLLEAGUE, 401, "invalid_client", "Bad credentials", id="user-of-another-origin"),
        pytest.param({**RIGHT, "login_hint": HINT}, 401, "invalid_client", "Bad credentials", id="hint-to-another"),
        pytest.param(
            {**RIGHT, "login_hint": '{"origin":"x"}'}, 401, "invalid_client", UNKNOWN_ORIGIN, id="unknown-origin"
        ),
        pytest.param(
            {"grant_type": "password", "passcode": "x"}, 401, "unauthorized", "Invalid passcode", id="bad-passcode"
        ),
        pytest.param(
            {"grant_type": "refresh_token", "refresh_token": "x"},
            401,
            "invalid_token",
            INVALID_REFRESH,
            id="bad-refresh-token",
        ),
        pytest.param(
            {"grant_type": "client_credentials"},
            401,
            "invalid_client",
            "Unauthorized grant type",
            id="grant-not-for-this-client",
        ),
        pytest.param(
            {"grant_type": "x"}, 400, "unsupported_grant_type", "Unsupported grant type: x", id="unknown-grant"
        ),
        pytest.param({}, 400, "invalid_request", "Missing grant type", id="no-grant"),
    ],
)
def test_refusals(foundry: Foundry, form: dict[str, str], status: int, error: str, text: str) -> None:
    reply = foundry.login(form)
    assert reply.status == status
    assert reply.json == {"error": error, "error_description": text}
    assert reply.answer.refused == Truth("token", error.replace("_", "-"), text)
    assert "www-authenticate" not in reply.headers


@pytest.mark.parametrize("client", [None, "cf:secret", "admin:", "cf"], ids=["none", "secret", "other", "malformed"])
def test_wrong_client_is_challenged(foundry: Foundry, client: str | None) -> None:
    reply = foundry.login(RIGHT, client=client)
    assert reply.status == 401
    assert reply.json == {"error": "unauthorized", "error_description": "Bad credentials"}
    assert reply.headers["www-authenticate"] == (
        'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"'
    )


@pytest.mark.parametrize(("header", "status"), [("true", 200), ("false", 401)])
def test_client_may_be_encoded_if_it_says_so(foundry: Foundry, header: str, status: int) -> None:
    assert foundry.login(RIGHT, client="%63f:", x_cf_encoded_credentials=header).status == status


def test_passcode_works_once(foundry: Foundry) -> None:
    passcode = foundry.uaa.new_passcode(USERS["colleague"])
    form = {"grant_type": "password", "passcode": passcode.reveal()}
    first, second = foundry.login(form), foundry.login(form)
    assert foundry.issuer.verify(first.json["access_token"])["user_name"] == "colleague"
    assert second.status == 401


def test_refresh_brings_a_new_refresh_token_and_keeps_the_old(foundry: Foundry) -> None:
    old = foundry.login(RIGHT).json["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": old, "scope": ""}
    new = foundry.login(form)
    assert new.json["refresh_token"] != old
    assert foundry.issuer.verify(new.json["access_token"])["user_name"] == "developer"
    assert foundry.login(form).status == 200


def test_five_wrong_passwords_lock_for_an_hour(foundry: Foundry) -> None:
    for _ in range(5):
        assert foundry.login(WRONG).json["error_description"] == "Bad credentials"
    assert foundry.login(RIGHT).json == {"error": "invalid_client", "error_description": LOCKED}
    assert foundry.login({**RIGHT, "username": "auditor"}).status == 200
    foundry.clock.offset = dt.timedelta(minutes=59)
    assert foundry.login(RIGHT).json["error_description"] == LOCKED
    foundry.clock.offset = dt.timedelta(minutes=60)
    assert foundry.login(RIGHT).status == 200


def test_a_right_password_forgives_the_wrong_ones(foundry: Foundry) -> None:
    for _ in range(4):
        foundry.login(WRONG)
    foundry.login(RIGHT)
    foundry.login(WRONG)
    assert foundry.login(RIGHT).status == 200


def test_answers_are_json(foundry: Foundry) -> None:
    assert json.loads(foundry.login(WRONG).answer.body)
