"""Lets ``pytest --landscape FILE`` find this project wherever FILE lies and from wherever it is called.

pytest looks for its configuration before it knows the options of a ``conftest.py``, so it takes FILE for
a path with tests and searches next to it. Then, and only then, it loads this module by its entry point
(the project's own configuration turns such loading off), and pytest is started again in the checkout,
with the option written as ``--landscape=FILE``, which cannot be mistaken. Likewise ``--reports DIR``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from cpi_conformance.unmistakable import OPTIONS, unmistakable

PROGRAMS = frozenset({"pytest", "pytest.exe", "py.test", "__main__.py"})

INSTALLED_FROM = Path(__file__).parents[2]
"""The checkout, when the package is installed in editable mode."""


def is_checkout(folder: Path) -> bool:
    """Whether a folder is a checkout of this project."""
    configuration = folder / "pyproject.toml"
    if not configuration.is_file():
        return False
    project = tomllib.loads(configuration.read_text(encoding="utf-8")).get("project", {})
    return bool(project.get("name") == "cpi-conformance")


def _start_again() -> None:
    arguments, folder = sys.argv[1:], Path.cwd()
    ours = any(argument.partition("=")[0] in OPTIONS for argument in arguments)
    checkout = next((each for each in (folder, INSTALLED_FROM) if is_checkout(each)), None)
    if Path(sys.argv[0]).name not in PROGRAMS or not ours or checkout is None:
        return
    if checkout == folder and unmistakable(arguments, folder) == arguments:
        return
    command = [sys.executable, "-m", "pytest", *unmistakable(arguments, folder)]
    os.chdir(checkout)
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606  # the same interpreter and the user's own arguments
    raise SystemExit(subprocess.call(command))  # noqa: S603  # likewise


_start_again()
