"""Runs of checks that no suite has: written for one test, and collected from a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

COLLECTED_FROM_ELSEWHERE = ("-c", str(ROOT / "pyproject.toml"), f"--rootdir={ROOT}", "-p", "conftest")
"""Options by which pytest finds the project's configuration and plugins although no argument lies in it."""

HEAD = '''
"""Checks that somebody might write."""

from dataclasses import replace

import pytest

from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic, Bearer, Cause, NoAuthorization, Refused, Trust
from fixtures.checks import check, row
'''


def made_up(folder: Path, checks: str) -> Path:
    """A file with these checks."""
    path = folder / "test_made_up.py"
    path.write_text(HEAD + checks, encoding="utf-8")
    return path


def run_made_up(folder: Path, checks: str, *options: str) -> subprocess.CompletedProcess[str]:
    """``pytest`` on these checks; the results go into the folder."""
    arguments = [*COLLECTED_FROM_ELSEWHERE, f"--reports={folder}", *options, str(made_up(folder, checks))]
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
