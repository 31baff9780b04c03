"""Running the suite once for each defect: it is collected once, and a process is forked for each, some at a time."""

from __future__ import annotations

import gc
import json
import multiprocessing
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Protocol

import pytest

from tests.kill_matrix import child
from tests.kill_matrix.ctrl_c import CtrlC
from tests.kill_matrix.outcome import Outcome, outcome_of
from tests.kill_matrix.planning import Job

ROOT = Path(__file__).parents[2]

SECONDS = 300.0
"""After so long a run on a defect is ended: the suite has not noticed, and does not come to an end."""

PLUGINS_OF_ONE_RUN = (child.VERDICT_OF_RUN, "end-in-order", "terminalreporter")
"""What this process is not, and what its children begin anew or do without."""

WITHOUT = (
    "allure_pytest.plugin",
    "xdist.plugin",
    "junitxml",
    "capture",
    "logging",
    "tmpdir",
    "debugging",
    "faulthandler",
)
"""Plugins of a run that a child does without: nobody reads its report, and its output goes into a file."""

TOLD = 2000
"""How much of a broken run's output is told, in characters."""


class NotCollected(Exception):
    """The suite could not be collected."""


class Work(Protocol):
    """What is to be run, round by round."""

    def next_round(self) -> Sequence[Job]:
        """Runs that can be made now; none when there is nothing left."""

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Told of each run when it has ended."""


def carry_out(work: Work, profiles: Iterable[str], *, at_once: int) -> None:
    """Make all runs of all rounds.

    The first one is made in this process, so that its children find loaded what a run loads; those of its round
    that run meanwhile load it themselves.

    Raises:
        NotCollected: pytest has said why.
        KeyboardInterrupt: the user has ended it; no process is left.
    """
    forking = Forking(work, at_once)
    with TemporaryDirectory(prefix="kill-matrix-") as folder:
        forking.folder = Path(folder)
        options = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}", f"--reports={folder}", "-qq"]
        without = (f"-pno:{name}" for name in WITHOUT)
        chosen = (f"--profile={name}" for name in profiles)
        try:
            status = pytest.main([*options, *without, *chosen, str(ROOT / "suites")], plugins=[forking])
        except Exception:
            if forking.failure is None:  # else pytest complains of what a run left open that was broken off
                raise
    if forking.failure is not None:
        raise forking.failure
    if not forking.begun:
        raise NotCollected(f"the suite could not be collected: pytest ended with {status!r}")


class Forking:
    """Takes the place of pytest's loop over the checks: forks instead, and collects what the children say."""

    def __init__(self, work: Work, at_once: int) -> None:
        self.folder = Path()
        self.begun = False
        self.failure: BaseException | None = None
        self._work = work
        self._at_once = at_once
        self._runs = count(1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """All rounds."""
        if session.testsfailed:
            return None  # pytest explains it
        self.begun = True
        for name in PLUGINS_OF_ONE_RUN:
            session.config.pluginmanager.unregister(name=name)
        try:
            with CtrlC() as ctrl_c:
                self._rounds(session, ctrl_c)
        except BaseException as failure:  # pytest would take a break for the end of a test run, and tell it to nobody
            self.failure = failure
        return True

    def _rounds(self, session: pytest.Session, ctrl_c: CtrlC) -> None:
        first, *waiting = self._work.next_round()
        with _Children(session, self._folder) as children:
            while waiting and len(children) < self._at_once - 1:
                children.begin(waiting.pop(0))
            self._work.ended(first, self._here(session, first))
            gc.collect()
            gc.freeze()
            while waiting or children or (waiting := [*self._work.next_round()]):
                ctrl_c.heed()
                while waiting and len(children) < self._at_once:
                    children.begin(waiting.pop(0))
                for job, outcome in children.ended():
                    self._work.ended(job, outcome)

    def _here(self, session: pytest.Session, job: Job) -> Outcome:
        folder, started = self._folder(), time.monotonic()
        child.run_here(session, job, folder)
        return _outcome_in(folder, job, time.monotonic() - started)

    def _folder(self) -> Path:
        """One that belongs to a run alone."""
        folder = self.folder / str(next(self._runs))
        folder.mkdir(mode=0o700)
        return folder


class _Children:
    """The runs that are under way; none is when the block is left."""

    def __init__(self, session: pytest.Session, folder: Callable[[], Path]) -> None:
        self._session = session
        self._folder = folder
        self._running: list[_Running] = []

    def __len__(self) -> int:
        return len(self._running)

    def __enter__(self) -> _Children:
        return self

    def begin(self, job: Job) -> None:
        """Begin a run."""
        self._running.append(_Running(self._session, job, self._folder()))

    def ended(self) -> Iterator[tuple[Job, Outcome]]:
        """Wait until one has ended, or should have; what came of all that have."""
        patience = max(0.0, min(each.deadline for each in self._running) - time.monotonic())
        wait([each.process.sentinel for each in self._running], timeout=patience)
        for each in [each for each in self._running if each.over]:
            self._running.remove(each)
            yield each.job, each.outcome()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self._running:
            each.end()


class _Running:
    """A run that is under way."""

    def __init__(self, session: pytest.Session, job: Job, folder: Path) -> None:
        self.job = job
        self._folder = folder
        self._started = time.monotonic()
        self.deadline = self._started + SECONDS
        arguments = (session, job, folder)
        self.process: ForkProcess = multiprocessing.get_context("fork").Process(target=child.run, args=arguments)
        self.process.start()

    @property
    def over(self) -> bool:
        """Whether it has ended, or should have."""
        return not self.process.is_alive() or time.monotonic() >= self.deadline

    def end(self) -> None:
        """Kill it, if it has not ended; it keeps nothing that must be put in order."""
        self.process.kill()
        self.process.join()

    def outcome(self) -> Outcome:
        """What came of it; it has ended then."""
        seconds = time.monotonic() - self._started
        late = self.process.is_alive()
        self.end()
        verdict = self._folder / child.VERDICT
        if late or self.process.exitcode or not verdict.exists():
            why = f"did not end within {SECONDS:.0f} s" if late else f"exit status {self.process.exitcode}"
            return Outcome(self.job.profile, seconds=seconds, broken=f"{why}\n{self._output()}".strip())
        outcome = _outcome_in(self._folder, self.job, seconds)
        shutil.rmtree(self._folder, ignore_errors=True)  # thousands of runs would fill a disk
        return outcome

    def _output(self) -> str:
        path = self._folder / child.OUTPUT
        return path.read_text(encoding="utf-8", errors="replace")[-TOLD:] if path.exists() else ""


def _outcome_in(folder: Path, job: Job, seconds: float) -> Outcome:
    outcome = outcome_of(_document(folder / child.VERDICT), job.profile, seconds)
    if job.fault is not None:
        outcome = replace(outcome, struck=tuple(_document(folder / child.STRUCK)))
    return replace(outcome, met=_document(folder / child.MET)) if job.watched else outcome


def _document(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
