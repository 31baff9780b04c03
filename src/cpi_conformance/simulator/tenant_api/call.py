"""One request to the tenant API, taken apart, and the answers that can be given to it."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.tenant_api.address import Address, Key, read_argument
from cpi_conformance.simulator.tenant_api.atom_format import atom_entry, atom_feed
from cpi_conformance.simulator.tenant_api.errors import JSON, ODataError, bad_request, json_bytes
from cpi_conformance.simulator.tenant_api.json_format import json_collection, json_entity
from cpi_conformance.simulator.tenant_api.model import Entity, EntityType
from cpi_conformance.simulator.tenant_api.query import Page, Query, Rules
from cpi_conformance.simulator.tenant_api.selection import Selection

MALFORMED = "An exception of type 'MalformedJsonException' occurred."
"""The text for a body that is no JSON (*Security Content* API)."""

TEXT: Headers = (("content-type", "text/plain;charset=utf-8"),)


@dataclass(frozen=True)
class Call:
    """A request that has been let in.

    Attributes:
        user: the clientid of the caller's service key.
        root: the URL of the service with a trailing slash.
        as_json: whether the caller asks for JSON.
    """

    exchange: Exchange
    address: Address
    query: Query
    user: str
    root: str
    as_json: bool
    now: dt.datetime

    @property
    def key(self) -> Key:
        """Of the first segment."""
        return self.address.keys[0]

    def argument(self, name: str) -> str:
        """Of a function; ``ODataError`` 400 when it is missing or has no quotes."""
        return read_argument(self.exchange.parameters().get(name), name)

    def flag(self, name: str) -> bool:
        """A parameter that is ``true`` or not."""
        return self.exchange.parameters().get(name, "false").lower() == "true"

    def show(self, entity: Entity, status: int = 200, chosen: Selection | None = None) -> Answer:
        """One entity."""
        chosen = chosen or self.query.selection(entity.type)
        if self.as_json:
            return Answer(status, JSON, json_bytes({"d": json_entity(entity, self.root, chosen)}))
        headers = (("content-type", "application/atom+xml;type=entry;charset=utf-8"),)
        return Answer(status, headers, atom_entry(entity, self.root, chosen, self.now))

    def show_all(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> Answer:
        """The page of a set that was asked for."""
        return self._shown(self.query.page(entities, of, rules), of)

    def show_linked(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> Answer:
        """What a link leads to: where that is nothing, 204 without a body (recorded on a tenant)."""
        page = self.query.page(entities, of, rules)
        return self._shown(page, of) if page.entities else empty(204)

    def show_count(self, entities: Iterable[Entity], of: EntityType, rules: Rules) -> Answer:
        """How many there are, as a bare number."""
        return text(200, str(self.query.count(entities, of, rules)))

    def body(self, of: EntityType, *more: str) -> Mapping[str, str | None]:
        """The properties of a type (and ``more``) in a JSON body, which may stand below ``d``.

        Raises:
            ODataError: 400, it is no JSON, or holds something that the type does not have, or no texts; 415.
        """
        kind = (self.exchange.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ODataError(415, f"Content type '{kind}' is not supported.")
        try:
            document = json.loads(self.exchange.body)
            json_bytes(document)  # what is no valid Unicode could not be given back
        except (ValueError, RecursionError):
            raise bad_request(MALFORMED) from None
        if isinstance(document, dict) and set(document) == {"d"}:
            document = document["d"]
        if not isinstance(document, dict):
            raise bad_request(MALFORMED)
        document.pop("__metadata", None)
        links = {each.name for each in of.navigations}
        for name, value in document.items():
            if not (of.has(name) or name in links or name in more):
                raise bad_request(f"Invalid property: '{name}'.")
            if of.has(name) and value is not None and not isinstance(value, str):
                raise bad_request(f"Invalid value for property: '{name}'.")
        return {name: value for name, value in document.items() if name not in links}

    def _shown(self, page: Page, of: EntityType) -> Answer:
        if self.as_json:
            return Answer(
                200, JSON, json_bytes({"d": json_collection(page.entities, self.root, page.selection, page.count)})
            )
        headers = (("content-type", "application/atom+xml;type=feed;charset=utf-8"),)
        return Answer(200, headers, atom_feed(page.entities, of, self.root, page.selection, self.now, page.count))


Operation = Callable[[Call], Answer]

Operations = Mapping[tuple[str, str], Operation]
"""By method and shape of the path."""


def empty(status: int) -> Answer:
    """An answer without a body."""
    return Answer(status, (), b"")


def text(status: int, content: str) -> Answer:
    """An answer in plain text."""
    return Answer(status, TEXT, content.encode())


def content(body: bytes, kind: str) -> Answer:
    """The content of an entity; ``kind`` is its media type."""
    return Answer(200, (("content-type", kind),), body)


def binary(value: str, name: str) -> bytes:
    """Base64 in a property, of either alphabet; ``ODataError`` 400 when it is none."""
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error):
        raise bad_request(f"Invalid value for property: '{name}'.") from None
