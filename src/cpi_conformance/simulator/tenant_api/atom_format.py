"""Entities as Atom, which is what comes without ``Accept: application/json``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from cpi_conformance.simulator.tenant_api.errors import METADATA_NAMESPACE
from cpi_conformance.simulator.tenant_api.metadata import ATOM
from cpi_conformance.simulator.tenant_api.model import (
    NAMESPACE,
    Entity,
    EntityType,
    Navigation,
    Property,
    Value,
)
from cpi_conformance.simulator.tenant_api.selection import Selection
from cpi_conformance.simulator.tenant_api.xml import Markup, document, element, together

DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
SCHEME = f"{DATA}/scheme"
RELATED = f"{DATA}/related/"


def atom_entry(entity: Entity, root: str, chosen: Selection, now: dt.datetime) -> bytes:
    """A document with one entry."""
    return document(_entry(entity, root, chosen, now, _namespaces(root)))


def atom_feed(
    entities: tuple[Entity, ...],
    of: EntityType,
    root: str,
    chosen: Selection,
    now: dt.datetime,
    count: int | None = None,
) -> bytes:
    """A document with several entries, with how many there are in all when that was asked for."""
    return document(_feed(entities, of.set_name, f"{root}{of.set_name}", root, chosen, now, _namespaces(root), count))


def _feed(
    entities: tuple[Entity, ...],
    title: str,
    uri: str,
    root: str,
    chosen: Selection,
    now: dt.datetime,
    namespaces: Mapping[str, str],
    count: int | None = None,
) -> Markup:
    head = [
        element("id", uri),
        element("title", title, type="text"),
        element("updated", _moment(now)),
        element("author", element("name")),
        element("link", href=title, rel="self", title=title),
    ]
    counted = [] if count is None else [element("m:count", str(count))]
    entries = (_entry(each, root, chosen, now, {}) for each in entities)
    return element("feed", together(*head, *counted, *entries), **namespaces)


def _entry(entity: Entity, root: str, chosen: Selection, now: dt.datetime, namespaces: Mapping[str, str]) -> Markup:
    path = entity.path()
    properties = element(
        "m:properties",
        together(*(_property(each, entity) for each in entity.type.properties if chosen.shows(each.name))),
    )
    parts = [
        element("id", f"{root}{path}"),
        element("title", entity.type.set_name, type="text"),
        element("updated", _moment(now)),
        element("category", term=f"{NAMESPACE}.{entity.type.name}", scheme=SCHEME),
        element("link", href=path, rel="edit", title=entity.type.name),
        *(_link(entity, each, root, chosen, now) for each in entity.type.navigations if chosen.shows(each.name)),
    ]
    if entity.type.media:
        parts += [element("content", type="application/octet-stream", src=f"{path}/$value"), properties]
    else:
        parts.append(element("content", properties, type="application/xml"))
    return element("entry", together(*parts), **namespaces)


def _link(entity: Entity, link: Navigation, root: str, chosen: Selection, now: dt.datetime) -> Markup:
    href = f"{entity.path()}/{link.name}"
    below = chosen.expanded(link.name)
    content = Markup("")
    if below is not None and link.name in entity.links:
        found = entity.links[link.name]()
        if link.many:
            inline = _feed(found, link.name, f"{root}{href}", root, below, now, {})
        else:
            inline = together(*(_entry(each, root, below, now, {}) for each in found[:1]))
        content = element("m:inline", inline)
    kind = f"application/atom+xml;type={'feed' if link.many else 'entry'}"
    return element("link", content, href=href, rel=f"{RELATED}{link.name}", title=link.name, type=kind)


def _property(of: Property, entity: Entity) -> Markup:
    value = entity.values.get(of.name)
    if isinstance(value, Mapping):
        inner = (_scalar(name, text, "Edm.String") for name, text in value.items())
        return element(f"d:{of.name}", together(*inner), **{"m:type": of.type})
    return _scalar(of.name, value, of.type)


def _scalar(name: str, value: Value, of_type: str) -> Markup:
    typed = {} if of_type == "Edm.String" else {"m:type": of_type}
    if value is None:
        return element(f"d:{name}", **typed, **{"m:null": "true"})
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, dt.datetime):
        text = value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    else:
        text = str(value)
    return element(f"d:{name}", text, **typed)


def _moment(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}Z"


def _namespaces(root: str) -> dict[str, str]:
    return {"xmlns": ATOM, "xmlns:m": METADATA_NAMESPACE, "xmlns:d": DATA, "xml:base": root}
