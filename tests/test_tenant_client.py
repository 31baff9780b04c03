"""The tenant's client as a whole: token, CSRF token, refusals in each of their forms, and the limits of an answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock, IteratorStream

from cpi_conformance.certificates import self_signed
from cpi_conformance.control import connection
from cpi_conformance.control import tenant as kinds
from cpi_conformance.control.errors import BrokenAnswer, TokenRefused, Unreachable
from cpi_conformance.control.tenant import Tenant, TenantError, TenantForbidden, TenantNotFound, needed_role
from cpi_conformance.control.tenant.grant import Grant
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.secret import Secret
from tests.control_plane import Pauses, lost
from tests.tenant_answers import (
    API,
    FLOW,
    NO_ENTITY,
    PACKAGE,
    PACKAGES,
    TOKENS,
    atom,
    client,
    credentials,
    entity,
    error,
    missing,
    package,
    token,
)

NOW = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)
REQUIRED = {"X-CSRF-Token": "Required"}
NPE = 'Cannot invoke "javax.servlet.http.HttpSession.getAttribute(String)" because "session" is null'


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def tenant(pauses: Pauses) -> Iterator[Tenant]:
    with client(pauses) as opened:
        yield opened


def test_one_token_serves_all_requests(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    granted = {"Authorization": "Bearer access-1", "Accept": "application/json"}
    httpx_mock.add_response(url=PACKAGE, match_headers=granted, json=entity(**package()), is_reusable=True)
    assert tenant.package("Pkg") == tenant.package("Pkg")
    assert httpx_mock.get_requests(url=TOKENS)[0].headers["Authorization"].startswith("Basic ")


def test_refused_token_is_renewed_once(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(401, url=PACKAGE, match_headers={"Authorization": "Bearer access-1"})
    token(httpx_mock, 2)
    httpx_mock.add_response(url=PACKAGE, match_headers={"Authorization": "Bearer access-2"}, json=entity(**package()))
    found = tenant.package("Pkg")
    assert found is not None
    assert found.name == "My CPI Pkg"


def test_new_token_that_is_refused(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    token(httpx_mock, 2)
    httpx_mock.add_response(401, html="<html>", is_reusable=True)
    with pytest.raises(kinds.TenantNotAuthenticated):
        tenant.package("Pkg")
    assert len(httpx_mock.get_requests(url=PACKAGE)) == 2


def test_token_is_renewed_before_it_ends() -> None:
    clock = iter([0.0, 5.0, 8.9, 9.1, 9.1])
    tokens = iter([Token(Secret("one"), 10, ()), Token(Secret("two"), 10, ())])
    grant = Grant(lambda: next(tokens), lambda: next(clock))
    assert [grant.token().reveal() for _ in range(4)] == ["one", "one", "one", "two"]
    assert grant.renewed(Secret("one")).reveal() == "two"


def test_refused_service_key(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    bad = {"error": "unauthorized", "error_description": "Bad credentials: hush-secret"}
    httpx_mock.add_response(401, url=TOKENS, json=bad)
    with pytest.raises(TokenRefused, match="Bad credentials") as caught:
        tenant.packages()
    assert "hush" not in str(caught.value)


def test_no_csrf_token_is_fetched_without_need(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(204, method="DELETE", url=FLOW, is_reusable=True)
    tenant.delete_artifact("Flow")
    assert "X-CSRF-Token" not in httpx_mock.get_requests()[-1].headers


def test_csrf_token_and_cookies_are_fetched_once_and_sent_with_writes(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(403, method="DELETE", url=FLOW, headers=REQUIRED)
    cookies = [("X-CSRF-Token", "t0"), ("Set-Cookie", "JSESSIONID=s1; Path=/api; Secure"), ("Set-Cookie", "v=2")]
    httpx_mock.add_response(url=API, match_headers={"X-CSRF-Token": "Fetch"}, headers=cookies, json={"d": {}})
    sent = {"X-CSRF-Token": "t0", "Cookie": "JSESSIONID=s1; v=2"}
    httpx_mock.add_response(method="DELETE", url=FLOW, match_headers=sent, is_reusable=True)
    httpx_mock.add_response(url=PACKAGE, json=entity(**package()))
    tenant.delete_artifact("Flow")
    tenant.delete_artifact("Flow")
    tenant.package("Pkg")
    assert "Cookie" not in httpx_mock.get_requests()[-1].headers


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param({"status_code": 403, "headers": REQUIRED}, id="403 required"),
        pytest.param({"status_code": 500, "json": error(NPE, "Internal Server Error")}, id="500 without a session"),
    ],
)
def test_csrf_session_that_is_over_is_renewed(refusal: dict[str, Any], httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    for number, answer in enumerate([{"status_code": 403, "headers": REQUIRED}, refusal]):
        httpx_mock.add_response(method="DELETE", url=FLOW, **answer)
        httpx_mock.add_response(url=API, headers={"X-CSRF-Token": f"t{number}"}, json={"d": {}})
        httpx_mock.add_response(method="DELETE", url=FLOW, match_headers={"X-CSRF-Token": f"t{number}"})
        tenant.delete_artifact("Flow")


@pytest.mark.parametrize("charset", ["hex", "undefined", "idna", "nonsense", "\xff"])
def test_character_set_that_is_none(charset: str, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    """Python knows some that no text can be in."""
    token(httpx_mock)
    headers = [(b"Content-Type", f"application/json; charset={charset}".encode())]
    httpx_mock.add_response(500, method="DELETE", url=FLOW, headers=headers, json=error("no"))
    with pytest.raises(kinds.TenantFailure, match="no"):
        tenant.delete_artifact("Flow")


def test_forbidden_is_not_taken_for_csrf(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(403, method="DELETE", url=FLOW)
    with pytest.raises(TenantForbidden, match="WorkspacePackagesEdit"):
        tenant.delete_artifact("Flow")


def test_csrf_token_that_never_comes(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(403, method="DELETE", url=FLOW, headers=REQUIRED)
    httpx_mock.add_response(url=API, json={"d": {}})
    with pytest.raises(BrokenAnswer, match="no X-CSRF-Token"):
        tenant.delete_artifact("Flow")


REFUSALS: list[Any] = [
    pytest.param(400, {"json": error("No")}, TenantError, "Bad Request", "No", id="JSON"),
    pytest.param(400, {"content": atom("CANNOT &lt;X&gt;")}, TenantError, "Bad Request", "CANNOT <X>", id="Atom"),
    pytest.param(403, {"json": error(None, "Forbidden")}, TenantForbidden, "Forbidden", "", id="value null"),
    pytest.param(403, {"json": error(None)["error"]}, TenantForbidden, "Bad Request", "", id="without error"),
    pytest.param(403, {}, TenantForbidden, "", "", id="empty 403"),
    pytest.param(403, {"html": "<html>no</html>"}, TenantForbidden, "", "", id="HTML 403"),
    pytest.param(409, {"json": error("id already exist.")}, kinds.AlreadyThere, "Bad Request", "id already exist.",
                 id="409"),
    pytest.param(500, {"json": error("with the ID Flow already exists in")}, kinds.AlreadyThere, "Bad Request",
                 "with the ID Flow already exists in", id="500 that means already there"),
    pytest.param(400, {"json": error("x")["error"]}, TenantError, "Bad Request", "x", id="400 without error"),
    pytest.param(429, {}, kinds.TenantBusy, "", "", id="429"),
    pytest.param(501, {"json": error("Not implemented")}, kinds.TenantFailure, "Bad Request", "Not implemented",
                 id="501"),
    pytest.param(500, {"content": b'<!DOCTYPE x [<!ENTITY a "b">]><error><code>&a;</code></error>'},
                 kinds.TenantFailure, "", "", id="entities are not expanded"),
    pytest.param(500, {"content": b"{" * 100}, kinds.TenantFailure, "", "", id="no JSON"),
    pytest.param(500, {"content": b"<error"}, kinds.TenantFailure, "", "", id="no XML"),
    pytest.param(500, {"json": {"error": ["?"]}}, kinds.TenantFailure, "", "", id="JSON of another shape"),
    pytest.param(401, {"json": {"error": "invalid_token", "error_description": "gone"}},
                 kinds.TenantNotAuthenticated, "invalid_token", "gone", id="OAuth error"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "code", "text"), REFUSALS)
def test_refusal(
    status: int,
    body: dict[str, Any],
    kind: type[TenantError],
    code: str,
    text: str,
    httpx_mock: HTTPXMock,
    tenant: Tenant,
) -> None:
    token(httpx_mock)
    if status == 401:
        token(httpx_mock, 2)
    headers = {"x-correlationid": "c-1"}
    httpx_mock.add_response(status, url=PACKAGE, headers=headers, is_reusable=True, **body)
    with pytest.raises(kind) as caught:
        tenant.package("Pkg")
    assert (caught.value.status, caught.value.code, caught.value.text) == (status, code, text)
    assert type(caught.value) is kind
    assert "c-1" in str(caught.value)


def test_not_found_with_another_status(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(400, url=PACKAGE, json=error(NO_ENTITY))
    assert tenant.package("Pkg") is None


def test_not_found_in_a_list_is_an_error(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    missing(httpx_mock, f"{PACKAGE}/IntegrationDesigntimeArtifacts")
    with pytest.raises(TenantNotFound):
        tenant.artifacts("Pkg")


ROUTER = "404 Not Found: Requested route ('acme.example.test') does not exist."
FOREIGN: list[Any] = [
    pytest.param({"status_code": 404, "text": ROUTER}, id="404 of the router does not say: gone"),
    pytest.param({"status_code": 404, "html": "<html><body>404</body></html>"}, id="404 of a proxy"),
    pytest.param({"status_code": 302, "headers": {"Location": "https://login.example.test"}}, id="login page"),
    pytest.param({"html": "<html>"}, id="HTML"),
    pytest.param({"json": {"value": []}}, id="OData V4"),
    pytest.param({"json": {"d": {"Name": "hush"}}}, id="without Id"),
    pytest.param({"json": {"d": {"Id": 7, "Name": "hush"}}}, id="Id is no text"),
]


@pytest.mark.parametrize("answer", FOREIGN)
def test_answer_that_is_none_of_the_tenant(answer: dict[str, Any], httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_response(url=PACKAGE, **answer)
    with pytest.raises(BrokenAnswer) as caught:
        tenant.package("Pkg")
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_reading_is_repeated(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    token(httpx_mock)
    httpx_mock.add_exception(lost(), url=PACKAGE)
    httpx_mock.add_response(url=PACKAGE, json=entity(**package()))
    assert tenant.package("Pkg") is not None
    httpx_mock.add_response(503, url=PACKAGE)
    httpx_mock.add_response(url=PACKAGE, json=entity(**package()))
    assert tenant.package("Pkg") is not None
    assert pauses == [1, 1]


def test_nobody_there(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    httpx_mock.add_exception(httpx.ConnectError("refused"), url=PACKAGE, is_reusable=True)
    with pytest.raises(Unreachable, match="refused"):
        tenant.package("Pkg")


def test_token_does_not_go_over_plain_http(pauses: Pauses) -> None:
    plain = dataclasses.replace(credentials(), url="http://acme.example.test")
    with Tenant(plain, sleep=pauses) as tenant, pytest.raises(BrokenAnswer, match="no https URL"):
        tenant.packages()


def test_url_that_is_none(httpx_mock: HTTPXMock, pauses: Pauses) -> None:
    token(httpx_mock)
    broken = dataclasses.replace(credentials(), url="https://acme:port")
    certificate = self_signed("CN=x", not_before=NOW, not_after=NOW + dt.timedelta(days=1)).certificate
    with Tenant(broken, sleep=pauses) as tenant:
        with pytest.raises(Unreachable, match="InvalidURL"):
            tenant.packages()
        with pytest.raises(Unreachable, match="InvalidURL"):
            tenant.add_certificate("a", certificate)


def test_answer_that_does_not_end(httpx_mock: HTTPXMock, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LARGEST", 1000)
    token(httpx_mock)
    httpx_mock.add_response(url=f"{FLOW}/$value", stream=IteratorStream([b"x" * 600] * 2))
    with pytest.raises(BrokenAnswer, match="more than 1000 bytes"):
        tenant.download("Flow")


@pytest.mark.parametrize("name", ["O'Neil/Pkg ä", "Pkg?x#y%27", "')/$value"])
def test_key_stays_a_key(name: str, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    missing(httpx_mock, None)  # type: ignore[arg-type]
    assert tenant.package(name) is None
    url = httpx_mock.get_requests()[-1].url
    doubled = name.replace("'", "''")
    assert url.path == f"/api/v1/IntegrationPackages('{doubled}')"
    assert (url.query, url.fragment) == (b"", "")
    assert url.raw_path.count(b"/") == 3


def test_time_by_the_clock_of_the_tenant(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    token(httpx_mock)
    date = {"Date": "Thu, 20 Aug 2026 10:00:00 GMT"}
    httpx_mock.add_response(url=PACKAGE, headers=date, json=entity(**package()))
    tenant.package("Pkg")
    assert tenant.far_now() - dt.datetime(2026, 8, 20, 10, tzinfo=dt.UTC) < dt.timedelta(seconds=20)


def test_nothing_secret_is_logged(httpx_mock: HTTPXMock, tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token(httpx_mock)
    httpx_mock.add_response(url=PACKAGES, method="POST", status_code=400, json=error("No"))
    with pytest.raises(TenantError) as caught:
        tenant.create_package(kinds.Package("Pkg", "Pkg", "", ""))
    for text in (caplog.text, repr(caught.value), repr(tenant)):
        assert "hush" not in text
        assert "access-1" not in text


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("POST", "/api/v1/DeployIntegrationDesigntimeArtifact", "WorkspaceArtifactsDeploy"),
        ("GET", "/api/v1/KeystoreEntries('00')/Certificate/$value", "MonitoringDataRead"),
        ("DELETE", "/api/v1/KeystoreEntries('00')", "SecurityMaterialEdit"),
        ("GET", "/api/v1/", None),
        ("GET", "/elsewhere", None),
    ],
)
def test_needed_role(method: str, path: str, role: str | None) -> None:
    assert needed_role(method, path) == role
