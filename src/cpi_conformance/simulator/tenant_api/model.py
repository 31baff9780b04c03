"""What the API's data model consists of: properties, entity types, navigation, and the entities themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

NAMESPACE = "com.sap.hci.api"

Value = str | int | bool | dt.datetime | None | Mapping[str, str | None]
"""A property's value; a mapping is one of a complex type."""


@dataclass(frozen=True)
class Property:
    """A scalar property, or one of a complex type; ``type`` is ``Edm.String``, ``com.sap.hci.api.…``."""

    name: str
    type: str = "Edm.String"


@dataclass(frozen=True)
class ComplexType:
    """Properties that stand below one name."""

    name: str
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Navigation:
    """A link to entities of another set, by the name of the set."""

    name: str
    target: str
    many: bool = True


@dataclass(frozen=True)
class EntityType:
    """An entity type and its set.

    Attributes:
        media: whether ``/$value`` gives content of its own.
    """

    name: str
    set_name: str
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    media: bool = False

    def navigation(self, name: str) -> Navigation | None:
        """A link by its name."""
        return next((each for each in self.navigations if each.name == name), None)

    def has(self, name: str) -> bool:
        """Whether there is a property of this name."""
        return any(each.name == name for each in self.properties)


@dataclass(frozen=True)
class FunctionImport:
    """A function, called by ``method``; its parameters are texts."""

    name: str
    method: str
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """An entity with all its values, and those of its links that can be expanded."""

    type: EntityType
    values: Mapping[str, Value]
    links: Mapping[str, Callable[[], tuple[Entity, ...]]] = field(default_factory=dict)

    def path(self) -> str:
        """``Set('key')``, percent-encoded, below the service root."""
        if len(self.type.key) == 1:
            return f"{self.type.set_name}({literal(str(self.values[self.type.key[0]]))})"
        pairs = (f"{name}={literal(str(self.values[name]))}" for name in self.type.key)
        return f"{self.type.set_name}({','.join(pairs)})"


def literal(text: str) -> str:
    """A text in a URL: quotes doubled, then percent-encoded."""
    doubled = text.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def texts(*names: str) -> tuple[Property, ...]:
    """Properties of type ``Edm.String``."""
    return tuple(Property(name) for name in names)


def moments(*names: str) -> tuple[Property, ...]:
    """Properties of type ``Edm.DateTime``."""
    return tuple(Property(name, "Edm.DateTime") for name in names)


def numbers(*names: str) -> tuple[Property, ...]:
    """Properties of type ``Edm.Int32``."""
    return tuple(Property(name, "Edm.Int32") for name in names)


def milliseconds(moment: dt.datetime) -> int:
    """Since 1970."""
    return int(moment.timestamp() * 1000)
