"""Running landscapes for the project's own tests, and a clean environment around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec

import pytest

from cpi_conformance.certificates import PfxFile
from cpi_conformance.sender import Basic, Call, CertificateInHandshake, Expected, Trust
from cpi_conformance.simulator.handout import endpoint
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW, SimulatedLandscape
from cpi_conformance.simulator.population import Population, populate

MISLEADING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "HTTPS_PROXY")
"""Variables by which a machine changes what its TLS clients trust or where they go."""


def pytest_configure(config: pytest.Config) -> None:
    """Only the project's own tests mock httpx, so only they pay for loading the plugin.

    pytest reads this file also for runs of the suite, where the plugin need not be installed.
    """
    config.addinivalue_line("markers", "once: about processes or protocols, so one version of Python shows it")
    if find_spec("pytest_httpx"):
        config.pluginmanager.import_plugin("pytest_httpx")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: a test of a minute that comes last has one worker wait for the other."""
    items.sort(key=lambda item: item.get_closest_marker("once") is None)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the machine's trust settings or proxies."""
    for name in MISLEADING:
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Inhabited:
    """A running landscape, who lives in it, and the two accepted calls of the whitepaper."""

    landscape: SimulatedLandscape
    population: Population

    @property
    def anonymous(self) -> Call:
        """The flow's call without an identity."""
        return Call(
            host=HOST,
            port=self.landscape.port,
            path=f"/http{WHITEPAPER_FLOW.address}",
            trust=Trust((self.landscape.trusted_root,)),
            expects=Expected(200, WHITEPAPER_FLOW.body),
        )

    @property
    def basic(self) -> Call:
        """The flow's call with the service key."""
        return replace(self.anonymous, authorization=self.service_key("sender"))

    @property
    def certificate(self) -> Call:
        """The flow's call with the S-user's PFX."""
        return replace(self.anonymous, certificate=CertificateInHandshake(self.pfx("sender")))

    @property
    def url(self) -> str:
        """The flow's URL."""
        return endpoint(self.landscape)

    def service_key(self, part: str) -> Basic:
        """The credentials that play a part."""
        key = self.population.service_keys[part]
        assert key.secret is not None
        return Basic(key.clientid, key.secret)

    def pfx(self, part: str) -> PfxFile:
        """The PFX that plays a part."""
        return self.population.certificates[part]


def _inhabited(profile: str) -> Iterator[Inhabited]:
    with SimulatedLandscape(profile) as landscape:
        yield Inhabited(landscape, populate(landscape))


@pytest.fixture(scope="session")
def current() -> Iterator[Inhabited]:
    """A landscape that answers a bad client certificate with an alert."""
    yield from _inhabited("current")


@pytest.fixture(scope="session")
def whitepaper() -> Iterator[Inhabited]:
    """A landscape that does not pass a bad client certificate on."""
    yield from _inhabited("whitepaper")


@pytest.fixture
def fresh() -> Iterator[Inhabited]:
    """A landscape of its own, for a test that changes it."""
    yield from _inhabited("current")
