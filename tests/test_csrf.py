"""CSRF protection of a channel: fetching a token, using it, and each way of not having it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cpi_conformance.simulator import csrf
from cpi_conformance.simulator.exchange import Answer, Headers
from cpi_conformance.simulator.runtime import Flow, FlowState
from tests.flow_archives import Tenant, archive, channel, model, values

FETCH = ("x-csrf-token", "Fetch")
PROTECTED, SECOND, STARTING = "/http/protected", "/http/second", "/http/starting"


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    tenant = Tenant()
    tenant.runtime.deploy(Flow("/protected", "in", csrf_protected=True))
    tenant.runtime.deploy(Flow("/second", "in", csrf_protected=True))
    tenant.runtime.deploy(Flow("/starting", "in", csrf_protected=True, state=FlowState.STARTING))
    tenant.runtime.deploy(Flow("/other-role", "in", csrf_protected=True, role="Other.role"))
    tenant.runtime.deploy(Flow("/open", "in"))
    yield tenant
    tenant.close()


def shown(answer: Answer) -> Headers:
    """Token and cookies of an answer, as a client sends them back."""
    (token,) = values(answer.headers, "x-csrf-token")
    cookies = [line.partition(";")[0] for line in values(answer.headers, "set-cookie")]
    return (("x-csrf-token", token), ("cookie", "; ".join(cookies)))


def truth(answer: Answer) -> tuple[str, str] | None:
    return (answer.refused.layer, answer.refused.cause) if answer.refused else None


@pytest.mark.parametrize("word", ["Fetch", "fetch", "FETCH", " fetch "])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_fetching_gives_a_token_and_does_not_run_the_flow(method: str, word: str, tenant: Tenant) -> None:
    """As observed: 200, empty, three cookies; no message log."""
    answer = tenant.call(method, PROTECTED, ("x-csrf-token", word))
    assert (answer.status, answer.body, answer.refused) == (200, b"", None)
    (token,) = values(answer.headers, "x-csrf-token")
    assert len(token) == 32
    cookies = values(answer.headers, "set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["JSESSIONID", "__VCAP_ID_META__", "__VCAP_ID__"]
    assert cookies[0].endswith("; Path=/http; HttpOnly; Secure")
    assert values(answer.headers, "content-type") == []
    assert tenant.logs.all() == ()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_token_is_used_as_often_as_one_likes(method: str, tenant: Tenant) -> None:
    headers = shown(tenant.call("GET", PROTECTED, FETCH))
    assert [tenant.call(method, PROTECTED, *headers).status for _ in range(2)] == [200, 200]
    assert len(tenant.logs.all()) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "part",
    ["nothing", "token-alone", "cookie-alone", "wrong-token", "empty-token", "not-ascii", "fetch", "unknown-session"],
)
def test_each_way_of_not_having_a_token(part: str, method: str, tenant: Tenant) -> None:
    """403 with a demand, a page that gives no reason, and no message log."""
    token, cookie = shown(tenant.call("GET", PROTECTED, FETCH))
    headers: dict[str, Headers] = {
        "nothing": (),
        "token-alone": (token,),
        "cookie-alone": (cookie,),
        "wrong-token": (("x-csrf-token", token[1][::-1]), cookie),
        "empty-token": (("x-csrf-token", ""), cookie),
        "not-ascii": (("x-csrf-token", "ü" * 32), cookie),
        "fetch": (FETCH, cookie),
        "unknown-session": (token, ("cookie", "JSESSIONID=" + "0" * 32)),
    }
    answer = tenant.call(method, PROTECTED, *headers[part])
    assert (answer.status, truth(answer)) == (403, ("csrf", "csrf-token-required"))
    assert values(answer.headers, "x-csrf-token") == ["required"]
    assert len(values(answer.headers, "set-cookie")) == 3
    assert b"403 \xe2\x80\x93 Forbidden" in answer.body
    assert len(answer.body) == 431
    assert tenant.logs.all() == ()


def test_a_token_belongs_to_its_flow(tenant: Tenant) -> None:
    """Also within one session; and a session may hold tokens of several flows."""
    first = shown(tenant.call("GET", PROTECTED, FETCH))
    assert tenant.call("POST", SECOND, *first).status == 403
    second = shown(tenant.call("GET", SECOND, FETCH, first[1]))
    assert second[0] != first[0]
    assert tenant.call("POST", SECOND, second[0], first[1]).status == 200
    assert tenant.call("POST", PROTECTED, first[0], second[1]).status == 200


def test_a_token_belongs_to_its_session(tenant: Tenant) -> None:
    one, other = (shown(tenant.call("GET", PROTECTED, FETCH)) for _ in range(2))
    assert one != other
    assert tenant.call("POST", PROTECTED, one[0], other[1]).status == 403
    assert shown(tenant.call("GET", PROTECTED, FETCH, one[1]))[0] == one[0]


@pytest.mark.parametrize("path", ["/http/PROTECTED", "/http/%70rotected"], ids=["letter-case", "percent-encoded"])
def test_a_token_does_not_mind_how_the_address_is_written(path: str, tenant: Tenant) -> None:
    headers = shown(tenant.call("GET", path, FETCH))
    assert tenant.call("POST", PROTECTED, *headers).status == 200


@pytest.mark.parametrize(
    "cookie",
    [
        pytest.param(lambda value: (("cookie", f"a=b; {value}; c=d"),), id="among-others"),
        pytest.param(lambda value: (("cookie", "a=b"), ("cookie", value)), id="on-a-line-of-its-own"),
        pytest.param(lambda value: (("cookie", f" {value} "),), id="blanks"),
    ],
)
def test_cookies(cookie: object, tenant: Tenant) -> None:
    token, (_, session) = shown(tenant.call("GET", PROTECTED, FETCH))
    assert callable(cookie)
    assert tenant.call("POST", PROTECTED, token, *cookie(session)).status == 200


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_reading_calls_need_no_token(method: str, tenant: Tenant) -> None:
    answer = tenant.call(method, PROTECTED)
    assert (answer.status, answer.body) == (200, b"in")
    assert values(answer.headers, "x-csrf-token") == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_channel_without_protection_knows_no_tokens(method: str, tenant: Tenant) -> None:
    """There, asking for one runs the flow."""
    answer = tenant.call(method, "/http/open", FETCH)
    assert (answer.status, answer.body) == (200, b"in")
    assert values(answer.headers, "x-csrf-token") == []
    assert len(tenant.logs.all()) == 1


@pytest.mark.parametrize(
    ("path", "status", "layer"),
    [
        pytest.param("/http/unknown", 404, "flow", id="404-before-csrf"),
        pytest.param("/http/other-role", 403, "authorization", id="role-before-csrf"),
        pytest.param(STARTING, 403, "csrf", id="csrf-before-503"),
    ],
)
def test_the_order(path: str, status: int, layer: str, tenant: Tenant) -> None:
    """A refusal for the role does not ask for a token, so that both kinds of 403 can be told apart."""
    answer = tenant.call("POST", path)
    assert (answer.status, (truth(answer) or ("",))[0]) == (status, layer)
    assert values(answer.headers, "x-csrf-token") == (["required"] if layer == "csrf" else [])
    assert bool(values(answer.headers, "set-cookie")) is (layer == "csrf")


def test_with_a_token_the_state_of_the_flow_decides(tenant: Tenant) -> None:
    assert tenant.call("POST", STARTING, *shown(tenant.call("GET", STARTING, FETCH))).status == 503


def test_sessions_are_forgotten_the_oldest_first(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csrf, "KEPT", 2)
    first, second = (shown(tenant.call("GET", PROTECTED, FETCH)) for _ in range(2))
    tenant.call("GET", PROTECTED, FETCH, first[1])
    tenant.call("GET", PROTECTED, FETCH)
    assert tenant.call("POST", PROTECTED, *first).status == 200
    assert tenant.call("POST", PROTECTED, *second).status == 403


def test_the_channel_of_an_archive_decides(tenant: Tenant) -> None:
    tenant.deployments.deploy_now(tenant.create(archive(model=model(channel(xsrfProtection="1")))))
    assert tenant.call("POST").status == 403
    headers = shown(tenant.call("GET", "/http/test/clientcert", FETCH))
    assert tenant.call("POST", "/http/test/clientcert", *headers).body == b"Connected Successfully to CPI!"
