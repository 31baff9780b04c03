"""Running a command to its end, with what it cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts a process's peak memory."""


@dataclass(frozen=True)
class Finished:
    """A command that has ended.

    Attributes:
        seconds: wall time, from before its start to its end.
        peak: bytes of memory that it held at most; not below what this process itself has held, because
            a child begins as its copy.
    """

    status: int
    seconds: float
    peak: int
    output: str


def run(command: Sequence[str | Path], log: Path) -> Finished:
    """Run a command from the repository's root, its output into ``log`` so that no pipe slows it down."""
    started = time.perf_counter()
    with log.open("wb") as stream:
        child = subprocess.Popen(  # noqa: S603  # our own commands
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)  # the one call that tells a single child's memory
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(encoding="utf-8", errors="replace")
    return Finished(child.returncode, seconds, usage.ru_maxrss * MAXRSS_UNIT, output)


def succeed(command: Sequence[str | Path], log: Path) -> Finished:
    """Run a command that must succeed.

    Raises:
        RuntimeError: it did not; a measurement of a failure is none.
    """
    finished = run(command, log)
    if finished.status:
        raise RuntimeError(f"exit status {finished.status}:\n{finished.output[-2000:]}")
    return finished
