"""What passes between the load balancer and the systems behind it: a request, and its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cpi_conformance.simulator.record import Truth

Headers = tuple[tuple[str, str], ...]


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


@dataclass(frozen=True)
class Answer:
    """A response, and for the record why it is a refusal."""

    status: int
    headers: Headers
    body: bytes
    refused: Truth | None = None


Application = Callable[[Exchange], Awaitable[Answer]]
"""A system behind the load balancer."""
