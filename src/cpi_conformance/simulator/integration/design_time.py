"""Packages and their artifacts at design time: what is edited, not what runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.integration.archive import manifest_of, with_version
from cpi_conformance.simulator.integration.content import Artifact, Package
from cpi_conformance.simulator.integration.content_rules import (
    ARTIFACT_EXISTS,
    ARTIFACT_NOT_FOUND,
    NOT_FOUND,
    PACKAGE_EXISTS,
    PACKAGE_NOT_FOUND,
    SYMBOLIC_NAME,
    check_artifact_name,
    check_definitions,
    check_package,
    check_version,
    readable,
)
from cpi_conformance.simulator.integration.empty_flow import FIRST_VERSION, empty_flow
from cpi_conformance.simulator.integration.errors import ContentRefused
from cpi_conformance.simulator.integration.manifest import MANIFEST, VERSION, symbolic_name

__all__ = ["Artifact", "DesignTime", "Package"]


class DesignTime:
    """The store; safe to use from several threads. Whatever it refuses, it refuses with ``ContentRefused``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._packages: dict[str, Package] = {}
        self._artifacts: dict[str, Artifact] = {}
        self._lock = threading.RLock()

    def packages(self) -> tuple[Package, ...]:
        """All packages, oldest first."""
        with self._lock:
            return tuple(self._packages.values())

    def package(self, package_id: str) -> Package:
        """One package; 404 when there is none."""
        with self._lock:
            if package_id not in self._packages:
                raise ContentRefused(404, NOT_FOUND)
            return self._packages[package_id]

    def create_package(self, package: Package) -> Package:
        """Store a package; 400 when a property is not allowed, 409 when the id is taken."""
        check_package(package.id, package.name, package.short_text)
        with self._lock:
            if package.id in self._packages:
                raise ContentRefused(409, PACKAGE_EXISTS)
            now = self._clock.now()
            stored = replace(package, created=now, modified=now, modified_by=package.created_by)
            self._packages[package.id] = stored
            return stored

    def update_package(self, package_id: str, /, **changes: str) -> Package:
        """Change fields of a package, by their names here; 404 or 400 as above. The id cannot be changed.

        Raises:
            TypeError: there is no such field.
        """
        with self._lock:
            package = self.package(package_id)
            changed = replace(package, **changes)  # type: ignore[arg-type]  # only fields of text are given
            changed = replace(changed, id=package_id, created=package.created, modified=self._clock.now())
            check_package(changed.id, changed.name, changed.short_text)
            self._packages[package_id] = changed
            return changed

    def delete_package(self, package_id: str) -> None:
        """Remove a package with its artifacts; 404 when there is none."""
        with self._lock:
            self.package(package_id)
            for artifact in self.artifacts(package_id):
                del self._artifacts[artifact.id]
            del self._packages[package_id]

    def artifacts(self, package_id: str) -> tuple[Artifact, ...]:
        """The artifacts of a package, oldest first; 404 when there is no such package."""
        with self._lock:
            self.package(package_id)
            return tuple(each for each in self._artifacts.values() if each.package_id == package_id)

    def artifact(self, artifact_id: str) -> Artifact:
        """One artifact; 404 when there is none."""
        with self._lock:
            if artifact_id not in self._artifacts:
                raise ContentRefused(404, ARTIFACT_NOT_FOUND)
            return self._artifacts[artifact_id]

    def create_artifact(
        self, package_id: str, artifact_id: str, name: str, content: bytes | None, user: str
    ) -> Artifact:
        """Store an artifact; without content an empty flow. The manifest's symbolic name is not looked at.

        Raises:
            ContentRefused: 404 (package), 400 (name, or an archive that cannot be read), 500 (id taken).
        """
        check_artifact_name(name)
        check_artifact_name(artifact_id)
        headers = _headers(readable(content)) if content is not None else {}
        with self._lock:
            if package_id not in self._packages:
                raise ContentRefused(404, PACKAGE_NOT_FOUND.format(id=package_id))
            taken = self._artifacts.get(artifact_id)
            if taken is not None:
                package = self._packages[taken.package_id].name
                raise ContentRefused(500, ARTIFACT_EXISTS.format(name=taken.name, id=taken.id, package=package))
            now = self._clock.now()
            artifact = Artifact(
                id=artifact_id,
                version=_version(headers, FIRST_VERSION),
                package_id=package_id,
                name=name,
                content=empty_flow(artifact_id, name) if content is None else content,
                created_by=user,
                created=now,
                modified_by=user,
                modified=now,
            )
            self._artifacts[artifact_id] = artifact
            return artifact

    def update_artifact(self, artifact_id: str, name: str | None, content: bytes | None, user: str) -> Artifact:
        """Change an artifact: a name alone makes a draft; with content it is saved, as the manifest's version.

        Raises:
            ContentRefused: 404, 400 (name, another symbolic name, an archive that cannot be read), 500
                (parameters without definitions).
        """
        with self._lock:
            artifact = self.artifact(artifact_id)
            if name is not None:
                check_artifact_name(name)
            changed = replace(artifact, name=name or artifact.name, draft=True)
            if content is not None:
                entries = readable(content)
                headers = _headers(entries)
                before = symbolic_name(_headers(readable(artifact.content)))
                if symbolic_name(headers) != before:
                    raise ContentRefused(400, SYMBOLIC_NAME)
                check_definitions(entries)
                title = name or headers.get("Bundle-Name") or artifact.name
                version = _version(headers, artifact.version)
                changed = replace(artifact, name=title, version=version, content=content, draft=False)
            changed = replace(changed, modified_by=user, modified=self._clock.now())
            self._artifacts[artifact_id] = changed
            return changed

    def save_as_version(self, artifact_id: str, version: str, user: str) -> Artifact:
        """Save under another version, which also goes into the manifest; 404, or 400 for ``Active`` and no version."""
        with self._lock:
            artifact = self.artifact(artifact_id)
            check_version(version)
            content = with_version(artifact.content, version)
            now = self._clock.now()
            changed = replace(artifact, version=version, content=content, draft=False, modified_by=user, modified=now)
            self._artifacts[artifact_id] = changed
            return changed

    def delete_artifact(self, artifact_id: str) -> None:
        """Remove an artifact; what runs goes on running. 404 when there is none."""
        with self._lock:
            self.artifact(artifact_id)
            del self._artifacts[artifact_id]


def _headers(entries: Mapping[str, bytes]) -> Mapping[str, str]:
    return manifest_of(entries) if MANIFEST in entries else {}


def _version(headers: Mapping[str, str], otherwise: str) -> str:
    version = headers.get("Bundle-Version", "")
    return version if VERSION.fullmatch(version) else otherwise
