"""When a request to the control plane is sent again, what is told about one without an answer, and where UAA is."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
import time
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.discovery import discover
from cpi_conformance.control.errors import ApiError, BrokenAnswer, TlsRefusal, Unreachable
from cpi_conformance.control.patience import Patience
from tests.control_plane import API, LOGIN, Pauses, errors, root

URL = f"{API}/v3/things"
PATIENCE = Patience(first_rest=1, longest_rest=3, attempts=4, deadline=100)
CONNECT_ERROR = httpx.ConnectError("refused")


@pytest.fixture
def pauses() -> Pauses:
    """No sleep."""
    return Pauses()


@pytest.fixture
def connection(pauses: Pauses) -> Connection:
    """A connection that pauses 1, 2, 3, 3 … seconds."""
    return Connection(patience=PATIENCE, sleep=pauses)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_reads_are_repeated(status: int, httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses) -> None:
    httpx_mock.add_response(status)
    httpx_mock.add_exception(httpx.ReadError("reset"))
    httpx_mock.add_response(200, text="at last")
    assert connection.send("GET", URL).text == "at last"
    assert pauses == [1, 2]


def test_last_answer_counts_when_the_attempts_are_used_up(
    httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses
) -> None:
    httpx_mock.add_response(503, is_reusable=True)
    assert connection.send("GET", URL).status_code == 503
    assert pauses == [1, 2, 3]
    assert len(httpx_mock.get_requests()) == PATIENCE.attempts


def test_deadline_ends_repetitions(httpx_mock: HTTPXMock, pauses: Pauses) -> None:
    httpx_mock.add_response(503, is_reusable=True)
    Connection(patience=Patience(first_rest=4, longest_rest=4, deadline=9), sleep=pauses).send("GET", URL)
    assert pauses == [4, 4]


NOT_REPEATED: list[Any] = [
    pytest.param("GET", 501, id="GET 501: no passing failure"),
    pytest.param("GET", 404, id="GET 404"),
    pytest.param("GET", 302, id="GET 302: redirects are not followed"),
    pytest.param("POST", 500, id="POST 500: may have been executed"),
    pytest.param("POST", 503, id="POST 503: may have been executed"),
]


@pytest.mark.parametrize(("method", "status"), NOT_REPEATED)
def test_answers_that_are_final(
    method: str, status: int, httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses
) -> None:
    httpx_mock.add_response(status, headers={"Location": LOGIN})
    assert connection.send(method, URL, json={}).status_code == status
    assert pauses == []


FATES: list[Any] = [
    pytest.param("POST", CONNECT_ERROR, False, 3, id="POST that was not sent"),
    pytest.param("POST", httpx.ConnectTimeout("slow"), False, 3, id="POST that found no connection in time"),
    pytest.param("POST", httpx.ReadTimeout("slow"), True, 0, id="POST whose answer does not come"),
    pytest.param("POST", httpx.WriteError("reset"), True, 0, id="POST that broke off"),
    pytest.param("POST", httpx.RemoteProtocolError("closed"), True, 0, id="POST on a closed kept connection"),
    pytest.param("POST", httpx.DecodingError("gzip"), True, 0, id="POST whose answer is unreadable"),
    pytest.param("GET", httpx.ReadTimeout("slow"), True, 3, id="GET whose answer does not come"),
    pytest.param("DELETE", httpx.ReadTimeout("slow"), True, 3, id="DELETE whose answer does not come"),
]


@pytest.mark.parametrize(("method", "error", "arrived", "repetitions"), FATES)
def test_no_answer(
    method: str,
    error: Exception,
    arrived: bool,
    repetitions: int,
    httpx_mock: HTTPXMock,
    connection: Connection,
    pauses: Pauses,
) -> None:
    httpx_mock.add_exception(error, is_reusable=True)
    with pytest.raises(Unreachable) as caught:
        connection.send(method, URL)
    assert caught.value.may_have_arrived is arrived
    assert caught.value.request == f"{method} {URL}"
    assert len(pauses) == repetitions


def test_repeatable_post_is_repeated(httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("slow"))
    httpx_mock.add_response(503)
    httpx_mock.add_response(200)
    assert connection.send("POST", URL, repeatable=True).status_code == 200
    assert pauses == [1, 2]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_429_is_repeated_whatever_the_method(
    method: str, httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses
) -> None:
    httpx_mock.add_response(429, headers={"Retry-After": "17"})
    httpx_mock.add_response(200)
    assert connection.send(method, URL).status_code == 200
    assert pauses == [17]


NOW = "Thu, 20 Aug 2026 10:00:00 GMT"
RETRY_AFTER: list[Any] = [
    pytest.param("5", 5.0, id="seconds"),
    pytest.param("0", 1.0, id="at once, but not without any pause"),
    pytest.param("Thu, 20 Aug 2026 10:00:30 GMT", 30.0, id="date"),
    pytest.param("Thu, 20 Aug 2026 09:00:00 GMT", 1.0, id="date in the past"),
    pytest.param("soon", 1.0, id="neither"),
    pytest.param("-5", 1.0, id="negative"),
    pytest.param("nan", 1.0, id="no number"),
    pytest.param("Thu, 99 Foo 2026 10:00:30 GMT", 1.0, id="no date"),
    pytest.param("Fri, 31 Dec 9999 23:59:59 -2359", 1.0, id="date at the end of time"),
    pytest.param("", 1.0, id="empty"),
]


@pytest.mark.parametrize(("text", "pause"), RETRY_AFTER)
def test_retry_after(text: str, pause: float, httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses) -> None:
    httpx_mock.add_response(503, headers={"Retry-After": text, "Date": NOW})
    httpx_mock.add_response(200)
    connection.send("GET", URL)
    assert pauses == [pause]


def test_retry_after_beyond_the_deadline_is_not_awaited(
    httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses
) -> None:
    httpx_mock.add_response(429, headers={"Retry-After": "3600"})
    assert connection.send("GET", URL).status_code == 429
    assert pauses == []


def test_untrusted_is_not_repeated(httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL] verify failed") from ssl.SSLCertVerificationError(1, "verify failed")

    httpx_mock.add_callback(refuse)
    with pytest.raises(TlsRefusal, match="verify failed"):
        connection.send("GET", URL)
    assert pauses == []


def test_end_of_tls_without_a_word_is_a_lost_connection(
    httpx_mock: HTTPXMock, connection: Connection, pauses: Pauses
) -> None:
    def hang_up(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("EOF") from ssl.SSLEOFError(8, "EOF occurred in violation of protocol")

    httpx_mock.add_callback(hang_up)
    httpx_mock.add_response(200)
    assert connection.send("GET", URL).status_code == 200
    assert pauses == [1]


def test_errors_hold_no_header(httpx_mock: HTTPXMock, connection: Connection) -> None:
    httpx_mock.add_exception(httpx.LocalProtocolError("Illegal header value b'Bearer hush'"), is_reusable=True)
    with pytest.raises(Unreachable) as caught:
        connection.send("POST", URL)
    assert "hush" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "headers"),
    [pytest.param("https://[", {}, id="no URL"), pytest.param(URL, {"Authorization": "Bearer hüsh"}, id="no header")],
)
def test_request_that_cannot_be_written(url: str, headers: dict[str, str], connection: Connection) -> None:
    with pytest.raises(Unreachable) as caught:
        connection.send("GET", url, headers=headers)
    assert not caught.value.may_have_arrived
    assert "hüsh" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_bodies_and_headers_are_not_logged(
    httpx_mock: HTTPXMock, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    httpx_mock.add_response(200)
    with caplog.at_level(logging.DEBUG):
        connection.send("POST", URL, headers={"Authorization": "Bearer hush"}, form={"password": "hush"})
    assert "hush" not in caplog.text


def test_environment_changes_nothing(httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    httpx_mock.add_response(200, headers={"Set-Cookie": "JSESSIONID=1; Path=/"})
    httpx_mock.add_response(200)
    with Connection() as connection:
        connection.send("GET", URL)
        connection.send("GET", URL)
    assert "Cookie" not in httpx_mock.get_requests()[1].headers


def test_clock_of_the_far_side(httpx_mock: HTTPXMock, connection: Connection) -> None:
    assert connection.far_now() is None
    httpx_mock.add_response(200, headers={"Date": NOW})
    httpx_mock.add_response(200)
    connection.send("GET", URL)
    connection.send("GET", URL)
    now = connection.far_now()
    assert now is not None
    assert dt.timedelta() <= now - dt.datetime(2026, 8, 20, 10, tzinfo=dt.UTC) < dt.timedelta(seconds=5)


@pytest.mark.parametrize(
    "value", ["Jürgen".encode(), "Jürgen".encode("latin-1"), b"\xff"], ids=["utf-8", "latin-1", "bytes"]
)
def test_header_that_is_no_ascii(value: bytes, httpx_mock: HTTPXMock, connection: Connection) -> None:
    """In whatever character set a far side writes its users' names."""
    httpx_mock.add_response(200, headers=[(b"X-User", value)], text="at last")
    answer = connection.send("GET", URL)
    assert answer.text == "at last"
    assert answer.headers.raw[0] == (b"X-User", value)


