"""What whole runs create on the far side, when, as whom, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cpi_conformance.control.labels import EXPIRES, ORDER, RUN
from cpi_conformance.simulator.cloud_foundry.records import Inventory
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE
from cpi_conformance.simulator.service_key import Plan
from tests.runs import INSTANCES, KEYS, TOKENS, Ended, Scene, at, on_stage

pytestmark = pytest.mark.once

SHARED = "KEYS-01 or KEYS-02 or KEYS-30 or KEYS-40"
"""They share two instances and two keys."""

A_DAY = dt.timedelta(days=1)
LIFETIME = 120 * 60

PATIENCE = 5.0
"""Seconds for which an answer is held back at most, when what it waits for never comes."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A landscape of its own."""
    with on_stage(tmp_path) as scene:
        yield scene


def test_nothing_is_created_that_no_check_needs(scene: Scene) -> None:
    """Credentials of the landscape file need no Cloud Foundry, so it is not even asked who we are."""
    ended = scene.run("BASIC-01")
    assert ended.verdicts == {"BASIC-01": "proven"}, ended.output
    assert scene.watch.asked == []
    assert ended.verdict["provisioning"] == []


@dataclass(frozen=True)
class Parallel:
    """A run with four workers, and what it found and left."""

    scene: Scene
    ended: Ended
    started: dt.datetime
    before: Inventory
    folders: list[Path]
    modes: list[int]

    @property
    def created(self) -> list[dict[str, Any]]:
        """The bodies of all creations."""
        watch = self.scene.watch
        return [json.loads(each.body) for path in (INSTANCES, KEYS) for each in watch.asked_for("POST", path)]


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parallel]:
    """One run with four workers for several tests, on a far side whose clock is a day ahead."""
    folders: list[Path] = []
    modes: list[int] = []

    with on_stage(tmp_path_factory.mktemp("parallel")) as scene:

        async def look(exchange: Exchange, inner: Application) -> None:
            if exchange.path.startswith(KEYS):
                folders[:] = scene.run_folders()
                modes[:] = [stat.S_IMODE(each.stat().st_mode) for folder in folders for each in folder.rglob("*")]
                modes.extend(stat.S_IMODE(folder.stat().st_mode) for folder in folders)

        scene.landscape.clock.offset = A_DAY
        scene.watch.intervene = look
        before, started = scene.inventory, scene.landscape.clock.now()
        ended = scene.run(f"{SHARED} or KEYS-06", "-n", "4", "-vv", "--showlocals", "--tb=long")
        assert ended.code == 0, ended.output
        yield Parallel(scene, ended, started, before, folders, modes)


def test_shared_things_are_created_once(parallel: Parallel) -> None:
    """Whichever worker needs them first; the others borrow."""
    assert set(parallel.ended.verdicts.values()) == {"proven"}
    run = parallel.ended.receipt["run"]
    names = Counter(body["name"] for body in parallel.created)
    own = {name for name in names if name.startswith("key-")}  # of KEYS-06
    assert len(own) == 1
    shared = {f"cpic-{run}-oauth", f"cpic-{run}-clientcertificate"[:32], "oauthcpikey", "certificate"}
    assert names == Counter(shared | own)


def test_all_processes_share_one_login(parallel: Parallel) -> None:
    """The password goes out once; the other workers and the controller go on with the refresh token."""
    assert parallel.scene.watch.logins("password") == 1
    assert parallel.scene.watch.logins("refresh_token") >= 1


def test_everything_created_says_whose_it_is(parallel: Parallel) -> None:
    """Run and expiry by the far side's clock as labels, a label for each creation, and names that fit."""
    labels = [body["metadata"]["labels"] for body in parallel.created]
    assert all(set(each) == {RUN, EXPIRES, ORDER} for each in labels)
    assert {each[RUN] for each in labels} == {parallel.ended.receipt["run"]}
    assert len({each[ORDER] for each in labels}) == len(labels)
    (expires,) = {int(each[EXPIRES]) for each in labels}
    assert 0 <= expires - LIFETIME - parallel.started.timestamp() <= 60
    instances = [body["name"] for body in parallel.created if body["type"] == "managed"]
    assert all(name.startswith("cpic-") and len(name) <= 32 for name in instances)


def test_space_holds_what_it_held_before(parallel: Parallel) -> None:
    """Read from the far side, and the receipt says the same."""
    assert parallel.scene.inventory == parallel.before
    held = len(parallel.before.instances) + len(parallel.before.keys)
    receipt = parallel.ended.receipt
    assert (receipt["clean"], receipt["before"], receipt["after"]) == (True, held, held)
    assert f"{held} things before, {held} after" in parallel.ended.output


