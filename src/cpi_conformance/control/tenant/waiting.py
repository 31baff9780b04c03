"""Waiting for the tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cpi_conformance.control.tenant.errors import TenantBusy, TenantFailure
from cpi_conformance.control.waiting import Waiting

Read = TypeVar("Read")


class TenantWaiting(Waiting):
    """A wait that the tenant's own failures do not end either, for a while."""

    def persistently(self, read: Callable[[], Read]) -> Read:
        """As in every wait.

        Raises:
            TenantFailure: the tenant failed until the deadline, or for too long.
            ControlError: there is no answer, or it is no.
        """
        began: float | None = None
        while True:
            try:
                return super().persistently(read)
            except (TenantFailure, TenantBusy):
                began = self.seconds if began is None else began
                if self.seconds - began >= self._pace.patience.outage or not self.pause():
                    raise
