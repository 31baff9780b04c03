"""From exceptions and statuses to causes: tables over every client, without a network where that says enough."""

from __future__ import annotations

import datetime as dt
import errno
import http.client
import socket
import ssl
from collections.abc import Callable

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.certificates import self_signed
from cpi_conformance.sender import Cause, Response
from cpi_conformance.sender.alerts import NAMES, alert_in, alert_name
from cpi_conformance.sender.classification import cause_of_error, cause_of_status, described
from cpi_conformance.sender.completion import is_cut
from cpi_conformance.sender.layers import LAYER_OF, Layer
from cpi_conformance.sender.transcript import Transcript

URL = "https://tenant.invalid/http/test/clientcert"
NOW = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)


def ssl_error(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    """An error as OpenSSL would have raised it."""
    error = kind(1, f"[SSL: {reason}] whatever the text of this version is")
    error.reason = reason
    return error


def verification_error(code: int) -> ssl.SSLCertVerificationError:
    """Our own refusal of a server certificate."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def presented() -> Transcript:
    """A handshake in which our certificate was sent, to a server that gives no session tickets."""
    leaf = self_signed("CN=sender", not_before=NOW, not_after=NOW + dt.timedelta(days=1)).certificate
    return Transcript(certificate_requested=True, client_chain=(leaf,), modern=True)


def requested() -> Transcript:
    """A handshake in which a client certificate was asked for, and none was sent."""
    return Transcript(certificate_requested=True)


ERRORS: dict[str, tuple[Callable[[], BaseException], Transcript, Cause]] = {
    "missing-ca-20": (lambda: verification_error(20), Transcript(), Cause.MISSING_CA),
    "missing-ca-2": (lambda: verification_error(2), Transcript(), Cause.MISSING_CA),
    "missing-ca-19": (lambda: verification_error(19), Transcript(), Cause.MISSING_CA),
    "host-name": (lambda: verification_error(62), Transcript(), Cause.HOST_NAME_MISMATCH),
    "ip-address": (lambda: verification_error(64), Transcript(), Cause.HOST_NAME_MISMATCH),
    "server-expired": (lambda: verification_error(10), Transcript(), Cause.SERVER_CERTIFICATE_EXPIRED),
    "server-not-yet-valid": (lambda: verification_error(9), Transcript(), Cause.SERVER_CERTIFICATE_NOT_YET_VALID),
    "server-other": (lambda: verification_error(85), Transcript(), Cause.SERVER_CERTIFICATE_REFUSED),
    "unknown-ca": (lambda: ssl_error("TLSV1_ALERT_UNKNOWN_CA"), Transcript(), Cause.UNKNOWN_CA),
    "expired-old-text": (
        lambda: ssl_error("SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        Transcript(),
        Cause.CERTIFICATE_EXPIRED,
    ),
    "expired-new-text": (
        lambda: ssl_error("ssl/tls alert certificate expired"),
        Transcript(),
        Cause.CERTIFICATE_EXPIRED,
    ),
    "required": (lambda: ssl_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), Transcript(), Cause.CERTIFICATE_REQUIRED),
    "required-in-tls-1-2": (
        lambda: ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"),
        requested(),
        Cause.CERTIFICATE_REQUIRED,
    ),
    "no-common-cipher": (lambda: ssl_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), Transcript(), Cause.HANDSHAKE_FAILURE),
    "tls-version": (lambda: ssl_error("TLSV1_ALERT_PROTOCOL_VERSION"), Transcript(), Cause.TLS_VERSION),
    "plain-answer": (lambda: ssl_error("WRONG_VERSION_NUMBER"), Transcript(), Cause.NOT_TLS),
    "unknown-host": (lambda: socket.gaierror(-2, "unknown"), Transcript(), Cause.UNKNOWN_HOST),
    "refused": (lambda: ConnectionRefusedError(errno.ECONNREFUSED, "no"), Transcript(), Cause.CONNECTION_REFUSED),
    "reset": (lambda: ConnectionResetError(errno.ECONNRESET, "no"), Transcript(), Cause.CONNECTION_LOST),
    "eof": (lambda: ssl_error("UNEXPECTED_EOF_WHILE_READING", ssl.SSLEOFError), Transcript(), Cause.CONNECTION_LOST),
    "reset-while-our-certificate-is-judged": (
        lambda: ConnectionResetError(errno.ECONNRESET, "no"),
        presented(),
        Cause.ALERT_LOST,
    ),
    "half-a-body": (lambda: http.client.IncompleteRead(b"half"), Transcript(), Cause.CONNECTION_LOST),
    "half-a-body-without-tickets": (lambda: http.client.IncompleteRead(b"half"), presented(), Cause.CONNECTION_LOST),
    "no-connection-in-time": (TimeoutError, Transcript(), Cause.CONNECTION_TIMEOUT),
    "no-answer-in-time": (TimeoutError, Transcript(connected_at=1.0), Cause.ANSWER_TIMEOUT),
    "alert-seen-on-the-wire": (
        lambda: ConnectionResetError(errno.ECONNRESET, "no"),
        Transcript(alert_received=48),
        Cause.UNKNOWN_CA,
    ),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("depth", [0, 1, 3], ids=["bare", "wrapped", "deep"])
def test_cause_of_error(name: str, depth: int) -> None:
    """However deep a client wraps it, the innermost error decides."""
    make, transcript, cause = ERRORS[name]
    error = make()
    for _ in range(depth):
        outer = OSError("wrapped")
        outer.__cause__ = error
        error = outer
    assert cause_of_error(error, transcript) is cause


@pytest.mark.parametrize("name", [name for name, row in ERRORS.items() if row[1] == Transcript()])
@pytest.mark.parametrize("wrapper", [httpx.ConnectError, httpx.ReadError, httpx.WriteError], ids=lambda it: it.__name__)
def test_cause_of_error_in_httpx(name: str, wrapper: type[httpx.TransportError], httpx_mock: HTTPXMock) -> None:
    """Httpx calls one refusal ConnectError under TLS 1.2 and ReadError under 1.3; both mean the same here."""
    make, transcript, cause = ERRORS[name]
    wrapped = wrapper("no text of it counts")
    wrapped.__cause__ = make()
    httpx_mock.add_exception(wrapped)
    with httpx.Client() as client, pytest.raises(wrapper) as raised:
        client.get(URL)
    assert cause_of_error(raised.value, transcript) is cause


STATUSES: dict[str, tuple[int, dict[str, str], Cause | None]] = {
    "ok": (200, {}, None),
    "no-content": (204, {}, None),
    "redirect": (302, {"location": "https://elsewhere.invalid"}, Cause.REDIRECTED),
    "unauthenticated": (401, {}, Cause.UNAUTHENTICATED),
    "role": (403, {}, Cause.ROLE_MISSING),
    "csrf": (403, {"x-csrf-token": "required"}, Cause.CSRF_TOKEN_REQUIRED),
    "csrf-upper-case": (403, {"x-csrf-token": "Required"}, Cause.CSRF_TOKEN_REQUIRED),
    "address": (404, {}, Cause.NO_SUCH_ENDPOINT),
    "route": (404, {"x-cf-routererror": "unknown_route"}, Cause.UNKNOWN_ROUTE),
    "method": (405, {}, Cause.METHOD_NOT_ALLOWED),
    "misdirected": (421, {}, Cause.UNKNOWN_ROUTE),
    "rate": (429, {}, Cause.RATE_LIMITED),
    "flow": (500, {}, Cause.FLOW_FAILED),
    "gateway": (502, {"x-cf-routererror": "endpoint_failure"}, Cause.ENDPOINT_FAILURE),
    "gateway-that-says-more": (
        502,
        {"x-cf-routererror": "endpoint_failure (EOF (via idempotent request))"},
        Cause.ENDPOINT_FAILURE,
    ),
    "starting": (503, {}, Cause.NOT_STARTED),
    "nobody-behind": (503, {"x-cf-routererror": "no_endpoints"}, Cause.NO_ENDPOINTS),
    "teapot": (418, {}, Cause.UNEXPECTED_STATUS),
}


@pytest.mark.parametrize("name", STATUSES)
def test_cause_of_status(name: str) -> None:
    """Router and runtime give the same status for different reasons; a header tells them apart."""
    status, headers, cause = STATUSES[name]
    assert cause_of_status(Response(status, tuple(headers.items()), b"")) is cause


HEADS: dict[str, tuple[dict[str, str], bytes, bool]] = {
    "whole": ({"content-length": "2"}, b"ok", False),
    "whole-and-empty": ({"content-length": "0"}, b"", False),
    "whole-in-chunks": ({"transfer-encoding": "chunked"}, b"", False),
    "body-to-the-end": ({}, b"ok", False),
    "nothing-told": ({}, b"", True),
    "cut-before-the-length": ({"content-type": "text/html"}, b"", True),
    "cut-before-the-number": ({"content-length": ""}, b"", True),
    "cut-in-the-word-chunked": ({"transfer-encoding": "chun"}, b"", True),
}


@pytest.mark.parametrize("name", HEADS)
def test_cut_head(name: str) -> None:
    """Requests takes it for a whole one, whose status would prove or refute something."""
    headers, body, cut = HEADS[name]
    assert is_cut(Response(401, tuple(headers.items()), body)) is cut


def test_status_400_over_plain_http_is_the_load_balancers() -> None:
    """Nginx and its like say so in HTTP when TLS is missing; over TLS it is an odd answer of the flow."""
    response = Response(400, (), b"")
    assert cause_of_status(response, plain=True) is Cause.PLAIN_HTTP
    assert cause_of_status(response) is Cause.UNEXPECTED_STATUS


def test_every_cause_has_one_layer() -> None:
    """No cause is left out of the taxonomy, no layer is empty."""
    assert set(LAYER_OF) == set(Cause)
    assert set(LAYER_OF.values()) == set(Layer)


@pytest.mark.parametrize("number", NAMES)
@pytest.mark.parametrize("prefix", ["SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "ssl/tls alert ", "tls alert "])
def test_alert_by_any_spelling(number: int, prefix: str) -> None:
    """OpenSSL has changed the words in front of an alert three times; the alert is what follows."""
    name = alert_name(number)
    text = prefix + (name.replace("_", " ") if prefix.endswith(" ") else name.upper())
    assert alert_in(text) == number


def test_description_holds_no_text_of_the_far_side() -> None:
    """An exception's text may hold a URL with credentials, so only kinds and OpenSSL reasons are told."""
    error = OSError("GET https://user:secret@host/?clientsecret=secret")
    error.__cause__ = ssl_error("TLSV1_ALERT_UNKNOWN_CA")
    assert described(error) == "SSLError TLSV1_ALERT_UNKNOWN_CA"
    assert "secret" not in described(OSError("secret"))