def test_private_folder_is_private_and_goes(parallel: Parallel) -> None:
    """There is one for all processes, for the user alone, and none when the run is over."""
    assert len(parallel.folders) == 1
    assert set(parallel.modes) == {0o700, 0o600}
    assert parallel.scene.run_folders() == []


def assert_no_secret(scene: Scene, ended: Ended) -> None:
    """No secret of the landscape file or of the far side is in the output or in a result."""
    assert len(scene.watch.given) >= 3, "the far side has given no secrets away, so nothing is shown"
    assert len(list(ended.reports.rglob("*"))) > 3
    leaked = ended.holds(scene.secrets())
    assert len(leaked) == 0, "a secret has leaked"  # and is not to be printed here either


def test_no_secret_in_results_of_a_parallel_run(parallel: Parallel) -> None:
    """Neither password nor tokens, clientsecrets or private keys."""
    assert_no_secret(parallel.scene, parallel.ended)


def test_no_secret_in_results_of_failing_checks(scene: Scene) -> None:
    """Nor in explanations of failures, with the values of all variables."""
    scene.rewrite(flows=[{"address": "/test/clientcert", "body": "Something else"}], service_keys=None)
    ended = scene.run("BASIC-01 or KEYS-05 or KEYS-31 or TOKEN-01 or TOKEN-02", "--showlocals", "--tb=long", "-vv")
    assert set(ended.verdicts.values()) == {"proven", "refuted"}, ended.output
    assert ended.receipt["clean"]
    assert_no_secret(scene, ended)


def test_independent_instances_are_created_side_by_side(scene: Scene) -> None:
    """No answer about a job before both instances have been asked for: one after the other would get stuck."""
    both = asyncio.Event()
    stuck = False

    async def hold(exchange: Exchange, inner: Application) -> None:
        nonlocal stuck
        if len(scene.watch.asked_for("POST", INSTANCES)) == 2:
            both.set()
        if exchange.path.startswith("/v3/jobs/") and not both.is_set():
            try:
                await asyncio.wait_for(both.wait(), PATIENCE)
            except TimeoutError:
                stuck = True
                both.set()

    scene.watch.intervene = hold
    ended = scene.run("KEYS-01 or KEYS-40")
    assert ended.verdicts == {"KEYS-01": "proven", "KEYS-40": "proven"}, ended.output
    assert not stuck, "the second instance was asked for when the first was there"


BROKEN_OFF = [
    pytest.param(signal.SIGTERM, INSTANCES, False, [], id="SIGTERM-first-instance"),
    pytest.param(signal.SIGTERM, KEYS, False, ["-n", "2"], id="SIGTERM-first-key-n2"),
    pytest.param(signal.SIGTERM, KEYS, True, ["-n", "2"], id="SIGTERM-to-all-first-key-n2"),
    pytest.param(signal.SIGINT, INSTANCES, True, ["-n", "2"], id="SIGINT-to-all-first-instance-n2"),
]


@pytest.mark.parametrize(("number", "path", "everybody", "options"), BROKEN_OFF)
def test_broken_off(scene: Scene, number: signal.Signals, path: str, everybody: bool, options: list[str]) -> None:
    """Ctrl-C in a terminal reaches all processes, SIGTERM the first: it removes what all have created, and tells."""
    before = scene.inventory
    scene.watch.intervene = at("POST", path, lambda: scene.send(number, everybody=everybody))
    ended = scene.run("KEYS-01 or KEYS-02 or KEYS-06 or KEYS-40", *options)
    assert scene.watch.asked_for("POST", path), ended.output
    assert ended.code == 2, ended.output
    assert scene.inventory == before
    assert ended.verdict["gate"] == "NOT PROVEN"
    assert len(ended.verdict["checks"]) < 4
    assert ended.receipt["clean"]
    assert scene.run_folders() == []


def test_broken_off_before_anything_is_created(scene: Scene) -> None:
    """While it is still found out where to create: in order, and without a traceback."""
    scene.watch.intervene = at("GET", "/v3/organizations", lambda: scene.send(signal.SIGINT, everybody=True))
    ended = scene.run("KEYS-01")
    assert (ended.code, ended.verdict["gate"], ended.verdict["provisioning"]) == (2, "NOT PROVEN", []), ended.output
    assert "Traceback" not in ended.output


def test_ending_is_not_broken_off(scene: Scene) -> None:
    """Who asks for the end when only the removal is left gets the whole of it, and the verdict."""
    before = scene.inventory

    async def interrupt(exchange: Exchange, inner: Application) -> None:
        if exchange.method == "DELETE":
            scene.send(signal.SIGINT, everybody=True)

    scene.watch.intervene = interrupt
    ended = scene.run("KEYS-01 or KEYS-02")
    assert (ended.code, ended.verdict["gate"], ended.receipt["clean"]) == (0, "GO", True), ended.output
    assert scene.inventory == before


