"""One line that says how far the matrix is, on a terminal; elsewhere nothing."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType


class Progress:
    """Counts runs that have ended; the line is gone when the block is left."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._ended = 0

    def __enter__(self) -> Progress:
        self._show("the suite is being collected")
        return self

    def step(self, what: str) -> None:
        """One more has ended."""
        self._ended += 1
        self._show(f"{self._ended} of {self._runs} runs, {what}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show("")

    def _show(self, line: str) -> None:
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{line[:width]}")
            sys.stderr.flush()
