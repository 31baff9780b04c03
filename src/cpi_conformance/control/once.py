"""What the processes of a run do only once: under a lock, with the outcome in the run's private folder."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

Notes = dict[str, str]
"""What is kept of an outcome: short texts by name."""


class Once:
    """A private folder in which each thing is done by whoever comes first."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is not there, for the user alone (mode 0700)."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def get(self, name: str, make: Callable[[], Notes]) -> Notes:
        """What ``make`` returned when it was called for this name, in this process or another.

        An exception of ``make`` is kept by nobody: the next one tries again.
        """
        path = self._folder / f"{name}.json"
        with self.alone(name):
            if not path.exists():
                notes = make()
                draft = path.with_suffix(".draft")
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
                    json.dump(notes, stream)
                draft.replace(path)
        found: Notes = json.loads(path.read_text(encoding="utf-8"))
        return found

    def done(self, name: str) -> bool:
        """Whether anybody has done it."""
        return (self._folder / f"{name}.json").exists()

    def alone(self, name: str) -> FileLock:
        """A lock that one process at a time holds, as often as it likes; it is freed when the process dies."""
        return FileLock(self._folder / f"{name}.lock", mode=0o600, is_singleton=True)