NO_TIMES = ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0400 00:00:00 GMT", "Thu, 99 Foo 2026 10:00:00 GMT", "now"]


@pytest.mark.parametrize("date", NO_TIMES)
def test_clock_that_shows_no_time(
    date: str, httpx_mock: HTTPXMock, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpx_mock.add_response(200, headers={"Date": date})
    connection.send("GET", URL)
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert connection.far_now() is None


def test_discovery_takes_login(httpx_mock: HTTPXMock, connection: Connection) -> None:
    httpx_mock.add_response(url=f"{API}/", json=root(login={"href": f"{LOGIN}/"}, uaa=None))
    endpoints = discover(connection, f"{API}/")
    assert (endpoints.api, endpoints.login, endpoints.uaa) == (API, LOGIN, None)
    assert endpoints.tokens == f"{LOGIN}/oauth/token"


def test_discovery_falls_back_to_uaa(httpx_mock: HTTPXMock, connection: Connection) -> None:
    httpx_mock.add_response(json=root(login=None, uaa={"href": "https://uaa.example.test"}))
    assert discover(connection, API).tokens == "https://uaa.example.test/oauth/token"


BROKEN_ROOTS: list[Any] = [
    pytest.param({"json": root(login=None, uaa=None)}, "neither links.login nor links.uaa", id="both null"),
    pytest.param({"json": {"links": []}}, "neither", id="links is a list"),
    pytest.param({"json": []}, "where a JSON object belongs", id="a list"),
    pytest.param({"html": "<html>Sign in to the proxy</html>"}, "text/html", id="page of a proxy"),
    pytest.param({"json": root(login={"href": "http://login.test"})}, "no https URL", id="password in the clear"),
    pytest.param({"status_code": 407, "html": "<html/>"}, "407", id="proxy wants a login"),
    pytest.param({"status_code": 302, "headers": {"Location": LOGIN}}, "302", id="redirect"),
]


@pytest.mark.parametrize(("answer", "what"), BROKEN_ROOTS)
def test_discovery_broken(answer: dict[str, Any], what: str, httpx_mock: HTTPXMock, connection: Connection) -> None:
    httpx_mock.add_response(**answer)
    with pytest.raises(BrokenAnswer, match=what):
        discover(connection, API)


def test_discovery_refused(httpx_mock: HTTPXMock, connection: Connection) -> None:
    httpx_mock.add_response(404, json=errors(10000, "CF-NotFound", "Unknown request"))
    with pytest.raises(ApiError, match="Unknown request"):
        discover(connection, API)
