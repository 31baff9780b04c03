"""``IntegrationDesigntimeArtifacts``, with the functions that save, check and deploy them."""

from __future__ import annotations

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.integration.content_rules import ARTIFACT_NOT_FOUND
from cpi_conformance.simulator.integration.deployment import Deployments
from cpi_conformance.simulator.integration.design_time import Artifact, DesignTime
from cpi_conformance.simulator.integration.errors import ArchiveBroken, ModelBroken, ScriptBroken
from cpi_conformance.simulator.integration.generation import flows_of
from cpi_conformance.simulator.tenant_api.artifact_content import configurations, resource_content, resources
from cpi_conformance.simulator.tenant_api.call import Call, Operations, binary, content, empty, text
from cpi_conformance.simulator.tenant_api.errors import not_found
from cpi_conformance.simulator.tenant_api.integration_content_schema import (
    ARTIFACT,
    CONFIGURATION,
    DEPLOY,
    RESOURCE,
    SAVE_AS_VERSION,
    TASK,
    VALIDATE,
)
from cpi_conformance.simulator.tenant_api.model import Entity, milliseconds
from cpi_conformance.simulator.tenant_api.query import FILTER, INLINECOUNT, ORDERBY, SKIP, TOP, Rules
from cpi_conformance.simulator.tenant_api.selection import Selection

OF_A_PACKAGE = Rules(frozenset({TOP}), ignores=frozenset({SKIP, INLINECOUNT}))
"""Who turns pages here never comes to an end (recorded on a tenant)."""

OF_AN_ARTIFACT = Rules(frozenset({FILTER, ORDERBY}))

ACTIVE = "Active"

CREATED = Selection(frozenset({"Id", "Version", "PackageId", "Name", "Description"}))
"""What is shown of a new artifact."""


class DesigntimeArtifacts:
    """Integration flows: created with 201, changed and deleted with 200 and no body."""

    def __init__(self, design_time: DesignTime, deployments: Deployments) -> None:
        self._design_time = design_time
        self._deployments = deployments

    def operations(self) -> Operations:
        """What can be asked."""
        one = "IntegrationDesigntimeArtifacts()"
        return {
            ("POST", "IntegrationDesigntimeArtifacts"): self._create,
            ("GET", one): lambda call: call.show(artifact_entity(self._current(**_lower(call)))),
            ("PUT", one): self._update,
            ("DELETE", one): self._delete,
            ("GET", f"{one}/$value"): lambda call: content(self._current(**_lower(call)).content, "application/zip"),
            ("GET", f"{one}/Configurations"): self._configurations,
            ("GET", f"{one}/Configurations/$count"): self._configuration_count,
            ("GET", f"{one}/Resources"): self._resources,
            ("GET", f"{one}/Resources()/$value"): self._resource,
            ("POST", SAVE_AS_VERSION): self._save_as_version,
            ("POST", VALIDATE): self._validate,
            ("POST", DEPLOY): self._deploy,
            ("GET", "BuildAndDeployStatus()"): self._status,
        }

    def _current(self, *, id: str, version: str) -> Artifact:  # noqa: A002
        """Only the current version can be named: as ``active``, or as its number."""
        artifact = self._design_time.artifact(id)
        if version not in ("active", ACTIVE, _version(artifact)):
            raise not_found(ARTIFACT_NOT_FOUND)
        return artifact

    def _create(self, call: Call) -> Answer:
        body = call.body(ARTIFACT)
        given = body.get("ArtifactContent")
        archive = binary(given, "ArtifactContent") if given else None
        artifact = self._design_time.create_artifact(
            body.get("PackageId") or "", body.get("Id") or "", body.get("Name") or "", archive, call.user
        )
        return call.show(artifact_entity(artifact), 201, CREATED)

    def _update(self, call: Call) -> Answer:
        body = call.body(ARTIFACT)
        artifact = self._current(**_lower(call))
        given = body.get("ArtifactContent")
        archive = binary(given, "ArtifactContent") if given else None
        self._design_time.update_artifact(artifact.id, body.get("Name"), archive, call.user)
        return empty(200)

    def _delete(self, call: Call) -> Answer:
        self._design_time.delete_artifact(self._current(**_lower(call)).id)
        return empty(200)

    def _save_as_version(self, call: Call) -> Answer:
        self._design_time.save_as_version(call.argument("Id"), call.argument("SaveAsVersion"), call.user)
        return empty(200)

    def _validate(self, call: Call) -> Answer:
        artifact = self._current(id=call.argument("Id"), version=call.argument("Version"))
        try:
            flows_of(artifact)
        except (ArchiveBroken, ModelBroken, ScriptBroken):
            return text(200, "Check execution result: Failed")
        return text(200, "Check execution result: Passed")

    def _deploy(self, call: Call) -> Answer:
        artifact = self._current(id=call.argument("Id"), version=call.argument("Version"))
        return text(202, self._deployments.deploy(artifact, call.user))

    def _status(self, call: Call) -> Answer:
        task = call.key["TaskId"]
        return call.show(Entity(TASK, {"TaskId": task, "Status": self._deployments.task(task)}))

    def _configurations(self, call: Call) -> Answer:
        return call.show_linked(configurations(self._current(**_lower(call))), CONFIGURATION, OF_AN_ARTIFACT)

    def _configuration_count(self, call: Call) -> Answer:
        return call.show_count(configurations(self._current(**_lower(call))), CONFIGURATION, OF_AN_ARTIFACT)

    def _resources(self, call: Call) -> Answer:
        return call.show_linked(resources(self._current(**_lower(call))), RESOURCE, OF_AN_ARTIFACT)

    def _resource(self, call: Call) -> Answer:
        key = call.address.keys[1]
        found = resource_content(self._current(**_lower(call)), key["Name"], key["ResourceType"])
        return content(found, "application/octet-stream")


def artifact_entity(artifact: Artifact) -> Entity:
    """An artifact as the API shows it: a draft has the version ``Active``, dates are texts with milliseconds."""
    values = {
        "Id": artifact.id,
        "Version": _version(artifact),
        "PackageId": artifact.package_id,
        "Name": artifact.name,
        "Description": artifact.description,
        "Sender": "",
        "Receiver": "",
        "CreatedBy": artifact.created_by,
        "CreatedAt": str(milliseconds(artifact.created)),
        "ModifiedBy": artifact.modified_by,
        "ModifiedAt": str(milliseconds(artifact.modified)),
    }
    links = {"Configurations": lambda: configurations(artifact), "Resources": lambda: resources(artifact)}
    return Entity(ARTIFACT, values, links)


def _version(artifact: Artifact) -> str:
    return ACTIVE if artifact.draft else artifact.version


def _lower(call: Call) -> dict[str, str]:
    return {"id": call.key["Id"], "version": call.key["Version"]}
