"""What the screen of SM59's connection test shows."""

from __future__ import annotations

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.destination import CONNECTION_TYPE
from cpi_conformance.backend.icm_errors import icm_error
from cpi_conformance.sender import Observation


def result_line(test: ConnectionTest, observation: Observation) -> str:
    """What the result begins with: *Status HTTP Response*, or the ICM error."""
    response = observation.response
    return f"{icm_error(test, observation)}" if response is None else f"Status HTTP Response {response.status}"


def result_screen(test: ConnectionTest, observation: Observation) -> str:
    """The tabs of the result as text: *Status HTTP Response* with headers, body and time, or the ICM error."""
    line = result_line(test, observation)
    took = f"Duration of Test Call {observation.evidence.total_ms:.0f} ms"
    tested = f"Connection Test HTTP Destination {test.destination.name}\nConnection Type {CONNECTION_TYPE}"
    response = observation.response
    if response is None:
        return f"{tested}\n{line}\n{took}"
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers)
    body = response.body[:4096].decode("utf-8", "replace")
    return f"{tested}\n{line}\n{took}\n\n{headers}\n\n{body}"
