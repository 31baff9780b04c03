"""When a request may be sent again, and after how long.

A request that was not executed may always be sent again: 429 says so, and a connection that did not come about.
One that may have been executed only when that makes no difference.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx
from tenacity import RetryCallState, Retrying

from cpi_conformance.control.errors import TlsRefusal, Unreachable
from cpi_conformance.control.patience import Patience

TOO_MANY = 429

YEARS = range(1970, 3000)
"""What lies at the end of a calendar cannot be counted on from."""

PASSING_FAILURES = frozenset({500, 502, 503, 504})

NEVER_ARRIVED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""What httpx raises before the first byte of a request has left."""


def repeating(patience: Patience, sleep: Callable[[float], None], *, repeatable: bool) -> Retrying:
    """Tenacity's loop around one request; gives the last answer, or raises the last :class:`Unreachable`."""

    def again(state: RetryCallState) -> bool:
        outcome = state.outcome
        assert outcome is not None
        error = outcome.exception()
        if error is not None:
            return _again_after(error, repeatable)
        status = outcome.result().status_code
        return status == TOO_MANY or (repeatable and status in PASSING_FAILURES)

    def enough(state: RetryCallState) -> bool:
        passed = max(state.seconds_since_start or 0.0, state.idle_for)
        return state.attempt_number >= patience.attempts or passed + state.upcoming_sleep > patience.deadline

    def pause(state: RetryCallState) -> float:
        ordinary = patience.rest(state.attempt_number - 1)
        outcome = state.outcome
        if outcome is None or outcome.failed:
            return ordinary
        return max(ordinary, retry_after(outcome.result()) or 0.0)

    def last(state: RetryCallState) -> httpx.Response:
        assert state.outcome is not None
        answer: httpx.Response = state.outcome.result()
        return answer

    return Retrying(retry=again, stop=enough, wait=pause, sleep=sleep, retry_error_callback=last)


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds that ``Retry-After`` asks for, as a number or as a date (RFC 9110, 10.2.3); ``None`` for neither."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    then = http_date(text)
    if then is None:
        return None
    now = http_date(answer.headers.get("Date", "")) or dt.datetime.now(dt.UTC)
    return max((then - now).total_seconds(), 0.0)


def http_date(text: str) -> dt.datetime | None:
    """A date of an HTTP header; ``None`` when it is none, or none that a clock could show."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.year not in YEARS:
        return None
    return date if date.tzinfo else date.replace(tzinfo=dt.UTC)


def unreachable(request: httpx.Request, error: httpx.RequestError) -> Unreachable:
    """What is told about an error of httpx; the text of one that quotes a header is left out."""
    name = type(error).__name__
    quotes_header = isinstance(error, httpx.LocalProtocolError)
    reason = name if quotes_header or not str(error) else f"{name}: {error}"
    kind = TlsRefusal if _by_tls(error) else Unreachable
    return kind(f"{request.method} {request.url}", reason, may_have_arrived=not isinstance(error, NEVER_ARRIVED))


def _again_after(error: BaseException, repeatable: bool) -> bool:
    if not isinstance(error, Unreachable) or isinstance(error, TlsRefusal):
        return False
    return repeatable or not error.may_have_arrived


def _by_tls(error: BaseException) -> bool:
    lost = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, lost):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
