"""What the Cloud Controller keeps: service instances, keys and jobs."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


@dataclass(frozen=True)
class LastOperation:
    """What is or was being done to a resource.

    Attributes:
        type: ``create``, ``update`` or ``delete``.
        state: ``initial``, ``in progress``, ``succeeded`` or ``failed``.
        description: on success ``""`` for instances and ``None`` for keys (recorded on SAP BTP).
    """

    type: str
    state: str
    description: str | None
    created: dt.datetime
    updated: dt.datetime

    @property
    def running(self) -> bool:
        """Neither succeeded nor failed yet."""
        return self.state in ("initial", "in progress")

    @property
    def name(self) -> str:
        """As the cf CLI shows it, such as ``create succeeded``."""
        return f"{self.type} {self.state}"


@dataclass(frozen=True)
class Metadata:
    """Labels, which can be selected by, and annotations."""

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def new_guid() -> str:
    """A guid for a resource."""
    return str(uuid.uuid4())


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A managed service instance; ``held`` says whether the broker has it too."""

    guid: str = field(default_factory=new_guid)
    name: str
    space_guid: str
    plan_guid: str
    created: dt.datetime
    updated: dt.datetime
    last_operation: LastOperation
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tags: tuple[str, ...] = ()
    metadata: Metadata = field(default_factory=Metadata)
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class Key:
    """A service credential binding of type ``key``; ``held`` says whether the broker has it too."""

    guid: str = field(default_factory=new_guid)
    name: str
    instance_guid: str
    created: dt.datetime
    updated: dt.datetime
    last_operation: LastOperation
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    metadata: Metadata = field(default_factory=Metadata)
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """An asynchronous operation.

    Attributes:
        operation: such as ``service_keys.create``.
        resource: guid of the instance or key.
        state: ``PROCESSING``, ``POLLING``, ``COMPLETE`` or ``FAILED``.
        errors: entries as in an error answer.
        by_broker: whether it was the broker that refused.
    """

    guid: str = field(default_factory=new_guid)
    operation: str
    resource: str
    created: dt.datetime
    updated: dt.datetime
    state: str = "PROCESSING"
    errors: tuple[Mapping[str, Any], ...] = ()
    by_broker: bool = False


@dataclass(frozen=True)
class Inventory:
    """What exists: guid, name and last operation (``create succeeded``) of each, sorted."""

    instances: tuple[tuple[str, str, str], ...]
    keys: tuple[tuple[str, str, str], ...]


class Row(Protocol):
    """Anything with a guid."""

    @property
    def guid(self) -> str:
        """Its identifier."""


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """Rows by guid, in order of their creation; safe to use from several threads."""

    def __init__(self, lock: threading.RLock) -> None:
        self._rows: dict[str, R] = {}
        self._lock = lock

    def put(self, row: R) -> R:
        """Insert a row, or replace the one with its guid."""
        with self._lock:
            self._rows[row.guid] = row
        return row

    def get(self, guid: str) -> R | None:
        """The row, or ``None``."""
        return self._rows.get(guid)

    def remove(self, guid: str) -> None:
        """Forget a row, if there is one."""
        with self._lock:
            self._rows.pop(guid, None)

    def all(self) -> tuple[R, ...]:
        """All rows as they are now."""
        with self._lock:
            return tuple(self._rows.values())


class Records:
    """The tables, behind one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.instances: Table[Instance] = Table(self.lock)
        self.keys: Table[Key] = Table(self.lock)
        self.jobs: Table[Job] = Table(self.lock)

    def keys_of(self, instance_guid: str) -> tuple[Key, ...]:
        """The keys of an instance."""
        return tuple(key for key in self.keys.all() if key.instance_guid == instance_guid)

    def inventory(self) -> Inventory:
        """What exists at one moment."""
        with self.lock:
            return Inventory(_sorted(self.instances.all()), _sorted(self.keys.all()))


def _sorted(rows: tuple[Instance, ...] | tuple[Key, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted((row.guid, row.name, row.last_operation.name) for row in rows))
