"""Logging in: each grant as it is on the wire, renewal, and that a refused login is sent once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.errors import (
    BrokenAnswer,
    ControlError,
    LoginRefused,
    RateLimited,
    ServerFailure,
    Unreachable,
)
from cpi_conformance.control.login import Login, PasscodeLogin, PasswordLogin, RefreshTokenLogin, SessionLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.uaa import Session
from cpi_conformance.secret import Secret
from tests.control_plane import TOKENS, Pauses, granted, lost

PASSWORD = PasswordLogin("qa@example.test", Secret("hush"), "sap.ids")
PASSCODE = PasscodeLogin(Secret("once"))
REFRESH = RefreshTokenLogin(Secret("earlier-r"))
CLI = SessionLogin(Secret("of-the-cli"), Secret("of-the-cli-r"))

REFUSED = {"error": "unauthorized", "error_description": "Bad credentials"}
REVOKED = {"error": "invalid_token", "error_description": "The token expired, was revoked, or is incorrect."}


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


def session(login: Login, clock: Clock | None = None) -> Session:
    """A session over a connection that does not sleep."""
    connection = Connection(patience=Patience(attempts=2), sleep=Pauses())
    return Session(connection, TOKENS, login, clock=clock or Clock())


def forms(httpx_mock: HTTPXMock) -> list[dict[str, str]]:
    """What was posted."""
    return [
        {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        for request in httpx_mock.get_requests()
    ]


GRANTS: list[Any] = [
    pytest.param(
        PASSWORD,
        {
            "grant_type": "password",
            "username": "qa@example.test",
            "password": "hush",
            "login_hint": '{"origin":"sap.ids"}',
        },
        id="password with origin",
    ),
    pytest.param(
        PasswordLogin("qa", Secret("hush")),
        {"grant_type": "password", "username": "qa", "password": "hush"},
        id="password",
    ),
    pytest.param(PASSCODE, {"grant_type": "password", "passcode": "once"}, id="passcode"),
    pytest.param(REFRESH, {"grant_type": "refresh_token", "refresh_token": "earlier-r"}, id="refresh token"),
]


@pytest.mark.parametrize(("login", "form"), GRANTS)
def test_grant(login: Login, form: dict[str, str], httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=TOKENS, match_headers={"Authorization": "Basic Y2Y6"}, json=granted())
    logged_in = session(login)
    assert logged_in.token() == logged_in.token() == Secret("access-1")
    assert logged_in.refresh_token() == Secret("refresh-1-r")
    assert forms(httpx_mock) == [form]


def test_session_of_the_cli_is_used_before_it_is_renewed(httpx_mock: HTTPXMock) -> None:
    opened = session(CLI)
    assert opened.token() == Secret("of-the-cli")
    httpx_mock.add_response(json=granted())
    assert opened.renewed(Secret("of-the-cli")) == Secret("access-1")
    assert forms(httpx_mock) == [{"grant_type": "refresh_token", "refresh_token": "of-the-cli-r"}]


def test_session_of_the_cli_that_fits_no_header_is_renewed_at_once(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=granted())
    assert session(SessionLogin(Secret("bröken\n"), Secret("r"))).token() == Secret("access-1")


@pytest.mark.parametrize(
    ("lifetime", "still", "over"), [(1199, 1138, 1140), (100, 89, 91)], ids=["20 minutes", "100 seconds"]
)
def test_renewed_when_nearly_over(
    lifetime: float, still: float, over: float, httpx_mock: HTTPXMock, clock: Clock
) -> None:
    httpx_mock.add_response(json=granted(1, expires_in=lifetime))
    httpx_mock.add_response(json=granted(2, expires_in=lifetime))
    opened = session(PASSWORD, clock)
    opened.token()
    clock.now = still
    assert opened.token() == Secret("access-1")
    clock.now = over
    assert opened.token() == Secret("access-2")
    assert forms(httpx_mock)[1] == {"grant_type": "refresh_token", "refresh_token": "refresh-1-r"}


def test_token_without_an_end_is_kept(httpx_mock: HTTPXMock, clock: Clock) -> None:
    httpx_mock.add_response(json=granted(expires_in=None))
    opened = session(PASSWORD, clock)
    opened.token()
    clock.now = 1e9
    assert opened.token() == Secret("access-1")


@pytest.mark.parametrize("lifetime", ["Infinity", "-Infinity", "NaN", "1e999", "9" * 400, "-1", '"1199"'])
def test_lifetime_that_is_none(lifetime: str, httpx_mock: HTTPXMock, clock: Clock) -> None:
    """As no lifetime: Python reads numbers out of JSON that are none."""
    httpx_mock.add_response(
        text=json.dumps(granted(expires_in=0)).replace('"expires_in": 0', f'"expires_in": {lifetime}')
    )
    opened = session(PASSWORD, clock)
    opened.token()
    clock.now = 1e9
    assert opened.token() == Secret("access-1")


def test_refused_token_is_renewed_by_one_thread_only(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=granted(1))
    httpx_mock.add_response(json=granted(2))
    opened = session(PASSWORD)
    refused = opened.token()
    with ThreadPoolExecutor(8) as pool:
        renewed = list(pool.map(opened.renewed, [refused] * 8))
    assert set(renewed) == {Secret("access-2")}


def test_refresh_token_that_is_refused_gives_way_to_the_password_once(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=granted(1))
    httpx_mock.add_response(401, json=REVOKED)
    httpx_mock.add_response(json=granted(2))
    opened = session(PASSWORD)
    assert opened.renewed(opened.token()) == Secret("access-2")
    assert [form["grant_type"] for form in forms(httpx_mock)] == ["password", "refresh_token", "password"]


@pytest.mark.parametrize("login", [PASSCODE, REFRESH, CLI], ids=["passcode", "refresh token", "cf CLI"])
def test_refresh_token_that_is_refused_ends_a_session_without_password(login: Login, httpx_mock: HTTPXMock) -> None:
    if login is not CLI:
        httpx_mock.add_response(json=granted(1))
    httpx_mock.add_response(401, json=REVOKED)
    opened = session(login)
    token = opened.token()
    for _ in range(3):
        with pytest.raises(LoginRefused, match="invalid_token"):
            opened.renewed(token)


def test_refresh_keeps_its_token_when_there_is_no_new_one(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=granted(refresh_token=None))
    opened = session(REFRESH)
    opened.token()
    assert opened.refresh_token() == Secret("earlier-r")


def test_passcode_without_refresh_token_is_used_up(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json=granted(refresh_token=None))
    opened = session(PASSCODE)
    token = opened.token()
    with pytest.raises(BrokenAnswer, match="refresh_token"):
        opened.refresh_token()
    with pytest.raises(LoginRefused, match="used up"):
        opened.renewed(token)
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize("login", [PASSWORD, PASSCODE], ids=["password", "passcode"])
def test_refused_login_is_sent_once(login: Login, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(401, json=REFUSED)
    opened = session(login)

    def attempt(_: int) -> ControlError:
        with pytest.raises(LoginRefused, match="Bad credentials") as caught:
            opened.token()
        return caught.value

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(attempt, range(16)))
    assert len(found) == 16
    assert len(httpx_mock.get_requests()) == 1


FAILURES: list[Any] = [
    pytest.param({"exception": lost()}, Unreachable, True, id="no answer: it may have been counted"),
    pytest.param({"status_code": 500, "html": "<html/>"}, ServerFailure, True, id="500"),
    pytest.param({"status_code": 403, "html": "<html/>"}, BrokenAnswer, True, id="page of a proxy"),
    pytest.param({"status_code": 400, "json": {"message": "?"}}, BrokenAnswer, True, id="JSON without an error"),
    pytest.param({"json": {"token_type": "bearer"}}, BrokenAnswer, True, id="no access token"),
    pytest.param({"json": granted(access_token="two words")}, BrokenAnswer, True, id="token that fits no header"),
    pytest.param({"status_code": 429}, RateLimited, False, id="429: not executed"),
    pytest.param({"exception": httpx.ConnectError("refused")}, Unreachable, False, id="never arrived"),
]


@pytest.mark.parametrize(("answer", "kind", "remembered"), FAILURES)
def test_failed_login(
    answer: dict[str, Any], kind: type[ControlError], remembered: bool, httpx_mock: HTTPXMock
) -> None:
    again = kind in {RateLimited} or not remembered
    if "exception" in answer:
        httpx_mock.add_exception(answer["exception"], is_reusable=again)
    else:
        httpx_mock.add_response(**answer, is_reusable=again)
    opened = session(PASSWORD)
    for _ in range(2):
        with pytest.raises(kind):
            opened.token()
    assert len(httpx_mock.get_requests()) == (1 if remembered else 4)


REFUSALS: list[Any] = [
    pytest.param({"json": REFUSED}, ("unauthorized", "Bad credentials"), id="older UAA"),
    pytest.param(
        {"json": {"error": "invalid_client", "error_description": "Bad credentials"}},
        ("invalid_client", "Bad credentials"),
        id="newer UAA",
    ),
    pytest.param(
        {
            "html": "",
            "headers": {
                "WWW-Authenticate": 'Basic realm="UAA", error="unauthorized", error_description="Bad credentials"'
            },
        },
        ("unauthorized", "Bad credentials"),
        id="only in the header",
    ),
    pytest.param({"json": {"error": "invalid_grant"}}, ("invalid_grant", ""), id="without a description"),
    pytest.param(
        {"json": {"error": "invalid_grant", "error_description": "IdP says: no user with hush"}},
        ("invalid_grant", "IdP says: no user with …"),
        id="identity provider repeats the password",
    ),
]


@pytest.mark.parametrize(("answer", "said"), REFUSALS)
def test_refusal_is_told(answer: dict[str, Any], said: tuple[str, str], httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(401, **answer)
    with pytest.raises(LoginRefused) as caught:
        session(PASSWORD).token()
    refusal = caught.value
    assert (refusal.status, refusal.error, refusal.description) == (401, *said)
    assert "hush" not in repr(refusal)


def test_refresh_is_repeated_because_it_locks_nobody(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(lost())
    httpx_mock.add_response(json=granted())
    assert session(REFRESH).token() == Secret("access-1")


def test_refresh_that_nobody_answers_is_tried_again_later(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(503)
    httpx_mock.add_response(503)
    httpx_mock.add_response(json=granted())
    opened = session(REFRESH)
    with pytest.raises(ServerFailure):
        opened.token()
    assert opened.token() == Secret("access-1")
