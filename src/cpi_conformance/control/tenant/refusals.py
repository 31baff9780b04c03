"""Telling the refusals of the tenant API apart.

Shape: ``{"error":{"code","message":{"lang","value"}}}``, the keystore's 403 without ``error`` (Security Content
API), or the Atom form ``<error><code/><message/></error>`` where JSON was not asked for or is not spoken.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import ParseError

import httpx
from defusedxml import DefusedXmlException, ElementTree

from cpi_conformance.control.answers import asked, document_in
from cpi_conformance.control.echoes import unrepeated
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant.errors import (
    AlreadyThere,
    NotTrusted,
    ReservedAlias,
    TenantBusy,
    TenantError,
    TenantFailure,
    TenantForbidden,
    TenantNotAuthenticated,
    TenantNotFound,
)
from cpi_conformance.control.tenant.roles import needed_role
from cpi_conformance.secret import Secret

LONGEST = 2000
"""Characters of an error's text that are kept."""

EXISTS = ("already exists", "already exist.")
"""Of a flow with 500, of a keystore entry with 400, of a package with 409 (Integration and Security Content API)."""

NOT_FOUND = "Requested entity could not be found"
"""Some landscapes send it with another status than 404 (flashpipe, release 3.4.1)."""


def granted(answer: httpx.Response, *, hidden: Iterable[Secret] = (), reserved: bool = False) -> httpx.Response:
    """The answer itself when it is a success.

    Args:
        answer: of the tenant.
        hidden: what must not come back in an error's text.
        reserved: whether the request names an alias that belongs to SAP.

    Raises:
        TenantError: the tenant refuses the request.
        BrokenAnswer: it is neither; a 404 of the router does not say that something is gone.
    """
    if answer.is_success:
        return answer
    said = _said(answer)
    code, text = (unrepeated(part, hidden)[:LONGEST] for part in said or ("", ""))
    request_id = answer.headers.get("x-correlationid") or answer.headers.get("X-Vcap-Request-Id")
    status = answer.status_code
    if status == httpx.codes.FORBIDDEN:
        kind = ReservedAlias if reserved else TenantForbidden
        role = None if reserved else needed_role(answer.request.method, answer.request.url.path)
        raise kind(status, code, text, request_id, role=role)
    foreign = said is None and bool(answer.content)
    if answer.is_redirect or status < 400 or (status == httpx.codes.NOT_FOUND and foreign):
        content = answer.headers.get("Content-Type", "nothing")
        raise BrokenAnswer(asked(answer), f"{status} with {content} where an answer of the tenant API belongs")
    raise _kind(status, text, answer.request.url.path)(status, code, text, request_id)


def _kind(status: int, text: str, path: str) -> type[TenantError]:
    if status == httpx.codes.NOT_FOUND or NOT_FOUND in text:
        return TenantNotFound
    if any(words in text for words in EXISTS):
        return AlreadyThere
    match status:
        case httpx.codes.UNAUTHORIZED:
            return TenantNotAuthenticated
        case httpx.codes.CONFLICT:
            return NotTrusted if needed_role("PUT", path) == "SecurityMaterialEdit" else AlreadyThere
        case httpx.codes.TOO_MANY_REQUESTS:
            return TenantBusy
    return TenantFailure if status >= 500 else TenantError


def _said(answer: httpx.Response) -> tuple[str, str] | None:
    """Code and text; ``None`` where the body is no error of OData."""
    content = answer.content.strip()
    return _of_json(content) if content.startswith(b"{") else _of_atom(content) if content.startswith(b"<") else None


def _of_json(content: bytes) -> tuple[str, str] | None:
    document = document_in(content)
    if not isinstance(document, dict):
        return None
    error = document.get("error", document)
    if isinstance(error, str):
        return error, _text(document.get("message") or document.get("error_description"))
    if not isinstance(error, dict):
        return None
    message = error.get("message")
    if isinstance(message, dict):
        message = message.get("value")
    return _text(error.get("code")), _text(message)


def _of_atom(content: bytes) -> tuple[str, str] | None:
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    found = {str(each.tag).rpartition("}")[2]: "".join(each.itertext()) for each in root}
    if str(root.tag).rpartition("}")[2] != "error":
        return None
    return found.get("code", ""), found.get("message", "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
