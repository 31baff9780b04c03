"""A tenant that does not keep what it is given, or that shows something else; and message logs that tell otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.integration.archive import SCRIPTS, zipped
from cpi_conformance.simulator.integration.content import Artifact
from cpi_conformance.simulator.integration.deployed import Endpoint, RuntimeArtifact
from cpi_conformance.simulator.integration.message_logs import COMPLETED, FAILED, MessageLog, message_log_id
from cpi_conformance.simulator.integration.zip_entries import zip_entries
from cpi_conformance.simulator.runtime import PREFIX

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

ARTIFACTS_OF_PACKAGE = re.compile(r"/api/v1/IntegrationPackages\([^/]*\)/IntegrationDesigntimeArtifacts")
ARCHIVE = re.compile(r"/api/v1/IntegrationDesigntimeArtifacts\([^/]*\)/\$value")


def _package_name_lost(landscape: SimulatedLandscape) -> None:
    around(landscape.design_time.create_package, lambda right, package: right(replace(package, name=package.id)))


def _artifacts_not_listed(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        listed = exchange.method == "GET" and ARTIFACTS_OF_PACKAGE.fullmatch(exchange.path)
        return Answer(204, (), b"") if listed and answered.status == 200 else answered

    in_front(landscape, hosts.TENANT, answer)


def _another_script(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        if exchange.method != "GET" or not ARCHIVE.fullmatch(exchange.path) or answered.status != 200:
            return answered
        entries = {
            name: entry + b"\n// edited\n" if name.startswith(SCRIPTS) else entry
            for name, entry in zip_entries(answered.body).items()
        }
        return replace(answered, body=zipped(entries))

    in_front(landscape, hosts.TENANT, answer)


def _version_not_saved(landscape: SimulatedLandscape) -> None:
    def save(right: Callable[[str, str, str], Artifact], artifact_id: str, version: str, user: str) -> Artifact:
        return landscape.design_time.artifact(artifact_id)

    around(landscape.design_time.save_as_version, save)


def _listed_as_starting(landscape: SimulatedLandscape) -> None:
    def listed(right: Callable[[], tuple[RuntimeArtifact, ...]]) -> tuple[RuntimeArtifact, ...]:
        return tuple(replace(each, status="STARTING") for each in right())

    around(landscape.deployments.runtime_artifacts, listed)


def _another_endpoint(landscape: SimulatedLandscape) -> None:
    def endpoints(right: Callable[[], tuple[Endpoint, ...]]) -> tuple[Endpoint, ...]:
        return tuple(replace(each, address=f"/{each.name.replace(' ', '')}") for each in right())

    around(landscape.deployments.endpoints, endpoints)


def _no_logs(landscape: SimulatedLandscape) -> None:
    around(landscape.message_logs.add, lambda right, log: None)


def _all_failed(landscape: SimulatedLandscape) -> None:
    around(landscape.message_logs.add, lambda right, log: right(replace(log, status=FAILED)))


def _refused_calls_are_logged(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        flow = landscape.runtime.deployed_at(exchange.path.removeprefix(PREFIX))
        if answered.status == 401 and flow is not None and flow.artifact_id:
            now = landscape.clock.now()
            guid = message_log_id(int(now.timestamp()))
            log = MessageLog(guid, flow.artifact_id, flow.artifact_name, flow.package_id, COMPLETED, now, now, guid)
            landscape.message_logs.add(log)
        return answered

    in_front(landscape, hosts.RUNTIME, answer)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"tenant-api-{name}", System.TENANT_API, wrong, install)


DEFECTS = (
    _defect("package-name-lost", "A package is named after its id.", _package_name_lost),
    _defect("artifacts-not-listed", "A package does not list its artifacts.", _artifacts_not_listed),
    _defect("another-script", "A flow is downloaded with another script than it was uploaded with.", _another_script),
    _defect("version-not-saved", "Saving a flow as a version has no effect.", _version_not_saved),
    _defect("listed-as-starting", "The list of what is deployed shows every flow as starting.", _listed_as_starting),
    _defect("another-endpoint", "The endpoint of a flow is shown with another address.", _another_endpoint),
    _defect("no-message-logs", "Calls of flows leave no message log.", _no_logs),
    _defect("all-messages-failed", "Every message log says FAILED.", _all_failed),
    _defect("refused-calls-logged", "Calls that are refused leave a message log too.", _refused_calls_are_logged),
)
"""What the tenant keeps and shows."""
