"""Entities as verbose JSON of OData V2: dates are ``/Date(ms)/``, links that are not expanded ``__deferred``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from cpi_conformance.simulator.tenant_api.model import NAMESPACE, Entity, Navigation, Value, milliseconds
from cpi_conformance.simulator.tenant_api.selection import Selection


def json_entity(entity: Entity, root: str, chosen: Selection) -> dict[str, Any]:
    """One entity; ``root`` is the URL of the service with a trailing slash."""
    uri = f"{root}{entity.path()}"
    metadata = {"id": uri, "uri": uri, "type": f"{NAMESPACE}.{entity.type.name}"}
    if entity.type.media:
        metadata |= {"content_type": "application/octet-stream", "media_src": f"{uri}/$value"}
    document: dict[str, Any] = {"__metadata": metadata}
    for each in entity.type.properties:
        if chosen.shows(each.name):
            document[each.name] = _value(entity.values.get(each.name), each.type)
    for link in entity.type.navigations:
        if chosen.shows(link.name):
            document[link.name] = _link(entity, link, root, chosen)
    return document


def json_collection(
    entities: tuple[Entity, ...], root: str, chosen: Selection, count: int | None = None
) -> dict[str, Any]:
    """Several entities, with how many there are in all when that was asked for."""
    document: dict[str, Any] = {} if count is None else {"__count": str(count)}
    return {**document, "results": [json_entity(each, root, chosen) for each in entities]}


def _link(entity: Entity, link: Navigation, root: str, chosen: Selection) -> Any:
    below = chosen.expanded(link.name)
    if below is None or link.name not in entity.links:
        return {"__deferred": {"uri": f"{root}{entity.path()}/{link.name}"}}
    found = entity.links[link.name]()
    if link.many:
        return json_collection(found, root, below)
    return json_entity(found[0], root, below) if found else None


def _value(value: Value, of_type: str) -> Any:
    if isinstance(value, dt.datetime):
        return f"/Date({milliseconds(value)})/"
    if isinstance(value, Mapping):
        return {"__metadata": {"type": of_type}, **value}
    return value
