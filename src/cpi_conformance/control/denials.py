"""Why an order is denied, and at which layer; from an error of the control plane to that.

Layers, outermost first::

    controller    Cloud Foundry itself: what may be asked, and whether names are free
    broker        the service broker of Process Integration Runtime, in a job that ends FAILED
    token         the token server
    tenant        the tenant's API
"""

from __future__ import annotations

import re
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
from cpi_conformance.control.orders import Order, TokenOrder
from cpi_conformance.control.tenant import (
    AlreadyThere,
    TenantBusy,
    TenantError,
    TenantFailure,
    TenantForbidden,
    TenantNotAuthenticated,
)
from cpi_conformance.control.tenant.orders import KeyPairOrder


class DenialLayer(StrEnum):
    """Where an order is denied."""

    CONTROLLER = "controller"
    BROKER = "broker"
    TOKEN = "token"
    TENANT = "tenant"


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

    KEY_PAIR_REFUSED = "key-pair-refused"
    ALIAS_TAKEN = "alias-taken"
    PERMISSION_MISSING = "permission-missing"
    TENANT_UNREACHABLE = "tenant-unreachable"


LAYER_OF_DENIAL = {
    Denial.NAME_TAKEN: DenialLayer.CONTROLLER,
    Denial.NOT_ALLOWED: DenialLayer.CONTROLLER,
    Denial.CONTROLLER_UNREACHABLE: DenialLayer.CONTROLLER,
    Denial.BROKER_REFUSED: DenialLayer.BROKER,
    Denial.BROKER_FAILED: DenialLayer.BROKER,
    Denial.BROKER_TOO_SLOW: DenialLayer.BROKER,
    Denial.TOKEN_REFUSED: DenialLayer.TOKEN,
    Denial.TOKEN_SERVER_UNREACHABLE: DenialLayer.TOKEN,
    Denial.KEY_PAIR_REFUSED: DenialLayer.TENANT,
    Denial.ALIAS_TAKEN: DenialLayer.TENANT,
    Denial.PERMISSION_MISSING: DenialLayer.TENANT,
    Denial.TENANT_UNREACHABLE: DenialLayer.TENANT,
}

OUTAGES = frozenset(
    {
        Denial.CONTROLLER_UNREACHABLE,
        Denial.BROKER_FAILED,
        Denial.BROKER_TOO_SLOW,
        Denial.TOKEN_SERVER_UNREACHABLE,
        Denial.TENANT_UNREACHABLE,
    }
)
"""Denials that say nothing about the order: nobody has decided on it."""

BROKER_OUTAGE = re.compile(
    r"internal server error|timed? ?out|\b(service )?unavailable$|service unavailable|invalid response"
    r"|concurrent request|required time|bad gateway|service plan not found or not accessible|exceeded .*limit|quota",
    re.IGNORECASE,
)
"""Words of brokers that have failed rather than refused (SAP tutorials, issue 18728; cloud_controller_ng)."""


def denial(error: ControlError, order: Order) -> Denial:
    """From an error of the control plane to why the order was denied."""
    if isinstance(order, KeyPairOrder):
        return _denial_of_tenant(error)
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


def _denial_of_tenant(error: ControlError) -> Denial:
    match error:
        case AlreadyThere():
            return Denial.ALIAS_TAKEN
        case TenantForbidden():
            return Denial.PERMISSION_MISSING
        case TenantFailure() | TenantBusy() | TenantNotAuthenticated():
            return Denial.TENANT_UNREACHABLE
        case TenantError():
            return Denial.KEY_PAIR_REFUSED
    return Denial.TENANT_UNREACHABLE


def _failed(error: JobFailed) -> bool:
    """Whether the broker has failed, rather than refused."""
    text = error.broker_text or "; ".join(each.detail for each in error.errors)
    if "rejected the request. Status Code: 4" in text:
        return False
    return not text or error.broker_text is None or bool(BROKER_OUTAGE.search(text))
