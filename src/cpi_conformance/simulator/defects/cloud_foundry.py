"""A Cloud Controller that does not keep its own rules, or does not show what is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front, shown_otherwise
from cpi_conformance.simulator.exchange import Answer, Application, Exchange

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

INSTANCES, KEYS, JOBS = "/v3/service_instances", "/v3/service_credential_bindings", "/v3/jobs"


def _reads_one(of: str) -> Callable[[Exchange], bool]:
    """Whether an exchange asks for one resource of a list."""
    return lambda exchange: exchange.method == "GET" and exchange.path.rpartition("/")[0] == of


def _stays_in_progress(of: str) -> Callable[[SimulatedLandscape], None]:
    def change(document: Any) -> None:
        document["last_operation"]["state"] = "in progress"

    return lambda landscape: shown_otherwise(landscape, hosts.API, _reads_one(of), change)


def _failed_is_complete(landscape: SimulatedLandscape) -> None:
    def change(document: Any) -> None:
        if document["state"] == "FAILED":
            document.update(state="COMPLETE", errors=[])

    shown_otherwise(landscape, hosts.API, _reads_one(JOBS), change)


def _names_not_filtered(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        if exchange.method != "GET" or exchange.path not in (INSTANCES, KEYS):
            return await right(exchange)
        query = "&".join(part for part in exchange.query.split("&") if not part.startswith("names="))
        return await right(replace(exchange, query=query))

    in_front(landscape, hosts.API, answer)


def _instance_name_twice(landscape: SimulatedLandscape) -> None:
    around(landscape.cloud_controller.service_instances.check_name, lambda right, *_: None)


def _key_name_twice(landscape: SimulatedLandscape) -> None:
    around(landscape.cloud_controller.service_keys.free_name, lambda right, *_: None)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"cloud-foundry-{name}", System.CLOUD_FOUNDRY, wrong, install)


DEFECTS = (
    _defect("instance-name-taken-twice", "Two instances of a space may have the same name.", _instance_name_twice),
    _defect("key-name-taken-twice", "Two keys of an instance may have the same name.", _key_name_twice),
    _defect(
        "instance-stays-in-progress",
        "An instance is shown as in progress although its job is complete.",
        _stays_in_progress(INSTANCES),
    ),
    _defect(
        "key-stays-in-progress",
        "A key is shown as in progress although its job is complete.",
        _stays_in_progress(KEYS),
    ),
    _defect("failed-job-complete", "A job says COMPLETE although the broker has refused.", _failed_is_complete),
    _defect("names-not-filtered", "A list by name shows all instances, or all keys.", _names_not_filtered),
)
"""What the platform itself does wrongly."""
