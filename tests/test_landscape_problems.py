"""Landscape files with one mistake each: one problem, at the right key, with words that say what to write."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from cpi_conformance.certificates import Authority, pem, write_pfx
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.landscape import LandscapeProblems, load_landscape
from cpi_conformance.secret import Secret

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

PASSPHRASE = Secret("kx7-Geheim-42")
CLIENTSECRET = Secret("5e1f-clientsecret$Zm9v=")

ENVIRONMENT = {
    "CPI_PASSPHRASE": PASSPHRASE.reveal(),
    "CPI_CLIENTSECRET": CLIENTSECRET.reveal(),
    "CPI_OTHER_CASE": PASSPHRASE.reveal().swapcase(),
    "CPI_NOT_UTF_8": f"{PASSPHRASE.reveal()}\udcff",
}

AES_256_CBC = bytes.fromhex("60864801650304012a")
AES_256_OFB = bytes.fromhex("60864801650304012b")
X509_V3 = bytes.fromhex("a003020102")
X509_V4 = bytes.fromhex("a003020103")

GOOD: dict[str, Any] = {
    "name": "QA eu10",
    "runtime": {"host": "mytenant-rt.example.com"},
    "flows": [{"address": "/test/clientcert"}],
    "trust": {"ca": "ca.pem"},
    "expectations": {},
    "service_keys": {"sender": {"file": "key.json"}},
    "certificates": {"sender": {"pfx": "sender.pfx", "passphrase": {"env": "CPI_PASSPHRASE"}}},
}
"""Correct and complete, so that the one change of a case is the one thing wrong."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a landscape file refers to: good material, and bad material of each kind."""
    authority = Authority.root("CN=Root", now=NOW)
    credential = authority.leaf("CN=S0012345678", not_before=NOW, not_after=NOW + DAY)
    pfx = write_pfx(credential, PASSPHRASE).content
    der = authority.certificate.public_bytes(Encoding.DER).replace(X509_V3, X509_V4)
    oauth = {"clientid": "sb-1!b2|it-rt-x!b3", "clientsecret": CLIENTSECRET.reveal()}
    content: dict[str, str | bytes] = {
        "ca.pem": pem([authority.certificate]),
        "unknown-version.pem": b"-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(der)
        + b"-----END CERTIFICATE-----\n",
        "text.pem": "no certificate in here\n",
        "key.json": json.dumps({"oauth": oauth}),
        "without-oauth.json": json.dumps(oauth),
        "without-secret.json": json.dumps({"oauth": {"clientid": oauth["clientid"]}}),
        "secret-is-a-list.json": json.dumps({"oauth": {**oauth, "clientsecret": [CLIENTSECRET.reveal()]}}),
        "list.json": json.dumps([{"oauth": oauth}]),
        "text.json": f"clientsecret: {CLIENTSECRET.reveal()}",
        "nested.json": "[" * 100_000,
        "sender.pfx": pfx,
        "damaged.pfx": pfx[: len(pfx) // 2],
        "certificate.pfx": pem([credential.certificate]),
        "without-key.pfx": write_certificates_only(credential, PASSPHRASE).content,
        "without-certificate.pfx": serialize_key_and_certificates(None, credential.key, None, None, NoEncryption()),
        "other-cipher.pfx": pfx.replace(AES_256_CBC, AES_256_OFB),
        "passphrase.txt": PASSPHRASE.reveal(),
        "utf-16.txt": PASSPHRASE.reveal().encode("utf-16-le"),
        "latin-1.txt": "Grüße".encode("latin-1"),
    }
    folder = tmp_path_factory.mktemp("material")
    (folder / "directory").mkdir()
    for name, each in content.items():
        (folder / name).write_bytes(each if isinstance(each, bytes) else each.encode())
    return folder


def problems_of(document: dict[str, Any], folder: Path) -> LandscapeProblems:
    with pytest.raises(LandscapeProblems) as found:
        load_landscape(written(document, folder), ENVIRONMENT)
    return found.value


def written(document: dict[str, Any], folder: Path) -> Path:
    path = folder / "landscape.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def put(document: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """A copy with one value changed or added; ``None`` takes it away."""
    document = copy.deepcopy(document)
    *parents, last = key.split(".")
    table: Any = document
    for parent in parents:
        table = table[int(parent)] if isinstance(table, list) else table.setdefault(parent, {})
    table.pop(last, None)
    if value is not None:
        table[last] = value
    return document


@dataclass(frozen=True)
class Mistake:
    """One change of the good file; ``at`` is where the problem is to be told, unless it is where the change is."""

    key: str
    value: object
    words: str
    at: str = ""


PFX = "certificates.sender.pfx"
PHRASE = "certificates.sender.passphrase"
KEY_FILE = "service_keys.sender.file"
KEY = "service_keys.sender"
EITHER_KEY = 'write either file = "service-key.json", or clientid and clientsecret'
EITHER_SECRET = 'write either { env = "NAME" } or { file = "PATH" }'
NO_KEY_FILE = "is no service key with oauth.clientid and oauth.clientsecret; save the JSON of View Credentials as it is"
NO_CA = "holds no PEM certificate; export the CA as Base-64 encoded X.509 (.CER)"
NOT_THERE = "missing cannot be read (No such file or directory); paths are relative to the landscape file"

MISTAKES = {
    "unknown-key-near-a-known-one": Mistake("kindd", "live", "write kind"),
    "unknown-key-near-no-other": Mistake("colour", "blue", "the keys here are name, kind, stage, edition"),
    "unknown-key-in-a-table": Mistake("runtime.prot", 443, "write port"),
    "unknown-key-in-a-list-of-tables": Mistake("flows.0.adress", "/x", "write address"),
    "unknown-key-in-a-reference": Mistake(f"{PHRASE}.colour", "blue", "the keys here are env, file"),
    "unknown-service-key": Mistake("service_keys.sendr", {"file": "key.json"}, "write sender"),
    "unknown-certificate": Mistake("certificates.other_keypair", {"pfx": "sender.pfx"}, "write other_key_pair"),
    "name-missing": Mistake("name", None, 'is missing; write for example name = "QA eu10"'),
    "name-empty": Mistake("name", "", "it should not be empty; write for example name ="),
    "name-a-number": Mistake("name", 3, 'is 3, but a text in quotes is expected; write for example name = "QA eu10"'),
    "name-a-list": Mistake("name", ["QA"], "is a list, but a text in quotes is expected"),
    "name-a-date": Mistake("name", dt.date(2026, 1, 15), "is date, but a text in quotes is expected"),
    "runtime-missing": Mistake("runtime", None, "is missing; write for example"),
    "runtime-a-text": Mistake("runtime", "host", "is a text, but a table is expected; write for example"),
    "host-missing": Mistake("runtime", {"port": 443}, 'is missing; write for example host = "', "runtime.host"),
    "host-with-scheme": Mistake("runtime.host", "https://x-rt.example.com", "the host name only, without https://"),
    "host-with-path": Mistake("runtime.host", "x-rt.example.com/http", "the path belongs into flows.address"),
    "host-with-port": Mistake("runtime.host", "x-rt.example.com:443", "the port belongs into runtime.port"),
    "host-with-blank": Mistake("runtime.host", "x-rt.example.com ", "without blanks around it"),
    "host-empty": Mistake("runtime.host", "", "write the host name"),
    "port-zero": Mistake("runtime.port", 0, "is 0, but it should be greater than or equal to 1"),
    "port-too-high": Mistake("runtime.port", 65536, "is 65536, but it should be less than or equal to 65535"),
    "port-a-text": Mistake(
        "runtime.port", "443", "is a text, but a whole number is expected; write for example port = 443"
    ),
    "port-true": Mistake("runtime.port", True, "is true, but a whole number is expected"),
    "port-with-a-point": Mistake("runtime.port", 443.0, "is 443.0, but a whole number is expected"),
    "kind-unknown": Mistake("kind", "real", "it should be 'live' or 'simulated'; write for example kind ="),
    "stage-unknown": Mistake("stage", "prod", "it should be 'development', 'quality' or 'production'"),
    "edition-unknown": Mistake("edition", "free", "it should be 'standard' or 'trial'"),
    "policy-a-number": Mistake("expectations.bad_client_certificate", 401, "is 401, but it should be 'alert' or '401'"),
    "flows-empty": Mistake("flows", [], "at least one entry is expected"),
    "flows-a-table": Mistake("flows", {"address": "/x"}, "is a table, but a list of tables is expected"),
    "address-without-slash": Mistake("flows.0.address", "test/clientcert", "with a leading slash"),
    "address-with-http": Mistake("flows.0.address", "/http/test/clientcert", "as in the channel, without /http"),
    "method-head": Mistake("flows.0.method", "HEAD", "it should be 'GET', 'POST' or 'PUT'"),
    "status-of-a-refusal": Mistake("flows.0.status", 401, "is 401, but it should be less than or equal to 299"),
    "trust-a-text": Mistake("trust", "ca.pem", "is a text, but a table is expected"),
    "ca-not-there": Mistake("trust.ca", "missing", NOT_THERE),
    "ca-a-directory": Mistake("trust.ca", "directory", "directory cannot be read (Is a directory)"),
    "ca-no-path": Mistake("trust.ca", "ca\0.pem", "cannot be read (not a path)"),
    "ca-without-certificate": Mistake("trust.ca", "text.pem", NO_CA),
    "ca-of-unknown-version": Mistake("trust.ca", "unknown-version.pem", "export the CA"),
    "previous-ca-without-certificate": Mistake("trust.previous_ca", "text.pem", NO_CA),
    "pfx-not-there": Mistake(PFX, "missing", NOT_THERE),
    "pfx-missing": Mistake(PFX, None, 'is missing; write for example pfx = "sender.pfx"'),
    "pfx-damaged": Mistake(PFX, "damaged.pfx", "download it again"),
    "pfx-is-a-certificate": Mistake(PFX, "certificate.pfx", "name the .pfx or .p12 file, not a certificate"),
    "pfx-without-key": Mistake(PFX, "without-key.pfx", "export it again with its private key"),
    "pfx-without-certificate": Mistake(
        "certificates.sender", {"pfx": "without-certificate.pfx"}, "with its certificate", PFX
    ),
    "pfx-of-unsupported-encryption": Mistake(PFX, "other-cipher.pfx", "export it again with AES-256 or 3DES"),
    "passphrase-wrong": Mistake(PHRASE, {"env": "CPI_OTHER_CASE"}, "give the passphrase that was chosen"),
    "passphrase-missing": Mistake(PHRASE, None, "give the passphrase that was chosen"),
    "passphrase-in-the-file": Mistake(
        PHRASE, "in the file", "a table is expected; write for example passphrase = { env"
    ),
    "passphrase-a-number": Mistake(PHRASE, 47110815, "is a number, but a table is expected"),
    "passphrase-a-number-in-a-reference": Mistake(f"{PHRASE}.env", 47110815, "is a number, but a text in quotes"),
    "passphrase-not-utf-8": Mistake(PHRASE, {"file": "latin-1.txt"}, "save the secret as UTF-8 text"),
    "passphrase-in-utf-16": Mistake(PHRASE, {"file": "utf-16.txt"}, "passphrase"),
    "passphrase-not-there": Mistake(PHRASE, {"file": "./missing"}, NOT_THERE),
    "passphrase-in-place-of-a-variable": Mistake(
        PHRASE, {"env": PASSPHRASE.reveal()}, "the environment variable that is named there is not set"
    ),
    "passphrase-in-place-of-a-file": Mistake(
        PHRASE, {"file": PASSPHRASE.reveal()}, "the file that is named there cannot be read"
    ),
    "variable-not-set": Mistake(
        PHRASE, {"env": "CPI_NOT_SET"}, "the environment variable CPI_NOT_SET is not set; set it"
    ),
    "variable-not-utf-8": Mistake(PHRASE, {"env": "CPI_NOT_UTF_8"}, "passphrase"),
    "variable-and-file": Mistake(PHRASE, {"env": "CPI_PASSPHRASE", "file": "passphrase.txt"}, EITHER_SECRET),
    "neither-variable-nor-file": Mistake(PHRASE, {}, EITHER_SECRET),
    "key-not-there": Mistake(KEY_FILE, "./missing", NOT_THERE),
    "secret-in-place-of-a-file": Mistake(
        KEY_FILE, CLIENTSECRET.reveal(), "the file that is named there cannot be read (No such file or directory)"
    ),
    "key-without-oauth": Mistake(KEY_FILE, "without-oauth.json", NO_KEY_FILE),
    "key-without-secret": Mistake(KEY_FILE, "without-secret.json", NO_KEY_FILE),
    "key-with-a-list": Mistake(KEY_FILE, "secret-is-a-list.json", NO_KEY_FILE),
    "key-in-a-list": Mistake(KEY_FILE, "list.json", NO_KEY_FILE),
    "key-not-json": Mistake(KEY_FILE, "text.json", NO_KEY_FILE),
    "key-nested-without-end": Mistake(KEY_FILE, "nested.json", NO_KEY_FILE),
    "key-empty": Mistake(KEY, {}, EITHER_KEY),
    "clientid-alone": Mistake(KEY, {"clientid": "sb-1"}, EITHER_KEY),
    "clientsecret-alone": Mistake(KEY, {"clientsecret": {"env": "CPI_CLIENTSECRET"}}, EITHER_KEY),
    "key-file-and-clientid": Mistake(KEY, {"file": "key.json", "clientid": "sb-1"}, EITHER_KEY),
    "clientsecret-not-set": Mistake(
        KEY,
        {"clientid": "sb-1", "clientsecret": {"env": "CPI_NOT_SET"}},
        "CPI_NOT_SET is not set",
        f"{KEY}.clientsecret",
    ),
}


def test_the_good_file_is_good(folder: Path) -> None:
    assert load_landscape(written(GOOD, folder), ENVIRONMENT).name == "QA eu10"


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_is_one_problem(mistake: Mistake, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And neither it nor a library on its way shows a secret."""
    found = problems_of(put(GOOD, mistake.key, mistake.value), folder)
    assert [problem.key for problem in found.problems] == [mistake.at or mistake.key]
    assert mistake.words in str(found)
    assert str(found).startswith(f"the landscape file {folder / 'landscape.toml'} has a problem:\n")
    told = f"{found} {found!r} {''.join(capfd.readouterr())}".casefold()
    assert PASSPHRASE.reveal().casefold() not in told
    assert CLIENTSECRET.reveal().casefold() not in told


WITH_EXAMPLE = (
    "name-missing",
    "name-empty",
    "name-a-number",
    "runtime-missing",
    "runtime-a-text",
    "host-missing",
    "port-zero",
    "port-a-text",
    "kind-unknown",
    "stage-unknown",
    "edition-unknown",
    "policy-a-number",
    "flows-empty",
    "flows-a-table",
    "method-head",
    "status-of-a-refusal",
    "pfx-missing",
    "passphrase-in-the-file",
)


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_can_be_copied(name: str, folder: Path) -> None:
    """What comes after "write for example" is TOML, and at its place it is no problem any more."""
    document = put(GOOD, MISTAKES[name].key, MISTAKES[name].value)
    (problem,) = problems_of(document, folder).problems
    _, example, text = problem.instead.partition("write for example ")
    assert example
    _, _, last = problem.key.rpartition(".")
    mended = put(document, problem.key, tomllib.loads(text)[last])
    load_landscape(written(mended, folder), ENVIRONMENT)


FILES = {
    "not-toml": (b"name = QA\n", "is not TOML: .*line 1.*; correct that line"),
    "twice-the-same-key": (b'name = "a"\nname = "b"\n', "is not TOML: .*line 2.*; correct that line"),
    "a-zero-byte": (b'name = "a\0"\n', "is not TOML: .*line 1.*; correct that line"),
    "not-utf-8": ('name = "Größe"\n'.encode("latin-1"), "is not UTF-8 text; save it as UTF-8"),
    "utf-16": ('name = "QA"\n'.encode("utf-16"), "is not UTF-8 text; save it as UTF-8"),
    "a-number-of-5000-digits": (b"name = " + b"1" * 5000, "file: "),
    "nested-without-end": (b"name = " + b"[" * 5000, "file: "),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_parsed_is_one_problem(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "landscape.toml"
    path.write_bytes(content)
    with pytest.raises(LandscapeProblems, match=words) as found:
        load_landscape(path, ENVIRONMENT)
    assert [problem.key for problem in found.value.problems] == ["file"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("missing.toml", "No such file or directory", id="not-there"),
        pytest.param("", "Is a directory", id="a-directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_problem(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(LandscapeProblems, match=words) as found:
        load_landscape(tmp_path / name, ENVIRONMENT)
    (problem,) = found.value.problems
    assert (problem.key, problem.instead) == ("file", "name a TOML file that exists")


TOLD_AT_ONCE = (
    "name-a-number",
    "unknown-key-near-a-known-one",
    "host-with-path",
    "port-zero",
    "address-with-http",
    "policy-a-number",
    "ca-not-there",
    "key-not-json",
    "pfx-not-there",
    "variable-not-set",
)


def test_all_problems_are_told_at_once(folder: Path) -> None:
    """What is wrong in one table hides nothing of what another refers to."""
    document = GOOD
    mistakes = [MISTAKES[name] for name in TOLD_AT_ONCE]
    for mistake in mistakes:
        document = put(document, mistake.key, mistake.value)
    found = problems_of(document, folder)
    first, *lines = str(found).splitlines()
    assert first.endswith("has 10 problems:")
    assert lines == [f"  {problem}" for problem in found.problems]
    assert {problem.key for problem in found.problems} == {mistake.key for mistake in mistakes}
    assert all(any(mistake.words in line for line in lines) for mistake in mistakes)


def test_secrets_at_the_wrong_place_are_not_shown(folder: Path) -> None:
    """Whoever writes a secret into the file has made a mistake, and the message must not make another."""
    document = put(GOOD, KEY, {"clientid": "sb-1", "clientsecret": CLIENTSECRET.reveal()})
    document = put(document, PHRASE, [PASSPHRASE.reveal()])
    document = put(document, "certificates.renewed", {"pfx": "sender.pfx", "password": PASSPHRASE.reveal()})
    document = put(document, "runtime.host", f"https://sb-1:{CLIENTSECRET.reveal()}@x-rt.example.com")
    document = put(document, "kind", PASSPHRASE.reveal())
    found = problems_of(document, folder)
    assert len(found.problems) == 5
    assert PASSPHRASE.reveal() not in str(found)
    assert CLIENTSECRET.reveal() not in str(found)
