"""Every refusal has its twin: recorded while each check that expects one is run, on every profile."""

from __future__ import annotations

import pytest

from tests.refusals import Recorded
from tests.twins import ASKED_AGAIN, TOGETHER, faults, recorded

pytestmark = pytest.mark.once

PROFILES = {"whitepaper", "current", "trial"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    """Of every check that expects a refusal, on every profile on which it says something of its own."""
    return recorded(tmp_path_factory.mktemp("refusals"), "suites")


def test_every_refusal_has_a_twin(runs: list[Recorded]) -> None:
    """Accepted or granted in the same run, and different in the one attribute that the check is about."""
    assert len({run.id for run in runs}) > 150
    assert {profile for profile in PROFILES for run in runs if profile in run.node.partition("[")[2]} == PROFILES
    assert faults(runs) == {}


def test_excuses_are_needed(runs: list[Recorded]) -> None:
    """A check that changes one attribute after all has nothing to be excused for."""
    judged = [(run.id, refusal) for run in runs for refusal in run.refusals]
    assert {check: it.differences for check, it in judged if not it.again and len(it.differences) > 1} == TOGETHER
    assert {check for check, it in judged if it.again} == ASKED_AGAIN
