"""Requests to the tenant API with a token that is renewed, and with a CSRF token where one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from cpi_conformance.control.answers import asked, json_object
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.credentials import SOURCE
from cpi_conformance.control.echoes import without
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant.csrf import HEADER, CsrfSession, wanted
from cpi_conformance.control.tenant.entities import Model, read
from cpi_conformance.control.tenant.errors import TenantNotFound
from cpi_conformance.control.tenant.grant import Grant
from cpi_conformance.control.tenant.odata import MOST_PAGES, PORTION, entity, entries, query
from cpi_conformance.control.tenant.refusals import granted
from cpi_conformance.secret import Secret

JSON = {"Accept": "application/json"}


class TenantApi:
    """Below ``<url>/api/v1/``; safe to use from several threads."""

    def __init__(self, connection: Connection, url: str, grant: Grant) -> None:
        self._connection = connection
        self._root = f"{url.rstrip('/')}/api/v1/"
        self._grant = grant
        self._csrf = CsrfSession(self._fetch_csrf)

    def one(self, model: type[Model], path: str) -> Model | None:
        """The entity at a path; ``None`` when there is none.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        try:
            answer = self._read(path)
        except TenantNotFound:
            return None
        return read(model, entity(json_object(answer), asked(answer)), asked(answer))

    def listed(self, model: type[Model], path: str) -> tuple[Model, ...]:
        """All entities of one answer.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        answer = self._read(path)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return ()
        return tuple(read(model, each, asked(answer)) for each in entries(json_object(answer), asked(answer)))

    def paged(self, model: type[Model], path: str, key: Callable[[Model], str]) -> tuple[Model, ...]:
        """All entities, page by page; a tenant that ignores ``$skip`` gives the same page again, which ends it.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        found: dict[str, Model] = {}
        for page in range(MOST_PAGES):
            here = self.listed(model, f"{path}?{query(top=str(PORTION), skip=str(page * PORTION))}")
            fresh = {key(each): each for each in here if key(each) not in found}
            found.update(fresh)
            if len(here) < PORTION or not fresh:
                break
        return tuple(found.values())

    def raw(self, path: str) -> dict[str, Any]:
        """A JSON document that is no entity of its own.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        return json_object(self._read(path))

    def value(self, path: str) -> bytes | None:
        """What ``/$value`` gives; ``None`` where it gives nothing (204).

        Asked for as JSON, because an error then comes as JSON; where that is refused, as whatever it is.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        answer = self._sent("GET", path, JSON)
        if answer.status_code == httpx.codes.NOT_ACCEPTABLE:
            answer = self._sent("GET", path, {"Accept": "*/*"})
        answer = granted(answer)
        return None if answer.status_code == httpx.codes.NO_CONTENT else answer.content

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        content_type: str = "application/json;charset=utf-8",
        hidden: tuple[Secret, ...] = (),
        reserved: bool = False,
    ) -> httpx.Response:
        """A change; never sent again once it may have been executed.

        Args:
            method: ``POST``, ``PUT`` or ``DELETE``.
            path: below the service root.
            body: an object for JSON, or bytes.
            content_type: of the body.
            hidden: what must not come back in an error's text.
            reserved: whether the path names an alias that belongs to SAP.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        described = {"Content-Type": content_type} if body is not None else {}
        csrf = self._csrf.headers()
        answer = self._sent(method, path, {**JSON, **described, **csrf}, body)
        if wanted(answer):
            csrf = self._csrf.renewed(csrf)
            answer = self._sent(method, path, {**JSON, **described, **csrf}, body)
        return granted(answer, hidden=hidden, reserved=reserved)

    def _read(self, path: str) -> httpx.Response:
        return granted(self._sent("GET", path, JSON))

    def _fetch_csrf(self) -> httpx.Response:
        return granted(self._sent("GET", "", {**JSON, HEADER: "Fetch"}))

    def _sent(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> httpx.Response:
        if not self._root.startswith("https://"):
            raise BrokenAnswer(SOURCE, "oauth.url is no https URL")
        token = self._grant.token()
        answer = self._once(method, path, headers, body, token)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            answer = self._once(method, path, headers, body, self._grant.renewed(token))
        return answer

    def _once(self, method: str, path: str, headers: Mapping[str, str], body: Any, token: Secret) -> httpx.Response:
        url, headers = self._root + path, {**headers, "Authorization": f"Bearer {token.reveal()}"}
        sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = self._connection.send(method, url, headers=headers, repeatable=method == "GET", **sent)
        return without(answer, [token])
