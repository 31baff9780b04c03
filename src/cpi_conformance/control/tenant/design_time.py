"""Integration packages and the integration flows in them (*Integration Content* API)."""

from __future__ import annotations

import base64
import contextlib

from cpi_conformance.control.answers import asked, json_object
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant.entities import Artifact, Package, read
from cpi_conformance.control.tenant.errors import AlreadyThere, TenantNotFound
from cpi_conformance.control.tenant.odata import entity, literal
from cpi_conformance.control.tenant.once import once, repeatedly
from cpi_conformance.control.tenant.section import Section
from cpi_conformance.control.tenant.waiting import TenantWaiting

PACKAGES = "IntegrationPackages"
ARTIFACTS = "IntegrationDesigntimeArtifacts"


class DesignTime(Section):
    """What *Design* shows."""

    def packages(self) -> tuple[Package, ...]:
        """All packages."""
        return self._api.paged(Package, PACKAGES, lambda each: each.id)

    def package(self, package_id: str) -> Package | None:
        """A package; ``None`` when there is none."""
        return self._api.one(Package, f"{PACKAGES}({literal(package_id)})")

    def create_package(self, package: Package) -> Package:
        """A new package, as the tenant shows it.

        An empty short text is refused, and an id of more than letters and digits.

        Raises:
            AlreadyThere: there is one with this id.
            ControlError: there is no answer, or it is no.
        """
        body = {
            "Id": package.id,
            "Name": package.name,
            "ShortText": package.short_text,
            "Description": package.description,
        }

        def created() -> Package:
            answer = self._api.write("POST", PACKAGES, body)
            return read(Package, entity(json_object(answer), asked(answer)), asked(answer))

        def made() -> Package | None:
            found = self.package(package.id)
            if found and (found.name, found.short_text) != (package.name, package.short_text):
                raise AlreadyThere(409, "", f"another package has the id {package.id}")
            return found

        return once(created, made, f"creation of package {package.id}", self._pace)

    def delete_package(self, package_id: str) -> None:
        """Delete a package with its artifacts and wait until it is gone; a success, too, when it already was.

        Raises:
            JobTimeout: it was not gone within the deadline.
            ControlError: there is no answer, or it is no.
        """
        what = f"deletion of package {package_id}"
        self._delete(f"{PACKAGES}({literal(package_id)})", what)
        TenantWaiting(what, self._pace).until(
            lambda: self.package(package_id), lambda found: None if found is None else "still there"
        )

    def artifacts(self, package_id: str) -> tuple[Artifact, ...]:
        """The integration flows of a package; ``TenantNotFound`` when there is no such package."""
        return self._api.listed(Artifact, f"{PACKAGES}({literal(package_id)})/{ARTIFACTS}")

    def artifact(self, artifact_id: str) -> Artifact | None:
        """An integration flow in its current version; ``None`` when there is none."""
        return self._api.one(Artifact, _active(artifact_id))

    def download(self, artifact_id: str) -> bytes:
        """The archive of an integration flow; ``TenantNotFound`` when there is none."""
        path = f"{_active(artifact_id)}/$value"
        content = self._api.value(path)
        if not content:
            raise BrokenAnswer(f"GET {path}", "no content where an archive belongs")
        return content

    def create_artifact(self, package_id: str, artifact_id: str, name: str, content: bytes) -> Artifact:
        """A new integration flow from an archive, as the tenant shows it.

        Raises:
            AlreadyThere: the tenant has one with this id, in whichever package.
            ControlError: there is no answer, or it is no.
        """
        body = {"Name": name, "Id": artifact_id, "PackageId": package_id, "ArtifactContent": _base64(content)}

        def created() -> Artifact:
            answer = self._api.write("POST", ARTIFACTS, body)
            return read(Artifact, entity(json_object(answer), asked(answer)), asked(answer))

        def made() -> Artifact | None:
            found = self.artifact(artifact_id)
            if found and (found.package_id, found.name) != (package_id, name):
                raise AlreadyThere(500, "", f"another artifact has the id {artifact_id}")
            return found

        return once(created, made, f"creation of {artifact_id}", self._pace)

    def update_artifact(self, artifact_id: str, name: str, content: bytes) -> None:
        """A new content for an integration flow; the tenant takes the version from its manifest.

        Raises:
            TenantNotFound: there is no such integration flow.
            ControlError: there is no answer, or it is no; also when the symbolic name of the bundle is another.
        """
        body = {"Name": name, "ArtifactContent": _base64(content)}
        repeatedly(lambda: self._api.write("PUT", _active(artifact_id), body), f"update of {artifact_id}", self._pace)

    def save_as_version(self, artifact_id: str, version: str) -> None:
        """Save the draft of an integration flow as a version: three numbers with points.

        Raises:
            TenantNotFound: there is no such integration flow.
            ControlError: there is no answer, or it is no.
        """
        path = f"IntegrationDesigntimeArtifactSaveAsVersion?Id={literal(artifact_id)}&SaveAsVersion={literal(version)}"

        def saved() -> bool:
            self._api.write("POST", path)
            return True

        def made() -> bool | None:
            found = self.artifact(artifact_id)
            return True if found and found.version == version else None

        once(saved, made, f"saving {artifact_id} as version {version}", self._pace)

    def delete_artifact(self, artifact_id: str) -> None:
        """Delete an integration flow from its package; a success, too, when it already was."""
        self._delete(_active(artifact_id), f"deletion of {artifact_id}")

    def _delete(self, path: str, what: str) -> None:
        with contextlib.suppress(TenantNotFound):
            repeatedly(lambda: self._api.write("DELETE", path), what, self._pace)


def _active(artifact_id: str) -> str:
    return f"{ARTIFACTS}(Id={literal(artifact_id)},Version='active')"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
