"""UAA: logs platform users in, on the hosts ``login.`` and ``uaa.`` alike.

Shapes as recorded on SAP BTP; rules and texts: cloudfoundry/uaa and the help pages on platform users.
"""

from __future__ import annotations

import json
import secrets
import string
import threading
import uuid
from collections.abc import Mapping
from urllib.parse import unquote_plus

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.logins import Logins
from cpi_conformance.simulator.cloud_foundry.uaa_answers import (
    OauthError,
    bad_credentials,
    uaa_json,
    wrong_client,
)
from cpi_conformance.simulator.cloud_foundry.urls import Urls
from cpi_conformance.simulator.cloud_foundry.users import DEFAULT_ORIGIN, User
from cpi_conformance.simulator.exchange import Answer, Exchange
from cpi_conformance.simulator.routes import Route, Routes
from cpi_conformance.simulator.tokens import TokenIssuer

CLIENT = ("cf", "")
"""The public client of the cf CLI: its secret is empty."""

TOKEN_SECONDS = 1200
SCOPES = ("cloud_controller.read", "password.write", "cloud_controller.write", "openid", "uaa.user")
APP_VERSION = "77.20.0"
PASSCODE_LENGTH = 10
ORIGIN_UNKNOWN = (
    "The origin provided in the login_hint does not match an active Identity Provider, that supports password grant."
)


class Uaa:
    """One UAA; set ``urls`` before requests arrive."""

    def __init__(self, issuer: TokenIssuer, clock: Clock, users: Mapping[str, User]) -> None:
        """``users`` by name."""
        self.urls = Urls()
        self._issuer = issuer
        self._users = users
        self._logins = Logins(clock)
        self._lock = threading.Lock()
        self._passcodes: dict[str, User] = {}
        self._refresh_tokens: dict[str, User] = {}
        self._routes = Routes(
            (
                Route("POST", "/oauth/token", self._token),
                Route("GET", "/token_keys", lambda _: uaa_json(200, issuer.key_set())),
                Route("GET", "/info", lambda _: uaa_json(200, self._info())),
                Route("GET", "/login", lambda _: uaa_json(200, self._info())),
            ),
            lambda _: OauthError(404, "not_found", "Not Found").answer(),
        )

    async def __call__(self, exchange: Exchange) -> Answer:
        """Answer one request."""
        return self._routes(exchange)

    def new_passcode(self, user: User) -> Secret:
        """A passcode, as ``/passcode`` shows it to a user who has logged in with a browser; it works once."""
        passcode = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSCODE_LENGTH))
        with self._lock:
            self._passcodes[passcode] = user
        return Secret(passcode)

    def _info(self) -> dict[str, object]:
        passcode = f"Temporary Authentication Code ( Get one at {self.urls.login}/passcode )"
        return {
            "app": {"version": APP_VERSION},
            "links": {
                "uaa": self.urls.uaa,
                "passwd": f"{self.urls.login}/forgot_password",
                "login": self.urls.login,
                "register": f"{self.urls.login}/create_account",
            },
            "zone_name": "uaa",
            "entityID": self.urls.login.partition("://")[2],
            "prompts": {
                "username": ["text", "Email"],
                "password": ["password", "Password"],
                "passcode": ["password", passcode],
            },
        }

    def _token(self, exchange: Exchange) -> Answer:
        if _client(exchange) != CLIENT:
            return wrong_client()
        form = exchange.form()
        grant = form.get("grant_type", "")
        try:
            if grant == "password":
                user = self._by_passcode(form) if "passcode" in form else self._by_password(exchange, form)
            elif grant == "refresh_token":
                user = self._by_refresh_token(form)
            elif grant == "client_credentials":
                raise OauthError(401, "invalid_client", "Unauthorized grant type")
            elif not grant:
                raise OauthError(400, "invalid_request", "Missing grant type")
            else:
                raise OauthError(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")
        except OauthError as error:
            return error.answer()
        return self._tokens(user, grant)

    def _by_password(self, exchange: Exchange, form: Mapping[str, str]) -> User:
        hint = exchange.parameters().get("login_hint") or form.get("login_hint") or ""
        origin = hinted_origin(hint)
        if origin is not None and origin not in {DEFAULT_ORIGIN, *(user.origin for user in self._users.values())}:
            raise OauthError(401, "invalid_client", ORIGIN_UNKNOWN)
        user = self._users.get(form.get("username", ""))
        if user is None or user.origin != (origin or DEFAULT_ORIGIN):
            raise bad_credentials()
        self._logins.check(user, Secret(form.get("password", "")))
        return user

    def _by_passcode(self, form: Mapping[str, str]) -> User:
        with self._lock:
            user = self._passcodes.pop(form["passcode"], None)
        if user is None:
            raise OauthError(401, "unauthorized", "Invalid passcode")
        return user

    def _by_refresh_token(self, form: Mapping[str, str]) -> User:
        user = self._refresh_tokens.get(form.get("refresh_token", ""))
        if user is None:
            text = "The token expired, was revoked, or the token ID is incorrect."
            raise OauthError(401, "invalid_token", text)
        return user

    def _tokens(self, user: User, grant: str) -> Answer:
        """Each answer brings a new refresh token, and the former ones stay valid."""
        jti = uuid.uuid4().hex
        refresh_token = f"{uuid.uuid4().hex}-r"
        self._refresh_tokens[refresh_token] = user
        person = {
            "sub": user.guid,
            "user_id": user.guid,
            "user_name": user.name,
            "origin": user.origin,
            "email": user.name,
            "zid": "uaa",
        }
        client = {"client_id": "cf", "cid": "cf", "azp": "cf", "grant_type": grant}
        audience = ["cloud_controller", "password", "cf", "uaa", "openid"]
        claims = {**person, **client, "jti": jti, "scope": list(SCOPES), "aud": audience}
        identity = {**person, "jti": jti, "scope": ["openid"], "aud": ["cf"]}
        return uaa_json(
            200,
            {
                "access_token": self._issuer.issue(claims, seconds=TOKEN_SECONDS),
                "token_type": "bearer",
                "id_token": self._issuer.issue(identity, seconds=TOKEN_SECONDS),
                "refresh_token": refresh_token,
                "expires_in": TOKEN_SECONDS - 1,
                "scope": " ".join(SCOPES),
                "jti": jti,
            },
        )


def hinted_origin(hint: str) -> str | None:
    """The origin in a ``login_hint``, decoded once more as UAA does; ``None`` for anything that holds none."""
    for text in (hint, unquote_plus(hint)):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        origin = document.get("origin") if isinstance(document, dict) else None
        return origin if isinstance(origin, str) and origin else None
    return None


def _client(exchange: Exchange) -> tuple[str, str] | None:
    """Basic credentials; ``X-CF-ENCODED-CREDENTIALS`` says that they are URL-encoded besides."""
    basic = exchange.basic()
    if basic and exchange.header("x-cf-encoded-credentials") == "true":
        return unquote_plus(basic[0]), unquote_plus(basic[1])
    return basic
