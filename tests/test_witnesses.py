"""Senders that nobody here wrote, against ``serve``: curl, newman and Java's HttpClient.

The suite's own sender and the simulated landscape come from the same hands and could share an error.
These witnesses bring their own TLS and HTTP, get nothing but the files that ``serve`` wrote, and are
held against the record that the server keeps of what it saw.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cpi_conformance.certificates import Authority, Credential, PfxFile, dn, fingerprint, open_pfx, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.record import Entry, Truth

pytestmark = pytest.mark.once

PROJECT = Path(__file__).resolve().parent.parent
ANSWER = "Connected Successfully to CPI!"
SECONDS = 60.0
"""How long a server may take to start or end, and a witness to call it."""

MARK = "/http/mark"
"""A path that no witness calls."""

INHERITED = ("PATH", "JAVA_HOME", "SYSTEMROOT", "TMPDIR")
"""All that a witness gets of the environment: other variables change whom it trusts, or send it to a proxy."""


@dataclass(frozen=True)
class Handout:
    """A running ``serve``: the folder that it filled, and what it has noted."""

    folder: Path
    endpoint: str

    def record(self) -> tuple[Entry, ...]:
        """All that the server has noted so far, in order.

        A connection that a witness broke off may be noted only after the witness has ended. Therefore
        a request of our own is sent behind it: when that is answered, all before it has been noted.
        """
        url = urlsplit(self.endpoint)
        trust = ssl.create_default_context(cafile=self.folder / "ca.pem")
        with closing(HTTPSConnection(url.hostname or "", url.port, timeout=SECONDS, context=trust)) as connection:
            connection.request("GET", MARK)
            connection.getresponse().read()
        lines = (self.folder / "record.jsonl").read_text(encoding="utf-8").splitlines()
        return tuple(entry for entry in map(entry_of, lines) if entry.request != f"GET {MARK}")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def sender(self) -> Credential:
        """What is in the PFX of the S-user."""
        content = (self.folder / "sender.pfx").read_bytes()
        return open_pfx(PfxFile(content, Secret(self.text("passphrase.txt"))))


@dataclass(frozen=True)
class Given:
    """What a witness gets of a hand-out: by default the CA and no identity.

    Attributes:
        handout: whom to call.
        folder: for the files that the witness itself needs; secrets go there, not into arguments.
        trusts: with ``ca.pem``, or with nothing but the trust list that the witness brings along.
        basic: with clientid and clientsecret of the service key.
        pfx: with this PFX, which has the hand-out's passphrase.
    """

    handout: Handout
    folder: Path
    trusts: bool = True
    basic: bool = False
    pfx: Path | None = None

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content, encoding="utf-8")
        return path

    def settings(self, name: str) -> str:
        """A file that ``serve`` wrote; where it names ``sender.pfx``, it now names the PFX that is given."""
        ours = str(self.pfx or self.handout.folder / "sender.pfx")
        return self.handout.text(name).replace(str(self.handout.folder / "sender.pfx"), ours)

    def service_key(self) -> tuple[str, str]:
        key = json.loads(self.handout.text("service-key.json"))["oauth"]
        return key["clientid"], key["clientsecret"]


@dataclass(frozen=True)
class Outcome:
    """What a witness reports: an answer (status and body) or, without one, its error; and its exit code."""

    exit: int
    status: int | None = None
    body: str = field(default="", repr=False)
    error: str = ""


def entry_of(line: str) -> Entry:
    """An entry as it was before it became a line of JSON."""
    fields = json.loads(line)
    refused = Truth(**fields["refused"]) if fields["refused"] else None
    return Entry(**fields | {"verification": tuple(fields["verification"]), "refused": refused})


def call_with_curl(curl: str, given: Given) -> Outcome:
    """By the configuration files of the hand-out, less the lines for what is not given."""
    settings = given.settings("curl-certificate.conf" if given.pfx else "curl-basic.conf")
    kept = [
        line
        for line in settings.splitlines(keepends=True)
        if (given.basic or not line.startswith("user ")) and (given.trusts or not line.startswith("cacert "))
    ]
    body = given.folder / "body"
    options = ["--config", str(given.write("curl.conf", "".join(kept))), "--output", str(body)]
    done = run(given, curl, "--disable", "--silent", "--show-error", "--write-out", "%{http_code}", *options)
    if done.returncode:
        return Outcome(done.returncode, error=done.stderr)
    return Outcome(done.returncode, int(done.stdout), body.read_text(encoding="utf-8"))


def call_with_newman(newman: str, given: Given) -> Outcome:
    """With the hand-out's certificate list; Basic is that of the request in the collection."""
    options = ["--ssl-extra-ca-certs", str(given.handout.folder / "ca.pem")] if given.trusts else []
    if given.pfx:
        certificates = given.write("certificates.json", given.settings("newman-certificates.json"))
        options += ["--ssl-client-cert-list", str(certificates)]
    return run_collection(newman, given, options)