def test_impatient_user(scene: Scene) -> None:
    """Ctrl-C again and again while what was created is removed: it is removed all the same."""
    before = scene.inventory

    async def interrupt(exchange: Exchange, inner: Application) -> None:
        if scene.watch.asked_for("POST", KEYS) and exchange.path.startswith("/v3"):
            scene.send(signal.SIGINT, everybody=True)

    scene.watch.intervene = interrupt
    ended = scene.run("KEYS-01 or KEYS-02 or KEYS-06 or KEYS-40")
    assert scene.inventory == before, ended.output
    assert ended.code == 2, ended.output
    assert ended.receipt["clean"]
    assert scene.run_folders() == []


NO_CREATION = {
    "read-only": ("development", ["--read-only"], "configuration: --read-only creates nothing"),
    "production": (
        "production",
        [],
        "configuration: on the stage production nothing is created without --allow-production",
    ),
}


@pytest.mark.parametrize("name", NO_CREATION)
def test_nothing_is_created_where_nothing_may_be(scene: Scene, name: str) -> None:
    """Checks that would create say why they are not proven; the others are made."""
    stage, options, reason = NO_CREATION[name]
    scene.rewrite(stage=stage)
    ended = scene.run("BASIC-01 or KEYS-01 or KEYS-06", *options)
    assert ended.verdicts == {"BASIC-01": "proven", "KEYS-01": "not_proven", "KEYS-06": "not_proven"}, ended.output
    assert ended.reasons == {reason}
    assert scene.watch.writing() == []
    assert ended.verdict["gate"] == "NOT PROVEN"


def test_production_when_it_is_allowed(scene: Scene) -> None:
    """What the user has allowed is done."""
    scene.rewrite(stage="production")
    ended = scene.run("KEYS-01", "--allow-production")
    assert ended.verdicts == {"KEYS-01": "proven"}, ended.output
    assert scene.watch.writing()[0] == f"POST {INSTANCES}"


def test_wrong_password_is_tried_once(scene: Scene) -> None:
    """Five failures would lock the user, so four workers and their controller make one attempt together."""
    scene.cloud_foundry(login={"user": "developer", "password": scene.private("wrong.txt", "Wr0ng!Wr0ng!")})
    ended = scene.run(f"{SHARED} or KEYS-06", "-n", "4")
    assert set(ended.verdicts.values()) == {"not_proven"}, ended.output
    assert len(scene.watch.asked_for("POST", TOKENS)) == 1
    (reason,) = ended.reasons
    assert reason.startswith("configuration: cloud_foundry.login: UAA refuses the login (401, ")
    assert ended.holds({"Wr0ng!Wr0ng!"}) == []
    assert scene.logged_in()


def test_passcode_is_enough_for_all_processes(scene: Scene) -> None:
    """It works once, and the workers and the controller go on with what it has opened."""
    passcode = scene.landscape.uaa.new_passcode(scene.landscape.users["developer"]).reveal()
    scene.cloud_foundry(login={"passcode": scene.private("passcode.txt", passcode)})
    before = scene.inventory
    ended = scene.run("KEYS-01 or KEYS-02 or KEYS-40", "-n", "2")
    assert set(ended.verdicts.values()) == {"proven"}, ended.output
    assert scene.watch.logins("password") == 1
    assert scene.inventory == before


def test_refresh_token(scene: Scene) -> None:
    """A run goes on with an earlier login; no password is asked for."""
    _, token = scene.logged_in()
    scene.watch.asked.clear()
    scene.cloud_foundry(login={"refresh_token": scene.private("refresh-token.txt", token)})
    ended = scene.run("KEYS-01")
    assert ended.verdicts == {"KEYS-01": "proven"}, ended.output
    assert (scene.watch.logins("password"), scene.watch.logins("refresh_token") > 0) == (0, True)


