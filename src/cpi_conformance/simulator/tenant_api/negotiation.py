"""JSON, or what comes otherwise: Atom for entities, XML for errors."""

from __future__ import annotations

from cpi_conformance.simulator.exchange import Exchange

JSON = "application/json"


def wants_json(exchange: Exchange) -> bool:
    """Whether ``Accept`` names JSON, or ``$format`` does; a wildcard means no JSON."""
    return exchange.parameters().get("$format", "").lower() == "json" or accepts_json(exchange)


def accepts_json(exchange: Exchange) -> bool:
    """Whether ``Accept`` names JSON, and nothing that is XML before it."""
    offers = [_offer(each) for each in (exchange.header("accept") or "").split(",")]
    json = max((quality for name, quality in offers if name == JSON), default=0.0)
    return json > 0 and json >= max((quality for name, quality in offers if name.endswith("xml")), default=0.0)


def _offer(text: str) -> tuple[str, float]:
    name, *parameters = (each.strip().lower() for each in text.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
