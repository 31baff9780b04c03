"""``cpi-conformance serve``: files, signals, and answers to bad options."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cpi_conformance.certificates import PfxFile, open_pfx, read_pem_bundle
from cpi_conformance.landscape import load_landscape
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Basic, Call, CertificateInHandshake, Sender, Trust

FILES = [
    "landscape.toml",
    "ca.pem",
    "sender.pfx",
    "passphrase.txt",
    "service-key.json",
    "endpoint.txt",
    "cf-password.txt",
]


def command(*options: str) -> list[str]:
    """The command line of a serve."""
    return [sys.executable, "-m", "cpi_conformance", "serve", *options]


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A serve that has printed its endpoint; ended with SIGTERM if it has not ended before."""
    with subprocess.Popen(
        command("--out", str(folder), *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        too_late = threading.Timer(60, process.kill)
        too_late.start()
        try:
            while not (line := process.stdout.readline()).startswith("endpoint"):
                assert line, "serve ended before it was ready"
            too_late.cancel()
            yield process
        finally:
            too_late.cancel()
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=30)


@pytest.mark.parametrize("profile", ["whitepaper", "current"])
def test_hands_out_what_a_caller_needs(profile: str, tmp_path: Path) -> None:
    """With nothing but the files the flow is called, by Basic and by certificate, while serve runs."""
    folder = tmp_path / "out"
    with serving(folder, "--profile", profile):
        oauth = json.loads((folder / "service-key.json").read_text())["oauth"]
        endpoint = (folder / "endpoint.txt").read_text().strip()
        port = int(endpoint.split(":")[2].split("/")[0])
        passphrase = Secret((folder / "passphrase.txt").read_text())
        pfx = PfxFile((folder / "sender.pfx").read_bytes(), passphrase)
        trust = Trust(read_pem_bundle((folder / "ca.pem").read_bytes()))
        call = Call(host="localhost", port=port, path="/http/test/clientcert", trust=trust)
        sender = Sender()
        basic = Basic(oauth["clientid"], Secret(oauth["clientsecret"]))
        for change in ({"authorization": basic}, {"certificate": CertificateInHandshake(pfx)}):
            observation = sender.send(call.but(**change).call)
            assert isinstance(observation, Accepted)
            assert observation.response.body == b"Connected Successfully to CPI!"
        entries = [json.loads(line) for line in (folder / "record.jsonl").read_text().splitlines()]
    assert endpoint == f"{oauth['url']}/http/test/clientcert"
    assert oauth["tokenurl"].endswith("/oauth/token")
    assert [entry["status"] for entry in entries] == [200, 200]
    assert entries[1]["certificate"].startswith("CN=S00")
    landscape = load_landscape(folder / "landscape.toml")
    assert landscape.profile == profile
    target = landscape.target()
    assert (target.organization, target.space, target.trusted) == ("conformance", "dev", landscape.trusted)
    assert str(port) not in (target.api.rpartition(":")[2], oauth["tokenurl"].split(":")[2].split("/")[0])
    assert landscape.expectations.client_x509 == ("accepted" if profile == "whitepaper" else "refused")
    assert landscape.expectations.x509_field_takes == (() if profile == "whitepaper" else ("line_feeds",))
    assert landscape.expectations.key_delay == 0


def test_files_are_private(tmp_path: Path) -> None:
    """They hold secrets, if only simulated ones; habits count."""
    folder = tmp_path / "out"
    with serving(folder):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
        assert set(FILES) <= set(modes)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not [name for name, mode in modes.items() if mode & 0o077 and name != "record.jsonl"]


def test_overwrites_only_what_it_wrote_itself(tmp_path: Path) -> None:
    """A folder of one's own with a file of the same name is left alone; a folder of an earlier serve is used again."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "ca.pem").write_text("mine")
    ended = subprocess.run(command("--out", str(own)), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "ca.pem" in ended.stderr
    assert (own / "ca.pem").read_text() == "mine"
    for _ in range(2):
        with serving(tmp_path / "again"):
            pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "ctrl-c"])
def test_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """A signal ends it with code 0, without a traceback, and the port is free again."""
    with serving(tmp_path / "out") as process:
        port = load_landscape(tmp_path / "out" / "landscape.toml").port
        os.kill(process.pid, number)
        assert process.stdout
        assert process.stdout.read() == "ended\n"
        assert process.wait(timeout=30) == 0
    with socket.create_server(("127.0.0.1", port), reuse_port=False):
        pass


def test_real_key_kind(tmp_path: Path) -> None:
    """``--rsa`` gives the S-user the kind of key that a real Passport has."""
    with serving(tmp_path / "out", "--rsa"):
        passphrase = Secret((tmp_path / "out" / "passphrase.txt").read_text())
        credential = open_pfx(PfxFile((tmp_path / "out" / "sender.pfx").read_bytes(), passphrase))
    assert credential.key.key_size == 2048


def test_bad_options(tmp_path: Path) -> None:
    """One message, exit code 2, no traceback: unknown profile, taken port, a file in the place of the folder."""
    taken = tmp_path / "file"
    taken.write_text("")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        attempts = [
            command("--out", str(tmp_path / "a"), "--profile", "neo"),
            command("--out", str(tmp_path / "b"), "--port", port),
            command("--out", str(taken / "below")),
            command(),
        ]
        for attempt in attempts:
            ended = subprocess.run(attempt, capture_output=True, text=True, timeout=60, check=False)
            assert ended.returncode == 2, ended.stdout + ended.stderr
            assert "Traceback" not in ended.stdout + ended.stderr
            assert "Error" in ended.stderr
