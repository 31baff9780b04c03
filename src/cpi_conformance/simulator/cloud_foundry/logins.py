"""Passwords, and how often one may be wrong."""

from __future__ import annotations

import datetime as dt

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.uaa_answers import OauthError, bad_credentials
from cpi_conformance.simulator.cloud_foundry.users import User

ATTEMPTS = 5
LOCKED_FOR = dt.timedelta(minutes=60)
LOCKED = "Your account has been locked because of too many failed attempts to login."


class Logins:
    """Locks a user out after five wrong passwords in a row, for 60 minutes (help page on SAP ID service)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: dict[str, int] = {}
        self._locked: dict[str, dt.datetime] = {}

    def check(self, user: User, password: Secret) -> None:
        """Note an attempt.

        Raises:
            OauthError: the password is wrong, or the user is locked, in which case the password does not matter.
        """
        locked = self._locked.get(user.guid)
        if locked is not None:
            if self._clock.now() < locked + LOCKED_FOR:
                raise OauthError(401, "invalid_client", LOCKED)
            del self._locked[user.guid]
        if password == user.password:
            self._failed.pop(user.guid, None)
            return
        failed = self._failed.pop(user.guid, 0) + 1
        if failed >= ATTEMPTS:
            self._locked[user.guid] = self._clock.now()
        else:
            self._failed[user.guid] = failed
        raise bad_credentials()
