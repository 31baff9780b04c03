"""A far side that sends back what it was asked with: no error tells it, wherever in the answer it stands."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.echoes import without
from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.login import PasswordLogin, RefreshTokenLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.secret import Secret
from tests.control_plane import API, INSTANCES, JOB, KEYS, TOKENS, Pauses, discovered, errors, granted, job, page
from tests.tenant_answers import PACKAGE, client, error, token
from tests.tenant_answers import TOKENS as XSUAA

PATIENCE = Patience(first_pause=1, longest_pause=4, deadline=20, attempts=1)

PASSWORD = 'pass"word/of + <qa>'
FORMS = (PASSWORD, quote(PASSWORD, safe=""), json.dumps(PASSWORD)[1:-1], "pass&quot;word/of + &lt;qa&gt;")

TOKEN = "access-1"


def cloud(login: PasswordLogin | RefreshTokenLogin) -> CloudFoundry:
    """A client that does not ask twice."""
    return CloudFoundry(API, login, patience=PATIENCE, sleep=Pauses())


def told(operation: Callable[[], object]) -> str:
    """What an operation that fails tells."""
    with pytest.raises(ControlError) as caught:
        operation()
    return f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("form", FORMS, ids=["plain", "in a URL", "in JSON", "in HTML"])
@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(lambda form: {"json": {"error": "x", "error_description": f"not {form}"}}, id="description"),
        pytest.param(lambda form: {"html": "<html/>", "headers": {"Content-Type": form}}, id="media type"),
        pytest.param(
            lambda form: {"html": "", "headers": {"WWW-Authenticate": f"Basic error='x', error=\"{form}\""}},
            id="header",
        ),
    ],
)
def test_password(refusal: Callable[[str], dict[str, Any]], form: str, httpx_mock: HTTPXMock) -> None:
    discovered(httpx_mock)
    httpx_mock.add_response(401, url=TOKENS, **refusal(form))
    with cloud(PasswordLogin("qa", Secret(PASSWORD))) as it:
        assert form not in told(it.log_in)


ECHOES: dict[str, dict[str, Any]] = {
    "detail": {"status_code": 403, "json": errors(10003, "CF-NotAuthorized", f"not with {TOKEN}")},
    "request-id": {
        "status_code": 403,
        "json": errors(10003, "CF-NotAuthorized", "no"),
        "headers": {"X-Vcap-Request-Id": TOKEN},
    },
    "media-type": {"text": "no JSON", "headers": {"Content-Type": TOKEN}},
    "next-page": {"json": page(following=f"https://elsewhere.test/?token={TOKEN}")},
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_token_of_cloud_foundry(echo: dict[str, Any], httpx_mock: HTTPXMock) -> None:
    discovered(httpx_mock)
    httpx_mock.add_response(url=TOKENS, json=granted())
    httpx_mock.add_response(**echo)
    with cloud(PasswordLogin("qa", Secret(PASSWORD))) as it:
        assert TOKEN not in told(it.instances)


def test_token_in_the_words_of_a_job(httpx_mock: HTTPXMock) -> None:
    """Its answer is a success, whatever has become of the job."""
    discovered(httpx_mock)
    httpx_mock.add_response(url=TOKENS, json=granted())
    httpx_mock.add_response(202, method="DELETE", url=f"{KEYS}/k-1", headers={"Location": JOB})
    failed = errors(None, "x", f"Service broker error: {TOKEN}")["errors"]
    httpx_mock.add_response(url=JOB, json=job("FAILED", errors=failed))
    with cloud(PasswordLogin("qa", Secret(PASSWORD))) as it:
        shown = told(lambda: it.delete_key("k-1"))
    assert "Service broker error: …" in shown
    assert TOKEN not in shown


def test_refresh_token_that_is_granted_once_more(httpx_mock: HTTPXMock) -> None:
    """It stands in the answer by right."""
    discovered(httpx_mock)
    httpx_mock.add_response(url=TOKENS, json=granted(refresh_token="refresh-0-r"))
    with cloud(RefreshTokenLogin(Secret("refresh-0-r"))) as it:
        assert it.log_in() == Secret("refresh-0-r")


def test_token_of_a_tenant(httpx_mock: HTTPXMock) -> None:
    token(httpx_mock)
    httpx_mock.add_response(400, url=PACKAGE, json=error(f"not with {TOKEN}"), headers={"x-correlationid": TOKEN})
    with client(Pauses()) as tenant:
        assert TOKEN not in told(lambda: tenant.package("Pkg"))


def test_credentials_of_a_service_key(httpx_mock: HTTPXMock) -> None:
    """Also as they stand in the header."""
    pair = base64.b64encode(b"sb-api:hush-secret").decode()
    httpx_mock.add_response(401, url=XSUAA, json={"error": "unauthorized", "error_description": f"Basic {pair}"})
    with client(Pauses()) as tenant:
        shown = told(tenant.packages)
    assert pair not in shown
    assert "hush-secret" not in shown


def test_an_answer_that_repeats_nothing_is_as_it_was() -> None:
    """Nor does a short secret cut up the words of a document."""
    request = httpx.Request("GET", INSTANCES)
    answer = httpx.Response(200, json={"error": 1}, request=request)
    assert without(answer, [Secret("error"), Secret(""), Secret("something else")]) is answer
