"""The lifecycle under seeded faults: no key left, no key lost that the run believes it has, nothing created twice."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.receipt import settle
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.exchange import Answer, Application, ConnectionDropped, Exchange
from cpi_conformance.simulator.it_rt import ItRt
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE, SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.neighbours import move_in, settled

pytestmark = pytest.mark.once

RUNS = 150
"""The seeds from 0; 500 showed nothing else."""

AT_ONCE = 50
"""Runs for each test, so that they can be spread."""

IN_A_ROW = 3
"""Faults one after the other; an outage without an end is none that a client could weather."""

BUSY = "There is an operation in progress for the service instance."


class Faults:
    """Stands before the Cloud Controller, and in the broker's way; the same seed makes the same faults."""

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self._chance = random.Random(0)
        self._row = 0
        self.on = False
        self.seen: Counter[str] = Counter()

    def begin(self, seed: int) -> None:
        """From now on the faults of this seed."""
        self._chance, self._row, self.on = random.Random(seed), 0, True

    async def __call__(self, exchange: Exchange) -> Answer:
        kind = self._kind(exchange)
        if kind is None:
            return await self._inner(exchange)
        self.seen[kind] += 1
        if kind == "reset before":
            raise ConnectionDropped
        if kind == "reset after":
            await self._inner(exchange)
            raise ConnectionDropped
        if kind == "500 after":
            await self._inner(exchange)
            return _error(500, 10001, "UnknownError", "An unknown error occurred.")
        return _ANSWERS[kind]

    def broker_fails(self) -> bool:
        """Whether the broker fails now, late in its job."""
        fails = self.on and self._chance.random() < 0.1
        self.seen["late job failure"] += fails
        return fails

    def _kind(self, exchange: Exchange) -> str | None:
        if not self.on or self._row >= IN_A_ROW or self._chance.random() >= 0.2:
            self._row = 0
            return None
        self._row += 1
        kinds = ["429", "500", "502", "reset before", "reset after", "500 after"]
        if exchange.method in ("POST", "DELETE"):
            kinds.append("busy")
        return self._chance.choice(kinds)


class FailingBroker(ItRt):
    """The broker, which fails now and then after Cloud Foundry has accepted the order."""

    faults: Faults

    def provision(self, guid: str, name: str, plan: str, parameters: Mapping[str, Any]) -> None:
        """Fails before it has done anything."""
        self._stumble()
        super().provision(guid, name, plan, parameters)

    def bind(self, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Likewise."""
        self._stumble()
        return super().bind(guid, instance_guid, name, parameters)

    def _stumble(self) -> None:
        if self.faults.broker_fails():
            raise BrokerRefused("Service broker it-broker-rt failed with: Internal Server Error.")


def _error(status: int, code: int, title: str, detail: str, *headers: tuple[str, str]) -> Answer:
    body = {"errors": [{"detail": detail, "title": f"CF-{title}", "code": code}]}
    return Answer(status, (("content-type", "application/json"), *headers), json.dumps(body).encode())


_ANSWERS = {
    "429": _error(429, 10013, "RateLimitExceeded", "Rate Limit Exceeded", ("retry-after", "1")),
    "500": _error(500, 10001, "UnknownError", "An unknown error occurred."),
    "502": Answer(502, (("content-type", "text/html"),), b"<html>502 Bad Gateway</html>"),
    "busy": _error(422, 10008, "UnprocessableEntity", BUSY),
}


class Scene:
    """A landscape full of neighbours with faults in it, and runs on it."""

    def __init__(self, landscape: SimulatedLandscape) -> None:
        self.landscape = landscape
        self.faults: Faults
        landscape.interpose(hosts.API, self._faulty)
        landscape.cloud_controller.operation_seconds = 0
        landscape.cloud_controller.rate_limit.limit = 10**9  # 500 runs of one user within an hour

    def _faulty(self, inner: Application) -> Application:
        self.faults = Faults(inner)
        return self.faults

    def cloud(self) -> CloudFoundry:
        """A client that waits in earnest only for the blink of an eye."""
        user = self.landscape.users["developer"]
        return CloudFoundry(
            self.landscape.api_url,
            PasswordLogin(user.name, user.password),
            trusted=(self.landscape.trusted_root,),
            patience=Patience(deadline=120, outage=60),
            sleep=lambda seconds: time.sleep(min(seconds, 0.0005)),
        )


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """One landscape for all runs: each must leave it as it was."""
    with SimulatedLandscape("current") as landscape:
        populate(landscape)
        move_in(landscape)
        scene = Scene(landscape)
        FailingBroker.faults = scene.faults
        landscape.broker.__class__ = FailingBroker
        yield scene


class Believed:
    """What a run believes that it has."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self.instances: list[ServiceInstance] = []
        self.keys: list[ServiceKey] = []

    def live(self, chance: random.Random) -> None:
        """Create, read, delete; what fails, fails."""
        for _ in range(2):
            with suppress(ControlError):
                self.instances.append(self._lifecycle.create_instance(InstanceOrder()))
        for instance in self.instances:
            for name in ("oauthcpikey", None):
                with suppress(ControlError):
                    self.keys.append(self._lifecycle.create_key(KeyOrder(instance, KeyType.SECRET, name=name)))
        if self.keys:
            key = self.keys[chance.randrange(len(self.keys))]
            with suppress(ControlError):
                self._lifecycle.cloud.delete_key(key.guid)
                self.keys.remove(key)


@pytest.mark.parametrize("first", range(0, RUNS, AT_ONCE))
def test_lifecycle(scene: Scene, first: int) -> None:
    """What a run believes is so; what it has created is gone at its end, and nothing else is."""
    controller = scene.landscape.cloud_controller
    before = controller.inventory()
    for seed in range(first, first + AT_ONCE):
        scene.faults.on = False
        with scene.cloud() as cloud:
            space = cloud.space(cloud.organization(ORGANIZATION), SPACE)
            lifecycle = Lifecycle(cloud, space, RunMark(f"{seed:012x}", 2_000_000_000))
            held = lifecycle.inventory()
            scene.faults.begin(seed)
            believed = Believed(lifecycle)
            believed.live(random.Random(seed))
            inventory = controller.inventory()
            there = {guid: state for guid, _, state in (*inventory.instances, *inventory.keys)}
            for one in (*believed.instances, *believed.keys):
                assert there.get(one.guid) == "create succeeded", f"seed {seed}: {one.name} is not there"
            names = [name for guid, name, _ in inventory.instances if (guid, name) not in _guids(before)]
            assert len(names) == len(set(names)) <= 2, f"seed {seed}: created twice"
            for key in believed.keys:
                assert cloud.credentials(key).clientsecret is not None
            receipt = settle("faulty", lifecycle, held)
            scene.faults.on = False
        assert receipt.clean, f"seed {seed}: {receipt.remaining} {receipt.disappeared}"
        assert receipt.before == receipt.after
        assert settled(controller)
        assert controller.inventory() == before, f"seed {seed}"


def test_every_fault_has_been_met(scene: Scene) -> None:
    """None of them was forgotten by chance."""
    if not scene.faults.seen:
        pytest.skip("the runs with faults were on another worker")
    expected = {"429", "500", "502", "busy", "reset before", "reset after", "500 after", "late job failure"}
    assert set(scene.faults.seen) == expected
    assert min(scene.faults.seen.values()) >= 10


def _guids(inventory: Any) -> set[tuple[str, str]]:
    return {(guid, name) for guid, name, _ in inventory.instances}
