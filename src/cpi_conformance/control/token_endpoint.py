"""One request to an OAuth token endpoint: UAA's and XSUAA's are the same software (RFC 6749, sections 4 to 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from cpi_conformance.control.answers import asked, json_object
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.echoes import unrepeated, without
from cpi_conformance.control.errors import BrokenAnswer, LoginRefused, RateLimited, ServerFailure, TokenRefused
from cpi_conformance.control.repetition import retry_after
from cpi_conformance.secret import Secret

LONGEST_LIFETIME = 2.0**31
"""Seconds; nobody grants a token for 68 years."""


@dataclass(frozen=True)
class TokenAnswer:
    """What was granted; ``expires_in`` is in seconds, ``None`` where the answer does not say."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in: float | None
    scopes: tuple[str, ...]


def ask_for_token(
    connection: Connection,
    url: str,
    form: Mapping[str, str],
    *,
    authorization: str | None,
    secrets: tuple[Secret, ...],
    refused: type[LoginRefused] | type[TokenRefused],
    repeatable: bool,
) -> TokenAnswer:
    """Post a form.

    Args:
        connection: says whom to trust, and which client certificate to present.
        url: of the token endpoint.
        form: the grant; secrets in the clear.
        authorization: the header, or none.
        secrets: what must not come back in an error's text, because an identity provider's words are passed on.
        refused: what to raise.
        repeatable: whether it makes no difference if the request is executed twice.

    Raises:
        LoginRefused: or ``TokenRefused``, as asked for.
        RateLimited: too many requests.
        ServerFailure: the token endpoint has failed.
        BrokenAnswer: the answer is none of a token endpoint.
        Unreachable: there is no answer.
    """
    headers = {"Authorization": authorization} if authorization is not None else {}
    answer = connection.send("POST", url, headers=headers, form=form, repeatable=repeatable)
    sent = (*secrets, *((Secret(authorization.rpartition(" ")[2]),) if authorization is not None else ()))
    answer = without(answer, sent, body=not answer.is_success)  # a refresh token may be granted once more
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(status).after(retry_after(answer))
    if answer.is_server_error:
        raise ServerFailure(status)
    if answer.is_success:
        return _granted(answer, json_object(answer))
    document = _challenge(answer) or json_object(answer)
    if not isinstance(document.get("error"), str):
        raise BrokenAnswer(asked(answer), f"{status} without an error code of OAuth")
    error, description = (unrepeated(str(document.get(key) or ""), secrets) for key in ("error", "error_description"))
    raise refused(status, error, description)


def _challenge(answer: httpx.Response) -> dict[str, str]:
    """What ``WWW-Authenticate`` says where a wrong client is refused by the filter before the endpoint."""
    return dict(re.findall(r'\b(error|error_description)="([^"]*)"', answer.headers.get("WWW-Authenticate", "")))


def _granted(answer: httpx.Response, document: dict[str, Any]) -> TokenAnswer:
    access = _token(document, "access_token")
    if access is None:
        raise BrokenAnswer(asked(answer), "no access_token that a header could carry")
    scope = document.get("scope")
    return TokenAnswer(
        access_token=access,
        refresh_token=_token(document, "refresh_token"),
        expires_in=_seconds(document.get("expires_in")),
        scopes=tuple(scope.split()) if isinstance(scope, str) else (),
    )


def _seconds(lifetime: Any) -> float | None:
    """A lifetime; ``None`` for what is none, as also *Infinity* and *NaN* are numbers in JSON as Python reads it."""
    return float(lifetime) if isinstance(lifetime, int | float) and 0 <= lifetime < LONGEST_LIFETIME else None


def _token(document: dict[str, Any], name: str) -> Secret | None:
    value = document.get(name)
    return Secret(value) if isinstance(value, str) and fits_a_header(value) else None


def fits_a_header(token: str) -> bool:
    """Whether a token is one word of printable ASCII; httpx quotes what is not, in its error."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token
