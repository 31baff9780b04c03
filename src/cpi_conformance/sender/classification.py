"""From what happened to why: exceptions and status codes to causes.

Works for any client on Python's ``ssl`` (requests, httpx, a bare socket): it looks for the innermost
errors, by type, OpenSSL reason and verify code, and never compares texts.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from collections.abc import Iterator

from cpi_conformance.sender.alerts import alert_in
from cpi_conformance.sender.layers import Cause
from cpi_conformance.sender.observation import Response
from cpi_conformance.sender.transcript import Transcript

VERIFY_CODES = {
    2: Cause.MISSING_CA,
    9: Cause.SERVER_CERTIFICATE_NOT_YET_VALID,
    10: Cause.SERVER_CERTIFICATE_EXPIRED,
    18: Cause.MISSING_CA,
    19: Cause.MISSING_CA,
    20: Cause.MISSING_CA,
    21: Cause.MISSING_CA,
    62: Cause.HOST_NAME_MISMATCH,
    64: Cause.HOST_NAME_MISMATCH,
}
"""OpenSSL ``X509_V_ERR_…`` codes with which we refuse the server certificate."""

CLIENT_ALERTS = {
    42: Cause.BAD_CERTIFICATE,
    43: Cause.UNSUPPORTED_CERTIFICATE,
    44: Cause.CERTIFICATE_REFUSED,
    45: Cause.CERTIFICATE_EXPIRED,
    46: Cause.CERTIFICATE_REFUSED,
    48: Cause.UNKNOWN_CA,
    49: Cause.CERTIFICATE_REFUSED,
    116: Cause.CERTIFICATE_REQUIRED,
}
"""Alerts with which the far side refuses our certificate, or its absence."""

HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70

NOT_TLS_REASONS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG"})
VERSION_REASONS = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW"})
LOCAL_REASONS = frozenset({"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"})
"""Our own OpenSSL does not even try."""

ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)
ENDED_ERRNOS = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN, errno.ENOTCONN})

STATUS = {
    401: Cause.UNAUTHENTICATED,
    404: Cause.NO_SUCH_ENDPOINT,
    405: Cause.METHOD_NOT_ALLOWED,
    421: Cause.UNKNOWN_ROUTE,
    429: Cause.RATE_LIMITED,
    500: Cause.FLOW_FAILED,
    502: Cause.ENDPOINT_FAILURE,
    503: Cause.NOT_STARTED,
}

ROUTER_ERRORS = {
    "unknown_route": Cause.UNKNOWN_ROUTE,
    "no_endpoints": Cause.NO_ENDPOINTS,
    "endpoint_failure": Cause.ENDPOINT_FAILURE,
}
"""Values of gorouter's ``X-Cf-RouterError``, as far as the first blank: ``endpoint_failure (EOF)``."""


def cause_of_status(response: Response, *, plain: bool = False) -> Cause | None:
    """Why an HTTP response is a refusal; ``None`` when it is not. ``plain``: it came without TLS."""
    status = response.status
    if 200 <= status < 300:
        return None
    if plain and status == 400:
        return Cause.PLAIN_HTTP
    if 300 <= status < 400:
        return Cause.REDIRECTED
    router_error = response.header("x-cf-routererror")
    if router_error is not None:
        return ROUTER_ERRORS.get(router_error.partition(" ")[0], Cause.UNKNOWN_ROUTE)
    if status == 403:
        wanted = (response.header("x-csrf-token") or "").lower() == "required"
        return Cause.CSRF_TOKEN_REQUIRED if wanted else Cause.ROLE_MISSING
    return STATUS.get(status, Cause.UNEXPECTED_STATUS)


def cause_of_error(error: BaseException, transcript: Transcript, *, plain: bool = False) -> Cause:
    """Why a call ended without a response; ``plain``: it was made without TLS."""
    errors = tuple(inner_errors(error))
    for each in errors:
        if isinstance(each, ssl.SSLCertVerificationError):
            return VERIFY_CODES.get(each.verify_code, Cause.SERVER_CERTIFICATE_REFUSED)
    alert = transcript.alert_received
    if alert is None:
        alert = next((found for each in errors if (found := alert_in(_reason(each))) is not None), None)
    if alert is not None:
        return _cause_of_alert(alert, transcript)
    return _cause_by_type(errors, transcript, plain)


def _cause_of_alert(alert: int, transcript: Transcript) -> Cause:
    if alert in CLIENT_ALERTS:
        return CLIENT_ALERTS[alert]
    if alert == PROTOCOL_VERSION:
        return Cause.TLS_VERSION
    if alert == HANDSHAKE_FAILURE and transcript.certificate_requested and not transcript.client_chain:
        return Cause.CERTIFICATE_REQUIRED  # how TLS 1.2 says it
    return Cause.HANDSHAKE_FAILURE


def _cause_by_type(errors: tuple[BaseException, ...], transcript: Transcript, plain: bool) -> Cause:
    reasons = {_reason(each) for each in errors}
    if reasons & LOCAL_REASONS:
        return Cause.NOT_OFFERED
    if reasons & NOT_TLS_REASONS:
        return Cause.NOT_TLS
    if reasons & VERSION_REASONS:
        return Cause.TLS_VERSION
    if _any(errors, socket.gaierror):
        return Cause.UNKNOWN_HOST
    if _any(errors, ConnectionRefusedError):
        return Cause.CONNECTION_REFUSED
    if _any(errors, TimeoutError) or any("Timeout" in type(each).__name__ for each in errors):
        connected = transcript.connected_at is not None
        return Cause.ANSWER_TIMEOUT if connected else Cause.CONNECTION_TIMEOUT
    if _any(errors, http.client.IncompleteRead):
        return Cause.CONNECTION_LOST  # an answer had begun, so nobody's certificate was still to be judged
    if _any(errors, ENDED) or any(isinstance(each, OSError) and each.errno in ENDED_ERRNOS for each in errors):
        return _cause_of_end(transcript, plain)
    if plain and not _any(errors, OSError):
        return Cause.PLAIN_HTTP
    return Cause.BROKEN_ANSWER if transcript.agreed_at and transcript.version else _cause_of_end(transcript, plain)


def _cause_of_end(transcript: Transcript, plain: bool) -> Cause:
    """The far side closed without a word: a refusal whose alert was lost, if our certificate was still to be judged."""
    if plain:
        return Cause.PLAIN_HTTP
    return Cause.ALERT_LOST if transcript.client_chain and not transcript.accepted else Cause.CONNECTION_LOST


def inner_errors(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps: causes, contexts, arguments and urllib3's ``reason``."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]


def described(error: BaseException) -> str:
    """Kind and OpenSSL reason of the innermost error; no text of the far side, no URL."""
    last = tuple(inner_errors(error))[-1]
    reason = _reason(last)
    return f"{type(last).__name__} {reason}".strip()


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return reason if isinstance(error, ssl.SSLError) and isinstance(reason, str) else ""


def _any(errors: tuple[BaseException, ...], kinds: type[BaseException] | tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(each, kinds) for each in errors)
