"""Deployed artifacts and their endpoints (*Integration Content* API)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant.deployment import ARTIFACTS, Deploying, Deployment, explanation
from cpi_conformance.control.tenant.entities import RuntimeArtifact
from cpi_conformance.control.tenant.errors import TenantNotFound
from cpi_conformance.control.tenant.odata import entries, literal, query
from cpi_conformance.control.tenant.once import repeatedly
from cpi_conformance.control.tenant.section import Section
from cpi_conformance.control.tenant.waiting import TenantWaiting


class Runtime(Section):
    """What *Monitor, Manage Integration Content* shows."""

    def deploy(self, artifact_id: str) -> Deployment:
        """Deploy the current version of an integration flow, and wait until it is started.

        Raises:
            DeploymentFailed: it was not built, or does not start; holds the tenant's explanation.
            DeploymentTimeout: neither was so within the deadline.
            TenantNotFound: there is no such integration flow.
            ControlError: there is no answer, or it is no.
        """
        return Deploying(self._api, artifact_id, self._pace).done()

    def runtime_artifact(self, artifact_id: str) -> RuntimeArtifact | None:
        """What is deployed under an id; ``None`` when nothing is."""
        return self._api.one(RuntimeArtifact, f"{ARTIFACTS}({literal(artifact_id)})")

    def runtime_artifacts(self) -> tuple[RuntimeArtifact, ...]:
        """All that is deployed."""
        return self._api.paged(RuntimeArtifact, ARTIFACTS, lambda each: each.id)

    def deployment_error(self, artifact_id: str) -> str | None:
        """Why a deployed artifact is in error; ``None`` when it is not, or while the tenant does not say."""
        return explanation(self._api, artifact_id)

    def undeploy(self, artifact_id: str) -> None:
        """Undeploy and wait until nothing is left; a success, too, when nothing was deployed.

        Raises:
            JobTimeout: it was not gone within the deadline.
            ControlError: there is no answer, or it is no.
        """
        what = f"undeployment of {artifact_id}"
        with contextlib.suppress(TenantNotFound):
            repeatedly(lambda: self._api.write("DELETE", f"{ARTIFACTS}({literal(artifact_id)})"), what, self._pace)
        TenantWaiting(what, self._pace).until(
            lambda: self.runtime_artifact(artifact_id), lambda found: None if found is None else found.status
        )

    def endpoints(self, artifact_id: str) -> tuple[str, ...]:
        """The URLs of a deployed integration flow; they appear up to minutes after it is started."""
        options = query(expand="EntryPoints", filter=f"Name eq {literal(artifact_id)}")
        source = "GET ServiceEndpoints"
        found = entries(self._api.raw(f"ServiceEndpoints?{options}"), source)
        mine = (each for each in found if isinstance(each, Mapping) and each.get("Name") == artifact_id)
        return tuple(dict.fromkeys(url for each in mine for url in _urls(each, source)))

    def await_endpoint(self, artifact_id: str) -> tuple[str, ...]:
        """The URLs of a deployed integration flow once there is one.

        Raises:
            JobTimeout: there was none within the deadline.
            ControlError: there is no answer, or it is no.
        """
        waiting = TenantWaiting(f"endpoint of {artifact_id}", self._pace)
        return waiting.until(lambda: self.endpoints(artifact_id), lambda urls: None if urls else "not listed")


def _urls(endpoint: Mapping[str, Any], source: str) -> list[str]:
    points = endpoint.get("EntryPoints")
    listed = points.get("results") if isinstance(points, Mapping) else points
    if not isinstance(listed, list):
        raise BrokenAnswer(source, "no EntryPoints, although they were asked for")
    urls = [each.get("Url") for each in listed if isinstance(each, Mapping)]
    return [url for url in urls if isinstance(url, str) and url]
