"""What the screen of SM59's connection test shows."""

from __future__ import annotations

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.destination import CONNECTION_TYPE
from cpi_conformance.backend.icm_errors import icm_error
from cpi_conformance.sender import Observation


def result_screen(test: ConnectionTest, observation: Observation) -> str:
    """The tabs of the result as text: *Status HTTP Response* with headers, body and time, or the ICM error."""
    took = f"{observation.evidence.total_ms:.0f} ms"
    response = observation.response
    if response is None:
        error = icm_error(test, observation)
        return f"Connection Test HTTP Destination {test.destination.name}\n{error}\nDuration of Test Call {took}"
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers)
    body = response.body[:4096].decode("utf-8", "replace")
    return (
        f"Connection Test HTTP Destination {test.destination.name}\nConnection Type {CONNECTION_TYPE}\n"
        f"Status HTTP Response  {response.status}\nDuration of Test Call {took}\n\n{headers}\n\n{body}"
    )
