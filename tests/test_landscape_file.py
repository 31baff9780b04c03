"""A landscape file that is right: what it leads to, where its secrets come from, and how a run begins with it."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, Credential, pem, write_pfx
from cpi_conformance.landscape import (
    Expectations,
    FlowUnderTest,
    Landscape,
    LandscapeProblems,
    MissingMaterial,
    load_landscape,
)
from cpi_conformance.landscape.schema import CertificatesSection, LandscapeFile, ServiceKeysSection
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import Population, populate
from cpi_conformance.simulator.profiles import PROFILES

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

PASSPHRASE = Secret("kx7-Geheim-42")
CLIENTSECRET = Secret("5e1f-clientsecret$Zm9v=")
CLIENTID = "sb-1!b2|it-rt-x!b3"

MINIMAL = 'name = "QA eu10"\nruntime = { host = "mytenant-rt.example.com" }\n'

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def credential() -> Credential:
    return Authority.root("CN=Root", now=NOW).leaf("CN=S0012345678", not_before=NOW, not_after=NOW + DAY)


@pytest.fixture
def folder(tmp_path: Path, credential: Credential) -> Path:
    """What a landscape file refers to, next to where it is written."""
    (tmp_path / "ca.pem").write_text(pem([credential.root]), encoding="utf-8")
    (tmp_path / "sender.pfx").write_bytes(write_pfx(credential, PASSPHRASE).content)
    key = {"oauth": {"clientid": CLIENTID, "clientsecret": CLIENTSECRET.reveal(), "url": "https://x"}}
    (tmp_path / "key.json").write_text(json.dumps(key), encoding="utf-8")
    return tmp_path


def loaded(folder: Path, more: str = "", environment: dict[str, str] | None = None) -> Landscape:
    path = folder / "landscape.toml"
    path.write_text(MINIMAL + more, encoding="utf-8")
    return load_landscape(path, environment or {})


def test_two_keys_are_enough(folder: Path) -> None:
    """The rest is what most tenants have, and no material."""
    assert loaded(folder) == Landscape(
        name="QA eu10",
        kind="live",
        stage="quality",
        edition="standard",
        profile=None,
        host="mytenant-rt.example.com",
        port=443,
        flows=(FlowUnderTest("/test/clientcert", "GET", 200, "Connected Successfully to CPI!"),),
        expectations=Expectations("alert", "tolerated"),
    )


def test_what_the_file_says_is_what_comes_out(folder: Path, credential: Credential) -> None:
    landscape = loaded(
        folder,
        """
        flows = [{ address = "/first" }, { address = "/Second", method = "POST", status = 202, body = "Grüße" }]
        trust = { ca = "ca.pem", previous_ca = "ca.pem" }
        expectations = { bad_client_certificate = "401", lost_alerts = "refuted" }
        service_keys.sender = { file = "key.json" }
        certificates.sender = { pfx = "sender.pfx", passphrase = { env = "PHRASE" } }
        """,
        {"PHRASE": PASSPHRASE.reveal()},
    )
    assert landscape.flows == (
        FlowUnderTest("/first", "GET", 200, None),
        FlowUnderTest("/Second", "POST", 202, "Grüße"),
    )
    assert [flow.path for flow in landscape.flows] == ["/http/first", "/http/Second"]
    assert landscape.trust() == landscape.previous_trust() == (credential.root,)
    assert landscape.expectations == Expectations("401", "refuted")
    assert landscape.service_key("sender") == Basic(CLIENTID, CLIENTSECRET)
    assert landscape.certificate("sender").open().certificate == credential.certificate
    assert set(landscape.secrets()) == {CLIENTSECRET, PASSPHRASE}


MATERIAL: dict[str, Callable[[Landscape], object]] = {
    "trust.ca": Landscape.trust,
    "trust.previous_ca": Landscape.previous_trust,
    "service_keys.sender": lambda landscape: landscape.service_key("sender"),
    "certificates.renewed": lambda landscape: landscape.certificate("renewed"),
}


@pytest.mark.parametrize(("key", "ask"), MATERIAL.items(), ids=MATERIAL)
def test_what_the_file_does_not_give_is_named_by_its_key(
    key: str, ask: Callable[[Landscape], object], folder: Path
) -> None:
    with pytest.raises(MissingMaterial) as missing:
        ask(loaded(folder))
    assert missing.value.key == key
    assert str(missing.value) == f"the landscape file does not give {key}"


@pytest.mark.parametrize(
    "ending",
    [pytest.param("", id="none"), pytest.param("\n", id="line-feed"), pytest.param("\r\n", id="as-on-windows")],
)
def test_one_line_ending_does_not_belong_to_a_secret(ending: str, folder: Path) -> None:
    """Editors and ``echo`` add it; blanks, however, may be meant."""
    (folder / "secret").write_bytes(f" {CLIENTSECRET.reveal()} {ending}".encode())
    key = f'service_keys.sender = {{ clientid = "{CLIENTID}", clientsecret = {{ file = "secret" }} }}'
    assert loaded(folder, key).service_key("sender").clientsecret == CLIENTSECRET.changed(lambda it: f" {it} ")


def test_secrets_come_from_the_environment_of_the_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPI_CLIENTSECRET", CLIENTSECRET.reveal())
    key = f'service_keys.sender = {{ clientid = "{CLIENTID}", clientsecret = {{ env = "CPI_CLIENTSECRET" }} }}'
    (folder / "landscape.toml").write_text(MINIMAL + key, encoding="utf-8")
    assert load_landscape(folder / "landscape.toml").service_key("sender") == Basic(CLIENTID, CLIENTSECRET)


def test_paths_are_relative_to_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not to where pytest was called; absolute ones stand for themselves."""
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    for name in ("ca.pem", "elsewhere/../ca.pem", (folder / "ca.pem").as_posix()):
        assert loaded(folder, f"trust.ca = '{name}'").trusted
    (folder / "landscape.toml").replace(folder / "elsewhere" / "landscape.toml")
    assert load_landscape(Path("landscape.toml"), {}).trusted


