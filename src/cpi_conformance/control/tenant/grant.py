"""The access token of one service key, renewed when it is refused and before it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cpi_conformance.control.xsuaa import Token
from cpi_conformance.secret import Secret

AHEAD = 30.0
"""Seconds before its end at which a token is not used any more."""


class Grant:
    """Asks for a token when it is first needed; safe to use from several threads."""

    def __init__(self, request: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._request = request
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Secret | None = None
        self._over_at = 0.0

    def token(self) -> Secret:
        """A token that is good for some time yet.

        Raises:
            TokenRefused: XSUAA refuses the service key.
            ControlError: XSUAA did not answer, or not as XSUAA does.
        """
        with self._lock:
            if self._token is None or self._clock() >= self._over_at:
                return self._renew()
            return self._token

    def renewed(self, refused: Secret) -> Secret:
        """The token after the tenant has refused one; another thread may have renewed it already.

        Raises:
            TokenRefused: XSUAA refuses the service key.
            ControlError: XSUAA did not answer, or not as XSUAA does.
        """
        with self._lock:
            if self._token is None or self._token == refused:
                return self._renew()
            return self._token

    def _renew(self) -> Secret:
        self._token = None
        asked_at = self._clock()
        token = self._request()
        self._over_at = asked_at + token.expires_in - min(AHEAD, token.expires_in / 10)
        self._token = token.access_token
        return self._token
