"""Deletions that are reported as done and are not, or that take away more than was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.cloud_foundry.records import Instance, Key, LastOperation, Table
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.integration.content import Package
from cpi_conformance.simulator.integration.content_rules import NOT_FOUND
from cpi_conformance.simulator.integration.deployed import RuntimeArtifact
from cpi_conformance.simulator.integration.errors import ContentRefused

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Remove = Callable[[str], None]


Row = TypeVar("Row", Key, Instance)


def _stays(table: Table[Row]) -> None:
    """What is deleted is in its table afterwards as it was before."""

    def remove(right: Remove, guid: str) -> None:
        row = table.get(guid)
        if row is None or row.last_operation.type != "delete":
            right(guid)
            return
        table.put(replace(row, last_operation=LastOperation("create", "succeeded", None, row.created, row.created)))

    around(table.remove, remove)


def _key_stays(landscape: SimulatedLandscape) -> None:
    _stays(landscape.cloud_controller.records.keys)


def _instance_stays(landscape: SimulatedLandscape) -> None:
    _stays(landscape.cloud_controller.records.instances)


def _foreign_key_too(landscape: SimulatedLandscape) -> None:
    keys = landscape.cloud_controller.records.keys
    taken: list[str] = []

    def remove(right: Remove, guid: str) -> None:
        right(guid)
        foreign = [key.guid for key in keys.all() if not key.metadata.labels]
        if not taken and foreign:
            taken.append(foreign[0])
            right(foreign[0])

    around(keys.remove, remove)


def _labels_lost(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        if exchange.method != "POST":
            return await right(exchange)
        body = json.loads(exchange.body)
        body.pop("metadata", None)
        return await right(replace(exchange, body=json.dumps(body).encode()))

    in_front(landscape, hosts.API, answer)


def _package_stays(landscape: SimulatedLandscape) -> None:
    hidden: set[str] = set()

    def package(right: Callable[[str], Package], package_id: str) -> Package:
        if package_id in hidden:
            raise ContentRefused(404, NOT_FOUND)
        return right(package_id)

    around(landscape.design_time.delete_package, lambda right, package_id: hidden.add(package_id))
    around(landscape.design_time.package, package)


def _flow_stays(landscape: SimulatedLandscape) -> None:
    kept: dict[str, RuntimeArtifact] = {}

    def undeploy(right: Remove, artifact_id: str) -> None:
        kept[artifact_id] = landscape.deployments.runtime_artifact(artifact_id)
        right(artifact_id)

    def listed(right: Callable[[], tuple[RuntimeArtifact, ...]]) -> tuple[RuntimeArtifact, ...]:
        return tuple({**kept, **{each.id: each for each in right()}}.values())

    around(landscape.deployments.undeploy, undeploy)
    around(landscape.deployments.runtime_artifacts, listed)


def _entry_stays(landscape: SimulatedLandscape) -> None:
    around(landscape.keystore.delete, lambda right, alias: landscape.keystore.entry(alias))


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"teardown-{name}", System.TEARDOWN, wrong, install)


DEFECTS = (
    _defect("key-stays", "The deletion of a service key is reported as done, but it is still listed.", _key_stays),
    _defect(
        "instance-stays",
        "The deletion of an instance is reported as done, but it is still listed.",
        _instance_stays,
    ),
    _defect("foreign-key-too", "With the first key that is deleted goes one that is not of the run.", _foreign_key_too),
    _defect("labels-lost", "Instances and keys are made without the labels that were asked for.", _labels_lost),
    _defect("package-stays", "A package says that it is gone, but is still listed.", _package_stays),
    _defect("flow-stays", "An undeployed flow says that it is gone, but is still listed as deployed.", _flow_stays),
    _defect(
        "entry-stays", "The deletion of a keystore entry is reported as done, but it is still there.", _entry_stays
    ),
)
"""What is left behind, and what goes that must stay; the receipt of a run shows them."""
