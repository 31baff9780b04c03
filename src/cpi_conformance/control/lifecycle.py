"""What one run creates in one space of Cloud Foundry, and its removal.

The truth about what belongs to a run is on the far side: its labels. Removal asks for them anew, so it finds
what a lost answer has hidden, and what another process of the run has created.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.labels import RUN
from cpi_conformance.control.orders import InstanceOrder, KeyOrder
from cpi_conformance.control.place import Held, Remaining, Removal
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.wire import Plan, ServiceInstance, ServiceKey, Space

OFFERING = "it-rt"
"""*Process Integration Runtime*."""

SIDE_BY_SIDE = 4
"""How many removals are under way at once; SAP limits calls of service brokers that run at the same time."""

UNLABELLED = "it has the run's name, but not its label: nobody but a person can tell that it may go"
"""Why what has lost its label is not removed."""

ROUNDS = 3
"""How often a removal asks what is left: something may have been on its way when it first asked."""


class Lifecycle:
    """Creates under a run's mark, and removes by it; safe to use from several threads."""

    def __init__(self, cloud: CloudFoundry, space: Space, mark: RunMark) -> None:
        self.cloud = cloud
        self.space = space
        self.mark = mark
        self._plans: dict[str, Plan] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What a receipt calls it."""
        return f"space {self.space.name}"

    def create_instance(self, order: InstanceOrder) -> ServiceInstance:
        """An instance that has reached *create succeeded*.

        Raises:
            ControlError: Cloud Foundry or the broker did not create it.
        """
        name = order.name or self.mark.instance_name(secrets.token_hex(4))
        return self.cloud.create_instance(
            self.space, self._plan(order.plan), name, order.parameters(), self.mark.labels
        )

    def create_key(self, order: KeyOrder) -> ServiceKey:
        """A service key that has reached *create succeeded*.

        Raises:
            ControlError: Cloud Foundry or the broker did not create it.
        """
        name = order.name or f"key-{secrets.token_hex(4)}"
        return self.cloud.create_key(order.instance, name, order.parameters(), self.mark.labels)

    def inventory(self) -> frozenset[Held]:
        """All instances of the space and all their keys, but for what another run has created.

        Runs may share a space; what one creates and removes is no business of the other.
        """
        instances, keys = self._listed()
        return _held("instance", instances) | _held("service key", keys)

    def _listed(self) -> tuple[list[ServiceInstance], tuple[ServiceKey, ...]]:
        instances = [one for one in self.cloud.instances(space=self.space) if not self._of_another_run(one)]
        return instances, self.cloud.keys(instances=instances) if instances else ()

    def _of_another_run(self, instance: ServiceInstance) -> bool:
        mark = RunMark.of(instance.name, instance.labels)
        return mark is not None and mark.run != self.mark.run

    def ours(self) -> frozenset[Held]:
        """What of it this run has created: by its label, and by its name where the label is missing."""
        instances, keys = self.of_this_run()
        return _held("instance", instances) | _held("service key", keys) | self._without_label()

    def foreign(self) -> frozenset[Held]:
        """What of the inventory no run has created.

        Told from the inventory itself: what another process of this run removes while somebody looks would be in one
        of two lists.
        """
        instances, keys = self._listed()
        begins = self.mark.instance_name("")
        own = {one.guid for one in instances if self._labelled(one) or one.name.startswith(begins)}
        return _held("instance", (one for one in instances if one.guid not in own)) | _held(
            "service key", (key for key in keys if key.instance_guid not in own and not self._labelled(key))
        )

    def _labelled(self, one: ServiceInstance | ServiceKey) -> bool:
        return one.labels.get(RUN) == self.mark.run

    def remove_all(self, progress: Callable[[str], None] = lambda line: None) -> Removal:
        """Remove all that carries the run's label, keys before instances; goes on after an error.

        Never raises :class:`ControlError`: what could not even be listed is reported as remaining.
        """
        removed: list[Held] = []
        failed: dict[Held, str] = {}
        for _ in range(ROUNDS):
            try:
                instances, keys = self.of_this_run()
                unlabelled = _remaining(dict.fromkeys(self._without_label(), UNLABELLED))
            except ControlError as error:
                listing = Held("place", self.name, self.space.guid)
                return Removal(tuple(removed), (*_remaining(failed), Remaining(listing, str(error))))
            if not instances and not keys:
                return Removal(tuple(removed), unlabelled)
            failed = {}
            for kind, found, delete in (
                ("service key", keys, self.cloud.delete_key),
                ("instance", instances, self.cloud.delete_instance),
            ):
                for held, why in _each(kind, found, delete):
                    progress(f"{held.kind} {held.name} " + ("removed" if why is None else f"not removed: {why}"))
                    if why is None:
                        removed.append(held)
                    else:
                        failed[held] = why
        return Removal(tuple(removed), (*_remaining(failed), *unlabelled))

    def of_this_run(self) -> tuple[tuple[ServiceInstance, ...], tuple[ServiceKey, ...]]:
        """The instances and the keys that carry the run's label.

        Raises:
            ControlError: they could not be listed.
        """
        selector = f"{RUN}={self.mark.run}"
        return self.cloud.instances(space=self.space, labels=selector), self.cloud.keys(labels=selector)

    def _without_label(self) -> frozenset[Held]:
        """Instances with a name of this run, but not its label, and their keys."""
        present, begins = self.cloud.instances(space=self.space), self.mark.instance_name("")
        lost = [one for one in present if one.name.startswith(begins) and not self._labelled(one)]
        keys = self.cloud.keys(instances=lost) if lost else ()
        return _held("instance", lost) | _held("service key", keys)

    def _plan(self, name: str) -> Plan:
        with self._lock:
            if name not in self._plans:
                self._plans[name] = self.cloud.plan(OFFERING, name)
            return self._plans[name]


def _each(
    kind: str, found: Iterable[ServiceInstance | ServiceKey], delete: Callable[[str], None]
) -> list[tuple[Held, str | None]]:
    """Delete side by side; with each, why it failed."""

    def attempt(one: ServiceInstance | ServiceKey) -> tuple[Held, str | None]:
        held = Held(kind, one.name, one.guid)
        try:
            delete(one.guid)
        except ControlError as error:
            return held, str(error)
        return held, None

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(attempt, found))


def _held(kind: str, found: Iterable[ServiceInstance | ServiceKey]) -> frozenset[Held]:
    return frozenset(Held(kind, one.name, one.guid) for one in found)


def _remaining(failed: dict[Held, str]) -> tuple[Remaining, ...]:
    return tuple(Remaining(held, why) for held, why in sorted(failed.items()))
