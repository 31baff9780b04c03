"""The Cloud Controller: discovery, what every answer carries, who may do what, and how often."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest

from cpi_conformance.simulator.cloud_foundry.records import Inventory
from cpi_conformance.simulator.tokens import TokenIssuer
from tests.foundry import CREDENTIALS, INSTANCES, KEYS, NOW, URLS, Foundry

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
INVALID_TOKEN = (401, 1000, "CF-InvalidAuthToken", "Invalid Auth Token")
NOT_AUTHENTICATED = (401, 10002, "CF-NotAuthenticated", "Authentication error")
NOT_AUTHORIZED = (403, 10003, "CF-NotAuthorized", "You are not authorized to perform the requested action")


@pytest.fixture
def foundry() -> Iterator[Foundry]:
    """One for each test."""
    foundry = Foundry()
    yield foundry
    foundry.close()


def test_root_links_what_is_absent_to_null(foundry: Foundry) -> None:
    links = foundry.get("/", user=None).json["links"]
    assert " ".join(links) == (
        "self cloud_controller_v3 network_policy_v0 network_policy_v1 login uaa credhub routing logging log_cache "
        "log_stream app_ssh"
    )
    assert links["credhub"] is links["routing"] is None
    assert (links["self"]["href"], links["login"]["href"], links["uaa"]["href"]) == (URLS.api, URLS.login, URLS.uaa)
    assert links["cloud_controller_v3"] == {"href": f"{URLS.api}/v3", "meta": {"version": "3.188.0"}}


def test_v3_root_links_no_jobs(foundry: Foundry) -> None:
    links = foundry.get("/v3", user=None).json["links"]
    assert links["service_credential_bindings"] == {"href": f"{URLS.api}{KEYS}"}
    assert "jobs" not in links


def test_info_needs_no_token_and_tells_the_limit(foundry: Foundry) -> None:
    info = foundry.get("/v3/info", user=None).json
    assert info["rate_limits"] == {"enabled": True, "general_limit": 20000, "reset_interval_in_minutes": 60}


@pytest.mark.parametrize("target", ["/", "/v3/nothing", INSTANCES], ids=["200", "404", "401"])
def test_every_answer_carries(foundry: Foundry, target: str) -> None:
    foundry.clock.offset = dt.timedelta(days=1)
    headers = foundry.get(target, user=None).headers
    assert re.fullmatch(f"{UUID}::{UUID}", headers["x-vcap-request-id"])
    assert re.fullmatch(r"\d+\.\d{6}", headers["x-runtime"])
    assert headers["date"] == "Fri, 16 Jan 2026 12:00:00 GMT"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert "x-ratelimit-limit" not in headers


def test_ampersands_in_links_are_escaped(foundry: Foundry) -> None:
    body = foundry.get("/v3/spaces").answer.body
    assert b"page=1\\u0026per_page=50" in body
    assert b"&" not in body


def test_errors_have_their_keys_in_order(foundry: Foundry) -> None:
    reply = foundry.get("/v3/nothing")
    assert reply.error == (404, 10000, "CF-NotFound", "Unknown request")
    assert list(reply.json["errors"][0]) == ["detail", "title", "code"]
    assert reply.answer.refused is not None
    assert (reply.answer.refused.layer, reply.answer.refused.cause) == ("controller", "not-found")


@pytest.mark.parametrize(
    "kind", ["nonsense", "expired", "other-issuer", "refresh-token", "id-token", "unknown-user", "basic"]
)
def test_bad_token(foundry: Foundry, kind: str) -> None:
    form = {"grant_type": "password", "username": "developer", "password": "right"}
    answer = foundry.login(form).json
    claims = {"user_name": "developer", "aud": ["cloud_controller"]}
    tokens = {
        "nonsense": "bearer x.y.z",
        "expired": f"bearer {answer['access_token']}",
        "other-issuer": "bearer " + TokenIssuer("https://xsuaa.test", foundry.clock).issue(claims, seconds=60),
        "refresh-token": f"bearer {answer['refresh_token']}",
        "id-token": f"bearer {answer['id_token']}",
        "unknown-user": "bearer " + foundry.issuer.issue({**claims, "user_name": "gone"}, seconds=60),
        "basic": "Basic Y2Y6",
    }
    if kind == "expired":
        foundry.clock.offset = dt.timedelta(seconds=1200)
    reply = foundry.call("GET", INSTANCES, authorization=tokens[kind])
    assert reply.error == INVALID_TOKEN
    assert reply.answer.refused is not None
    assert reply.answer.refused.layer == "token"


def test_no_token_is_another_401(foundry: Foundry) -> None:
    assert foundry.get(INSTANCES, user=None).error == NOT_AUTHENTICATED


@pytest.mark.parametrize("kind", ["organizations", "spaces", "service_offerings", "service_plans"])
def test_catalog_is_shown_to_members_only(foundry: Foundry, kind: str) -> None:
    (first, *_) = foundry.get(f"/v3/{kind}").json["resources"]
    target = f"/v3/{kind}/{first['guid']}"
    assert first["links"]["self"]["href"] == f"{URLS.api}{target}"
    assert foundry.get(target, user="auditor").json == first
    assert foundry.get(f"/v3/{kind}", user="stranger").names == []
    noun = kind.removesuffix("s").replace("_", " ").capitalize()
    assert foundry.get(target, user="stranger").error == (404, 10010, "CF-ResourceNotFound", f"{noun} not found")


def test_catalog(foundry: Foundry) -> None:
    assert foundry.get("/v3/organizations").names == ["conformance"]
    assert foundry.get("/v3/spaces").names == ["dev", "other"]
    assert foundry.get("/v3/service_offerings").names == ["it-rt"]
    assert foundry.get("/v3/service_plans").names == ["integration-flow", "api"]


ID = "{instance}"
KEY_ID = "{key}"


@pytest.mark.parametrize(
    ("method", "target", "auditor", "stranger"),
    [
        ("GET", f"{INSTANCES}/{ID}", 200, 404),
        ("GET", f"{INSTANCES}/{ID}/parameters", 200, 404),
        ("PATCH", f"{INSTANCES}/{ID}", 403, 404),
        ("DELETE", f"{INSTANCES}/{ID}", 403, 404),
        ("GET", f"{KEYS}/{KEY_ID}", 200, 404),
        ("GET", f"{KEYS}/{KEY_ID}/details", 404, 404),
        ("GET", f"{KEYS}/{KEY_ID}/parameters", 400, 404),
        ("PATCH", f"{KEYS}/{KEY_ID}", 403, 404),
        ("DELETE", f"{KEYS}/{KEY_ID}", 403, 404),
    ],
)
def test_unreadable_is_not_found_and_readable_is_forbidden(
    foundry: Foundry, method: str, target: str, auditor: int, stranger: int
) -> None:
    instance = foundry.instance()
    path = target.format(instance=instance, key=foundry.key(instance))
    replies = {user: foundry.call(method, path, {}, user=user) for user in ("auditor", "stranger")}
    assert {user: reply.status for user, reply in replies.items()} == {"auditor": auditor, "stranger": stranger}
    noun = "Service instance" if target.startswith(INSTANCES) else "Service credential binding"
    assert replies["stranger"].error == (404, 10010, "CF-ResourceNotFound", f"{noun} not found")
    if auditor == 403:
        assert replies["auditor"].error == NOT_AUTHORIZED


def test_creation_without_a_role(foundry: Foundry) -> None:
    instance = foundry.instance()
    new_instance, new_key = foundry.instance_body("x"), foundry.key_body(instance)
    assert foundry.call("POST", INSTANCES, new_instance, user="auditor").error == NOT_AUTHORIZED
    assert foundry.call("POST", KEYS, new_key, user="auditor").error == NOT_AUTHORIZED
    assert foundry.call("POST", INSTANCES, new_instance, user="stranger").details == [
        "Invalid space. Ensure that the space exists and you have access to it."
    ]
    assert foundry.call("POST", KEYS, new_key, user="stranger").details == [
        f"The service instance could not be found: '{instance}'"
    ]


def test_lists_are_empty_for_strangers(foundry: Foundry) -> None:
    foundry.key(foundry.instance())
    assert foundry.get(INSTANCES, user="stranger").names == foundry.get(KEYS, user="stranger").names == []
    assert foundry.get(KEYS, user="auditor").names == ["key"]


@pytest.mark.parametrize(("sent", "remaining"), [(1, "90"), (10, "90"), (11, "80"), (100, "0")])
def test_rate_is_told_in_tenths(foundry: Foundry, sent: int, remaining: str) -> None:
    foundry.controller.rate_limit.limit = 100
    for _ in range(sent):
        reply = foundry.get("/v3/spaces")
    assert reply.headers["x-ratelimit-limit"] == "100"
    assert reply.headers["x-ratelimit-remaining"] == remaining
    assert reply.headers["x-ratelimit-reset"] == str(int(NOW.timestamp()) + 3600)


def test_too_many_requests(foundry: Foundry) -> None:
    foundry.controller.rate_limit.limit = 2
    statuses = [foundry.get("/v3/spaces").status for _ in range(3)]
    assert statuses == [200, 200, 429]
    foundry.clock.offset = dt.timedelta(minutes=15)
    reply = foundry.get("/v3/spaces")
    assert reply.error == (429, 10013, "CF-RateLimitExceeded", "Rate Limit Exceeded")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    assert reply.headers["retry-after"] == "2700"
    assert reply.headers["x-ratelimit-remaining"] == "0"
    assert foundry.get("/v3/spaces", user="auditor").status == 200
    assert foundry.get("/").status == foundry.get("/v3").status == 200
    assert foundry.call("GET", "/v3/spaces", authorization="bearer x").status == 401
    foundry.clock.offset = dt.timedelta(minutes=60)
    fresh = foundry.login({"grant_type": "password", "username": "developer", "password": "right"})
    bearer = f"bearer {fresh.json['access_token']}"
    assert foundry.call("GET", "/v3/spaces", authorization=bearer).status == 200


def test_adopted_instances_are_there_without_asking_the_broker(foundry: Foundry) -> None:
    labels, parameters = {"run": "7"}, {"roles": ["ESBMessaging.send"]}
    created = dt.datetime(2025, 7, 2, tzinfo=dt.UTC)
    foundry.controller.adopt("i-1", "old", "api", [("k-1", "first", CREDENTIALS)], labels, parameters, created)
    instance = foundry.get(f"{INSTANCES}/i-1").json
    assert instance["last_operation"]["state"] == "succeeded"
    assert instance["created_at"] == "2025-07-02T00:00:00Z"
    assert foundry.get(f"{KEYS}?label_selector=run%3D7&service_plan_names=api").names == ["first"]
    assert foundry.get(f"{KEYS}/k-1/details").json == {"credentials": CREDENTIALS}
    assert foundry.get(f"{INSTANCES}/i-1/parameters").json == parameters
    assert foundry.controller.inventory() == Inventory(
        (("i-1", "old", "create succeeded"),), (("k-1", "first", "create succeeded"),)
    )
    assert foundry.broker.calls == []
    foundry.call("DELETE", f"{INSTANCES}/i-1")
    foundry.pass_time(2)
    assert foundry.broker.calls == [("unbind", "k-1"), ("deprovision", "i-1")]
    assert foundry.controller.inventory() == Inventory((), ())


def test_adopting_an_unknown_plan_fails(foundry: Foundry) -> None:
    with pytest.raises(KeyError):
        foundry.controller.adopt("i-1", "old", "gold", [])


def test_closing_abandons_jobs(foundry: Foundry) -> None:
    foundry.call("POST", INSTANCES, foundry.instance_body())
    foundry.loop.run_until_complete(foundry.controller.close())
    foundry.pass_time(2)
    assert foundry.broker.calls == []
