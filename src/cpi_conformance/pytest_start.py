"""Lets ``pytest --landscape FILE`` and ``--reports DIR`` find this project when FILE or DIR lie outside of it.

pytest looks for its configuration before it knows the options of a ``conftest.py``, so it takes FILE for
a path with tests and searches next to it (and likewise DIR). Then, and only then, it loads this module by its entry point
(the project's own configuration turns such loading off), and pytest is started again with the option
written as ``--landscape=FILE``, which cannot be mistaken.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

OPTIONS = ("--landscape", "--reports")

PROGRAMS = frozenset({"pytest", "pytest.exe", "py.test", "__main__.py"})


def unmistakable(arguments: list[str], folder: Path) -> list[str] | None:
    """The arguments with option and file in one, or ``None`` when this is not our project or nothing is to do."""
    configuration = folder / "pyproject.toml"
    if not set(OPTIONS) & set(arguments[:-1]) or not configuration.is_file():
        return None
    project = tomllib.loads(configuration.read_text(encoding="utf-8")).get("project", {})
    if project.get("name") != "cpi-conformance":
        return None
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in OPTIONS:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _start_again() -> None:
    if Path(sys.argv[0]).name not in PROGRAMS:
        return
    arguments = unmistakable(sys.argv[1:], Path.cwd())
    if arguments is None:
        return
    command = [sys.executable, "-m", "pytest", *arguments]
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606  # the same interpreter and the user's own arguments
    raise SystemExit(subprocess.call(command))  # noqa: S603  # likewise


_start_again()
