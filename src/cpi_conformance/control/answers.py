"""Reading the answers of Cloud Foundry, and telling its refusals apart.

Shape of an error: ``{"errors":[{"detail","title","code"}]}``. The body is read as JSON whatever its
``Content-Type`` says, because that of a 429 is ``text/plain`` (cloud_controller_ng, ``middleware/rate_limiter.rb``);
codes and texts: ``errors/v2.yml``, ``errors/v3.yml`` and the actions below ``app/actions``.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from cpi_conformance.control.errors import (
    ApiError,
    BrokenAnswer,
    ErrorEntry,
    InvalidToken,
    NameBeingDeleted,
    NameTaken,
    NotAuthenticated,
    NotAuthorized,
    NotFound,
    OperationInProgress,
    RateLimited,
    ServerFailure,
    Unprocessable,
)
from cpi_conformance.control.repetition import retry_after

INVALID_TOKEN = 1000
NOT_FOUND = 10010
BUSY = frozenset({10020, 60016, 270018})
"""ResourceBeingDeleted, AsyncServiceInstanceOperationInProgress, ServiceBrokerConcurrencyError."""


def json_object(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        BrokenAnswer: there is none.
    """
    document = document_in(answer.content)
    if not isinstance(document, dict):
        kind = answer.headers.get("Content-Type", "nothing")
        raise BrokenAnswer(asked(answer), f"{answer.status_code} with {kind} where a JSON object belongs")
    return document


def accepted(answer: httpx.Response) -> httpx.Response:
    """The answer itself when it is a success.

    Raises:
        ApiError: Cloud Foundry refuses the request.
        BrokenAnswer: it is neither; a 404 that is not Cloud Foundry's does not say that a resource is gone.
    """
    if answer.is_success:
        return answer
    entries, request_id = _entries(answer), answer.headers.get("X-Vcap-Request-Id")
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(status, entries, request_id).after(retry_after(answer))
    if answer.is_server_error:
        raise ServerFailure(status, entries, request_id)
    if not entries:
        kind = answer.headers.get("Content-Type", "nothing")
        raise BrokenAnswer(asked(answer), f"{status} with {kind} where the errors of Cloud Foundry belong")
    raise _kind(status, entries[0])(status, entries, request_id)


def asked(answer: httpx.Response) -> str:
    """Method and URL of the request."""
    return f"{answer.request.method} {answer.request.url}"


def _kind(status: int, first: ErrorEntry) -> type[ApiError]:
    if first.code in BUSY:
        return OperationInProgress
    match status:
        case httpx.codes.UNAUTHORIZED:
            return InvalidToken if first.code == INVALID_TOKEN else NotAuthenticated
        case httpx.codes.FORBIDDEN:
            return NotAuthorized
        case httpx.codes.NOT_FOUND if first.code == NOT_FOUND:
            return NotFound
        case httpx.codes.UNPROCESSABLE_ENTITY:
            return _unprocessable(first.detail)
    return ApiError


def _unprocessable(detail: str) -> type[Unprocessable]:
    if "There is an operation in progress" in detail:
        return OperationInProgress
    if "getting deleted or its deletion failed" in detail:
        return NameBeingDeleted
    if "The service instance name is taken" in detail or "Key binding names must be unique" in detail:
        return NameTaken
    return Unprocessable


def _entries(answer: httpx.Response) -> tuple[ErrorEntry, ...]:
    document = document_in(answer.content)
    errors = document.get("errors") if isinstance(document, dict) else None
    return error_entries(errors)


def error_entries(errors: Any) -> tuple[ErrorEntry, ...]:
    """The entries of a list ``errors``; none where that is no such list."""
    if not isinstance(errors, list):
        return ()
    return tuple(
        ErrorEntry(_number(each.get("code")), str(each.get("title", "")), str(each.get("detail", "")))
        for each in errors
        if isinstance(each, dict)
    )


def _number(code: Any) -> int | None:
    return code if isinstance(code, int) else None


def document_in(content: bytes) -> Any:
    """The JSON document, or ``None``; an error of the parser would carry the body with it.

    Half of a surrogate pair, as it is left where a text was cut, is ``?``: no report could write it.
    """
    try:
        document = json.loads(content)
        text = json.dumps(document, ensure_ascii=False)
        writable = text.encode(errors="replace").decode()
        return document if writable == text else json.loads(writable)
    except (ValueError, RecursionError):
        return None
