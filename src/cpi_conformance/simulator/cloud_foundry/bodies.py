"""The bodies of requests: what a client may send, and what it is told when it sends something else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cpi_conformance.simulator.cloud_foundry.errors import parse_error, unprocessable
from cpi_conformance.simulator.exchange import Exchange

MAX_NAME = 255
SHAPE = '"{name}: {{"data": {{"guid": "valid-guid"}}}}"'


@dataclass(frozen=True)
class InstanceRequest:
    """A service instance to be created."""

    name: str
    space_guid: str
    plan_guid: str
    parameters: Mapping[str, Any] = field(repr=False)
    tags: tuple[str, ...]
    metadata: Any


@dataclass(frozen=True)
class KeyRequest:
    """A service key to be created."""

    name: str
    instance_guid: str
    parameters: Mapping[str, Any] = field(repr=False)
    metadata: Any


def json_body(exchange: Exchange) -> dict[str, Any]:
    """The object in the body; an empty body is an empty object.

    Raises:
        ApiError: 400/1001.
    """
    try:
        document = json.loads(exchange.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise parse_error(str(error)) from None
    if not isinstance(document, dict):
        raise parse_error("invalid request body")
    return document


def instance_request(exchange: Exchange) -> InstanceRequest:
    """What ``POST /v3/service_instances`` asks for; ``ApiError`` 422 with an entry for each problem."""
    body = json_body(exchange)
    problems = list(_unknown(body, ("type", "name", "relationships", "parameters", "tags", "metadata")))
    if body.get("type") != "managed":
        problems.append("Type must be one of 'managed', 'user-provided'")
    problems += [*_name(body), *_relationships(body, ("space", "service_plan")), *_parameters(body), *_tags(body)]
    if problems:
        raise unprocessable(*problems)
    return InstanceRequest(
        name=body["name"],
        space_guid=_related(body, "space"),
        plan_guid=_related(body, "service_plan"),
        parameters=body.get("parameters") or {},
        tags=tuple(body.get("tags") or ()),
        metadata=body.get("metadata"),
    )


def key_request(exchange: Exchange) -> KeyRequest:
    """What ``POST /v3/service_credential_bindings`` asks for; ``ApiError`` 422 with an entry for each problem."""
    body = json_body(exchange)
    problems = list(_unknown(body, ("type", "name", "relationships", "parameters", "metadata")))
    if body.get("type") != "key":
        problems.append("Type must be one of 'key', 'app'")
    problems += [*_name(body), *_relationships(body, ("service_instance",)), *_parameters(body)]
    if problems:
        raise unprocessable(*problems)
    return KeyRequest(
        name=body["name"],
        instance_guid=_related(body, "service_instance"),
        parameters=body.get("parameters") or {},
        metadata=body.get("metadata"),
    )


def patch_request(exchange: Exchange, *allowed: str) -> dict[str, Any]:
    """The body of a ``PATCH``; ``ApiError`` 422 when it holds more than the allowed keys, or an impossible name."""
    body = json_body(exchange)
    problems = [*_unknown(body, allowed), *(_name(body) if "name" in body else ()), *_tags(body)]
    if problems:
        raise unprocessable(*problems)
    return body


def _unknown(body: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    unknown = [key for key in body if key not in known]
    if unknown:
        yield "Unknown field(s): " + ", ".join(f"'{key}'" for key in unknown)


def _name(body: Mapping[str, Any]) -> Iterator[str]:
    name = body.get("name")
    if not isinstance(name, str):
        yield "Name must be a string"
    elif not name.strip():
        yield "Name can't be blank"
    elif len(name) > MAX_NAME:
        yield f"Name is too long (maximum is {MAX_NAME} characters)"


def _relationships(body: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    relationships = body.get("relationships")
    if not isinstance(relationships, dict):
        yield "Relationships 'relationships' is not an object"
        return
    for problem in _unknown(relationships, names):
        yield f"Relationships {problem}"
    for name in names:
        match relationships.get(name):
            case {"data": {"guid": str()}}:
                pass
            case _:
                title = name.replace("_", " ").capitalize()
                yield f"Relationships {title} must be structured like this: {SHAPE.format(name=name)}"


def _parameters(body: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(body.get("parameters"), dict | None):
        yield "Parameters must be an object"


def _tags(body: Mapping[str, Any]) -> Iterator[str]:
    tags = body.get("tags")
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        yield "Tags must be a list of strings"


def _related(body: Mapping[str, Any], name: str) -> str:
    return str(body["relationships"][name]["data"]["guid"])
