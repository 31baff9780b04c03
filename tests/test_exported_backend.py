"""A backend in the landscape file, as STRUST exports it: a PSE, or a certificate list with a PFX."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from cryptography.hazmat.primitives.asymmetric import rsa

from cpi_conformance.backend import Backend, ConnectionTest, Destination, Icm, Parameters, Proxy, icm_error
from cpi_conformance.certificates import open_pfx, pem, write_pfx
from cpi_conformance.landscape import Landscape, LandscapeProblems, MissingMaterial, load_landscape
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Expected
from cpi_conformance.simulator.handout import certificate_list, hand_out
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW, SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.conftest import Inhabited
from tests.pse_files import Envelope, Sealing, own_certificate, own_key, own_path, own_root, trusted, write_pse

PIN = "a rare word"

SEALING = Sealing(Secret(PIN))


@pytest.fixture(scope="module")
def with_rsa() -> Iterator[Inhabited]:
    """A landscape whose S-user has an RSA key, as real Passports have, and as a PSE holds it."""
    with SimulatedLandscape("current") as landscape:
        yield Inhabited(landscape, populate(landscape, rsa_bits=2048))


@pytest.fixture
def folder(with_rsa: Inhabited, tmp_path: Path) -> Path:
    """What ``serve`` writes, with an exported PSE beside it."""
    hand_out(with_rsa.landscape, with_rsa.population, tmp_path)
    own = open_pfx(with_rsa.pfx("sender"))
    assert isinstance(own.key, rsa.RSAPrivateKey)
    objects = (
        own_certificate(own.certificate),
        own_key(own.key),
        own_path(own.intermediates),
        own_root(own.root),
        trusted(*certificate_list(with_rsa.landscape)),
    )
    (tmp_path / "open.pse").write_bytes(write_pse(objects, Envelope.OPEN, SEALING))
    (tmp_path / "sealed.pse").write_bytes(write_pse(objects, Envelope.VERSION_2, SEALING))
    (tmp_path / "trust.pse").write_bytes(
        write_pse((trusted(*certificate_list(with_rsa.landscape)),), Envelope.OPEN, SEALING)
    )
    (tmp_path / "pin.txt").write_text(PIN)
    (tmp_path / "wrong-pin.txt").write_text("4321")
    (tmp_path / "list.pem").write_text(pem(certificate_list(with_rsa.landscape)))
    (tmp_path / "names.txt").write_text("PKList:\n Subject : CN=DigiCert Global Root G2\n Serialno: 03\n")
    return tmp_path


def loaded(folder: Path, backend: dict[str, Any] | None) -> Landscape:
    """The landscape with this table ``[backend]``."""
    document = tomllib.loads((folder / "landscape.toml").read_text(encoding="utf-8"))
    document.pop("backend")
    (folder / "other.toml").write_text(tomli_w.dumps({**document, **({"backend": backend} if backend else {})}))
    return load_landscape(folder / "other.toml")


def connection_test(landscape: Landscape) -> ConnectionTest:
    """The connection test of the backend as it was exported."""
    exported = landscape.exported_backend()
    destination = Destination(
        "CPI", landscape.host, landscape.flows[0].path, str(landscape.port), ssl_certificate=exported.identity
    )
    backend = Backend(((exported.identity, exported.pse),), exported.parameters)
    return ConnectionTest(backend, destination, Expected(200, WHITEPAPER_FLOW.body))


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param({"pse": "open.pse"}, id="pse-without-pin"),
        pytest.param({"pse": "sealed.pse", "pin": {"file": "pin.txt"}}, id="pse-with-pin"),
        pytest.param(
            {"certificate_list": "list.pem", "pfx": "sender.pfx", "passphrase": {"file": "passphrase.txt"}},
            id="list-and-pfx",
        ),
        pytest.param(
            {"certificate_list": "trust.pse", "pfx": "sender.pfx", "passphrase": {"file": "passphrase.txt"}},
            id="list-out-of-a-pse",
        ),
    ],
)
def test_exported_backend_connects(folder: Path, backend: dict[str, Any]) -> None:
    """Each form of an export leads to *Status HTTP Response 200*."""
    test = connection_test(loaded(folder, backend))
    observation = Icm().send(test)
    assert isinstance(observation, Accepted), icm_error(test, observation)
    assert len(observation.evidence.client_chain) >= 2


def test_backend_as_the_file_has_it(folder: Path) -> None:
    """Identity, profile parameters and proxy are those of the destination and the backend, not of today's."""
    exported = loaded(
        folder,
        {
            "certificate_list": "list.pem",
            "identity": "QAS",
            "client_ciphersuites": "562:PFS:HIGH",
            "client_sni": False,
            "proxy": {"host": "proxy", "port": 3128, "user": "backend", "password": {"file": "pin.txt"}},
        },
    ).exported_backend()
    assert exported.identity == "QAS"
    assert exported.parameters == Parameters(client_sni=False, client_ciphersuites="562:PFS:HIGH")
    assert exported.proxy == Proxy("proxy", "3128", "backend", Secret(PIN))
    assert loaded(folder, {"pse": "open.pse"}).exported_backend().parameters == Parameters()


