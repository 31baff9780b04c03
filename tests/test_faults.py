"""Faults: each strikes and looks as it should, the same seed makes the same run, and under none is there GO."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

from cpi_conformance.landscape import load_landscape
from cpi_conformance.sender import (
    TLS_1_2,
    TLS_1_3,
    Accepted,
    Basic,
    Call,
    Cause,
    CertificateInHandshake,
    Observation,
    Sender,
)
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.faults import FAULTS, SeededFault
from cpi_conformance.simulator.faults.schedule import CALM, LONGEST, QUIET, Schedule
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from cpi_conformance.simulator.service_keys import Authenticated, Unauthenticated
from cpi_conformance.verdict.standing import STANDS
from tests.conftest import Inhabited
from tests.test_suite_run import ROOT, run_suite, verdict_in, verdicts

pytestmark = pytest.mark.once

DOCUMENT = ROOT / "docs" / "faults.md"


@contextmanager
def troubled(name: str, seed: int = 7) -> Iterator[tuple[Inhabited, SeededFault]]:
    """A landscape under a fault."""
    fault = FAULTS[name].seeded(seed)
    landscape = SimulatedLandscape("current", faults=[fault])
    population = populate(landscape)
    with landscape:
        yield Inhabited(landscape, population), fault


def rows(strikes: list[bool]) -> list[tuple[bool, int]]:
    """How many strikes, or how many that are left alone, follow each other."""
    return [(struck, len(list(row))) for struck, row in groupby(strikes)]


@pytest.mark.parametrize("seed", range(30))
def test_schedule(seed: int) -> None:
    """The first calls are left alone, rows are short, and there is calm between them."""
    strikes = [Schedule("any", seed, hosts.RUNTIME).strikes(ordinal) for ordinal in range(300)]
    first, *others = rows(strikes)
    assert first[0] is False
    assert first[1] >= QUIET
    assert max(length for struck, length in others if struck) <= LONGEST
    assert min(length for struck, length in others[:-1] if not struck) >= CALM


def test_schedule_is_told_by_its_key_alone() -> None:
    """On every Python, in whatever order it is asked."""
    asked = Schedule("rate-limit", 7, hosts.RUNTIME)
    backwards = [asked.strikes(ordinal) for ordinal in reversed(range(60))]
    assert "".join(".X"[struck] for struck in reversed(backwards)) == PLAN
    assert asked.chance(3).random() == Schedule("rate-limit", 7, hosts.RUNTIME).chance(3).random()
    assert len({tuple(Schedule("x", seed, "y").strikes(n) for n in range(60)) for seed in range(50)}) == 50


PLAN = "...............X...XXXX.......X.....X..........X.......X...."
"""Frozen: a log of yesterday must lead to the same run tomorrow."""


def test_what_passes_is_shorter_than_what_stands() -> None:
    """Else a fault would refute; and the calm is longer than what is asked between two deviations."""
    assert LONGEST < STANDS
    assert CALM > 1


def basic(it: Inhabited) -> Call:
    """The service key's call."""
    return it.basic


def certificate(it: Inhabited) -> Call:
    """The S-user's."""
    return it.certificate


def untrusted(it: Inhabited) -> Call:
    """One whose certificate is refused."""
    return replace(it.certificate, certificate=CertificateInHandshake(it.pfx("untrusted_ca")))


LOST, BROKEN = {Cause.CONNECTION_LOST}, {Cause.BROKEN_ANSWER}

