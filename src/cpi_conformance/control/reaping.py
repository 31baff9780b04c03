"""Finding and removing what killed runs have left in a space, from any machine, and nothing else.

Ours is what has our name prefix *and* our labels; it may go when its time is over by the clock of the far
side. An instance of ours in which somebody else has made a key is left alone, because it would take the key
with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.labels import RUN
from cpi_conformance.control.place import Held, Remaining, Removal
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.wire import ServiceInstance, ServiceKey, Space


@dataclass(frozen=True)
class Leftover:
    """An instance that a run has created, with its keys.

    Attributes:
        foreign: keys in it that no run has created.
    """

    instance: ServiceInstance
    mark: RunMark
    keys: tuple[ServiceKey, ...]
    foreign: tuple[ServiceKey, ...]

    def dead(self, now: dt.datetime) -> bool:
        """Whether the time of its run is over."""
        return self.mark.expires <= now.timestamp()

    def told(self, now: dt.datetime) -> str:
        """One line for a person."""
        minutes = abs(int(self.mark.expires - now.timestamp())) // 60
        state = f"over for {minutes} min" if self.dead(now) else f"for {minutes} min more the run's own"
        keys = ", ".join(key.name for key in self.keys) or "none"
        return f"{self.instance.name}  run {self.mark.run}, {state}; service keys: {keys}"


def leftovers(cloud: CloudFoundry, space: Space) -> tuple[Leftover, ...]:
    """All instances of runs in a space, also of runs that are under way.

    Raises:
        ControlError: they could not be listed.
    """
    marked = [
        (instance, mark)
        for instance in cloud.instances(space=space, labels=RUN)
        if (mark := RunMark.of(instance.name, instance.labels))
    ]
    keys = cloud.keys(instances=[instance for instance, _ in marked]) if marked else ()
    return tuple(_leftover(instance, mark, keys) for instance, mark in marked)


def remove(cloud: CloudFoundry, leftover: Leftover) -> Removal:
    """Remove an instance with its keys; a foreign key in it keeps the instance. Never raises for the far side."""
    removed: list[Held] = []
    remaining: list[Remaining] = []
    for key in leftover.keys:
        _attempt(Held("service key", key.name, key.guid), cloud.delete_key, removed, remaining)
    instance = Held("instance", leftover.instance.name, leftover.instance.guid)
    if leftover.foreign:
        names = ", ".join(key.name for key in leftover.foreign)
        remaining.append(Remaining(instance, f"it holds service keys that no run has created: {names}"))
    elif _attempt(instance, cloud.delete_instance, removed, remaining):
        remaining = []  # the instance has taken along what could not be removed by itself
    return Removal(tuple(removed), tuple(remaining))


def _leftover(instance: ServiceInstance, mark: RunMark, keys: tuple[ServiceKey, ...]) -> Leftover:
    inside = [key for key in keys if key.instance_guid == instance.guid]
    ours = tuple(key for key in inside if key.labels.get(RUN) == mark.run)
    return Leftover(instance, mark, ours, tuple(key for key in inside if key not in ours))


def _attempt(held: Held, delete: Callable[[str], None], removed: list[Held], remaining: list[Remaining]) -> bool:
    try:
        delete(held.guid)
    except ControlError as error:
        remaining.append(Remaining(held, str(error)))
        return False
    removed.append(held)
    return True
