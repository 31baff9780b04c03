"""Runs of the suite under faults: what is drawn, how it is compared, and that nothing wrong comes of any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.simulator.faults import FAULTS
from cpi_conformance.verdict import Verdict
from tests.fault_runs.comparing import Kind, compared
from tests.fault_runs.drawing import ALL, CALLING, CREATING, Drawing, kind_of
from tests.fault_runs.rounds import FaultRounds, replay
from tests.kill_matrix.matrix import check_ids
from tests.kill_matrix.outcome import Outcome, Row
from tests.kill_matrix.planning import Job
from tests.test_suite_run import ROOT

pytestmark = pytest.mark.once

PROVEN = Row("BASIC-10", "", "suites/x.py::y", Verdict.PROVEN)
REFUTED = replace(PROVEN, verdict=Verdict.REFUTED, cause="not-refused", reason="was accepted")
OTHERWISE = replace(REFUTED, cause="unauthenticated")
OPEN = replace(PROVEN, verdict=Verdict.NOT_PROVEN, reason="infrastructure: nobody there")
WITHOUT_TWIN = replace(OPEN, reason="the twin was not accepted: refused")

PAIRS: dict[str, tuple[Row, Row, Kind]] = {
    "proven": (PROVEN, PROVEN, Kind.RIGHT),
    "refuted": (REFUTED, REFUTED, Kind.RIGHT),
    "without-its-twin-both-times": (WITHOUT_TWIN, WITHOUT_TWIN, Kind.RIGHT),
    "open": (OPEN, PROVEN, Kind.OPEN),
    "open-where-it-is-wrong": (OPEN, REFUTED, Kind.OPEN),
    "proven-by-the-fault": (PROVEN, REFUTED, Kind.WRONG),
    "refuted-by-the-fault": (REFUTED, PROVEN, Kind.WRONG),
    "refuted-for-another-cause": (OTHERWISE, REFUTED, Kind.WRONG),
    "not-proven-for-another-reason": (WITHOUT_TWIN, PROVEN, Kind.WRONG),
    "proven-without-its-twin": (PROVEN, WITHOUT_TWIN, Kind.WRONG),
}


@pytest.mark.parametrize("name", PAIRS)
def test_comparison(name: str) -> None:
    """Only the right verdict is right, and only infrastructure leaves a question open."""
    row, without, kind = PAIRS[name]
    assert compared(row, without) is kind


def baselines() -> dict[tuple[str, tuple[str, ...]], Outcome]:
    """Every check is proven on the right landscapes, and a defect has its own."""
    rows = tuple(Row(check, "", f"suites/{check}", Verdict.PROVEN) for check in check_ids())
    there = [*((profile, ()) for profile in ALL), ("current", ("edge-speaks-old-tls",))]
    return {key: Outcome(key[0], rows) for key in there}


def test_drawing_is_told_by_seed_and_number_alone() -> None:
    """Run 137 is the same whoever makes it, and however many others are made."""
    one, two = (Drawing(1, list(FAULTS), baselines(), 8) for _ in range(2))
    drawn = [one.run(number) for number in range(200)]
    assert [two.run(number) for number in reversed(range(200))] == drawn[::-1]
    assert [Drawing(2, list(FAULTS), baselines(), 8).run(number) for number in range(200)] != drawn


def test_drawing_meets_everything() -> None:
    """Each fault equally often, on every profile where it can strike, with and without a defect."""
    drawing = Drawing(1, list(FAULTS), baselines(), 8)
    jobs = [drawing.run(number) for number in range(10 * len(FAULTS))]
    faults = [job.fault[0] for job in jobs if job.fault]
    assert {faults.count(name) for name in FAULTS} == {10}
    assert {job.profile for job in jobs} == set(ALL)
    assert {bool(job.defects) for job in jobs} == {True, False}
    assert {job.profile for job in jobs if job.fault and job.fault[0] == "alert-lost"} == {"current"}
    for job in jobs:
        assert job.only
        kinds = {kind_of(check) for check in job.only}
        assert kinds <= CALLING or kinds <= CREATING


def test_what_differs_is_compared_with_the_same_checks_without_the_fault() -> None:
    """On a wrong landscape a check may depend on those that ran before it."""
    rounds = FaultRounds([0], 1, ["rate-limit"], profiles=["current"], checks=3)
    (first,) = rounds.next_round()
    rounds.ended(first, baselines()["current", ()])
    (job,) = rounds.next_round()
    assert job.only is not None
    refuted = [Row(check, "", f"suites/{check}", Verdict.REFUTED, "was so", "not-refused") for check in job.only]
    rounds.ended(job, Outcome("current", tuple(refuted), struck=("runtime 5: 429",)))
    assert len(list(rounds.wrong())) == len(job.only)
    (control,) = rounds.next_round()
    assert control == replace(job, fault=None)
    rounds.ended(control, Outcome("current", tuple(refuted)))
    assert not list(rounds.wrong())
    assert not rounds.next_round()


def test_replay_is_a_command() -> None:
    """Whoever reads of something wrong can make it again."""
    job = Job("current", ("edge-speaks-old-tls",), frozenset({"BASIC-10", "MTLS-20"}), fault=("half-body", 7))
    told = 'pytest --profile current --defect edge-speaks-old-tls --fault half-body --seed 7 -k "BASIC-10 or MTLS-20"'
    assert replay(job) == told


def test_broker_in_trouble_has_not_refused_client_x509(tmp_path: Path) -> None:
    """Its first order fails by the broker's trouble and the next one is granted, which refutes nothing."""
    options = ("--profile=current", "--fault=broker-fails-late", "--seed=7", f"--reports={tmp_path}", "-k", "KEYS-61")
    command = [sys.executable, "-m", "pytest", "-q", *options]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    (found,) = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["checks"]
    assert (found["verdict"], found["cause"]) == ("not_proven", "broker-failed")
    assert found["reason"].startswith("infrastructure: what the check needs could not be created: denied at broker")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs to fork")
def test_no_fault_makes_a_check_say_something_wrong() -> None:
    """Two runs under each fault, on the right landscape and on wrong ones; ``tests.fault_runs`` makes thousands.

    And each fault has struck: one that does not would show nothing.
    """
    options = (
        "--runs",
        str(2 * len(FAULTS)),
        "--seed",
        "9",
        "--defects",
        "2",
        "--profile",
        "current",
        "--checks",
        "12",
    )
    command = [sys.executable, "-m", "tests.fault_runs", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    table = [line.split() for line in ended.stdout.splitlines()[1:-1]]
    assert {line[0] for line in table} == set(FAULTS)
    assert all(int(struck) > 0 for _, _, struck, *_ in table), ended.stdout