def test_list_alone(folder: Path) -> None:
    """Without a PFX the export says whom the backend trusts, and nothing about its own certificate."""
    exported = loaded(folder, {"certificate_list": "list.pem"}).exported_backend()
    assert exported.pse.own is None
    assert len(exported.pse.certificate_list) == 4


def test_without_a_backend(folder: Path) -> None:
    """Checks that need one end NOT PROVEN, with the key that is missing."""
    with pytest.raises(MissingMaterial, match="does not give backend"):
        loaded(folder, None).exported_backend()


@pytest.mark.parametrize(
    ("backend", "secret"),
    [
        pytest.param({"pse": "sealed.pse", "pin": {"file": "pin.txt"}}, PIN, id="pin"),
        pytest.param(
            {"certificate_list": "list.pem", "pfx": "other.pfx", "passphrase": {"file": "other.txt"}},
            "of another PFX",
            id="passphrase",
        ),
        pytest.param(
            {
                "certificate_list": "list.pem",
                "proxy": {"host": "proxy", "port": 3128, "user": "backend", "password": {"file": "pin.txt"}},
            },
            PIN,
            id="password-of-the-proxy",
        ),
    ],
)
def test_secrets_of_an_export_are_known_to_the_landscape(
    folder: Path, with_rsa: Inhabited, backend: dict[str, Any], secret: str
) -> None:
    """So that the scan of what a run has written finds them."""
    (folder / "other.txt").write_text("of another PFX")
    (folder / "other.pfx").write_bytes(write_pfx(open_pfx(with_rsa.pfx("sender")), Secret("of another PFX")).content)
    landscape = loaded(folder, backend)
    assert secret in {each.reveal() for each in landscape.secrets()}
    assert secret not in repr(landscape)


@pytest.mark.parametrize(
    ("backend", "key", "words"),
    [
        pytest.param({}, "backend", "write either pse, or certificate_list", id="neither"),
        pytest.param({"pse": "open.pse", "certificate_list": "list.pem"}, "backend", "write either", id="both"),
        pytest.param({"pse": "open.pse", "pfx": "sender.pfx"}, "backend", "write pfx only with", id="pse-and-pfx"),
        pytest.param({"pse": "sealed.pse"}, "backend.pin", "does not open", id="pin-missing"),
        pytest.param(
            {"pse": "sealed.pse", "pin": {"file": "wrong-pin.txt"}}, "backend.pin", "does not open", id="wrong-pin"
        ),
        pytest.param({"pse": "list.pem"}, "backend.pse", "certificate_list (and pfx) instead", id="no-pse"),
        pytest.param({"pse": "gone.pse"}, "backend.pse", "cannot be read", id="no-file"),
        pytest.param({"certificate_list": "names.txt"}, "backend.certificate_list", "sapgenpse", id="names-only"),
        pytest.param(
            {"certificate_list": "sender.pfx"}, "backend.certificate_list", "its passphrase under pin", id="pfx-as-list"
        ),
        pytest.param(
            {"certificate_list": "list.pem", "passphrase": {"file": "passphrase.txt"}},
            "backend",
            "write passphrase only with pfx",
            id="passphrase-without-pfx",
        ),
        pytest.param(
            {"certificate_list": "list.pem", "pfx": "sender.pfx"}, "backend.p", "does not open", id="no-passphrase"
        ),
        pytest.param(
            {"certificate_list": "list.pem", "pfx": "sender.pfx", "passphrase": {"file": "gone.txt"}},
            "backend.passphrase",
            "cannot be read",
            id="no-file-with-the-passphrase",
        ),
        pytest.param({"certificate_list": "list.pem", "identity": "too long"}, "backend.identity", "", id="identity"),
        pytest.param(
            {"certificate_list": "list.pem", "client_ciphersuites": "16:HIGH"},
            "backend.client_ciphersuites",
            "version of TLS",
            id="no-tls-version",
        ),
        pytest.param(
            {"certificate_list": "list.pem", "client_ciphersuites": "PFS:HIGH"},
            "backend.client_ciphersuites",
            "",
            id="no-number",
        ),
        pytest.param(
            {"certificate_list": "list.pem", "proxy": {"host": "proxy"}}, "backend.proxy.port", "missing", id="proxy"
        ),
        pytest.param(
            {"certificate_list": "list.pem", "proxy": {"host": "http://proxy", "port": 3128}},
            "backend.proxy.host",
            "host name only",
            id="proxy-with-scheme",
        ),
        pytest.param(
            {"certificate_list": "list.pem", "proxy": {"host": "proxy", "port": 3128, "user": "backend"}},
            "backend.proxy",
            "user and password, or neither",
            id="proxy-without-password",
        ),
    ],
)
def test_what_cannot_be_used_is_told_with_its_key(folder: Path, backend: dict[str, Any], key: str, words: str) -> None:
    """One problem for one mistake, and what to write instead."""
    with pytest.raises(LandscapeProblems) as problems:
        loaded(folder, backend or {"identity": "CPI"})
    (problem,) = problems.value.problems
    assert problem.key.startswith(key)
    assert words in str(problem)
    assert problem.instead