def run_collection(newman: str, given: Given, options: list[str]) -> Outcome:
    """A collection of one request, with these options of newman; the outcome is that of its JSON report."""
    request: dict[str, object] = {"method": "GET", "url": given.handout.endpoint}
    if given.basic:
        clientid, clientsecret = given.service_key()
        pair = [{"key": "username", "value": clientid}, {"key": "password", "value": clientsecret}]
        request["auth"] = {"type": "basic", "basic": pair}
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    collection = {"info": {"name": "witness", "schema": schema}, "item": [{"name": "call", "request": request}]}
    path, report = given.write("collection.json", json.dumps(collection)), given.folder / "report.json"
    done = run(given, newman, "run", str(path), "--reporters", "json", "--reporter-json-export", str(report), *options)
    (execution,) = json.loads(report.read_text(encoding="utf-8"))["run"]["executions"]
    if "requestError" in execution:
        return Outcome(done.returncode, error=execution["requestError"]["code"])
    answer = execution["response"]
    body = bytes(answer["stream"]["data"]).decode()
    return Outcome(done.returncode, answer["code"], body, done.stdout + done.stderr)


def call_with_java(java: str, given: Given) -> Outcome:
    """With the PFX as its keystore and the CA as its truststore."""
    folder = given.handout.folder
    files = (
        folder / "ca.pem" if given.trusts else None,
        given.pfx,
        folder / "passphrase.txt" if given.pfx else None,
        given.write("basic.txt", ":".join(given.service_key())) if given.basic else None,
    )
    program = PROJECT / "tests" / "witnesses" / "Witness.java"
    done = run(given, java, str(program), given.handout.endpoint, *(str(file or "-") for file in files))
    assert done.returncode == 0, done.stderr
    status, _, rest = done.stdout.partition(" ")
    return Outcome(0, error=rest) if status == "error" else Outcome(0, int(status), rest)


