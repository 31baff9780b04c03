"""``kill -9`` at every change that a run makes, and ``reap`` afterwards: the space holds what it held before."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cpi_conformance.cli import application
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.neighbours import move_in, settled

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent

CHECKS = "KEYS-01 or KEYS-02 or KEYS-06 or KEYS-11 or KEYS-40 or KEYS-41"
"""They create every kind of thing that is shared, and keys of their own."""

OVER = dt.timedelta(hours=3)
"""Longer than the lifetime of what a run creates."""

PRELOADED = ["cpi_conformance.control", "cpi_conformance.landscape", "cpi_conformance.verdict", "allure", "pytest"]
"""What each run would import anew."""


class Executioner:
    """Stands before the Cloud Controller and ends a process at one of the requests that tell.

    These are the changes, and the first look after each; who dies at a later look leaves nothing else.
    """

    def __init__(self, inner: Application) -> None:
        self._inner = inner
        self.victim: int | None = None
        self.begin()

    def begin(self, last: int = 0) -> None:
        """Count anew, up to the request at which somebody dies; 0 for never."""
        self.requests, self.last, self._changed = 0, last, False

    async def __call__(self, exchange: Exchange) -> Answer:
        answer = await self._inner(exchange)  # what was asked is done, but nobody learns of it
        changes, looked = exchange.method != "GET", self._changed
        self._changed = changes
        if changes or looked:
            self.requests += 1
            if self.victim is not None and self.requests == self.last:
                os.kill(self.victim, signal.SIGKILL)
        return answer


def run_checks(landscape: str, reports: str) -> None:
    """A run of the suite, in a process of its own."""
    os.chdir(ROOT)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    options = [f"--landscape={landscape}", f"--reports={reports}", "-p", "no:allure_pytest", "-q", "-k", CHECKS]
    code = pytest.main([*options, "suites/test_service_keys.py", "suites/test_mapping.py"])
    os._exit(int(code))


class Scene:
    """A landscape full of neighbours, and runs on it."""

    def __init__(self, landscape: SimulatedLandscape, file: Path, reports: Path) -> None:
        self.landscape = landscape
        self.file = file
        self._reports = reports
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)
        self.executioner: Executioner
        landscape.interpose(hosts.API, self._appoint)

    def _appoint(self, inner: Application) -> Application:
        self.executioner = Executioner(inner)
        return self.executioner

    def run(self, last: int = 0) -> int:
        """Run the checks; killed after so many requests that tell, 0 for never. The exit code."""
        self.executioner.begin(last)
        process = self._context.Process(target=run_checks, args=(str(self.file), str(self._reports)))
        process.start()
        self.executioner.victim = process.pid
        process.join(timeout=60)
        self.executioner.victim = None
        assert process.exitcode is not None
        return process.exitcode

    def reap(self) -> None:
        """``reap --yes``, when the time of what was created is over and the landscape has come to rest."""
        deadline = time.monotonic() + 10
        while not settled(self.landscape.cloud_controller) and time.monotonic() < deadline:
            time.sleep(0.001)  # the far side goes on with what a dead run has asked for
        self.landscape.clock.offset += OVER
        try:
            result = CliRunner().invoke(application, ["reap", str(self.file), "--yes"])
        finally:
            self.landscape.clock.offset -= OVER
        assert result.exit_code == 0, result.output


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A landscape full of neighbours."""
    with SimulatedLandscape("current") as landscape:
        population = populate(landscape)
        move_in(landscape)
        yield Scene(landscape, hand_out(landscape, population, tmp_path / "landscape"), tmp_path / "reports")


def test_every_change(scene: Scene) -> None:
    """Counted in a run that nobody kills; then one run dies after each of these requests."""
    before = scene.landscape.cloud_controller.inventory()
    assert len(before.instances) >= 20
    assert scene.run() == 0
    assert scene.landscape.cloud_controller.inventory() == before
    requests = scene.executioner.requests
    assert requests > 20
    killed = left = 0
    for last in range(1, requests + 1):
        code = scene.run(last)
        killed += code == -signal.SIGKILL
        left += scene.landscape.cloud_controller.inventory() != before
        scene.reap()
        assert scene.landscape.cloud_controller.inventory() == before, f"after a kill at request {last}"
    # looks of threads side by side may fall together, so a run may end before its last request comes
    assert killed > 0.8 * requests
    assert left > 0.5 * requests, "hardly any killed run has left something, so nothing has been shown"
