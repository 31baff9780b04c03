"""CSRF protection of a channel: a token for each session and flow, and the cookies that carry the session.

As observed on a tenant in August 2026: the token belongs to ``JSESSIONID`` and to the flow that gave it.
"""

from __future__ import annotations

import secrets
import uuid
from collections import OrderedDict

from cpi_conformance.simulator.exchange import Exchange, Headers

SESSION_COOKIE = "JSESSIONID"
TOKEN_HEADER = "x-csrf-token"
PROTECTED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT = 10_000
"""How many sessions are remembered; the one that was used longest ago is forgotten first."""


class CsrfSessions:
    """The sessions of a runtime, with the tokens that they hold."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, dict[str, str]] = OrderedDict()

    def fetch(self, exchange: Exchange, address: str) -> Headers:
        """The headers of an answer with a token: a session that the caller shows is gone on with."""
        session = self._session(exchange)
        token = self._tokens[session].setdefault(address.lower(), secrets.token_hex(16).upper())
        return ((TOKEN_HEADER, token), *_cookies(session))

    def refused(self, exchange: Exchange, address: str) -> str | None:
        """Why a writing call is refused, or ``None`` when its token is right."""
        shown = exchange.header(TOKEN_HEADER)
        if shown is None:
            return "no CSRF token arrived"
        held = self._tokens.get(_session_cookie(exchange) or "")
        if held is None:
            return "the CSRF token came without the cookie of a known session"
        token = held.get(address.lower())
        if token is None or not secrets.compare_digest(token.encode(), shown.encode()):
            return "the CSRF token is not that of this session and flow"
        return None

    def demand(self, exchange: Exchange) -> Headers:
        """The headers of a refusal."""
        return ((TOKEN_HEADER, "required"), *_cookies(self._session(exchange)))

    def _session(self, exchange: Exchange) -> str:
        session = _session_cookie(exchange)
        if session is None or session not in self._tokens:
            session = secrets.token_hex(16).upper()
            self._tokens[session] = {}
        self._tokens.move_to_end(session)
        if len(self._tokens) > KEPT:
            self._tokens.popitem(last=False)
        return session


def wants_token(exchange: Exchange) -> bool:
    """Whether a call asks for a token instead of for the flow."""
    return exchange.method in ("GET", "HEAD") and (exchange.header(TOKEN_HEADER) or "").strip().lower() == "fetch"


def _session_cookie(exchange: Exchange) -> str | None:
    # several header lines: HTTP/2 and some clients send each cookie in one of its own
    for name, line in exchange.headers:
        for pair in line.split(";") if name == "cookie" else ():
            cookie, _, value = pair.strip().partition("=")
            if cookie == SESSION_COOKIE:
                return value
    return None


def _cookies(session: str) -> Headers:
    instance = str(uuid.uuid4())
    return (
        ("set-cookie", f"{SESSION_COOKIE}={session}; Path=/http; HttpOnly; Secure"),
        ("set-cookie", f"__VCAP_ID_META__={secrets.token_hex(16)}; Path=/http; HttpOnly; Secure"),
        ("set-cookie", f"__VCAP_ID__={instance}; Path=/http; HttpOnly; Secure"),
    )
