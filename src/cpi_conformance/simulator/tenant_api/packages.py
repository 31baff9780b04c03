"""``IntegrationPackages``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.integration.archive import zipped
from cpi_conformance.simulator.integration.design_time import DesignTime, Package
from cpi_conformance.simulator.tenant_api.call import Call, Operations, content, empty
from cpi_conformance.simulator.tenant_api.designtime_artifacts import OF_A_PACKAGE, artifact_entity
from cpi_conformance.simulator.tenant_api.errors import ODataError, not_implemented
from cpi_conformance.simulator.tenant_api.integration_content_schema import ARTIFACT, PACKAGE
from cpi_conformance.simulator.tenant_api.model import Entity, milliseconds
from cpi_conformance.simulator.tenant_api.query import SKIP, TOP, Rules

RULES = Rules(frozenset({TOP, SKIP}), counts=False)

WRITABLE = {
    "Name": "name",
    "ShortText": "short_text",
    "Description": "description",
    "Version": "version",
    "Vendor": "vendor",
    "SupportedPlatform": "supported_platform",
}

LISTS = ("Products", "Keywords", "Countries", "Industries", "LineOfBusiness")

DRAFTS = "Package export failed. It contains the following artifacts are in draft state:{names}"


class IntegrationPackages:
    """Packages: created with 201, changed and deleted with 202 and no body."""

    def __init__(self, design_time: DesignTime) -> None:
        self._design_time = design_time

    def operations(self) -> Operations:
        """What can be asked."""
        one = "IntegrationPackages()"
        return {
            ("GET", "IntegrationPackages"): self._index,
            ("GET", "IntegrationPackages/$count"): lambda call: call.show_count((), PACKAGE, RULES),
            ("POST", "IntegrationPackages"): self._create,
            ("GET", one): lambda call: call.show(self._entity(self._design_time.package(call.key["Id"]))),
            ("PUT", one): self._update,
            ("DELETE", one): self._delete,
            ("GET", f"{one}/$value"): self._export,
            ("GET", f"{one}/IntegrationDesigntimeArtifacts"): self._artifacts,
            ("GET", f"{one}/IntegrationDesigntimeArtifacts/$count"): self._artifact_count,
        }

    def _index(self, call: Call) -> Answer:
        return call.show_all(map(self._entity, self._design_time.packages()), PACKAGE, RULES)

    def _create(self, call: Call) -> Answer:
        body = call.body(PACKAGE, "PackageContent")
        if "PackageContent" in body:
            raise not_implemented()
        given = {field: body.get(name) or "" for name, field in WRITABLE.items() if name in body}
        package = Package(id=body.get("Id") or "", name="", short_text="", created_by=call.user)
        changes: dict[str, Any] = _unbracketed(given)
        return call.show(self._entity(self._design_time.create_package(replace(package, **changes))), 201)

    def _update(self, call: Call) -> Answer:
        body = call.body(PACKAGE)
        changes = {field: body.get(name) or "" for name, field in WRITABLE.items() if name in body}
        self._design_time.update_package(call.key["Id"], **_unbracketed(changes), modified_by=call.user)
        return empty(202)

    def _delete(self, call: Call) -> Answer:
        self._design_time.delete_package(call.key["Id"])
        return empty(202)

    def _export(self, call: Call) -> Answer:
        artifacts = self._design_time.artifacts(call.key["Id"])
        drafts = [each.name for each in artifacts if each.draft]
        if drafts:
            raise ODataError(500, DRAFTS.format(names=", ".join(drafts)))
        return content(zipped({f"{each.id}_content": each.content for each in artifacts}), "application/zip")

    def _artifacts(self, call: Call) -> Answer:
        return call.show_linked(self._in(call), ARTIFACT, OF_A_PACKAGE)

    def _artifact_count(self, call: Call) -> Answer:
        return call.show_count(self._in(call), ARTIFACT, OF_A_PACKAGE)

    def _in(self, call: Call) -> tuple[Entity, ...]:
        return tuple(map(artifact_entity, self._design_time.artifacts(call.key["Id"])))

    def _entity(self, package: Package) -> Entity:
        values = {
            "Id": package.id,
            "Name": package.name,
            "Description": f"<p>{package.description}</p>" if package.description else "",
            "ShortText": package.short_text,
            "Version": package.version,
            "Vendor": package.vendor,
            "Mode": package.mode,
            "SupportedPlatform": f"[{package.supported_platform}]",
            "ModifiedBy": package.modified_by,
            "CreationDate": str(milliseconds(package.created)),
            "ModifiedDate": str(milliseconds(package.modified)),
            "CreatedBy": package.created_by,
            **dict.fromkeys(LISTS, "[]"),
        }
        artifacts = self._design_time.artifacts
        links = {"IntegrationDesigntimeArtifacts": lambda: tuple(map(artifact_entity, artifacts(package.id)))}
        return Entity(PACKAGE, values, links)


def _unbracketed(changes: dict[str, str]) -> dict[str, str]:
    platform = changes.pop("supported_platform", "").strip("[]")
    return {**changes, "supported_platform": platform} if platform else changes
