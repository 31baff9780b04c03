"""By which fixtures checks reach a system: the kill matrix runs no others on its defects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import System
from tests.kill_matrix.planning import THROUGH
from tests.kill_matrix.reach import FILE

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent


def test_whoever_calls_the_flow_uses_its_fixture(tmp_path: Path) -> None:
    """A check that did not would be taken for one that cannot notice a wrong load balancer or runtime."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--reports={tmp_path}",
        "--profile=current",
        "-p",
        "tests.kill_matrix.reach",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout
    callers = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    assert len(callers) > 150
    for system in (System.EDGE, System.AUTHENTICATION, System.RUNTIME, System.TRIAL):
        assert not {node for node, fixtures in callers.items() if THROUGH[system] not in fixtures}


def test_a_wrong_backend_is_made_by_one_fixture() -> None:
    """So whoever does without this fixture has a right one, if any."""
    places = [path for path in (ROOT / "fixtures").glob("*.py") if "backend.defect" in path.read_text(encoding="utf-8")]
    assert [path.name for path in places] == ["strust.py"]
    (body,) = places[0].read_text(encoding="utf-8").split(f"def {THROUGH[System.BACKEND]}(")[1:]
    assert "backend.defect" in body.partition("\n\n\n")[0]
