"""The cockpit without a mouse: places orders and says what came of them.

No exception leaves :meth:`Cockpit.place` for anything that the far side did; a denial is a value, as a
refused call is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from cpi_conformance.control.denials import LAYER_OF_DENIAL, OUTAGES, Denial, DenialLayer, denial
from cpi_conformance.control.errors import (
    BrokenAnswer,
    ControlError,
)
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import Deletion, InstanceOrder, KeyOrder, Order, TokenOrder
from cpi_conformance.control.tenant import (
    KeystoreEntry,
    Tenant,
)
from cpi_conformance.control.tenant.orders import KeyPairOrder, Permission
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.control.xsuaa import Token


@dataclass(frozen=True)
class Withdrawn:
    """Something that stood once in this run, for as long as it had to, and is gone; ``told`` says what it was."""

    told: str


Outcome = ServiceInstance | ServiceKey | Token | KeystoreEntry | Withdrawn


@dataclass(frozen=True)
class Granted:
    """The order was carried out."""

    outcome: Outcome

    def __str__(self) -> str:
        if isinstance(self.outcome, Withdrawn):
            return self.outcome.told
        if isinstance(self.outcome, Token):
            return f"granted with the scopes {' '.join(self.outcome.scopes)}"
        if isinstance(self.outcome, KeystoreEntry):
            return f"granted as {self.outcome.alias}"
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
        tenants: Callable[[Permission], Tenant] | None = None,
    ) -> None:
        """``tokens`` asks the token server; it raises :class:`ControlError`.

        ``tenants`` gives the tenant's API with a permission. ``undecided`` is told of orders of which nobody
        knows whether what they ask for exists now.
        """
        self._lifecycle = lifecycle
        self._tokens = tokens
        self._undecided = undecided
        self._tenants = tenants

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
                case KeyPairOrder() if self._tenants is not None:
                    return Granted(_imported(self._tenants, order))
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
            case Granted(KeystoreEntry(alias=alias)) if self._tenants is not None:
                with suppress(ControlError):
                    self._tenants(Permission.BUSINESS_EXPERT).delete_entry(alias)


def _imported(tenants: Callable[[Permission], Tenant], order: KeyPairOrder) -> KeystoreEntry:
    # the CA of a Passport is not among those that the tenant knows; the cockpit asks, and is answered yes
    tenants(order.permission).add_key_pair(order.alias, order.pfx, fingerprint_verified=True)
    entry = tenants(order.permission).keystore_entry(order.alias)
    if entry is None:
        raise BrokenAnswer("POST KeyPairResources", f"success, but the keystore has no entry {order.alias}")
    return entry