def test_a_service_key_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    """Editors on Windows write one."""
    (folder / "key.json").write_bytes(b"\xef\xbb\xbf" + (folder / "key.json").read_bytes())
    assert loaded(folder, 'service_keys.sender.file = "key.json"').service_key("sender").clientid == CLIENTID


def test_a_pfx_may_have_no_passphrase(folder: Path, credential: Credential) -> None:
    (folder / "open.pfx").write_bytes(write_pfx(credential, None).content)
    landscape = loaded(folder, 'certificates.sender.pfx = "open.pfx"')
    assert landscape.certificate("sender").passphrase is None
    assert landscape.secrets() == ()


@pytest.fixture
def simulated(request: pytest.FixtureRequest) -> tuple[SimulatedLandscape, Population]:
    """A landscape that nothing calls, so that it need not listen."""
    landscape = SimulatedLandscape(request.param, port=44300)
    return landscape, populate(landscape)


each_profile = pytest.mark.parametrize("simulated", PROFILES, indirect=True)


@each_profile
def test_what_a_simulated_landscape_hands_out_loads_completely(
    simulated: tuple[SimulatedLandscape, Population], tmp_path: Path
) -> None:
    landscape, population = simulated
    path = hand_out(landscape, population, tmp_path / "out")
    found = load_landscape(path, {})
    assert (found.kind, found.profile, found.edition) == (
        "simulated",
        landscape.profile.name,
        landscape.profile.edition,
    )
    assert (found.host, found.port) == ("localhost", 44300)
    assert found.trust() == (landscape.trusted_root,)
    assert found.previous_trust() == landscape.previous_roots
    assert found.certificates == population.certificates
    assert found.service_keys == {
        part: Basic(key.clientid, key.secret) for part, key in population.service_keys.items() if key.secret
    }
    assert found.service_keys.keys() == ServiceKeysSection.model_fields.keys()
    assert found.certificates.keys() == CertificatesSection.model_fields.keys()


@each_profile
def test_what_is_handed_out_is_private_and_the_file_itself_holds_no_secret(
    simulated: tuple[SimulatedLandscape, Population], tmp_path: Path
) -> None:
    path = hand_out(*simulated, tmp_path / "out")
    modes = {each: stat.S_IMODE(each.stat().st_mode) for each in (path.parent, *path.parent.rglob("*"))}
    assert {mode for each, mode in modes.items() if each.is_dir()} == {0o700}
    assert {mode for each, mode in modes.items() if each.is_file()} == {0o600}
    landscape = load_landscape(path, {})
    for shown in (path.read_text(encoding="utf-8"), repr(landscape), str(landscape)):
        assert not [secret for secret in landscape.secrets() if secret.reveal() in shown]


