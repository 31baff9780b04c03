"""The cockpit without a mouse: places orders and says what came of them.

No exception leaves :meth:`Cockpit.place` for anything that the far side did; a denial is a value, as a
refused call is. Layers, outermost first::

    controller    Cloud Foundry itself: what may be asked, and whether names are free
    broker        the service broker of Process Integration Runtime, in a job that ends FAILED
    token         the token server
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cpi_conformance.control.errors import (
    ApiError,
    BrokenAnswer,
    ControlError,
    InvalidToken,
    JobFailed,
    JobTimeout,
    LoginRefused,
    NameBeingDeleted,
    NameTaken,
    OperationInProgress,
    RateLimited,
    ServerFailure,
    TokenRefused,
    Unreachable,
)
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import Deletion, InstanceOrder, KeyOrder, Order, TokenOrder
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.control.xsuaa import Token


@dataclass(frozen=True)
class Withdrawn:
    """Something that stood once in this run, for as long as it had to, and is gone; ``told`` says what it was."""

    told: str


Outcome = ServiceInstance | ServiceKey | Token | Withdrawn


class DenialLayer(StrEnum):
    """Where an order is denied."""

    CONTROLLER = "controller"
    BROKER = "broker"
    TOKEN = "token"


class Denial(StrEnum):
    """Why an order is denied; each belongs to one layer, see :data:`LAYER_OF_DENIAL`."""

    NAME_TAKEN = "name-taken"
    NOT_ALLOWED = "not-allowed"
    CONTROLLER_UNREACHABLE = "controller-unreachable"

    BROKER_REFUSED = "broker-refused"
    BROKER_FAILED = "broker-failed"
    BROKER_TOO_SLOW = "broker-too-slow"

    TOKEN_REFUSED = "token-refused"
    TOKEN_SERVER_UNREACHABLE = "token-server-unreachable"


LAYER_OF_DENIAL = {
    Denial.NAME_TAKEN: DenialLayer.CONTROLLER,
    Denial.NOT_ALLOWED: DenialLayer.CONTROLLER,
    Denial.CONTROLLER_UNREACHABLE: DenialLayer.CONTROLLER,
    Denial.BROKER_REFUSED: DenialLayer.BROKER,
    Denial.BROKER_FAILED: DenialLayer.BROKER,
    Denial.BROKER_TOO_SLOW: DenialLayer.BROKER,
    Denial.TOKEN_REFUSED: DenialLayer.TOKEN,
    Denial.TOKEN_SERVER_UNREACHABLE: DenialLayer.TOKEN,
}

OUTAGES = frozenset(
    {
        Denial.CONTROLLER_UNREACHABLE,
        Denial.BROKER_FAILED,
        Denial.BROKER_TOO_SLOW,
        Denial.TOKEN_SERVER_UNREACHABLE,
    }
)
"""Denials that say nothing about the order: nobody has decided on it."""

BROKER_OUTAGE = re.compile(
    r"internal server error|timed? ?out|\b(service )?unavailable$|service unavailable|invalid response"
    r"|concurrent request|required time|bad gateway|service plan not found or not accessible|exceeded .*limit|quota",
    re.IGNORECASE,
)
"""Words of brokers that have failed rather than refused (SAP tutorials, issue 18728; cloud_controller_ng)."""


@dataclass(frozen=True)
class Granted:
    """The order was carried out."""

    outcome: Outcome

    def __str__(self) -> str:
        if isinstance(self.outcome, Withdrawn):
            return self.outcome.told
        if isinstance(self.outcome, Token):
            return f"granted with the scopes {' '.join(self.outcome.scopes)}"
        return f"granted as {self.outcome.name}"


@dataclass(frozen=True)
class Denied:
    """The order was not carried out; ``text`` holds the far side's own words."""

    cause: Denial
    text: str

    @property
    def layer(self) -> DenialLayer:
        """The layer that the cause belongs to."""
        return LAYER_OF_DENIAL[self.cause]

    def __str__(self) -> str:
        return f"denied at {self.layer}: {self.cause} ({self.text})"


Reply = Granted | Denied


class Cockpit:
    """Places orders in one space, under the mark of one run."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        tokens: Callable[[TokenOrder], Token],
        undecided: Callable[[Order], None] = lambda order: None,
    ) -> None:
        """``tokens`` asks the token server; it raises :class:`ControlError`.

        ``undecided`` is told of orders of which nobody knows whether what they ask for exists now.
        """
        self._lifecycle = lifecycle
        self._tokens = tokens
        self._undecided = undecided

    def place(self, order: Order) -> Reply:
        """What comes of an order."""
        try:
            match order:
                case InstanceOrder():
                    return Granted(self._lifecycle.create_instance(order))
                case KeyOrder():
                    return Granted(self._lifecycle.create_key(order))
                case Deletion(resource=ServiceKey(guid=guid)):
                    self._lifecycle.cloud.delete_key(guid)
                    return Granted(Withdrawn("carried out"))
                case Deletion(resource=ServiceInstance(guid=guid)):
                    self._lifecycle.cloud.delete_instance(guid)
                    return Granted(Withdrawn("carried out"))
                case TokenOrder():
                    return Granted(self._tokens(order))
        except ControlError as error:
            denied = Denied(denial(error, order), str(error))
            if denied.cause in OUTAGES:
                self._undecided(order)
            return denied
        raise TypeError(f"{type(order).__name__} is no order of the cockpit")

    def withdraw(self, order: Order, reply: Reply) -> None:
        """Remove what an order has created; what cannot be removed now is left to the end of the run."""
        match reply:
            case Granted(ServiceKey() | ServiceInstance() as resource):
                removed = self.place(Deletion(resource))
                if isinstance(removed, Denied):
                    self._undecided(order)


def denial(error: ControlError, order: Order) -> Denial:
    """From an error of the control plane to why the order was denied."""
    match error:
        case TokenRefused():
            return Denial.TOKEN_REFUSED
        case JobFailed() if _failed(error):
            return Denial.BROKER_FAILED
        case JobFailed():
            return Denial.BROKER_REFUSED
        case JobTimeout() | OperationInProgress():
            return Denial.BROKER_TOO_SLOW
        case NameTaken() | NameBeingDeleted():
            return Denial.NAME_TAKEN
        case Unreachable() | BrokenAnswer() | ServerFailure() | RateLimited() | LoginRefused() | InvalidToken():
            unreachable = isinstance(order, TokenOrder)
            return Denial.TOKEN_SERVER_UNREACHABLE if unreachable else Denial.CONTROLLER_UNREACHABLE
        case ApiError():
            return Denial.NOT_ALLOWED
    return Denial.CONTROLLER_UNREACHABLE


def _failed(error: JobFailed) -> bool:
    """Whether the broker has failed, rather than refused."""
    text = error.broker_text or "; ".join(each.detail for each in error.errors)
    if "rejected the request. Status Code: 4" in text:
        return False
    return not text or error.broker_text is None or bool(BROKER_OUTAGE.search(text))
