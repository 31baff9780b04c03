"""The errors of the Cloud Controller: codes and titles of its ``errors/v2.yml``, texts of its actions."""

from __future__ import annotations

import re
from typing import Any

from cpi_conformance.simulator.cloud_foundry.json_answer import json_answer
from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.record import Truth

INVALID_SPACE = "Invalid space. Ensure that the space exists and you have access to it."
INVALID_PLAN = "Invalid service plan. Ensure that the service plan exists, is available, and you have access to it."
NAME_TAKEN = "The service instance name is taken: {name}."
INSTANCE_NOT_FOUND = "Service instance not found"
INSTANCE_UNKNOWN = "The service instance could not be found: '{guid}'"
INSTANCE_BUSY = "There is an operation in progress for the service instance."
INSTANCE_BUSY_FOR_NEW_KEY = "There is an operation in progress for the service instance"
"""Without the period: the one of key creation."""
KEY_BUSY = "There is an operation in progress for the service binding."
KEY_BEING_DELETED = "The service binding is being deleted"
KEY_NAME_TAKEN = (
    "The binding name is invalid. Key binding names must be unique. "
    "The service instance already has a key binding with name '{name}'."
)
KEY_NAME_TAKEN_BY_DELETED = (
    "The binding name is invalid. Key binding names must be unique. "
    "The service instance already has a key binding with the name '{name}' that is getting deleted "
    "or its deletion failed."
)


class ApiError(Exception):
    """A refusal with one or more entries in ``errors``."""

    def __init__(self, status: int, code: int, title: str, *details: str, layer: str = "controller") -> None:
        super().__init__(*details)
        self.status = status
        self.code = code
        self.title = title
        self.details = details
        self.layer = layer

    def answer(self) -> Answer:
        """On the wire, with the keys of an entry in their real order."""
        entries = [error_entry(self.code, self.title, detail) for detail in self.details]
        cause = re.sub(r"(?<!^)(?=[A-Z])", "-", self.title).lower()
        return json_answer(self.status, {"errors": entries}, Truth(self.layer, cause, "; ".join(self.details)))


def error_entry(code: int, title: str, detail: str) -> dict[str, Any]:
    """One entry of ``errors``; ``UnknownError`` alone goes without the prefix."""
    return {"detail": detail, "title": title if title == "UnknownError" else f"CF-{title}", "code": code}


def invalid_token() -> ApiError:
    """A token that is expired, somebody else's, a refresh token, or none at all."""
    return ApiError(401, 1000, "InvalidAuthToken", "Invalid Auth Token", layer="token")


def not_authenticated() -> ApiError:
    """A request without ``Authorization``."""
    return ApiError(401, 10002, "NotAuthenticated", "Authentication error", layer="token")


def not_authorized() -> ApiError:
    """The caller may read it, but may not change it."""
    return ApiError(403, 10003, "NotAuthorized", "You are not authorized to perform the requested action")


def not_found(text: str) -> ApiError:
    """There is none, or the caller may not read it; ``text`` is the whole detail."""
    return ApiError(404, 10010, "ResourceNotFound", text)


def unknown_request() -> ApiError:
    """No such path."""
    return ApiError(404, 10000, "NotFound", "Unknown request")


def unprocessable(*details: str) -> ApiError:
    """All validation, all duplicates, all operations in progress."""
    return ApiError(422, 10008, "UnprocessableEntity", *details)


def bad_query(*texts: str) -> ApiError:
    """A query parameter that is unknown, or that has an impossible value."""
    return ApiError(400, 10005, "BadQueryParameter", f"The query parameter is invalid: {', '.join(texts)}")


def parse_error(text: str) -> ApiError:
    """A body that is no JSON object."""
    return ApiError(400, 1001, "MessageParseError", f"Request invalid due to parse error: {text}")
