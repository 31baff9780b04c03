"""Where symptoms are brought about, and which row each of them must lead to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from cpi_conformance.backend import Backend, ConnectionTest, Destination, Icm, Parameters, Pse
from cpi_conformance.certificates import Credential, PfxFile, open_pfx
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.diagnosis import Symptoms, symptoms_of_call, symptoms_of_test
from cpi_conformance.sender import Call, CertificateInHandshake, Sender
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.conftest import Inhabited

IDENTITY = "CPI"
"""The SSL client identity of the whitepaper."""


@dataclass(frozen=True)
class Scene:
    """What a producer may use."""

    request: pytest.FixtureRequest
    folder: Path

    @property
    def current(self) -> Inhabited:
        """A landscape of today; leave it as it was."""
        return self._inhabited("current")

    @property
    def whitepaper(self) -> Inhabited:
        """A landscape of the whitepaper's time; leave it as it was."""
        return self._inhabited("whitepaper")

    @property
    def fresh(self) -> Inhabited:
        """A landscape of today for this test alone."""
        return self._inhabited("fresh")

    @contextmanager
    def trial(self) -> Iterator[Inhabited]:
        """A trial landscape."""
        with SimulatedLandscape("trial") as landscape:
            yield Inhabited(landscape, populate(landscape))

    def tool(self, name: str) -> str:
        """The path of a program; skips where it is not installed."""
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed here")
        return found

    def write(self, name: str, content: bytes | str) -> Path:
        """A file of this test."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def _inhabited(self, name: str) -> Inhabited:
        found = self.request.getfixturevalue(name)
        assert isinstance(found, Inhabited)
        return found


def called(call: Call) -> Symptoms:
    """Make a call; what it tells."""
    return symptoms_of_call(call, Sender().send(call))


def with_pfx(call: Call, pfx: PfxFile) -> Call:
    """The same with a client certificate."""
    return replace(call, certificate=CertificateInHandshake(pfx))


def pse_of(it: Inhabited) -> Pse:
    """The PSE of the whitepaper's last page."""
    return Pse(open_pfx(it.pfx("sender")), (it.landscape.trusted_root,))


def backend_test(
    it: Inhabited, *, own: Credential | None = None, trusts: bool = True, **changes: object
) -> ConnectionTest:
    """The whitepaper's connection test: identity, PSE, destination; ``changes`` are fields of the destination.

    With a logon the PSE has no certificate of its own, as the whitepaper's has none before it is imported.
    """
    listed = (it.landscape.trusted_root,) if trusts else ()
    pse = Pse(own if own or "logon" in changes else open_pfx(it.pfx("sender")), listed)
    destination = Destination(
        name="CPI",
        target_host=HOST,
        service_number=str(it.landscape.port),
        path_prefix=it.anonymous.path,
        ssl_certificate=IDENTITY,
        timeout=10,
    )
    changed = replace(destination, **changes)  # type: ignore[arg-type]  # fields of a destination, named by tests
    return ConnectionTest(Backend(((IDENTITY, pse),), Parameters()), changed, it.anonymous.expects)


def tested(test: ConnectionTest, **more: Any) -> Symptoms:
    """Carry out a connection test; what it tells."""
    return symptoms_of_test(test, Icm().send(test), **more)


def parametrized(test: ConnectionTest, **changes: object) -> ConnectionTest:
    """The same with other profile parameters."""
    parameters = replace(test.backend.parameters, **changes)  # type: ignore[arg-type]  # likewise
    return replace(test, backend=replace(test.backend, parameters=parameters))


@contextmanager
def platform(landscape: SimulatedLandscape, user: str = "developer") -> Iterator[CloudFoundry]:
    """Cloud Foundry as a platform user sees it; jobs take no time."""
    landscape.cloud_controller.operation_seconds = 0
    login = PasswordLogin(user, landscape.users[user].password)
    with CloudFoundry(landscape.api_url, login, trusted=(landscape.trusted_root,)) as cloud:
        yield cloud


def stored_in_keys(landscape: SimulatedLandscape) -> tuple[x509.Certificate, ...]:
    """The certificates of all service keys, as *View Credentials* shows them."""
    with platform(landscape) as cloud:
        there = cloud.keys()
        credentials = [cloud.credentials(each) for each in there]
    return tuple(each.certificates[0] for each in credentials if each.certificates)


Producer = Callable[[Scene], Symptoms]


@dataclass(frozen=True)
class Production:
    """One way in which a row's symptom is brought about; ``needs`` is a program that may be missing."""

    row: int
    produce: Producer
    needs: str | None

    def __str__(self) -> str:
        return f"{self.row:02}-{self.produce.__name__.replace('_', '-')}"


PRODUCTIONS: list[Production] = []
"""All, in the order in which they are defined."""


def produces(row: int, *, needs: str | None = None) -> Callable[[Producer], Producer]:
    """Enter a function as one that brings about the symptom of a row."""

    def enter(producer: Producer) -> Producer:
        PRODUCTIONS.append(Production(row, producer, needs))
        return producer

    return enter
