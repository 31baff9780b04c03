"""What the checks of a run share: instances and service keys, each created once, by whoever needs it first.

Independent ones are created side by side. In a parallel run all processes ask here; the first one creates,
the others wait for it and borrow. Only guids are written down, so no secret is: credentials are read from
Cloud Foundry again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from cpi_conformance.control.cockpit import Cockpit, Denied, Granted, Reply
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.labels import RUN
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.once import Notes, Once
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType, Order
from cpi_conformance.control.wire import ServiceInstance, ServiceKey


@dataclass(frozen=True)
class InstanceKind:
    """An instance that several checks use."""

    order: InstanceOrder


@dataclass(frozen=True)
class KeyKind:
    """A service key that several checks use, of the shared instance ``instance``; it is named as its kind."""

    instance: str
    key_type: KeyType = KeyType.SECRET
    x509: str | None = field(default=None, repr=False)
    validity: int = 365


Kinds = Mapping[str, InstanceKind | KeyKind]


@dataclass(frozen=True)
class Carried:
    """An order for something shared, and what came of it."""

    order: Order
    reply: Reply


AT_ONCE = 16
"""Threads; each waits for the network, and a key's also for its instance's."""


class SharedCreations:
    """The shared instances and keys of one landscape; safe to use from several threads and processes."""

    def __init__(self, kinds: Kinds, cockpit: Cockpit, lifecycle: Lifecycle, once: Once) -> None:
        self._kinds = kinds
        self._cockpit = cockpit
        self._lifecycle = lifecycle
        self._once = once
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="creating")
        self._replies: dict[str, Future[Carried]] = {}
        self._lock = threading.Lock()

    def start(self, kinds: Iterable[str]) -> None:
        """Begin to create all of these, side by side; returns at once."""
        for kind in kinds:
            self._future(kind)

    def carried(self, kind: str) -> Carried:
        """What came of the order for that kind; waits for it. Of a key whose instance was denied, the instance's."""
        return self._future(kind).result()

    def close(self) -> None:
        """Wait for what has been begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _future(self, kind: str) -> Future[Carried]:
        with self._lock:
            if kind not in self._replies:
                self._replies[kind] = self._pool.submit(self._created, kind)
            return self._replies[kind]

    def _created(self, kind: str) -> Carried:
        wanted = self._kinds[kind]
        if isinstance(wanted, InstanceKind):
            order: Order = replace(wanted.order, name=self._lifecycle.mark.instance_name(kind))
        else:
            parent = self.carried(wanted.instance)
            if isinstance(parent.reply, Denied):
                return parent
            assert isinstance(parent.reply.outcome, ServiceInstance)
            order = KeyOrder(parent.reply.outcome, wanted.key_type, wanted.x509, wanted.validity, name=kind)
        placed: list[Reply] = []

        def place() -> Notes:
            reply = self._cockpit.place(order)
            if isinstance(reply, Denied) and reply.cause is Denial.NAME_TAKEN:
                reply = self._left_by_a_worker(order) or reply
            placed.append(reply)
            return _notes(reply)

        notes = self._once.get(kind, place)
        return Carried(order, placed[0] if placed else self._borrowed(wanted, notes))

    def _left_by_a_worker(self, order: Order) -> Reply | None:
        """What a worker of this run that has died had ordered under this name."""
        cloud, ours = self._lifecycle.cloud, f"{RUN}={self._lifecycle.mark.run}"
        found: tuple[ServiceInstance | ServiceKey, ...] = ()
        if isinstance(order, InstanceOrder) and order.name:
            found = cloud.instances(space=self._lifecycle.space, names=[order.name], labels=ours)
        elif isinstance(order, KeyOrder) and order.name:
            found = cloud.keys(instances=[order.instance], names=[order.name], labels=ours)
        return Granted(cloud.ready(found[0])) if found else None

    def _borrowed(self, wanted: InstanceKind | KeyKind, notes: Notes) -> Reply:
        if "guid" not in notes:
            return Denied(Denial(notes["cause"]), notes["text"])
        cloud, guid = self._lifecycle.cloud, notes["guid"]
        return Granted(cloud.instance(guid) if isinstance(wanted, InstanceKind) else cloud.key(guid))


def _notes(reply: Reply) -> Notes:
    if isinstance(reply, Denied):
        return {"cause": str(reply.cause), "text": reply.text}
    return {"guid": getattr(reply.outcome, "guid", "")}
