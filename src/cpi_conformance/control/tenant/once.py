"""Changes whose answer may be lost.

One that makes no difference when it is executed twice is sent again. Any other is looked up first: ids are the
caller's own here, so what is found under one, and looks as ordered, is what the lost request has made. A 500 is
never a reason by itself to send the same again, because the tenant also says *already exists* with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cpi_conformance.control.errors import ControlError, Unreachable
from cpi_conformance.control.tenant.errors import AlreadyThere, TenantFailure
from cpi_conformance.control.tenant.waiting import TenantWaiting
from cpi_conformance.control.waiting import Pace

Made = TypeVar("Made")

GATEWAY = frozenset({502, 503, 504})
"""What a router answers when it has no answer of the tenant."""


def lost(error: ControlError) -> bool:
    """Whether the request may have been executed, although its answer does not say so."""
    return isinstance(error, TenantFailure) or (isinstance(error, Unreachable) and error.may_have_arrived)


def repeatedly(change: Callable[[], Made], what: str, pace: Pace) -> Made:
    """A change that may be executed twice; sent again when there is no answer of the tenant itself.

    Raises:
        ControlError: there is no answer after all attempts, or it is no.
    """
    waiting = TenantWaiting(what, pace)
    for _ in range(pace.patience.attempts - 1):
        try:
            return change()
        except (Unreachable, TenantFailure) as error:
            gateway = isinstance(error, TenantFailure) and error.status in GATEWAY
            if not (gateway or (isinstance(error, Unreachable) and error.may_have_arrived)) or not waiting.pause():
                raise
    return change()


def once(change: Callable[[], Made], look_up: Callable[[], Made | None], what: str, pace: Pace) -> Made:
    """A change that must not be executed twice.

    Args:
        change: the request.
        look_up: what it has made, or ``None`` when that is not there; :class:`AlreadyThere` when something else is.
        what: it is.
        pace: how often, and with which pauses.

    Raises:
        AlreadyThere: something else has the id.
        ControlError: there is no answer after all attempts, or it is no.
    """
    waiting = TenantWaiting(what, pace)
    failure: ControlError | None = None
    for _ in range(pace.patience.attempts):
        try:
            return change()
        except AlreadyThere:
            found = waiting.persistently(look_up) if failure else None  # the lost request has arrived late
            if found is None:
                raise
            return found
        except (Unreachable, TenantFailure) as error:
            if not lost(error):
                raise
            failure = error
        found = waiting.persistently(look_up)
        if found is not None:
            return found
        if not waiting.pause():
            break
    assert failure is not None
    raise failure
