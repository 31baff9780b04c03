"""``cpi-conformance reap``: what it lists, what it removes, what it never touches, and what it says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cpi_conformance.cli import application
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.orders import InstanceOrder, KeyOrder
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.landscape import load_landscape
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE, SimulatedLandscape
from tests.neighbours import move_in
from tests.runs import INSTANCES, Scene

pytestmark = pytest.mark.once

DEAD, ALIVE = "a" * 12, "b" * 12
"""Ids of two runs."""

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """What a user sees of ``reap``."""

    exit_code: int
    output: str


def reap(file: Path, *options: str) -> Told:
    """Never with a traceback."""
    result = CliRunner().invoke(application, ["reap", str(file), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return Told(result.exit_code, result.output)


class Space(Scene):
    """A space with 20 neighbours, and runs that have left something in it."""

    def __init__(self, landscape: SimulatedLandscape, folder: Path) -> None:
        super().__init__(landscape, folder)
        held = len(self.inventory.instances)
        move_in(landscape)
        self.untouched = self.inventory
        assert len(self.untouched.instances) == held + 20

    @property
    def names(self) -> set[str]:
        """Of the instances and keys that were not there from the beginning."""
        now, then = self.inventory, self.untouched
        return {name for _, name, _ in {*now.instances, *now.keys} - {*then.instances, *then.keys}}

    def client(self) -> CloudFoundry:
        """The developer's."""
        user = self.landscape.users["developer"]
        login = PasswordLogin(user.name, user.password)
        return CloudFoundry(self.landscape.api_url, login, trusted=(self.landscape.trusted_root,))

    def leave(self, run: str, lifetime: dt.timedelta) -> ServiceInstance:
        """What a killed run has created: an instance, and a key in it."""
        with self.client() as cloud:
            space = cloud.space(cloud.organization(ORGANIZATION), SPACE)
            mark = RunMark(run, int((cloud.far_now() + lifetime).timestamp()))
            lifecycle = Lifecycle(cloud, space, mark)
            instance = lifecycle.create_instance(InstanceOrder(name=mark.instance_name("oauth")))
            lifecycle.create_key(KeyOrder(instance, name=f"key-of-{run}"))
        self.watch.asked.clear()
        return instance

    def reap(self, *options: str) -> Told:
        """Never with a secret."""
        told = reap(self.file, *options)
        leaked = [secret for secret in self.secrets() if secret in told.output]
        assert len(leaked) == 0, "a secret has leaked"
        return told


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    """With neighbours, and with what a dead run and one that is under way have created."""
    with SimulatedLandscape("current") as landscape:
        space = Space(landscape, tmp_path)
        space.leave(DEAD, -HOUR)
        space.leave(ALIVE, HOUR)
        yield space


OF_DEAD = {f"cpic-{DEAD}-oauth", f"key-of-{DEAD}"}
OF_ALIVE = {f"cpic-{ALIVE}-oauth", f"key-of-{ALIVE}"}


@pytest.mark.parametrize("options", [[], ["--run", DEAD], ["--run", ALIVE]], ids=["all", "dead", "alive"])
def test_lists_without_removing(space: Space, options: list[str]) -> None:
    """Nothing is written to the far side without --yes; whose time is over is told."""
    result = space.reap(*options)
    assert result.exit_code == 0
    assert space.watch.writing() == []
    assert space.names == OF_DEAD | OF_ALIVE
    told = {DEAD: "over for 60 min", ALIVE: "min more the run's own"}
    for run in [options[1]] if options else [DEAD, ALIVE]:
        (line,) = [line for line in result.output.splitlines() if run in line]
        assert line.startswith(f"cpic-{run}-oauth  run {run}, ")
        assert told[run] in line
        assert line.endswith(f"service keys: key-of-{run}")
    about_the_tenant = 1
    assert len(result.output.splitlines()) == about_the_tenant + (2 if options else 3)
    assert "nothing removed; repeat with --yes" in result.output


REMOVALS: dict[str, tuple[list[str], dt.timedelta, set[str]]] = {
    "whose time is over": (["--yes"], dt.timedelta(), OF_ALIVE),
    "by the far side's clock, which is ahead": (["--yes"], 3 * HOUR, set()),
    "by the far side's clock, which is behind": (["--yes"], -3 * HOUR, OF_DEAD | OF_ALIVE),
    "a run that is known to be dead": (["--yes", "--run", ALIVE], dt.timedelta(), OF_DEAD),
    "a run that has left nothing": (["--yes", "--run", "c" * 12], dt.timedelta(), OF_DEAD | OF_ALIVE),
    "a neighbour's run": (["--yes", "--run", "0123456789ab"], 3 * HOUR, OF_DEAD | OF_ALIVE),
}


