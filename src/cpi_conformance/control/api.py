"""Requests to Cloud Foundry's API with a token that is renewed when it is refused."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

import httpx

from cpi_conformance.control.answers import accepted, json_object
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.discovery import Endpoints, discover
from cpi_conformance.control.echoes import without
from cpi_conformance.control.errors import BrokenAnswer, InvalidToken
from cpi_conformance.control.login import Login
from cpi_conformance.control.uaa import Session
from cpi_conformance.secret import Secret


class Api:
    """Asks where UAA is, and logs in, when it is first needed; safe to use from several threads."""

    def __init__(self, connection: Connection, api: str, login: Login) -> None:
        self.url = api.rstrip("/")
        self._connection = connection
        self._login = login
        self._lock = threading.Lock()
        self._session: Session | None = None

    def endpoints(self) -> Endpoints:
        """Where API and UAA are.

        Raises:
            ControlError: the API's root does not say.
        """
        return discover(self._connection, self.url)

    def session(self) -> Session:
        """The one session; not necessarily logged in yet.

        Raises:
            ControlError: the API's root does not say where UAA is.
        """
        with self._lock:
            if self._session is None:
                self._session = Session(self._connection, self.endpoints().tokens, self._login)
            return self._session

    def get(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path of the API, or at a URL that it has named.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        return json_object(self._granted("GET", url, params=params))

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """A creation; never sent again once it may have arrived.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        return self._granted("POST", path, json=body)

    def delete(self, path: str) -> httpx.Response:
        """A deletion.

        Raises:
            ControlError: there is no answer, or it is no.
        """
        return self._granted("DELETE", path)

    def _granted(self, method: str, url: str, **content: Any) -> httpx.Response:
        url = self._own(url)
        session = self.session()
        token = session.token()
        try:
            return accepted(self._send(method, url, token, content))
        except InvalidToken:
            fresh = session.renewed(token)
        return accepted(self._send(method, url, fresh, content))

    def _send(self, method: str, url: str, token: Secret, content: Mapping[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.reveal()}"}
        return without(self._connection.send(method, url, headers=headers, **content), [token])

    def _own(self, url: str) -> str:
        """The absolute URL; the token goes to the API only, whatever an answer names."""
        try:
            absolute = urljoin(f"{self.url}/", url)
        except ValueError:
            absolute = ""
        if _origin(absolute) != _origin(self.url):
            raise BrokenAnswer(self.url, f"it names a URL that is not its own: {url}")
        return absolute


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    return parsed.scheme, parsed.host, parsed.port
