"""Whole runs against one landscape: side by side, and from nothing to the whitepaper's sentence."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from typer.testing import CliRunner

from cpi_conformance.cli import application
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.exchange import Application
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.test_killed_runs import OVER, Executioner

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Scene:
    """A landscape with its file."""

    landscape: SimulatedLandscape
    file: Path

    def held(self) -> tuple[object, ...]:
        """What Cloud Foundry and the tenant hold."""
        tenant = self.landscape
        packages = [each.id for each in tenant.design_time.packages()]
        deployed = [each.id for each in tenant.deployments.runtime_artifacts()]
        aliases = [each.alias for each in tenant.keystore.entries()]
        return (tenant.cloud_controller.inventory(), packages, deployed, aliases)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A landscape of its own."""
    with SimulatedLandscape("current") as landscape:
        population = populate(landscape)
        yield Scene(landscape, hand_out(landscape, population, tmp_path / "landscape"))


def begin(file: Path, reports: Path, *options: str) -> subprocess.Popen[str]:
    """A run of the suite."""
    command = [sys.executable, "-m", "pytest", "-q", f"--landscape={file}", f"--reports={reports}", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def verdict(reports: Path) -> dict[str, Any]:
    """What a run has written."""
    document: dict[str, Any] = json.loads((reports / "verdict.json").read_text(encoding="utf-8"))
    return document


def test_runs_side_by_side_do_not_disturb_each_other(scene: Scene, tmp_path: Path) -> None:
    """Each comes to GO, although they use the same certificates, the same space and the same tenant."""
    before = scene.held()
    runs = [begin(scene.file, tmp_path / name) for name in ("one", "other")]
    outputs = [run.communicate(timeout=180)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(outputs)
    for name in ("one", "other"):
        document = verdict(tmp_path / name)
        assert document["gate"] == "GO"
        assert [receipt["clean"] for receipt in document["provisioning"]] == [True, True]
    assert scene.held() == before


def test_from_nothing(scene: Scene, tmp_path: Path) -> None:
    """No package, no flow, no key: the run makes all of it, comes to the sentence by Basic and PFX, and removes it."""
    document = tomllib.loads(scene.file.read_text(encoding="utf-8"))
    del document["service_keys"]
    unassigned = document["certificates"]["unassigned"]
    document["certificates"] = {"sender": {**unassigned, "mapped": False}}
    file = scene.file.with_name("from-nothing.toml")
    file.write_text(tomli_w.dumps(document), encoding="utf-8")
    before = scene.held()
    run = begin(file, tmp_path / "reports", "-k", "FLOW-05 or FLOW-07 or FLOW-08 or FLOW-20 or STORE-05")
    output = run.communicate(timeout=180)[0]
    assert run.returncode == 0, output
    found = {check["id"]: check["verdict"] for check in verdict(tmp_path / "reports")["checks"]}
    assert found == dict.fromkeys(("FLOW-05", "FLOW-07", "FLOW-08", "FLOW-20", "STORE-05"), "proven")
    assert scene.held() == before


@pytest.mark.parametrize("last", [2, 5, 8, 11], ids="request {}".format)
def test_killed_on_the_tenant(last: int, scene: Scene, tmp_path: Path) -> None:
    """What a run leaves in the tenant that died after so many requests that tell is reaped, when its time is over."""
    executioners: list[Executioner] = []

    def appoint(inner: Application) -> Application:
        executioners.append(Executioner(inner))
        return executioners[0]

    before = scene.held()
    scene.landscape.interpose(hosts.TENANT, appoint)
    run = begin(scene.file, tmp_path / "reports", "-k", "FLOW-05 or FLOW-08 or STORE-01 or STORE-05")
    executioners[0].begin(last)
    executioners[0].victim = run.pid
    run.communicate(timeout=180)
    assert run.returncode == -signal.SIGKILL
    executioners[0].victim = None
    assert scene.held() != before
    scene.landscape.clock.offset += OVER
    result = CliRunner().invoke(application, ["reap", str(scene.file), "--yes"])
    scene.landscape.clock.offset -= OVER
    assert result.exit_code == 0, result.output
    assert scene.held() == before, result.output