@pytest.mark.parametrize("name", REMOVALS)
def test_removes(space: Space, name: str) -> None:
    """Only that, with its keys; none of the 20 neighbours, whatever they look like."""
    options, offset, left = REMOVALS[name]
    space.landscape.clock.offset += offset
    result = space.reap(*options)
    assert result.exit_code == 0, result.output
    assert space.names == left
    removed = {line.split()[-1] for line in result.output.splitlines() if line.startswith("  removed ")}
    assert removed == (OF_DEAD | OF_ALIVE) - left
    now, then = space.inventory, space.untouched
    assert {*then.instances, *then.keys} <= {*now.instances, *now.keys}


def test_nothing_is_left(space: Space) -> None:
    """A second time there is nothing to do, and it says so."""
    space.landscape.clock.offset += 3 * HOUR
    assert space.reap("--yes").exit_code == 0
    assert space.inventory == space.untouched
    result = space.reap("--yes")
    assert (result.exit_code, result.output) == (0, f"no run has left anything in the space {SPACE}\n")


def test_foreign_key_keeps_its_instance(space: Space) -> None:
    """Removing the instance would take with it what somebody else relies on."""
    instance = space.leave("c" * 12, -HOUR)
    with space.client() as cloud:
        cloud.create_key(instance, "of-a-colleague")
    result = space.reap("--yes")
    assert result.exit_code == 1
    assert space.names == OF_ALIVE | {instance.name, "of-a-colleague"}
    reason = "it holds service keys that no run has created: of-a-colleague"
    assert f"  not removed: instance {instance.name}: {reason}" in result.output


def test_what_cannot_be_removed(space: Space) -> None:
    """It is told in the far side's words, and the rest goes."""
    instance = space.leave("c" * 12, -HOUR)
    refusal = {"errors": [{"detail": "Not today.", "title": "CF-NotAuthorized", "code": 10003}]}

    async def refuse(exchange: Exchange, inner: Application) -> Answer | None:
        refused = (exchange.method, exchange.path) == ("DELETE", f"{INSTANCES}/{instance.guid}")
        return Answer(403, (), json.dumps(refusal).encode()) if refused else None

    space.watch.intervene = refuse
    result = space.reap("--yes")
    assert result.exit_code == 1
    assert space.names == OF_ALIVE | {instance.name}
    assert f"  not removed: instance {instance.name}: 403 CF-NotAuthorized (10003): Not today." in result.output


UNUSABLE: dict[str, tuple[str | None, str]] = {
    "no file": (None, "cannot be read"),
    "no TOML": ("name = ", "is not TOML"),
    "no landscape": ("nane = 'x'", "runtime"),
    "no cloud_foundry": ("name = 'x'\n[runtime]\nhost = 'it-rt.example.test'", "cloud_foundry"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_landscape_file_that_cannot_be_used(name: str, tmp_path: Path) -> None:
    """Exit code 2, and which key is wrong."""
    content, told = UNUSABLE[name]
    file = tmp_path / "landscape.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    result = reap(file)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize("options", [["--force"], ["--run"]], ids=" ".join)
def test_options_that_cannot_be_used(space: Space, options: list[str]) -> None:
    """Exit code 2, and the far side is not asked."""
    assert space.reap(*options).exit_code == 2
    assert space.watch.asked == []


NOT_LET_IN: dict[str, tuple[dict[str, Any], str]] = {
    "wrong password": ({"login": {"user": "developer", "password": {"file": "passphrase.txt"}}}, "refuses the login"),
    "no such organization": ({"org": "elsewhere"}, "no organization 'elsewhere' is visible"),
    "no such space": ({"space": "prod"}, "no space 'prod' is visible"),
    "nobody there": ({"api": "https://localhost:1", "deadline_seconds": 1}, "no answer"),
}


@pytest.mark.parametrize("name", NOT_LET_IN)
def test_not_let_in(space: Space, name: str) -> None:
    """Exit code 3, and in one line who has refused what; a password is tried once."""
    change, told = NOT_LET_IN[name]
    space.cloud_foundry(**change)
    result = space.reap("--yes")
    assert result.exit_code == 3
    (line,) = result.output.splitlines()
    target = load_landscape(space.file).cloud_foundry
    assert target is not None
    assert line.startswith(f"Cloud Foundry at {target.api}: ")
    assert told in line
    assert space.watch.logins("password") <= 1
    assert space.names == OF_DEAD | OF_ALIVE
