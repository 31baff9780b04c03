"""Whole runs as a user starts them, on a landscape of the test process, which sees all that they ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.uaa import Session
from cpi_conformance.landscape import load_landscape
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.cloud_foundry.records import Inventory
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.test_suite_run import ROOT, encodings, verdict_in

INSTANCES = "/v3/service_instances"
KEYS = "/v3/service_credential_bindings"
TOKENS = "/oauth/token"

WATCHED = (hosts.API, hosts.LOGIN, hosts.UAA, hosts.AUTHENTICATION, hosts.AUTHENTICATION_CERT)

SECRET_FIELDS = frozenset({"access_token", "refresh_token", "clientsecret", "key"})
"""What is secret in an answer of the far side."""

Intervention = Callable[[Exchange, Application], Awaitable[Answer | None]]
"""Before a system answers: an answer in its place, or ``None``."""


async def let_pass(exchange: Exchange, inner: Application) -> Answer | None:
    """The intervention that is none."""
    return None


def at(method: str, path: str, act: Callable[[], object]) -> Intervention:
    """Act when the first request of this kind arrives."""
    done = False

    async def intervene(exchange: Exchange, inner: Application) -> None:
        nonlocal done
        if not done and (exchange.method, exchange.path) == (method, path):
            done = True
            act()

    return intervene


class Watch:
    """Stands before the systems of a landscape: remembers what they are asked, and which secrets they give away."""

    def __init__(self, landscape: SimulatedLandscape) -> None:
        self.asked: list[Exchange] = []
        self.given: set[str] = set()
        self.intervene: Intervention = let_pass
        for host in WATCHED:
            landscape.interpose(host, self._before)

    def asked_for(self, method: str, path: str) -> list[Exchange]:
        """The requests of a method to exactly this path."""
        return [each for each in self.asked if (each.method, each.path) == (method, path)]

    def of_api(self) -> list[Exchange]:
        """The requests to the Cloud Controller."""
        return [each for each in self.asked if each.path == "/" or each.path.startswith("/v3")]

    def writing(self) -> list[str]:
        """What would change something on the far side."""
        return [f"{each.method} {each.path}" for each in self.of_api() if each.method != "GET"]

    def logins(self, grant: str) -> int:
        """How often UAA was asked for a token by this grant."""
        return sum(each.form().get("grant_type") == grant for each in self.asked_for("POST", TOKENS))

    def _before(self, inner: Application) -> Application:
        async def answer(exchange: Exchange) -> Answer:
            self.asked.append(exchange)
            given = await self.intervene(exchange, inner) or await inner(exchange)
            if given.body.startswith(b"{"):
                self.given |= set(_secrets_in(json.loads(given.body)))
            return given

        return answer


@dataclass(frozen=True)
class Ended:
    """What a run has left on this machine."""

    code: int
    output: str
    reports: Path

    @property
    def verdict(self) -> dict[str, Any]:
        """Its ``verdict.json``, which follows its schema."""
        return verdict_in(self.reports)

    @property
    def verdicts(self) -> dict[str, str]:
        """Of each check by its id."""
        return {check["id"]: check["verdict"] for check in self.verdict["checks"]}

    @property
    def reasons(self) -> set[str]:
        """Why checks were not proven."""
        return {check["reason"] for check in self.verdict["checks"] if check["verdict"] != "proven"}

    @property
    def receipt(self) -> dict[str, Any]:
        """Of the only space in which something was created."""
        (receipt,) = self.verdict["provisioning"]
        return dict(receipt)

    def holds(self, secrets: set[str]) -> list[str]:
        """Those of the secrets that are in the output or in a result, in whatever encoding."""
        written = [each.read_bytes() for each in self.reports.rglob("*") if each.is_file()]
        written.append(self.output.encode())
        return [text for text in secrets for form in encodings(text) for content in written if form in content]


class Scene:
    """A landscape, its file, and runs on it."""

    def __init__(self, landscape: SimulatedLandscape, folder: Path) -> None:
        self.landscape = landscape
        self.file = hand_out(landscape, populate(landscape), folder / "landscape")
        self.watch = Watch(landscape)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._reports = folder / "reports"
        self._process: subprocess.Popen[str] | None = None

    @property
    def inventory(self) -> Inventory:
        """What the space holds now."""
        return self.landscape.cloud_controller.inventory()

    def rewrite(self, **tables: Any) -> None:
        """Change the landscape file; ``None`` leaves a table out."""
        document = {**tomllib.loads(self.file.read_text(encoding="utf-8")), **tables}
        kept = {name: value for name, value in document.items() if value is not None}
        self.file.write_text(tomli_w.dumps(kept), encoding="utf-8")

    def cloud_foundry(self, **change: Any) -> None:
        """Change what the landscape file says of Cloud Foundry."""
        present = tomllib.loads(self.file.read_text(encoding="utf-8"))["cloud_foundry"]
        self.rewrite(cloud_foundry={**present, **change})

    def private(self, name: str, content: str) -> dict[str, str]:
        """A secret in a file, and the reference to it."""
        (self.file.parent / name).write_text(content, encoding="utf-8")
        return {"file": name}

    def run(self, checks: str, *options: str, **environment: str) -> Ended:
        """``pytest -k checks`` in the checkout; its temporary files go into a folder of their own."""
        arguments = [f"--landscape={self.file}", f"--reports={self._reports}", "-k", checks, *options]
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.temporary), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that a signal to the whole group does not reach us
        ) as self._process:
            try:
                output, _ = self._process.communicate(timeout=60)
            finally:
                if self._process.poll() is None:
                    self.send(signal.SIGKILL, everybody=True)
        return Ended(self._process.returncode, output, self._reports)

    def send(self, number: signal.Signals, *, everybody: bool) -> None:
        """A signal to the process that the user has started, or as a terminal does, to its workers too."""
        assert self._process is not None
        (os.killpg if everybody else os.kill)(self._process.pid, number)

    def logged_in(self) -> tuple[str, str]:
        """Access token and refresh token of a login of the developer's own."""
        user = self.landscape.users["developer"]
        with Connection(trusted=(self.landscape.trusted_root,)) as connection:
            login = PasswordLogin(user.name, user.password)
            session = Session(connection, f"{self.landscape.uaa_url}{TOKENS}", login)
            return session.token().reveal(), session.refresh_token().reveal()

    def secrets(self) -> set[str]:
        """Those of the landscape file, and those that the far side has given away."""
        return self.watch.given | {secret.reveal() for secret in load_landscape(self.file).secrets()}

    def run_folders(self) -> list[Path]:
        """The private folders of runs that are there now."""
        return list(self.temporary.glob("cpi-conformance-run-*"))


@contextmanager
def on_stage(folder: Path) -> Iterator[Scene]:
    """A landscape that nobody else uses."""
    with SimulatedLandscape("current") as landscape:
        yield Scene(landscape, folder)


def _secrets_in(document: Any) -> Iterator[str]:
    """The secrets in an answer; of a private key a line that is its own."""
    if isinstance(document, list):
        for each in document:
            yield from _secrets_in(each)
    if not isinstance(document, dict):
        return
    for name, value in document.items():
        if name in SECRET_FIELDS and isinstance(value, str):
            yield value.splitlines()[2] if "PRIVATE KEY" in value else value
        yield from _secrets_in(value)