@pytest.mark.parametrize("simulated", ["current"], indirect=True)
def test_a_landscape_back_on_its_first_chain_hands_out_too(
    simulated: tuple[SimulatedLandscape, Population], tmp_path: Path
) -> None:
    """There is no root from before then, and no file of such roots."""
    landscape, population = simulated
    landscape.rotate("whitepaper")
    found = load_landscape(hand_out(landscape, population, tmp_path / "out"), {})
    assert found.trust() == (landscape.trusted_root,)
    assert found.previously_trusted == ()


def run_pytest(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A run in the checkout, without what this one has put into the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["CPI_PASSPHRASE"] = PASSPHRASE.reveal().swapcase()
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


MISTAKEN = (
    MINIMAL + 'kindd = "live"\ncertificates.sender = { pfx = "sender.pfx", passphrase = { env = "CPI_PASSPHRASE" } }\n'
)


@pytest.mark.parametrize(
    ("form", "name"),
    [
        pytest.param("--landscape={}", "landscape.toml", id="with-mistakes"),
        pytest.param("--landscape={}", "missing.toml", id="not-there"),
        pytest.param("--landscape={}", "", id="a-directory"),
        pytest.param("--landscape {}", "landscape.toml", id="two-arguments-with-mistakes"),
        pytest.param("--landscape {}", "missing.toml", id="two-arguments-not-there"),
        pytest.param("--landscape {}", "", id="two-arguments-a-directory"),
        pytest.param("-n 2 --landscape={}", "landscape.toml", id="workers-with-mistakes"),
    ],
)
def test_a_run_with_a_bad_file_ends_before_it_begins(form: str, name: str, folder: Path) -> None:
    """The file lies outside of the checkout, as that of a real landscape does."""
    (folder / "landscape.toml").write_text(MISTAKEN, encoding="utf-8")
    path = folder / name
    done = run_pytest(*(part.format(path) for part in form.split()))
    output = done.stdout + done.stderr
    assert done.returncode == 4
    assert f"the landscape file {path} has" in output
    if name == "landscape.toml":
        assert "kindd: is not a key of a landscape file; write kind" in output
        assert "certificates.sender.passphrase: sender.pfx does not open" in output
    assert "Traceback" not in output
    assert PASSPHRASE.reveal().casefold() not in output.casefold()


NAMES = sorted({*LandscapeFile.model_fields, *ServiceKeysSection.model_fields, *CertificatesSection.model_fields})
"""Known names at known and at wrong places."""

NESTED = [
    "file",
    "env",
    "pfx",
    "passphrase",
    "clientid",
    "clientsecret",
    "ca",
    "previous_ca",
    "host",
    "port",
    "address",
]

texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["ca.pem", "sender.pfx", "key.json", ".", "..", "CPI_PASSPHRASE", "/test", "x-rt.example.com", "simulated"]
)
names = st.sampled_from([*NAMES, *NESTED]) | st.text(st.characters(codec="utf-8"), max_size=6)
values = st.recursive(
    texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(NAMES) | names, values, max_size=6)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, credential: Credential) -> Path:
    """Material for all examples of a property; they write nothing but the landscape file."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "ca.pem").write_text(pem([credential.root]), encoding="utf-8")
    (folder / "sender.pfx").write_bytes(write_pfx(credential, PASSPHRASE).content)
    key = {"oauth": {"clientid": CLIENTID, "clientsecret": CLIENTSECRET.reveal()}}
    (folder / "key.json").write_text(json.dumps(key), encoding="utf-8")
    return folder


@given(document=documents)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_document_is_a_landscape_or_a_list_of_problems(document: dict[str, object], shared: Path) -> None:
    path = shared / "landscape.toml"
    path.write_bytes(tomli_w.dumps(document).encode())
    found = problems_in(path)
    assert found is None or found.problems
    assert PASSPHRASE.reveal() not in str(found)
    assert CLIENTSECRET.reveal() not in str(found)


def problems_in(path: Path) -> LandscapeProblems | None:
    """Any other exception is a defect and comes through."""
    try:
        load_landscape(path, {"CPI_PASSPHRASE": PASSPHRASE.reveal()})
    except LandscapeProblems as found:
        return found
    return None
