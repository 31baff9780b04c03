"""Landscape files in which everything stands and something is wrong: a landscape, or problems and what to write."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, pem, write_pfx
from cpi_conformance.landscape import Landscape, LandscapeProblems, load_landscape
from cpi_conformance.landscape.schema import LandscapeFile
from cpi_conformance.secret import Secret
from tests.hostile_documents import BODIES, changed, documents_like, places

pytestmark = pytest.mark.once

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)

PASSPHRASE = Secret("kx7-Geheim-42")
CLIENTSECRET = Secret("5e1f-clientsecret$Zm9v=")
PASSWORD = Secret("Hallo-Welt-4711")
PIN = Secret("48151623")

SECRETS = {each.reveal() for each in (PASSPHRASE, CLIENTSECRET, PASSWORD, PIN)}

ENVIRONMENT = {
    "CPI_PASSPHRASE": PASSPHRASE.reveal(),
    "CPI_CLIENTSECRET": CLIENTSECRET.reveal(),
    "CF_PASSWORD": PASSWORD.reveal(),
    "PSE_PIN": PIN.reveal(),
    "HOME": "/nowhere",
}

CLOUD_FOUNDRY = {
    "api": "https://api.cf.example.test",
    "org": "my-org",
    "space": "dev",
    "ca": "ca.pem",
    "lifetime_minutes": 60,
    "deadline_seconds": 600,
    "login": {"user": "qa@example.test", "password": {"env": "CF_PASSWORD"}, "origin": "sap.ids"},
}

COMPLETE: dict[str, Any] = {
    "name": "QA eu10",
    "kind": "live",
    "stage": "quality",
    "edition": "standard",
    "runtime": {"host": "mytenant-rt.example.test", "port": 443, "plain_port": 80, "closed_port": 8443},
    "flows": [{"address": "/test/clientcert", "method": "GET", "status": 200, "body": "Connected"}],
    "trust": {"ca": "ca.pem", "previous_ca": "ca.pem"},
    "expectations": {
        "bad_client_certificate": "alert",
        "lost_alerts": "tolerated",
        "x509_field_takes": ["line_feeds", "chain"],
        "key_delay": 60,
    },
    "service_keys": {
        "sender": {"clientid": "sb-1!b2|it-rt-x!b3", "clientsecret": {"env": "CPI_CLIENTSECRET"}},
        "deleted": {"file": "key.json"},
    },
    "certificates": {
        "sender": {"pfx": "sender.pfx", "passphrase": {"env": "CPI_PASSPHRASE"}},
        "expired": {"pfx": "sender.pfx", "passphrase": {"file": "passphrase.txt"}, "mapped": False},
    },
    "cloud_foundry": CLOUD_FOUNDRY,
    "tenant_api": {"service_key": "api-key.json", "ca": "ca.pem", "deadline_seconds": 1800},
    "backend": {
        "certificate_list": "ca.pem",
        "pin": {"env": "PSE_PIN"},
        "pfx": "sender.pfx",
        "passphrase": {"env": "CPI_PASSPHRASE"},
        "identity": "CPI",
        "client_ciphersuites": "1174:PFS:HIGH::EC_X25519:EC_P256:EC_HIGH",
        "client_sni": True,
        "proxy": {"host": "proxy.example.test", "port": 3128},
    },
    "accepted_deviations": [
        {
            "check": "MTLS-23",
            "observed": {"layer": "client-trust", "cause": "certificate-expired"},
            "ticket": "QA-1742",
            "owner": "team@example.test",
            "until": dt.date(2027, 1, 31),
            "why": "it is replaced in January",
        },
        {
            "check": "STORE-01",
            "observed": {"reason": "the load balancer sends no intermediate"},
            "ticket": "QA-1743",
            "owner": "team@example.test",
            "until": dt.date(2027, 1, 31),
        },
    ],
}
"""Each table that a file can have, correct as it is."""

OF_SIMULATED_ONES = {"profile", "faults", "sender_defect"}
"""Keys that only a simulated landscape writes."""

DEEP: Any = "deep"
for _ in range(40):
    DEEP = {"deeper": [DEEP]}

VALUES: tuple[Any, ...] = (
    True,
    0,
    -1,
    443,
    2**63 - 1,
    1.5,
    float("inf"),
    float("nan"),
    "",
    " ",
    "x" * 3_000,
    "two\nlines\x00\x1b[31m",
    "ü€😀\u202e",
    "ca.pem",
    "sender.pfx",
    "key.json",
    ".",
    "../" * 30,
    "/dev/null",
    "CPI_PASSPHRASE",
    "1174:",
    "0:NONE",
    "9" * 5_000 + ":",
    "MTLS-23",
    "MTLS-99",
    "client-trust",
    dt.date(2020, 2, 29),
    dt.time(12, 30),
    dt.datetime(2026, 1, 15, 12, 30),
    dt.datetime(2026, 1, 15, 12, 30, tzinfo=dt.UTC),
    [],
    {},
    [[]],
    [{}],
    [1, "x", {}],
    {"env": "CPI_PASSPHRASE"},
    {"env": "NOT_SET"},
    {"file": "passphrase.txt"},
    {"file": "missing"},
    {"env": "CPI_PASSPHRASE", "file": "passphrase.txt"},
    DEEP,
)
"""Values of every type of TOML."""

NAMES_OF_FILES = ("ca", "previous_ca", "pfx", "service_key", "certificate_list")
"""Keys whose value is shown as it is: whoever wrote it must be able to find it."""

SECRET_KEYS = ("pin", "passphrase", "password", "clientsecret", "env")
"""Keys in the place of whose value a secret may stand, also one that looks like a number."""

WRONG_SECRETS: tuple[Any, ...] = tuple(
    wrong for secret in sorted(SECRETS) for wrong in (secret, {"env": secret}, {"file": secret}, [secret])
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """The complete file with one to four values changed, taken away or given another name."""
    document = COMPLETE
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from([each for each in places(document) if each]))
        secrets = () if place[-1] in NAMES_OF_FILES else WRONG_SECRETS
        numbers = (int(PIN.reveal()), float(PIN.reveal())) if place[-1] in SECRET_KEYS else ()
        value = draw(st.sampled_from((..., *VALUES, *secrets, *numbers)))
        document = changed(document, place, value)
        if value is not ... and isinstance(place[-1], str) and draw(st.integers(0, 4)) == 0:
            document = changed(changed(document, place, ...), (*place[:-1], place[-1] + "s"), value)
    return document


def service_key(secret: str) -> dict[str, Any]:
    """The JSON of a service key of the plan api, which has all that one of the plan integration-flow has too."""
    return {
        "oauth": {
            "clientid": "sb-1!b2|it-rt-x!b3",
            "clientsecret": secret,
            "url": "https://x.example.test",
            "tokenurl": "https://y.example.test/oauth/token",
            "createdate": "2026-08-20T10:00:00Z",
        }
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the complete file refers to."""
    folder = tmp_path_factory.mktemp("landscape")
    root = Authority.root("CN=Root", now=NOW)
    leaf = root.leaf("CN=S0012345678", not_before=NOW - YEAR, not_after=NOW + YEAR)
    (folder / "ca.pem").write_text(pem([root.certificate]), encoding="ascii")
    (folder / "sender.pfx").write_bytes(write_pfx(leaf, PASSPHRASE).content)
    (folder / "passphrase.txt").write_text(PASSPHRASE.reveal(), encoding="ascii")
    for name in ("key.json", "api-key.json"):
        (folder / name).write_text(json.dumps(service_key(CLIENTSECRET.reveal())), encoding="ascii")
    return folder


