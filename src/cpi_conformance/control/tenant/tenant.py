"""The client of one Cloud Integration tenant."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from cryptography import x509

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.credentials import KeyCredentials
from cpi_conformance.control.patience import PATIENT, Patience
from cpi_conformance.control.tenant.api import TenantApi
from cpi_conformance.control.tenant.design_time import DesignTime
from cpi_conformance.control.tenant.grant import Grant
from cpi_conformance.control.tenant.keystore import Keystore
from cpi_conformance.control.tenant.message_logs import MessageLogs
from cpi_conformance.control.tenant.runtime import Runtime
from cpi_conformance.control.waiting import Pace, unheard
from cpi_conformance.control.xsuaa import request_token


class Tenant(DesignTime, Runtime, Keystore, MessageLogs):
    """A context manager; safe to use from several threads, which share one token.

    Every method raises :class:`~cpi_conformance.control.errors.ControlError` when the tenant or XSUAA does not do
    what is asked; the first one to need it asks for a token.

    Args:
        credentials: a service key of the plan ``api``.
        trusted: the roots of the far side; none means the public ones.
        patience: how long to wait.
        sleep: for tests that do not wait.
        progress: told before each pause what is awaited, and for how many seconds already.
    """

    def __init__(
        self,
        credentials: KeyCredentials,
        *,
        trusted: tuple[x509.Certificate, ...] = (),
        patience: Patience = PATIENT,
        sleep: Callable[[float], None] = time.sleep,
        progress: Callable[[str, float], None] = unheard,
    ) -> None:
        self._connection = Connection(trusted=trusted, patience=patience, sleep=sleep)
        self._pace = Pace(patience, sleep, progress)
        grant = Grant(
            lambda: request_token(credentials, trusted=trusted, patience=patience, sleep=sleep, same_time=False)
        )
        self._api = TenantApi(self._connection, credentials.url, grant)

    def far_now(self) -> dt.datetime:
        """The time by the clock of the tenant; by our own before its first answer, or when it never tells the time."""
        return self._connection.far_now() or dt.datetime.now(dt.UTC)

    def close(self) -> None:
        """Close the kept connections."""
        self._connection.close()

    def __enter__(self) -> Tenant:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
