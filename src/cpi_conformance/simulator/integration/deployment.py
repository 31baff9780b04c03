"""Deployments: from an artifact at design time to a flow that answers, in phases and with lags.

SAP help 49c7336 and d8934e0, and recorded tenants: the task succeeds before anything has started; then
the runtime artifact is unknown for a moment, or still the one from before; then ``STARTING``, then
``STARTED`` or ``ERROR``. The text of an error comes later than the error, an endpoint later than the start.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.flow import Flow, FlowState
from cpi_conformance.simulator.integration.content import Artifact
from cpi_conformance.simulator.integration.content_rules import NOT_FOUND
from cpi_conformance.simulator.integration.deployed import Endpoint, RuntimeArtifact
from cpi_conformance.simulator.integration.errors import ArchiveBroken, ContentRefused, ModelBroken, ScriptBroken
from cpi_conformance.simulator.integration.generation import flows_of
from cpi_conformance.simulator.runtime import Runtime

STARTING, STARTED, ERROR, STOPPING = "STARTING", "STARTED", "ERROR", "STOPPING"
DEPLOYING, SUCCESS, FAIL = "DEPLOYING", "SUCCESS", "FAIL"

ADDRESS_TAKEN = "The address {address} is already in use by the integration flow {owner}."

__all__ = ["Deployments", "Endpoint", "RuntimeArtifact"]


class Deployments:
    """What is deployed; changes happen on the event loop that :meth:`deploy` is called on.

    Attributes:
        phase_seconds: how long each phase takes.
        endpoint_lag: seconds between a start, or a stop, and the list of endpoints.
    """

    def __init__(self, clock: Clock, runtime: Runtime) -> None:
        self.phase_seconds = 0.002
        self.endpoint_lag = 0.002
        self._clock = clock
        self._runtime = runtime
        self._status: dict[str, str] = {}
        self._artifacts: dict[str, RuntimeArtifact] = {}
        self._flows: dict[str, tuple[Flow, ...]] = {}
        self._endpoints: dict[str, tuple[Endpoint, ...]] = {}
        self._latest: dict[str, str] = {}
        self._running: set[asyncio.Task[None]] = set()

    def deploy(self, artifact: Artifact, user: str) -> str:
        """Begin to deploy an artifact as it is now; the id of the task."""
        task = self._latest[artifact.id] = str(uuid.uuid4())
        self._status[task] = DEPLOYING
        self._start(self._deploy(artifact, user, task))
        return task

    def deploy_now(self, artifact: Artifact, user: str = "") -> RuntimeArtifact:
        """Deploy without phases and lags; needs no event loop.

        Raises:
            ValueError: it does not start; the text says why.
        """
        self._latest[artifact.id] = str(uuid.uuid4())
        self._replace(artifact, user)
        failure = self._generate(artifact)
        if failure is not None:
            del self._artifacts[artifact.id]
            raise ValueError(failure)
        self._set_started(artifact.id)
        self._list_endpoints(artifact.id)
        return self._artifacts[artifact.id]

    def task(self, task_id: str) -> str:
        """``DEPLOYING``, ``SUCCESS`` or ``FAIL``; ``ContentRefused`` 404 when there is no such task."""
        if task_id not in self._status:
            raise ContentRefused(404, NOT_FOUND)
        return self._status[task_id]

    def runtime_artifacts(self) -> tuple[RuntimeArtifact, ...]:
        """Everything that is deployed."""
        return tuple(self._artifacts.values())

    def runtime_artifact(self, artifact_id: str) -> RuntimeArtifact:
        """One of them; ``ContentRefused`` 404 when it is not deployed, or not yet."""
        if artifact_id not in self._artifacts:
            raise ContentRefused(404, NOT_FOUND)
        return self._artifacts[artifact_id]

    def undeploy(self, artifact_id: str) -> None:
        """Begin to take a flow away; it answers no longer. ``ContentRefused`` 404 when it is not deployed."""
        stopping = replace(self.runtime_artifact(artifact_id), status=STOPPING, error=None)
        mark = self._latest[artifact_id] = str(uuid.uuid4())
        self._artifacts[artifact_id] = stopping
        self._set_state(artifact_id, FlowState.STOPPING)
        self._start(self._undeploy(artifact_id, mark))

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that are listed now."""
        return tuple(endpoint for listed in self._endpoints.values() for endpoint in listed)

    async def close(self) -> None:
        """Abandon what is under way."""
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        running = asyncio.get_running_loop().create_task(work)
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def _deploy(self, artifact: Artifact, user: str, task: str) -> None:
        await asyncio.sleep(self.phase_seconds)
        self._status[task] = SUCCESS
        await asyncio.sleep(self.phase_seconds)
        if self._latest[artifact.id] != task:
            return
        self._replace(artifact, user)
        try:
            failure = self._generate(artifact)
        except Exception:  # a fault of the simulator's code: no client shall wait for this deployment
            self._status[task] = FAIL
            del self._artifacts[artifact.id]
            raise
        await asyncio.sleep(self.phase_seconds)
        if self._latest[artifact.id] != task:
            return
        if failure is None:
            self._set_started(artifact.id)
        else:
            self._artifacts[artifact.id] = replace(self._artifacts[artifact.id], status=ERROR)
            await asyncio.sleep(self.phase_seconds)
            if self._latest[artifact.id] != task:
                return
            self._artifacts[artifact.id] = replace(self._artifacts[artifact.id], error=failure)
        await asyncio.sleep(self.endpoint_lag)
        if self._latest[artifact.id] == task:
            self._list_endpoints(artifact.id)

    async def _undeploy(self, artifact_id: str, mark: str) -> None:
        await asyncio.sleep(self.phase_seconds)
        if self._latest[artifact_id] == mark:
            self._withdraw(artifact_id)
            del self._artifacts[artifact_id]
        await asyncio.sleep(self.endpoint_lag)
        if self._latest[artifact_id] == mark:
            self._list_endpoints(artifact_id)

    def _replace(self, artifact: Artifact, user: str) -> None:
        """The flows from before go, whatever becomes of the new ones."""
        self._withdraw(artifact.id)
        now = self._clock.now()
        self._artifacts[artifact.id] = RuntimeArtifact(
            artifact.id, artifact.version, artifact.name, user, now, STARTING
        )

    def _generate(self, artifact: Artifact) -> str | None:
        """Hand the flows of an artifact to the runtime, still starting; why not, or ``None``."""
        try:
            flows = flows_of(artifact)
        except (ArchiveBroken, ModelBroken, ScriptBroken) as broken:
            return str(broken)
        for flow in flows:
            taken = self._runtime.deployed_at(flow.address)
            if taken is not None:
                return ADDRESS_TAKEN.format(address=flow.address, owner=taken.artifact_id or taken.address)
        self._flows[artifact.id] = flows
        for flow in flows:
            self._runtime.deploy(flow)
        return None

    def _set_started(self, artifact_id: str) -> None:
        self._set_state(artifact_id, FlowState.STARTED)
        self._artifacts[artifact_id] = replace(self._artifacts[artifact_id], status=STARTED)

    def _set_state(self, artifact_id: str, state: FlowState) -> None:
        self._flows[artifact_id] = tuple(replace(flow, state=state) for flow in self._flows.get(artifact_id, ()))
        for flow in self._flows[artifact_id]:
            self._runtime.deploy(flow)

    def _withdraw(self, artifact_id: str) -> None:
        for flow in self._flows.pop(artifact_id, ()):
            self._runtime.undeploy(flow.address)

    def _list_endpoints(self, artifact_id: str) -> None:
        deployed = self._artifacts.get(artifact_id)
        self._endpoints[artifact_id] = tuple(
            Endpoint(artifact_id, deployed.name, deployed.version, flow.address, self._clock.now())
            for flow in self._flows.get(artifact_id, ())
            if deployed is not None
        )
