"""``ServiceEndpoints``: where deployed flows are called."""

from __future__ import annotations

from collections.abc import Callable

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.integration.deployment import Deployments, Endpoint
from cpi_conformance.simulator.runtime import PREFIX
from cpi_conformance.simulator.tenant_api.call import Call, Operations, empty
from cpi_conformance.simulator.tenant_api.errors import not_found
from cpi_conformance.simulator.tenant_api.integration_content_schema import ENDPOINT, ENTRY_POINT
from cpi_conformance.simulator.tenant_api.model import Entity, Value
from cpi_conformance.simulator.tenant_api.query import FILTER, INLINECOUNT, ORDERBY, SKIP, TOP, Rules

RULES = Rules(frozenset({TOP, SKIP, INLINECOUNT, FILTER, ORDERBY}))

PROTOCOL = "REST"
"""Of the HTTPS adapter."""

ONE = "ServiceEndpoints()"


class ServiceEndpoints:
    """Endpoints, and below each its one entry point."""

    def __init__(self, deployments: Deployments, runtime_url: Callable[[], str]) -> None:
        """``runtime_url`` gives scheme, host and port of the runtime, which are known after the start."""
        self._deployments = deployments
        self._runtime_url = runtime_url

    def operations(self) -> Operations:
        """What can be asked."""
        return {
            ("GET", "ServiceEndpoints"): lambda call: call.show_all(self._all(), ENDPOINT, RULES),
            ("GET", "ServiceEndpoints/$count"): lambda call: call.show_count(self._all(), ENDPOINT, RULES),
            ("GET", ONE): lambda call: call.show(self._one(call)),
            ("GET", f"{ONE}/EntryPoints"): self._entry_points,
            ("GET", f"{ONE}/ApiDefinitions"): self._definitions,
        }

    def _entry_points(self, call: Call) -> Answer:
        return call.show_linked(self._one(call).links["EntryPoints"](), ENTRY_POINT, RULES)

    def _definitions(self, call: Call) -> Answer:
        self._one(call)
        return empty(204)

    def _one(self, call: Call) -> Entity:
        found = next((each for each in self._all() if each.values["Id"] == call.key["Id"]), None)
        if found is None:
            raise not_found()
        return found

    def _all(self) -> tuple[Entity, ...]:
        return tuple(map(self._entity, self._deployments.endpoints()))

    def _entity(self, endpoint: Endpoint) -> Entity:
        values: dict[str, Value] = {
            "Name": endpoint.artifact_id,
            "Id": f"{endpoint.artifact_id}$endpointAddress={endpoint.address.removeprefix('/')}",
            "Title": endpoint.artifact_id,
            "Version": endpoint.version,
            "Summary": endpoint.name,
            "Description": "",
            "LastUpdated": endpoint.updated,
            "Protocol": PROTOCOL,
        }
        point: dict[str, Value] = {
            "Name": endpoint.artifact_id,
            "Url": f"{self._runtime_url()}{PREFIX}{endpoint.address}",
            "Type": "PROD",
            "AdditionalInformation": "",
        }
        links = {"EntryPoints": lambda: (Entity(ENTRY_POINT, point),), "ApiDefinitions": lambda: ()}
        return Entity(ENDPOINT, values, links)
