"""Reading the session of the cf CLI, without ever touching it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cpi_conformance.control.cli_session import NoCliSession, cli_configuration, read_cli_session
from cpi_conformance.secret import Secret

SESSION: dict[str, Any] = {
    "ConfigVersion": 4,
    "Target": "https://api.cf.example.test",
    "AccessToken": "bearer access",
    "RefreshToken": "refresh-r",
    "OrganizationFields": {"GUID": "o-1", "Name": "org"},
    "SpaceFields": {"GUID": "s-1", "Name": "dev", "AllowSSH": True},
}


def written(folder: Path, content: str | bytes) -> Path:
    """A configuration with this content."""
    path = folder / "config.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_session(tmp_path: Path) -> None:
    session = read_cli_session(written(tmp_path, json.dumps(SESSION)))
    assert (session.api, session.organization, session.space) == ("https://api.cf.example.test", "org", "dev")
    assert session.login.access_token == Secret("access")
    assert session.login.refresh_token == Secret("refresh-r")
    assert "access" not in repr(session.login).replace("access_token", "")


@pytest.mark.parametrize("prefix", ["bearer ", "Bearer ", "BEARER ", ""], ids=["cli", "capital", "all", "none"])
def test_word_before_the_token_is_left_out(prefix: str, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({**SESSION, "AccessToken": f"{prefix}access"}))
    assert read_cli_session(path).login.access_token == Secret("access")


UNTARGETED: list[Any] = [
    pytest.param({"GUID": "", "Name": ""}, id="as the CLI writes it"),
    pytest.param({}, id="empty"),
    pytest.param(None, id="null"),
    pytest.param("dev", id="no object"),
]


@pytest.mark.parametrize("fields", UNTARGETED)
def test_nothing_is_targeted(fields: Any, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({**SESSION, "OrganizationFields": fields, "SpaceFields": fields}))
    session = read_cli_session(path)
    assert (session.organization, session.space) == (None, None)


UNUSABLE: list[Any] = [
    pytest.param("", "no configuration", id="empty file"),
    pytest.param('{"Target": "hush', "no configuration", id="broken off"),
    pytest.param(b"\xff\xfe\x00", "no configuration", id="no text"),
    pytest.param("[" * 100_000, "no configuration", id="nested without end"),
    pytest.param("[]", "damaged", id="a list"),
    pytest.param("{}", "not logged in", id="never logged in"),
    pytest.param(json.dumps({**SESSION, "AccessToken": ""}), "not logged in", id="logged out"),
    pytest.param(json.dumps({**SESSION, "RefreshToken": ""}), "not logged in", id="without refresh token"),
    pytest.param(json.dumps({**SESSION, "Target": ""}), "not logged in", id="without API"),
    pytest.param(json.dumps({**SESSION, "AccessToken": ["hush"]}), "not logged in", id="token is no text"),
]


@pytest.mark.parametrize(("content", "why"), UNUSABLE)
def test_no_session(content: str | bytes, why: str, tmp_path: Path) -> None:
    with pytest.raises(NoCliSession, match=f"{why}.*cf login") as caught:
        read_cli_session(written(tmp_path, content))
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("folder", [False, True], ids=["missing", "a folder"])
def test_no_file(folder: bool, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    if folder:
        path.mkdir()
    with pytest.raises(NoCliSession, match="cf login"):
        read_cli_session(path)


def test_never_written(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(SESSION, indent=3))
    path.chmod(0o400)
    before, content = path.stat(), path.read_bytes()
    read_cli_session(path)
    after = path.stat()
    assert (after.st_mtime_ns, after.st_mode, after.st_ino) == (before.st_mtime_ns, before.st_mode, before.st_ino)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("environment", "home"),
    [({}, "/home/qa"), ({"CF_HOME": "/ci"}, "/ci"), ({"CF_HOME": ""}, "/home/qa")],
    ids=["home", "CF_HOME", "empty CF_HOME"],
)
def test_place(environment: dict[str, str], home: str) -> None:
    assert cli_configuration(environment, Path("/home/qa")) == Path(home) / ".cf" / "config.json"
