"""Where UAA is: Cloud Foundry's own answer at its API's root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from cpi_conformance.control.answers import accepted, json_object
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.errors import BrokenAnswer


@dataclass(frozen=True)
class Endpoints:
    """Origins without a path; ``login`` is where tokens are, ``uaa`` where users are, if Cloud Foundry says so."""

    api: str
    login: str
    uaa: str | None

    @property
    def tokens(self) -> str:
        """The URL that grants tokens."""
        return f"{self.login}/oauth/token"


def discover(connection: Connection, api: str) -> Endpoints:
    """Ask the API's root; a link that is not configured is ``null`` there (``root_controller.rb``).

    Raises:
        Unreachable: there is no answer.
        ApiError: there is an error instead.
        BrokenAnswer: it names no place for tokens, or one that would take a password in the clear.
    """
    api = api.rstrip("/")
    document = json_object(accepted(connection.send("GET", f"{api}/")))
    login, uaa = _link(document, "login"), _link(document, "uaa")
    tokens = login or uaa
    if tokens is None:
        raise BrokenAnswer(f"GET {api}/", "neither links.login nor links.uaa has an href")
    if _scheme(tokens) not in {"https", _scheme(api)}:
        raise BrokenAnswer(f"GET {api}/", f"{tokens} is no https URL")
    return Endpoints(api, tokens, uaa)


def _link(document: dict[str, Any], name: str) -> str | None:
    links = document.get("links")
    link = links.get(name) if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else None
    return href.rstrip("/") if isinstance(href, str) and href else None


def _scheme(url: str) -> str:
    try:
        return httpx.URL(url).scheme
    except httpx.InvalidURL:
        return ""