SIGHTS: dict[str, tuple[Callable[[Inhabited], Call], set[Cause | None]]] = {
    "reset-after-hello": (basic, {*LOST}),
    "reset-after-flight": (certificate, {Cause.ALERT_LOST}),
    "reset-after-request": (certificate, {*LOST}),
    "close-without-answer": (certificate, {*LOST}),
    "half-body": (certificate, {*LOST}),
    "cut-head": (basic, {*BROKEN}),
    "http-garbage": (basic, {*BROKEN, None}),
    "tls-garbage": (basic, {Cause.NOT_TLS, Cause.HANDSHAKE_FAILURE}),
    "alert-lost": (untrusted, {Cause.ALERT_LOST}),
    "slow-runtime": (basic, {None}),
    "token-server-in-trouble": (certificate, {Cause.UNAUTHENTICATED}),
    "rate-limit": (basic, {Cause.RATE_LIMITED}),
    "router-endpoint-failure": (basic, {Cause.ENDPOINT_FAILURE}),
    "router-no-endpoints": (basic, {Cause.NO_ENDPOINTS}),
    "bare-503": (basic, {Cause.NOT_STARTED}),
    "chain-rotation": (basic, {Cause.MISSING_CA}),
    "clock-skew": (basic, {None}),
}
"""What a caller sees of each fault that strikes the runtime's host; ``None`` is an acceptance."""

BEHIND = {"slow-token-server", "broker-fails-late", "endpoint-lag", "key-lag"}
"""Faults of other systems; the runs below meet them."""


def cause_of(observation: Observation) -> Cause | None:
    """Why a call was refused, if it was."""
    return None if isinstance(observation, Accepted) else observation.cause


VERSIONS = {"tls-1-2": TLS_1_2, "tls-1-3": TLS_1_3}

ONE_VERSION = {"slow-runtime", "rate-limit", "router-endpoint-failure", "router-no-endpoints", "bare-503", "clock-skew"}
"""Faults behind the load balancer, which know nothing of TLS."""


@pytest.mark.parametrize(
    ("name", "version"),
    [(name, version) for name in SIGHTS for version in VERSIONS if version == "tls-1-3" or name not in ONE_VERSION],
)
def test_strikes_and_looks_as_measured(name: str, version: str) -> None:
    """What is struck looks so, and what is left alone is as without the fault; the log says which is which."""
    make, causes = SIGHTS[name]
    with troubled(name) as (it, fault):
        sender, struck = Sender(), set()
        call = replace(make(it), tls=VERSIONS[version])
        unstruck = cause_of(sender.send(call))
        for _ in range(50):
            before = len(fault.log)
            seen = cause_of(sender.send(call))
            if len(fault.log) > before or (name == "chain-rotation" and fault.log):
                struck.add(seen)
            else:
                assert seen == unstruck
    assert struck == causes
    assert {strike.host for strike in fault.log} == {hosts.RUNTIME}


def test_key_lag() -> None:
    """The runtime goes by the keys of some calls ago, and everybody else by those that there are."""
    with troubled("key-lag") as (it, fault):
        keys, sender = it.landscape.keys, Sender()
        assert isinstance(sender.send(it.basic), Accepted)
        key = keys.create_key(keys.instances()[0], "new")
        assert key.secret is not None
        call = it.anonymous.but(authorization=Basic(key.clientid, key.secret)).call
        assert isinstance(keys.holder_of_secret(key.clientid, key.secret), Authenticated)
        late = [isinstance(sender.send(call), Accepted) for _ in range(2 * LONGEST)]
        keys.delete_key(key.guid)
        assert isinstance(keys.holder_of_secret(key.clientid, key.secret), Unauthenticated)
        still = [isinstance(sender.send(call), Accepted) for _ in range(2 * LONGEST)]
        assert isinstance(sender.send(it.basic), Accepted)
    assert [(accepted, 1 <= many <= LONGEST) for accepted, many in rows(late)][:1] == [(False, True)]
    assert [(accepted, 1 <= many <= LONGEST) for accepted, many in rows(still)][:1] == [(True, True)]
    assert [len(rows(late)), len(rows(still))] == [2, 2]
    said = [strike.what for strike in fault.log]
    assert said == ["has not heard of a new service key"] * late.count(False) + [
        "has not heard of a deleted service key"
    ] * still.count(True)


def test_log_names_the_callers_port() -> None:
    """So that the evidence of a call can be held against it."""
    with troubled("reset-after-flight") as (it, fault):
        ports = {Sender().send(it.certificate).evidence.local_port for _ in range(40)}
    assert fault.log
    assert {strike.peer_port for strike in fault.log} <= ports


