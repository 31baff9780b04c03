"""One line that says how far the matrix is, on a terminal; elsewhere nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from types import TracebackType

from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Job
from tests.kill_matrix.running import Work


class Progress:
    """Work that is watched; the line is gone when the block is left."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known = self._ended = 0

    def __enter__(self) -> Progress:
        self._show("the suite is being collected")
        return self

    def next_round(self) -> Sequence[Job]:
        """As the work says."""
        jobs = self._work.next_round()
        self._known += len(jobs)
        self._show(f"{self._ended} of {self._known} runs")
        return jobs

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Likewise."""
        self._ended += 1
        what = ", ".join(job.defects) or f"{job.profile} without a defect"
        self._show(f"{self._ended} of {self._known} runs: {what}")
        self._work.ended(job, outcome)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show("")

    def _show(self, line: str) -> None:
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()