def loaded(folder: Path, content: bytes) -> Landscape | LandscapeProblems:
    """Any other exception is a defect and comes through."""
    path = folder / "landscape.toml"
    path.write_bytes(content)
    try:
        return load_landscape(path, ENVIRONMENT, checks={"MTLS-23", "STORE-01"})
    except LandscapeProblems as found:
        return found


def test_the_complete_file_is_good_and_complete(folder: Path) -> None:
    """So that each property begins with all that can be wrong."""
    assert isinstance(loaded(folder, tomli_w.dumps(COMPLETE).encode()), Landscape)
    assert set(COMPLETE) == set(LandscapeFile.model_fields) - OF_SIMULATED_ONES


@given(document=files())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_file_with_mistakes_is_a_landscape_or_told_what_to_write(document: dict[str, Any], folder: Path) -> None:
    content = tomli_w.dumps(document)
    found = loaded(folder, content.encode())
    if isinstance(found, Landscape):  # whoever calls his landscape by a secret has told it
        assert not [secret for secret in SECRETS if secret in repr(found) and secret not in content]
    else:
        assert not [secret for secret in SECRETS if secret in f"{found} {found!r}"]
        assert found.problems
        for problem in found.problems:
            assert problem.key
            assert problem.wrong
            assert problem.instead


@given(
    places_=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3), st.integers(0, 3)), max_size=3)
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_damaged_file_is_a_landscape_or_told_what_to_write(
    places_: list[tuple[float, bytes, int]], folder: Path
) -> None:
    """By bytes, as editors and transfers damage it."""
    content = tomli_w.dumps(COMPLETE).encode()
    for place, put, taken in places_:
        at = int(place * len(content))
        content = content[:at] + put + content[at + taken :]
    found = loaded(folder, content)
    assert not [secret for secret in SECRETS if secret in f"{found} {found!r}"]


WITH_SERVICE_KEYS = {
    "name": "QA eu10",
    "runtime": COMPLETE["runtime"],
    "service_keys": {"sender": {"file": "other.json"}},
    "tenant_api": {"service_key": "other.json"},
}


@given(
    content=documents_like(service_key(CLIENTSECRET.reveal()), CLIENTSECRET.reveal()).map(json.dumps).map(str.encode)
    | st.sampled_from(BODIES)
    | st.binary(max_size=40)
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_service_key_can_be_sent_or_is_told_of(content: bytes, folder: Path) -> None:
    (folder / "other.json").write_bytes(content)
    found = loaded(folder, tomli_w.dumps(WITH_SERVICE_KEYS).encode())
    assert CLIENTSECRET.reveal() not in f"{found} {found!r}" or isinstance(found, Landscape)
    if isinstance(found, Landscape):
        assert found.service_key("sender").headers()
    else:
        assert {problem.key for problem in found.problems} <= {"service_keys.sender.file", "tenant_api.service_key"}


def test_half_a_character_in_a_service_key_is_told_of(folder: Path) -> None:
    """Python reads it out of JSON; no header could be written with it."""
    (folder / "other.json").write_text(json.dumps(service_key("secret \ud83d")), encoding="ascii")
    found = loaded(folder, tomli_w.dumps(WITH_SERVICE_KEYS).encode())
    assert isinstance(found, LandscapeProblems)
    assert len(found.problems) == 2
