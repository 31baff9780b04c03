"""Reading the path of a request: sets, keys, links, ``$value`` and ``$count``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from cpi_conformance.simulator.tenant_api.errors import bad_request, not_found
from cpi_conformance.simulator.tenant_api.model import EntityType
from cpi_conformance.simulator.tenant_api.schema import BY_SET, FUNCTIONS

ROOT = "/api/v1"

SEGMENT = re.compile(r"(?P<name>[$\w]+)(?:\((?P<key>.*)\))?", re.DOTALL)
TEXT = r"'((?:[^']|'')*)'"
QUOTED = re.compile(TEXT)
KEY = re.compile(rf"\s*(?:(\w+)\s*=\s*)?(?:{TEXT}|(-?\d+)L?)\s*(,|$)")

TERMINALS = ("$value", "$count")

Key = Mapping[str, str]


@dataclass(frozen=True)
class Address:
    """A path below ``/api/v1``.

    Attributes:
        shape: without the keys: ``IntegrationPackages()/$value``.
        keys: of each segment that has one, the values by their names, unquoted.
        type: of the entities that are meant; ``None`` for functions and documents.
    """

    shape: str
    keys: tuple[Key, ...] = ()
    type: EntityType | None = None

    @property
    def first_set(self) -> str:
        """The set or function that the path begins with."""
        return self.shape.partition("/")[0].removesuffix("()")


def read_address(path: str) -> Address:
    """Take a path apart; the arguments of functions stand in the query.

    Raises:
        ODataError: 404 for a set, function or link that does not exist, 400 for a key that cannot be read.
    """
    segments = [unquote(each) for each in path.removeprefix(ROOT).strip("/").split("/")]
    if segments == [""] or segments == ["$metadata"]:
        return Address(segments[0])
    name, key = _segment(segments[0])
    if name in FUNCTIONS and key is None and len(segments) == 1:
        return Address(name)
    if name not in BY_SET:
        raise not_found(f"Could not find an entity set or function import for '{name}'.")
    return _navigated(BY_SET[name], name, key, segments[1:])


def _navigated(entity_type: EntityType, name: str, key: str | None, segments: list[str]) -> Address:
    shapes, keys = [name if key is None else f"{name}()"], []
    if key is not None:
        keys.append(read_key(entity_type, key))
    single = key is not None
    for segment in segments:
        name, key = _segment(segment)
        if shapes[-1] in TERMINALS:
            raise bad_request(f"'{shapes[-1]}' must be the last segment.")
        if name == "$links" or name in TERMINALS:
            shapes.append(name)
            continue
        if single and key is None and entity_type.has(name) and shapes[-1].endswith("()"):
            shapes.append(name)
            continue
        link = entity_type.navigation(name) if single or shapes[-1] == "$links" else None
        if link is None:
            raise not_found(f"Could not find property with name: '{name}'.")
        entity_type, single = BY_SET[link.target], not link.many or key is not None
        shapes.append(name if key is None else f"{name}()")
        if key is not None:
            keys.append(read_key(entity_type, key))
    return Address("/".join(shapes), tuple(keys), entity_type)


def read_key(entity_type: EntityType, predicate: str) -> Key:
    """A key predicate: ``'v'`` or ``A='v',B='w'``; the only property of a key need not be named.

    Raises:
        ODataError: 400, it cannot be read, or names other properties than the key has.
    """
    values: dict[str, str] = {}
    position = 0
    while position < len(predicate) or not values:
        found = KEY.match(predicate, position)
        if not found or (found[4] == "," and found.end() == len(predicate)):
            raise _invalid(predicate)
        name = found[1] or (entity_type.key[0] if len(entity_type.key) == 1 else "")
        if name in values:
            raise _invalid(predicate)
        values[name] = found[2].replace("''", "'") if found[2] is not None else found[3]
        position = found.end()
    if set(values) != set(entity_type.key):
        raise _invalid(predicate)
    return values


def read_argument(text: str | None, name: str) -> str:
    """An argument of a function; the quotes are part of it.

    Raises:
        ODataError: 400, it is missing, or has no quotes.
    """
    if text is None:
        raise bad_request(f"Missing parameter: '{name}'.")
    found = QUOTED.fullmatch(text)
    if found is None:
        raise bad_request(f"Invalid value for parameter: '{name}'.")
    return found[1].replace("''", "'")


def _segment(text: str) -> tuple[str, str | None]:
    found = SEGMENT.fullmatch(text)
    if found is None:
        raise bad_request("The URI is malformed.")
    return found["name"], found["key"]


def _invalid(predicate: str) -> Exception:
    return bad_request(f"Invalid key predicate: '{predicate}'.")
