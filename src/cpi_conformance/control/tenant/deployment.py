"""Deploying: a build, then a start, each with a lag.

The build's answer is a bare task id; its success says that the runtime has the artifact, not that it is started.
Until then the runtime knows nothing of the artifact (404), or still shows the one before (Integration Content API;
flashpipe #6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpi_conformance.control.answers import asked, document_in
from cpi_conformance.control.errors import BrokenAnswer, JobTimeout, Unreachable
from cpi_conformance.control.tenant.api import TenantApi
from cpi_conformance.control.tenant.entities import RuntimeArtifact
from cpi_conformance.control.tenant.errors import DeploymentFailed, DeploymentTimeout, TenantFailure, TenantNotFound
from cpi_conformance.control.tenant.odata import entity, literal
from cpi_conformance.control.tenant.once import lost
from cpi_conformance.control.tenant.waiting import TenantWaiting
from cpi_conformance.control.waiting import Pace

ARTIFACTS = "IntegrationRuntimeArtifacts"

BUILDING = "DEPLOYING"
BUILT = "SUCCESS"
UNLICENSED = "FAIL_ON_LICENSE_ERROR"

EXPLAINED = 30.0
"""Seconds that the tenant gets to explain an error, at most."""

NOT_LISTED = "not deployed yet"
BEFORE = "still the deployment before"


@dataclass(frozen=True)
class Deployment:
    """A deployment that has come to *Started*.

    Attributes:
        runtime: as the runtime shows it.
        task_id: of the build; ``None`` where the answer with it was lost.
        seconds: it took.
    """

    runtime: RuntimeArtifact
    task_id: str | None
    seconds: float


def explanation(api: TenantApi, artifact_id: str) -> str | None:
    """Why an artifact is in error; ``None`` while the tenant does not say.

    ``{"message":{"messageId","messageText":""},"parameter":["the text"]}``, and a body of its own where it is none.

    Raises:
        ControlError: there is no answer, or it is no.
    """
    try:
        content = api.value(f"{ARTIFACTS}({literal(artifact_id)})/ErrorInformation/$value")
    except TenantNotFound:
        return None
    if not content:
        return None
    document = document_in(content)
    try:
        parameters = document.get("parameter") or [document["message"]["messageText"]]
        return str(parameters[0]) or None
    except (RecursionError, AttributeError, LookupError, TypeError):
        return content.decode(errors="replace").strip() or None


class Deploying:
    """One deployment, in one wait."""

    def __init__(self, api: TenantApi, artifact_id: str, pace: Pace) -> None:
        self._api = api
        self._id = artifact_id
        self._patience = pace.patience
        self._waiting = TenantWaiting(f"deployment of {artifact_id}", pace)

    def done(self) -> Deployment:
        """The deployment once it is started.

        Raises:
            DeploymentFailed: the build has failed, or the artifact is in error.
            DeploymentTimeout: the deadline has passed.
            ControlError: there is no answer, or it is no.
        """
        before = self._waiting.persistently(self._runtime)
        try:
            task_id = self._triggered(before)
            built = self._built(task_id) if task_id else None
            if built not in {None, BUILT}:
                raise DeploymentFailed(self._id, self._explained(before, built), built)
            runtime = self._waiting.until(self._runtime, lambda found: self._open(found, before))
        except JobTimeout as error:
            passed = error
        else:
            assert runtime is not None
            if runtime.status == "ERROR":
                raise DeploymentFailed(self._id, self._explained(before, built), built)
            return Deployment(runtime, task_id, self._waiting.seconds)
        raise DeploymentTimeout(passed.awaited, passed.seconds, passed.state)

    def _triggered(self, before: RuntimeArtifact | None) -> str | None:
        """The task of the build; ``None`` when its answer was lost, and the runtime shows that it is under way."""
        for attempt in range(self._patience.attempts):
            try:
                return self._task()
            except (Unreachable, TenantFailure) as error:
                if not lost(error):
                    raise
                if self._appears(before, self._patience.outage):
                    return None
                if attempt + 1 == self._patience.attempts or self._waiting.seconds >= self._patience.deadline:
                    raise
        raise AssertionError("a client makes at least one attempt")

    def _task(self) -> str:
        path = f"DeployIntegrationDesigntimeArtifact?Id={literal(self._id)}&Version='active'"
        answer = self._api.write("POST", path)
        task_id = answer.content.decode(errors="replace").strip().strip('"')
        if not re.fullmatch(r"[\w.~-]{1,100}", task_id, re.ASCII):
            raise BrokenAnswer(asked(answer), "no task id")
        return task_id

    def _built(self, task_id: str) -> str | None:
        """How the build has ended; ``None`` when the tenant knows nothing of it, which the runtime then does."""

        def status() -> str | None:
            path = f"BuildAndDeployStatus(TaskId={literal(task_id)})"
            try:
                found = entity(self._api.raw(path), f"GET {path}").get("Status")
            except TenantNotFound:
                return None
            return found if isinstance(found, str) else ""

        return self._waiting.until(status, lambda found: found or "unknown" if found in {BUILDING, ""} else None)

    def _runtime(self) -> RuntimeArtifact | None:
        return self._api.one(RuntimeArtifact, f"{ARTIFACTS}({literal(self._id)})")

    def _open(self, found: RuntimeArtifact | None, before: RuntimeArtifact | None) -> str | None:
        """What is still waited for; ``None`` when this deployment has come to its end."""
        if found is None:
            return NOT_LISTED
        if not _newer(found, before):
            return BEFORE
        return None if found.status in {"STARTED", "ERROR"} else found.status or "unknown"

    def _appears(self, before: RuntimeArtifact | None, seconds: float) -> bool:
        """Whether the runtime shows this deployment within some time."""
        began = self._waiting.seconds
        while True:
            found = self._waiting.persistently(self._runtime)
            if found is not None and _newer(found, before):
                return True
            if self._waiting.seconds - began >= seconds or not self._waiting.pause():
                return False

    def _explained(self, before: RuntimeArtifact | None, built: str | None) -> str:
        """The tenant's explanation of this deployment's error, which comes a little after the error."""
        limit = 0.0 if built == UNLICENSED else min(EXPLAINED, self._patience.outage)
        began = self._waiting.seconds
        while True:
            found = self._waiting.persistently(self._runtime)
            if found is not None and _newer(found, before):
                text = self._waiting.persistently(lambda: explanation(self._api, self._id))
                if text:
                    return text
            if self._waiting.seconds - began >= limit or not self._waiting.pause():
                return ""


def _newer(found: RuntimeArtifact, before: RuntimeArtifact | None) -> bool:
    return before is None or (found.deployed_on, found.version) != (before.deployed_on, before.version)
