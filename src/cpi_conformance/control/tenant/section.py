"""What the sections of the tenant's client have in common."""

from __future__ import annotations

from cpi_conformance.control.tenant.api import TenantApi
from cpi_conformance.control.waiting import Pace


class Section:
    """A part of the tenant API.

    Every method raises :class:`~cpi_conformance.control.errors.ControlError` when the tenant or XSUAA does not do
    what is asked.
    """

    _api: TenantApi
    _pace: Pace