def test_several_faults_go_together() -> None:
    """Each with a schedule of its own, also two that change what the load balancer speaks."""
    faults = [FAULTS[name].seeded(3) for name in ("reset-after-hello", "cut-head", "chain-rotation", "rate-limit")]
    landscape = SimulatedLandscape("current", faults=faults)
    it = Inhabited(landscape, populate(landscape))
    with landscape:
        for _ in range(80):
            Sender().send(it.basic)
    assert all(fault.log for fault in faults)


def test_every_fault_is_documented() -> None:
    """With what happens, and where it is seen."""
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    assert table == [(fault.name, fault.says, fault.source) for fault in FAULTS.values()]
    assert set(FAULTS) == {*SIGHTS, *BEHIND}


def test_nothing_is_on_by_default() -> None:
    """A landscape is in trouble only when it is asked for."""
    assert SimulatedLandscape("current").faults == ()


def test_landscape_file_names_fault_and_seed(tmp_path: Path) -> None:
    """Also for whoever gets it from ``serve``."""
    fault = FAULTS["rate-limit"].seeded(7)
    landscape = SimulatedLandscape("current", faults=[fault])
    population = populate(landscape)
    with landscape:
        loaded = load_landscape(hand_out(landscape, population, tmp_path))
    assert loaded.name == "simulated current under rate-limit (seed 7)"
    assert loaded.faults == ("rate-limit (seed 7)",)


CHECKS = ("--profile=current", "suites/test_basic.py")


def test_run_under_faults_is_never_go(tmp_path: Path) -> None:
    """Not even when everything is proven; header, verdict and summary say why."""
    ended = run_suite(tmp_path, *CHECKS, "--fault", "slow-runtime", "--seed", "7")
    document = verdict_in(tmp_path)
    assert document["counts"]["proven"] == len(document["checks"]) > 30
    assert document["gate"] == "NOT PROVEN"
    assert document["run"]["faults"] == ["slow-runtime (seed 7)"]
    assert ended.returncode == 0
    assert "landscape: simulated (current, under slow-runtime (seed 7))" in ended.stdout
    assert "simulated current under slow-runtime (seed 7)" in ended.stdout
    assert "under faults nothing is proven for good" in ended.stdout


def test_same_seed_same_verdicts(tmp_path: Path) -> None:
    """A run can be made again, and another seed makes another one."""
    seen = []
    for number, seed in enumerate(("7", "7", "8")):
        reports = tmp_path / str(number)
        run_suite(
            reports, *CHECKS, "--fault", "reset-after-flight", "--fault", "token-server-in-trouble", "--seed", seed
        )
        document = verdict_in(reports)
        assert document["counts"]["refuted"] == 0
        reasons = {check["reason"] for check in document["checks"] if check["verdict"] != "proven"}
        assert all(reason.startswith("infrastructure: ") for reason in reasons)
        seen.append(verdicts(document))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("name", ["reset-after-hello", "http-garbage", "chain-rotation"])
def test_same_seed_same_log(name: str) -> None:
    """What was struck, and how it looked, to the byte; but for the callers' ports."""
    logs = []
    for _ in range(2):
        with troubled(name, seed=11) as (it, fault):
            for _ in range(60):
                Sender().send(it.basic)
            logs.append(fault.log)
    assert logs[0]
    assert logs[0] == logs[1]


WRONG_OPTIONS = {
    "unknown": (("--fault", "rate-limits"), "--fault: there is no rate-limits; there is for example rate-limit"),
    "seed-alone": (("--seed", "7"), "--seed says when a fault strikes; give --fault too"),
    "with-a-file": (("--landscape=x.toml", "--fault", "rate-limit"), "--fault troubles a simulated landscape"),
}


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_options_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    """One message, and exit code 4."""
    options, message = WRONG_OPTIONS[name]
    ended = run_suite(tmp_path, *options)
    assert ended.returncode == 4
    assert message in ended.stderr


def test_serve_knows_its_faults(tmp_path: Path) -> None:
    """Exit code 2 for one that there is not."""
    command = [sys.executable, "-m", "cpi_conformance", "serve", "--out", str(tmp_path), "--fault", "flood"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "none of" in ended.stderr
