"""What passes between the load balancer and the systems behind it: a request, and its answer."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cpi_conformance.simulator.record import Truth

Headers = tuple[tuple[str, str], ...]


class ConnectionDropped(Exception):
    """An application drops the connection without an answer, as a load balancer that dies does."""


@dataclass(frozen=True)
class Exchange:
    """A request as the load balancer hands it on; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, or ``None``."""
        return next((value for key, value in self.headers if key == name), None)

    def parameters(self) -> Mapping[str, str]:
        """The query's parameters; of a name that stands twice, the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form(self) -> Mapping[str, str]:
        """The fields of a form in the body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def basic(self) -> tuple[str, str] | None:
        """User and password of Basic authentication; ``None`` when there is none, or it is malformed."""
        scheme, _, encoded = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if colon else None

    def bearer(self) -> str | None:
        """The bearer token, or ``None``."""
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None


@dataclass(frozen=True)
class Answer:
    """A response, and for the record why it is a refusal."""

    status: int
    headers: Headers
    body: bytes
    refused: Truth | None = None


Application = Callable[[Exchange], Awaitable[Answer]]
"""A system behind the load balancer; it may raise :class:`ConnectionDropped`."""