def run(given: Given, *command: str) -> subprocess.CompletedProcess[str]:
    """A witness knows only what it is given: not the user's settings, and no CA from the environment."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    environment["HOME"] = str(given.folder)
    return subprocess.run(
        command,
        env=environment,
        cwd=given.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def newman_here() -> str | None:
    """On the path, or where CI puts it; a script that needs node."""
    if shutil.which("node") is None:
        return None
    ours = PROJECT / ".ci" / "clients" / "node_modules" / ".bin"
    return shutil.which("newman", path=os.pathsep.join((os.environ.get("PATH", os.defpath), str(ours))))


@cache
def java_here() -> str | None:
    """A Java that starts a source file and has today's key managers: 17 or later, with its compiler."""
    java = shutil.which("java")
    if java is None:
        return None
    listed = subprocess.run(
        [java, "--list-modules"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    compiler = re.search(r"^jdk\.compiler@(\d+)", listed.stdout, re.MULTILINE)
    return java if compiler and int(compiler[1]) >= 17 else None


@dataclass(frozen=True)
class Witness:
    """A sender that others wrote.

    Attributes:
        find: the path of the program, if it is installed.
        call: sends one request with what is given.
        advice: how to get it.
    """

    name: str
    find: Callable[[], str | None]
    call: Callable[[str, Given], Outcome]
    advice: str

    def program(self) -> str:
        """The path of the program; the test is skipped when there is none."""
        found = self.find()
        if found is None:
            pytest.skip(f"{self.name} is not installed: {self.advice}")
        return found

    def testify(self, given: Given) -> tuple[Outcome, Entry]:
        """Call, and return what the witness says and what the server noted of it."""
        program = self.program()
        return hear(given, lambda: self.call(program, given))


CURL = Witness("curl", lambda: shutil.which("curl"), call_with_curl, "apt-get install curl")
NEWMAN = Witness("newman", newman_here, call_with_newman, "npm install --no-save --prefix .ci/clients newman@6.2.2")
JAVA = Witness("java", java_here, call_with_java, "apt-get install openjdk-17-jdk-headless (17 or later will do)")

every_witness = pytest.mark.parametrize(
    "witness", [pytest.param(witness, id=witness.name) for witness in (CURL, NEWMAN, JAVA)]
)

NOBODY = ("authentication", "unauthenticated")
"""How the record names a caller who has shown neither credentials nor a certificate."""

MISSING_CA = ("server-trust", "missing-ca")
"""How it names a caller who refused the server certificate with the alert ``unknown_ca`` (48)."""

REFUSED = ("server-trust", "server-certificate-refused")
"""How it names one who did so with ``certificate_unknown`` (46), which does not say why."""

HUNG_UP = ("connect", "closed-by-sender")
"""How it names one who closed amid the handshake without an alert."""


def hear(given: Given, call: Callable[[], Outcome]) -> tuple[Outcome, Entry]:
    """The outcome of a call, and the server's one entry for it.

    newman first opens a connection to ``localhost``, only to see whether it answers on IPv6. The server
    notes that too, as closed by the sender; without a ClientHello, and thus a server name, it is no call.
    """
    before = len(given.handout.record())
    outcome = call()
    (entry,) = (entry for entry in given.handout.record()[before:] if entry.server_name is not None)
    return outcome, entry


def refusal(entry: Entry) -> tuple[str, str] | None:
    """Layer and cause for which the server refused; ``None`` when it did not."""
    return (entry.refused.layer, entry.refused.cause) if entry.refused else None


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handout]:
    """``serve`` as people start it, in a process of its own; told to end, it ends well."""
    folder = tmp_path_factory.mktemp("serve").resolve() / "out"
    command = [sys.executable, "-m", "cpi_conformance", "serve", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            yield Handout(folder, announced_endpoint(process))
            process.terminate()
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def announced_endpoint(process: subprocess.Popen[str]) -> str:
    """What ``serve`` prints when it is ready. A process that stays silent is killed, which ends its output."""
    assert process.stdout is not None
    deadline = threading.Timer(SECONDS, process.kill)
    deadline.start()
    try:
        for line in process.stdout:
            if line.startswith("endpoint "):
                return line.split()[1]
    finally:
        deadline.cancel()
        deadline.join()
    pytest.fail("serve has ended, or was killed, without printing its endpoint")


@pytest.fixture
def given(handout: Handout, tmp_path: Path) -> Given:
    return Given(handout, tmp_path)


@pytest.fixture
def stranger(handout: Handout, tmp_path: Path) -> Path:
    """A PFX that names the S-user, but was issued by a CA that the load balancer does not know."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    day = dt.timedelta(days=1)
    name = handout.sender.certificate.subject.rfc4514_string()
    issuer = Authority.root("CN=Unknown Root CA,O=Nobody,C=DE", now=now)
    credential = issuer.leaf(name, not_before=now - day, not_after=now + day)
    path = tmp_path / "stranger.pfx"
    path.write_bytes(write_pfx(credential, Secret(handout.text("passphrase.txt"))).content)
    return path


@every_witness
def test_service_key_is_accepted(witness: Witness, given: Given) -> None:
    outcome, entry = witness.testify(replace(given, basic=True))

    assert (outcome.exit, outcome.status, outcome.body) == (0, 200, ANSWER)
    assert (entry.status, entry.certificate, entry.refused) == (200, None, None)


@every_witness
def test_client_certificate_is_accepted(witness: Witness, given: Given) -> None:
    sender = given.handout.sender.certificate

    outcome, entry = witness.testify(replace(given, pfx=given.handout.folder / "sender.pfx"))

    assert (outcome.exit, outcome.status, outcome.body) == (0, 200, ANSWER)
    assert (entry.status, entry.fingerprint, entry.certificate) == (200, fingerprint(sender), dn(sender.subject))
    assert (entry.verification, entry.refused) == ((), None)


@every_witness
def test_without_an_identity_nobody_is_authenticated(witness: Witness, given: Given) -> None:
    outcome, entry = witness.testify(given)

    assert (outcome.exit, outcome.status) == (0, 401)
    assert ANSWER not in outcome.body
    assert (entry.status, entry.certificate, refusal(entry)) == (401, None, NOBODY)


@pytest.mark.parametrize(
    ("witness", "error", "noted"),
    [
        pytest.param(CURL, "curl: (60)", {MISSING_CA}, id="curl"),
        pytest.param(NEWMAN, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", {HUNG_UP}, id="newman"),
        pytest.param(JAVA, "ValidatorException", {HUNG_UP, REFUSED}, id="java"),
    ],
)
def test_without_the_ca_the_witness_refuses(
    witness: Witness, error: str, noted: set[tuple[str, str]], given: Given
) -> None:
    """No request leaves, and no credentials with it; but not every witness tells the server why.

    Node judges the certificate when its side of the handshake is done, and destroys the connection.
    Java's HttpClient closes the connection while another of its threads may or may not have sent the
    alert: mostly it has not.
    """
    outcome, entry = witness.testify(replace(given, basic=True, trusts=False))

    assert outcome.status is None
    assert error in outcome.error
    assert (entry.request, entry.status) == (None, None)
    assert refusal(entry) in noted


def test_newman_sends_no_certificate_when_the_pfx_is_in_the_wrong_option(given: Given) -> None:
    """``--ssl-client-cert`` takes PEM only; given a PFX, newman neither sends it nor says so, and exits with 0."""
    newman, handout = NEWMAN.program(), given.handout
    options = ["--ssl-extra-ca-certs", str(handout.folder / "ca.pem")]
    options += ["--ssl-client-cert", str(handout.folder / "sender.pfx")]
    options += ["--ssl-client-passphrase", handout.text("passphrase.txt")]  # newman takes it in no other way

    outcome, entry = hear(given, lambda: run_collection(newman, given, options))

    assert (outcome.exit, outcome.status, outcome.error) == (0, 401, "")
    assert (entry.status, entry.certificate, refusal(entry)) == (401, None, NOBODY)


@pytest.mark.parametrize(
    ("witness", "error"),
    [pytest.param(CURL, "unknown ca", id="curl"), pytest.param(NEWMAN, "UNKNOWN_CA", id="newman")],
)
def test_certificate_of_an_unknown_ca_meets_an_alert(
    witness: Witness, error: str, given: Given, stranger: Path
) -> None:
    """These two send what they are given, whichever CAs the server names."""
    outcome, entry = witness.testify(replace(given, pfx=stranger))

    assert outcome.status is None
    assert error in outcome.error
    assert (entry.request, entry.status, refusal(entry)) == (None, None, ("client-trust", "unknown-ca"))
    assert entry.verification


def test_java_holds_back_a_certificate_of_an_unknown_ca(given: Given, stranger: Path) -> None:
    """Its issuer is none of the CAs that the server names, so Java sends none: 401, where curl meets an alert."""
    outcome, entry = JAVA.testify(replace(given, pfx=stranger))

    assert outcome.status == 401
    assert (entry.status, entry.certificate, refusal(entry)) == (401, None, NOBODY)
    assert entry.verification == ()