def test_session_of_the_cf_cli(scene: Scene, tmp_path: Path) -> None:
    """The landscape file names nothing but a CA; the session is used as it is, and its file is not touched."""
    access, refresh = scene.logged_in()
    document = {
        "ConfigVersion": 4,
        "Target": scene.landscape.api_url,
        "AccessToken": f"bearer {access}",
        "RefreshToken": refresh,
        "OrganizationFields": {"GUID": "o-1", "Name": ORGANIZATION},
        "SpaceFields": {"GUID": "s-1", "Name": SPACE, "AllowSSH": True},
    }
    file = tmp_path / "cli" / ".cf" / "config.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    content, written = file.read_bytes(), file.stat()
    scene.watch.asked.clear()
    scene.rewrite(cloud_foundry={"ca": "ca.pem"})
    ended = scene.run("KEYS-01", CF_HOME=str(tmp_path / "cli"))
    assert ended.verdicts == {"KEYS-01": "proven"}, ended.output
    assert scene.watch.logins("password") == 0
    now = file.stat()
    assert file.read_bytes() == content
    assert (now.st_mtime_ns, now.st_ino, now.st_mode) == (written.st_mtime_ns, written.st_ino, written.st_mode)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_from_nothing(scene: Scene) -> None:
    """A landscape file with a PFX that no key holds yet, and no service key: the run makes what the whitepaper does."""
    certificates = tomllib.loads(scene.file.read_text(encoding="utf-8"))["certificates"]
    scene.rewrite(service_keys=None, certificates={"sender": {**certificates["unassigned"], "mapped": False}})
    before = scene.inventory
    ended = scene.run("BASIC-01 or BASIC-40 or BASIC-41 or MTLS-01")
    ids = ("BASIC-01", "BASIC-40", "BASIC-41", "MTLS-01")
    assert ended.verdicts == dict.fromkeys(ids, "proven"), ended.output
    assert ended.verdict["gate"] == "GO"
    assert scene.inventory == before


def test_what_could_not_be_removed(scene: Scene) -> None:
    """The others go; terminal and verdict name what is left, and why, and the gate is not open."""
    before = {guid for guid, _, _ in scene.inventory.instances}
    scene.cloud_foundry(deadline_seconds=1)
    refusal = json.dumps({"errors": [{"detail": "Out of order.", "title": "UnknownError", "code": 10001}]}).encode()

    async def fail(exchange: Exchange, inner: Application) -> Answer | None:
        ours = [f"{INSTANCES}/{guid}" for guid, name, _ in scene.inventory.instances if name.endswith("-oauth")]
        return Answer(500, (), refusal) if exchange.method == "DELETE" and exchange.path in ours else None

    scene.watch.intervene = fail
    ended = scene.run("KEYS-01 or KEYS-02 or KEYS-40")
    assert set(ended.verdicts.values()) == {"proven"}, ended.output
    (left,) = [name for guid, name, _ in scene.inventory.instances if guid not in before]
    (remaining,) = ended.receipt["remaining"]
    assert (remaining["kind"], remaining["name"]) == ("instance", left)
    assert "Out of order." in remaining["why"]
    assert f"not removed: instance {left}: {remaining['why']}" in ended.output
    assert {each["kind"] for each in ended.receipt["removed"]} == {"service key", "instance"}
    assert (ended.verdict["gate"], ended.code) == ("NOT PROVEN", 1)


def test_what_others_have_deleted_meanwhile(scene: Scene) -> None:
    """It cannot be told from what the run has done, so it is reported, and the gate is not open."""
    (foreign,) = [guid for guid, name, _ in scene.inventory.instances if name == "without-role"]

    async def delete(exchange: Exchange, inner: Application) -> None:
        if (exchange.method, exchange.path) == ("POST", INSTANCES):
            await inner(Exchange("DELETE", f"{INSTANCES}/{foreign}", "", exchange.headers))

    scene.watch.intervene = delete
    ended = scene.run("KEYS-01")
    assert ended.verdicts == {"KEYS-01": "proven"}, ended.output
    gone = {(each["kind"], each["name"]) for each in ended.receipt["disappeared"]}
    assert gone == {("instance", "without-role"), ("service key", "without-role"), ("service key", "without-role-x509")}
    assert "gone, but not of this run: instance without-role" in ended.output
    assert (ended.receipt["clean"], ended.verdict["gate"], ended.code) == (False, "NOT PROVEN", 1)


def test_what_others_have_created_meanwhile(scene: Scene) -> None:
    """It is reported, and stays; the space is not ours alone."""

    def create() -> None:
        scene.landscape.keys.create_instance("of-a-colleague", Plan.INTEGRATION_FLOW)
        scene.landscape.adopt()

    scene.watch.intervene = at("POST", INSTANCES, create)
    ended = scene.run("KEYS-01")
    assert ended.verdicts == {"KEYS-01": "proven"}, ended.output
    assert ended.receipt["appeared"] == [{"kind": "instance", "name": "of-a-colleague"}]
    assert "new, but not of this run: instance of-a-colleague" in ended.output
    assert "of-a-colleague" in {name for _, name, _ in scene.inventory.instances}
    assert (ended.receipt["clean"], ended.verdict["gate"], ended.code) == (True, "GO", 0)
