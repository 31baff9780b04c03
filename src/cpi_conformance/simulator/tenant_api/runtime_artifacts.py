"""``IntegrationRuntimeArtifacts``: what is deployed, and why it is in error."""

from __future__ import annotations

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.integration.deployment import Deployments, RuntimeArtifact
from cpi_conformance.simulator.tenant_api.call import Call, Operations, content, empty
from cpi_conformance.simulator.tenant_api.errors import ODataError, json_bytes, not_found
from cpi_conformance.simulator.tenant_api.integration_content_schema import RUNTIME_ARTIFACT
from cpi_conformance.simulator.tenant_api.model import Entity, Value
from cpi_conformance.simulator.tenant_api.negotiation import accepts_json
from cpi_conformance.simulator.tenant_api.query import FILTER, INLINECOUNT, ORDERBY, SKIP, TOP, Rules

RULES = Rules(
    frozenset({TOP, SKIP, INLINECOUNT, FILTER, ORDERBY}), only_or=True, never_filtered=frozenset({"DeployedOn"})
)

ONE = "IntegrationRuntimeArtifacts()"


class RuntimeArtifacts:
    """Deployed artifacts; undeploying is accepted with 202."""

    def __init__(self, deployments: Deployments) -> None:
        self._deployments = deployments

    def operations(self) -> Operations:
        """What can be asked; nothing can be posted on Cloud Foundry."""
        return {
            ("GET", "IntegrationRuntimeArtifacts"): self._index,
            ("GET", "IntegrationRuntimeArtifacts/$count"): self._count,
            ("GET", ONE): lambda call: call.show(_entity(self._deployments.runtime_artifact(call.key["Id"]))),
            ("DELETE", ONE): self._undeploy,
            ("GET", f"{ONE}/ErrorInformation"): self._no_error_entity,
            ("GET", f"{ONE}/ErrorInformation/$value"): self._error,
        }

    def _index(self, call: Call) -> Answer:
        return call.show_all(self._all(), RUNTIME_ARTIFACT, RULES)

    def _count(self, call: Call) -> Answer:
        return call.show_count(self._all(), RUNTIME_ARTIFACT, RULES)

    def _all(self) -> tuple[Entity, ...]:
        return tuple(map(_entity, self._deployments.runtime_artifacts()))

    def _undeploy(self, call: Call) -> Answer:
        self._deployments.undeploy(call.key["Id"])
        return empty(202)

    def _no_error_entity(self, call: Call) -> Answer:
        raise not_found()

    def _error(self, call: Call) -> Answer:
        """204 while there is none; whoever asks for JSON is refused, although it is JSON (recorded on a tenant)."""
        error = self._deployments.runtime_artifact(call.key["Id"]).error
        if accepts_json(call.exchange):
            raise ODataError(406, "Not Acceptable")
        return empty(204) if error is None else content(json_bytes(_error_document(error)), "application/json")


def _entity(artifact: RuntimeArtifact) -> Entity:
    values: dict[str, Value] = {
        "Id": artifact.id,
        "Version": artifact.version,
        "Name": artifact.name,
        "Type": "INTEGRATION_FLOW",
        "DeployedBy": artifact.deployed_by,
        "DeployedOn": artifact.deployed_on,
        "Status": artifact.status,
    }
    return Entity(RUNTIME_ARTIFACT, values)


def _error_document(error: str) -> object:
    """With SAP's own spelling of ``subsytemPartName``, and the text in a parameter."""
    message = {
        "subsystemName": "CONTENT",
        "subsytemPartName": "CONTENT_DEPLOY",
        "messageId": "GenerationFailed",
        "messageText": "",
    }
    return {"message": message, "parameter": [error]}
