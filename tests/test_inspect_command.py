"""``cpi-conformance inspect``: exit codes, where the passphrase comes from, and that it is never shown."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cpi_conformance.certificates import Encryption, Usage, one_line, pem, write_pfx
from cpi_conformance.certificates.p7b import write_p7b
from cpi_conformance.cli import LARGEST, application
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.passport import PassportAuthority

ROOT = Path(__file__).parent.parent
SECRET = "kx7-Geheim-42"
PASSPORTS = PassportAuthority(dt.datetime.now(dt.UTC))
PASSPORT = PASSPORTS.issue("S0012345678")
PFX = write_pfx(PASSPORT, Secret(SECRET)).content


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of typer are not broken into lines, and not coloured."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PASSPORT_PASSPHRASE", SECRET)


def run(*arguments: str) -> tuple[int, str]:
    """Exit code, and all output; a traceback fails the test."""
    result = CliRunner().invoke(application, ["inspect", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert SECRET not in result.output
    assert "Traceback" not in result.output
    return result.exit_code, result.output


def inspected(folder: Path, content: bytes, *options: str) -> tuple[int, str]:
    (folder / "file").write_bytes(content)
    return run(str(folder / "file"), *options)


GIVEN = ("--passphrase-env", "PASSPORT_PASSPHRASE")

ENDINGS: dict[str, tuple[Callable[[], bytes], tuple[str, ...], int, str]] = {
    "pfx": (lambda: PFX, GIVEN, 0, "Nothing to do"),
    "one-line": (lambda: one_line(PASSPORT.certificate).encode(), (), 0, "PEM without line feeds"),
    "p7b": (lambda: write_p7b((PASSPORT.certificate, *PASSPORT.issuers)), (), 0, "chain         complete"),
    "rc2": (lambda: write_pfx(PASSPORT, Secret(SECRET), Encryption.RC2_40).content, GIVEN, 1, "1. it is encrypted"),
    "server": (
        lambda: write_pfx(PASSPORTS.issue("S1", usage=Usage.SERVER), Secret(SECRET)).content,
        GIVEN,
        1,
        "not for clientAuth",
    ),
    "no-chain": (
        lambda: write_pfx(PASSPORT, Secret(SECRET), with_chain=False).content,
        GIVEN,
        1,
        "the chain is incomplete",
    ),
    "no-passphrase": (lambda: PFX, (), 2, "no passphrase is given"),
    "cut": (lambda: PFX[:300], GIVEN, 2, "breaks off"),
    "empty": (lambda: b"", (), 2, "nothing in it"),
    "text": (lambda: b"hello", (), 2, "not readable"),
}


@pytest.mark.parametrize(("content", "options", "code", "told"), ENDINGS.values(), ids=ENDINGS)
def test_the_exit_code_says_whether_to_act(
    content: Callable[[], bytes], options: tuple[str, ...], code: int, told: str, tmp_path: Path
) -> None:
    ended, output = inspected(tmp_path, content(), *options)
    assert (ended, told in output) == (code, True), output


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [
        pytest.param(SECRET.encode(), 0, id="alone"),
        pytest.param(f"{SECRET}\n".encode(), 0, id="line-feed"),
        pytest.param(f"{SECRET}\r\n".encode(), 0, id="crlf"),
        pytest.param(f"\ufeff{SECRET}\n".encode(), 0, id="byte-order-mark"),
        pytest.param(f"{SECRET} \n".encode(), 2, id="blank-behind"),
        pytest.param(b"", 2, id="empty"),
        pytest.param(b"\xff\xfe\0", 2, id="no-text"),
        pytest.param(SECRET.encode() + b"\0", 2, id="zero-byte"),
    ],
)
def test_the_passphrase_from_a_file(passphrase: bytes, code: int, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_bytes(passphrase)
    assert inspected(tmp_path, PFX, "--passphrase-file", str(tmp_path / "passphrase"))[0] == code


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("nowhere",), "nowhere", id="no-such-file"),
        pytest.param((".",), "directory", id="folder"),
        pytest.param((str(ROOT / "README.md"), "--passphrase-env", "NOT_SET_HERE"), "set", id="variable-not-set"),
        pytest.param((str(ROOT / "README.md"), "--passphrase-file", "nowhere"), "nowhere", id="no-passphrase-file"),
        pytest.param((str(ROOT / "README.md"), *GIVEN, "--passphrase-file", "x"), "one of both", id="both"),
        pytest.param((), "Missing argument", id="no-file"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: tuple[str, ...], told: str) -> None:
    code, output = run(*arguments)
    assert (code, told in output) == (2, True), output


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    code, output = inspected(tmp_path, b"\0" * (LARGEST + 1))
    assert (code, "larger than 4 MiB" in output) == (2, True)


def test_a_terminal_that_lacks_characters_gets_their_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows' console has 256 characters; a name has more."""
    passports = PassportAuthority(dt.datetime.now(dt.UTC), subject="CN=Jörg {user},C=DE")
    (tmp_path / "name").write_text(pem([passports.issue("S1").certificate]), encoding="ascii")
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii", write_through=True))
    application(["inspect", str(tmp_path / "name")], standalone_mode=False)
    assert b"CN=J\\xf6rg S1" in shown.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("typed", "code"), [(SECRET, 0), ("wrong", 2), ("", 2)], ids=["right", "wrong", "nothing"])
def test_at_a_terminal_the_passphrase_is_asked_for_and_not_shown(typed: str, code: int, tmp_path: Path) -> None:
    import pty

    (tmp_path / "s.pfx").write_bytes(PFX)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cpi_conformance", "inspect", str(tmp_path / "s.pfx")]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = until(ours, b"Passphrase")
        time.sleep(0.2)
        os.write(ours, f"{typed}\n".encode())
        shown += until(ours, None)
        assert process.wait(timeout=30) == code
    os.close(ours)
    assert SECRET.encode() not in shown
    assert b"Traceback" not in shown


def until(terminal: int, awaited: bytes | None) -> bytes:
    """What a terminal shows up to a text, or up to its end."""
    shown, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side has been closed
            break
        shown += read
        if not read or (awaited and awaited in shown):
            break
    return shown


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "s.pfx").write_bytes(PFX)
    command = [sys.executable, "-m", "cpi_conformance", "inspect", str(tmp_path / "s.pfx")]
    done = subprocess.run(command, input=f"{SECRET}\n", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, "")
    assert "no passphrase is given" in done.stdout


def test_the_documented_example_is_what_is_printed(tmp_path: Path) -> None:
    """Word for word, apart from dates, numbers and fingerprints."""
    (example,) = re.findall(r"```text\n(.*?)```", (ROOT / "docs/inspect.md").read_text(encoding="utf-8"), re.S)
    path = tmp_path / "S0012345678.pfx"
    path.write_bytes(write_pfx(PASSPORT, Secret(SECRET), Encryption.RC2_40, with_chain=False).content)
    _, output = run(str(path), *GIVEN)
    changing = re.compile(r"\b[0-9a-fA-F]{20,64}\b|\d{4}-\d\d-\d\d|\d+ days")
    assert changing.sub("…", output) == changing.sub("…", example)
