"""A session at UAA: an access token for the API, renewed when it is nearly or already over.

UAA counts failed logins and locks the user (at SAP after five, for an hour), so a login that has failed is never
sent again: not by another thread, nor later. Grants: cloudfoundry/uaa; origins: ``UaaLoginHint.java``.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from typing import assert_never

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.errors import BrokenAnswer, ControlError, LoginRefused, RateLimited, Unreachable
from cpi_conformance.control.login import Login, PasscodeLogin, PasswordLogin, RefreshTokenLogin, SessionLogin
from cpi_conformance.control.token_endpoint import TokenAnswer, ask_for_token, fits_a_header
from cpi_conformance.secret import Secret

CLIENT = "Basic " + base64.b64encode(b"cf:").decode()
"""The public client ``cf``, whose secret is empty."""

AHEAD = 60.0
"""At most so many seconds before its end a token is renewed, as the cf CLI does; short ones at nine tenths."""


class Session:
    """Safe to use from several threads, which share one login."""

    def __init__(
        self,
        connection: Connection,
        token_url: str,
        login: Login,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._token_url = token_url
        self._login = login
        self._clock = clock
        self._lock = threading.Lock()
        self._access: Secret | None = None
        self._refresh: Secret | None = None
        self._over_at: float | None = None
        self._failure: ControlError | None = None
        match login:
            case RefreshTokenLogin(token):
                self._refresh = token
            case SessionLogin(access, refresh):
                self._refresh = refresh
                self._access = access if fits_a_header(access.reveal()) else None
            case _:
                pass

    def token(self) -> Secret:
        """The access token; the first call logs in, unless the cf CLI has.

        Raises:
            LoginRefused: UAA refuses, now or earlier.
            ControlError: UAA did not answer, or not as UAA does.
        """
        with self._lock:
            if self._access is None or self._nearly_over():
                self._renew()
            assert self._access is not None
            return self._access

    def refresh_token(self) -> Secret:
        """The refresh token; logs in first if that has not happened.

        Raises:
            BrokenAnswer: UAA has given none.
            LoginRefused: UAA refuses, now or earlier.
            ControlError: UAA did not answer, or not as UAA does.
        """
        self.token()
        with self._lock:
            if self._refresh is None:
                raise BrokenAnswer(f"POST {self._token_url}", "no refresh_token")
            return self._refresh

    def renewed(self, refused: Secret) -> Secret:
        """The access token after Cloud Foundry has refused one; another thread may have renewed it already.

        Raises:
            LoginRefused: UAA refuses, now or earlier.
            ControlError: UAA did not answer, or not as UAA does.
        """
        with self._lock:
            if self._access is None or self._access == refused:
                self._access = None
                self._renew()
            assert self._access is not None
            return self._access

    def _nearly_over(self) -> bool:
        return self._over_at is not None and self._clock() >= self._over_at

    def _renew(self) -> None:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._refresh is None:
            self._log_in()
            return
        try:
            self._keep(self._ask({"grant_type": "refresh_token"}, "refresh_token", self._refresh, repeatable=True))
        except LoginRefused as error:
            self._refresh = None
            if not isinstance(self._login, PasswordLogin):
                self._failure = error
                raise
            self._log_in()

    def _log_in(self) -> None:
        try:
            self._keep(self._first())
        except ControlError as error:
            if not _never_tried(error):
                self._failure = error
            raise
        if isinstance(self._login, PasscodeLogin) and self._refresh is None:
            self._failure = LoginRefused(0, "", "the passcode is used up, and UAA gave no refresh token")

    def _first(self) -> TokenAnswer:
        login = self._login
        match login:
            case PasswordLogin(user, password, origin):
                hint = {"login_hint": json.dumps({"origin": origin}, separators=(",", ":"))} if origin else {}
                return self._ask({"grant_type": "password", "username": user, **hint}, "password", password)
            case PasscodeLogin(passcode):
                return self._ask({"grant_type": "password"}, "passcode", passcode)
            case RefreshTokenLogin() | SessionLogin():
                raise AssertionError("these begin with a refresh token")
            case _:
                assert_never(login)

    def _ask(self, form: dict[str, str], field: str, secret: Secret, *, repeatable: bool = False) -> TokenAnswer:
        return ask_for_token(
            self._connection,
            self._token_url,
            {**form, field: secret.reveal()},
            authorization=CLIENT,
            secrets=(secret,),
            refused=LoginRefused,
            repeatable=repeatable,
        )

    def _keep(self, answer: TokenAnswer) -> None:
        self._access = answer.access_token
        self._refresh = answer.refresh_token or self._refresh
        lifetime = answer.expires_in
        self._over_at = None if lifetime is None else self._clock() + lifetime - min(AHEAD, lifetime / 10)


def _never_tried(error: ControlError) -> bool:
    """Whether UAA has certainly not looked at the login."""
    return isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.may_have_arrived)
