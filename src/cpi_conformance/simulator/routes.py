"""Which part of a system answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cpi_conformance.simulator.exchange import Answer, Exchange

Handler = Callable[..., Answer]
"""Takes the exchange, and each variable of the path by its name."""


@dataclass(frozen=True)
class Route:
    """A method, a path such as ``/v3/jobs/{guid}``, and who answers."""

    method: str
    path: str
    handler: Handler

    def matches(self, path: str) -> dict[str, str] | None:
        """The variables of the path, or ``None`` when it is another one."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        match = re.fullmatch(pattern, path)
        return match.groupdict() if match else None


@dataclass(frozen=True)
class Routes:
    """All routes of a system, and its answer to whatever has none."""

    routes: tuple[Route, ...]
    unknown: Callable[[Exchange], Answer]

    def __call__(self, exchange: Exchange) -> Answer:
        """The answer of the first route that fits."""
        for route in self.routes:
            variables = route.matches(exchange.path) if route.method == exchange.method else None
            if variables is not None:
                return route.handler(exchange, **variables)
        return self.unknown(exchange)
