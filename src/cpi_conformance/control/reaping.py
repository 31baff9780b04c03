"""Finding and removing what killed runs have left in a space, from any machine, and nothing else.

Ours is what has our name prefix *and* our labels; it may go when its time is over by the clock of the far
side. An instance of ours in which somebody else has made a key is left alone, because it would take the key
with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.content import Content
from cpi_conformance.control.credentials import KeyCredentials
from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.labels import RUN
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import EXPERT_ROLES, InstanceOrder, KeyOrder
from cpi_conformance.control.place import Held, Remaining, Removal
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.wire import ServiceInstance, ServiceKey, Space

Tell = Callable[[str], None]
"""Takes one line for a person."""


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


@dataclass(frozen=True)
class Reaped:
    """How much runs have left in a place, and how much of it is still there because it could not be removed."""

    found: int = 0
    remaining: int = 0

    def __add__(self, other: Reaped) -> Reaped:
        return Reaped(self.found + other.found, self.remaining + other.remaining)


def reap_space(cloud: CloudFoundry, space: Space, *, run: str | None, yes: bool, tell: Tell) -> Reaped:
    """List what runs have left in a space and, with ``yes``, remove what is over, or belongs to ``run``.

    Raises:
        ControlError: it could not be listed.
    """
    now = cloud.far_now()
    found = [each for each in leftovers(cloud, space) if run in (None, each.mark.run)]
    remaining = 0
    for leftover in found:
        tell(leftover.told(now))
        if yes and (leftover.dead(now) or run is not None):
            removal = remove(cloud, leftover)
            remaining += len(removal.remaining)
            for held in removal.removed:
                tell(f"  removed {held.kind} {held.name}")
            for left in removal.remaining:
                tell(f"  not removed: {left.held.kind} {left.held.name}: {left.why}")
    return Reaped(len(found), remaining)


def reap_tenant(content: Content, *, run: str | None, yes: bool, tell: Tell) -> Reaped:
    """Likewise on a tenant; what does not say until when it belongs to its run goes only when ``run`` is named.

    Raises:
        ControlError: it could not be listed.
    """
    others = [each for each in content.of_runs() if each.run != content.mark.run and run in (None, each.run)]
    now = content.tenant.far_now().timestamp()  # known since the first answer
    remaining = 0
    for each in others:
        over = each.mark is not None and each.mark.expires <= now
        tell(f"{each.held.kind} {each.held.name}  run {each.run}, {'over' if over else 'perhaps under way'}")
        if yes and (over or run is not None):
            why = content.remove(each.held)
            remaining += why is not None
            tell("  removed" if why is None else f"  not removed: {why}")
    return Reaped(len(others), remaining)


@contextmanager
def borrowed_key(lifecycle: Lifecycle) -> Iterator[KeyCredentials]:
    """The credentials of a service key of the plan *api* that is made for this, and removed again.

    Raises:
        ControlError: it could not be made.
    """
    try:
        instance = lifecycle.create_instance(InstanceOrder(plan="api", roles=EXPERT_ROLES))
        yield lifecycle.cloud.credentials(lifecycle.create_key(KeyOrder(instance)))
    finally:
        lifecycle.remove_all()
