"""The session of the cf CLI, read from its ``config.json`` and never written.

Rewriting the file behind the CLI's back would log its user out, because UAA may hand out a new refresh
token for each use. Shape of the file: cloudfoundry/cli, ``util/configv3/json_config.go``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cpi_conformance.control.login import SessionLogin
from cpi_conformance.secret import Secret


class NoCliSession(Exception):
    """There is no session to use; the message says why, and what to do."""


@dataclass(frozen=True)
class CliSession:
    """What ``cf target`` shows, and the login behind it; ``None`` where nothing is targeted."""

    api: str
    organization: str | None
    space: str | None
    login: SessionLogin


def cli_configuration(environment: Mapping[str, str], home: Path) -> Path:
    """Where the cf CLI keeps its configuration: below ``CF_HOME``, else below the user's home."""
    return Path(environment.get("CF_HOME") or home) / ".cf" / "config.json"


def read_cli_session(path: Path) -> CliSession:
    """The session in a ``config.json``.

    Raises:
        NoCliSession: the file is missing or damaged, or holds no session.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise NoCliSession("the cf CLI has no configuration there; run cf login") from None
    if not isinstance(document, dict):
        raise NoCliSession("the cf CLI's configuration is damaged; run cf login")
    api, access, refresh = (_text(document, key) for key in ("Target", "AccessToken", "RefreshToken"))
    if not (api and access and refresh):
        raise NoCliSession("the cf CLI is not logged in; run cf login")
    token = access.partition(" ")[2] if access.lower().startswith("bearer ") else access
    return CliSession(
        api=api,
        organization=_name(document, "OrganizationFields"),
        space=_name(document, "SpaceFields"),
        login=SessionLogin(Secret(token), Secret(refresh)),
    )


def _text(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) and value else None


def _name(document: dict[str, Any], key: str) -> str | None:
    fields = document.get(key)
    return _text(fields, "Name") if isinstance(fields, dict) else None
