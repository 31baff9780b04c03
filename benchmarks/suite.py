"""Running the suite as its users do, in a process of its own, and reading from its results what a check cost.

What a check cost is the time from the end of the check before it to its own end, by the run's Allure
results. That is all a check costs a run, the report's share and the shared twins included, and nothing
of pytest's start. The difference of two runs, one with more checks, would say the same with the scatter
of two process starts in it, which is larger than ten checks; JUnit's durations leave out what happens
between two checks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean

from benchmarks.process import Finished, succeed


@dataclass(frozen=True)
class SuiteRun:
    """One run; ``ends`` are its checks in order, each with the moment of its end in milliseconds."""

    process: Finished
    ends: tuple[tuple[int, str], ...]

    def seconds_per_check(self, checks: Set[str]) -> float:
        """What the checks of these test functions cost on average."""
        return mean((end - before) / 1000 for (before, _), (end, name) in pairwise(self.ends) if name in checks)


def run_suite(folder: Path, *arguments: str) -> SuiteRun:
    """Run the suite, its results into ``folder``.

    Raises:
        RuntimeError: not every check was proven.
    """
    process = succeed((sys.executable, "-m", "pytest", "-q", f"--reports={folder}", *arguments), folder / "suite.log")
    results = (json.loads(path.read_bytes()) for path in (folder / "allure-results").glob("*-result.json"))
    return SuiteRun(process, tuple(sorted((result["stop"], result["fullName"]) for result in results)))
