"""Running the suite once for each defect: it is collected once, and a process is forked for each, some at a time."""

from __future__ import annotations

import gc
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.kill_matrix import child
from tests.kill_matrix.outcome import Outcome, outcome_of

ROOT = Path(__file__).parents[2]

SECONDS = 60.0
"""After so long a run on a defect is ended: the suite has not noticed, and does not come to an end."""

PLUGINS_OF_ONE_RUN = (child.VERDICT_OF_RUN, "end-in-order", "terminalreporter")
"""What this process is not, and what its children begin anew or do without."""

TOLD = 2000
"""How much of a broken run's output is told, in characters."""


@dataclass(frozen=True)
class Job:
    """A run that is to be made: on a profile, with one defect or none."""

    profile: str
    defect: str | None = None


Ended = Callable[[Job, Outcome], None]
"""Told of each run when it has ended."""


def run_jobs(jobs: Sequence[Job], ended: Ended, *, at_once: int = 2) -> None:
    """Make all runs, the first ones first.

    Raises:
        RuntimeError: the suite could not be collected.
        KeyboardInterrupt: the user has ended it; no process is left.
    """
    profiles = sorted({job.profile for job in jobs})
    forking = Forking(jobs, ended, at_once)
    with TemporaryDirectory(prefix="kill-matrix-") as folder:
        forking.folder = Path(folder)
        options = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}", f"--reports={folder}", "-qq"]
        without = ["allure_pytest.plugin", "xdist.plugin", "junitxml", "capture"]
        chosen = [f"--profile={name}" for name in profiles]
        arguments = [*options, *(f"-pno:{name}" for name in without), *chosen, str(ROOT / "suites")]
        status = pytest.main(arguments, plugins=[forking])
    if forking.failure is not None:
        raise forking.failure
    if not forking.begun:
        raise RuntimeError(f"the suite could not be collected: pytest ended with {status!r}")


class Forking:
    """Takes the place of pytest's loop over the checks: forks instead, and collects what the children say."""

    def __init__(self, jobs: Sequence[Job], ended: Ended, at_once: int) -> None:
        self.folder = Path()
        self.begun = False
        self.failure: BaseException | None = None
        self._jobs = jobs
        self._ended = ended
        self._at_once = at_once

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """All runs."""
        if session.testsfailed:
            return None  # pytest explains it
        self.begun = True
        for name in PLUGINS_OF_ONE_RUN:
            session.config.pluginmanager.unregister(name=name)
        _make_ready()
        try:
            for job, outcome in self._outcomes(session):
                self._ended(job, outcome)
        except BaseException as failure:  # pytest would take a break for the end of a test run, and tell it to nobody
            self.failure = failure
        return True

    def _outcomes(self, session: pytest.Session) -> Iterator[tuple[Job, Outcome]]:
        running: list[_Running] = []
        waiting = list(reversed(self._jobs))
        try:
            while waiting or running:
                while waiting and len(running) < self._at_once:
                    running.append(_Running(session, waiting.pop(), self.folder))
                patience = max(0.0, min(each.deadline for each in running) - time.monotonic())
                wait([each.process.sentinel for each in running], timeout=patience)
                for each in [each for each in running if each.over]:
                    running.remove(each)
                    yield each.job, each.outcome()
        finally:
            for each in running:
                each.end()


class _Running:
    """A run that is under way."""

    def __init__(self, session: pytest.Session, job: Job, folder: Path) -> None:
        self.job = job
        self._folder = folder / f"{job.defect or 'none'}-{job.profile}"
        self._folder.mkdir(mode=0o700)
        self._started = time.monotonic()
        self.deadline = self._started + SECONDS
        defects = (job.defect,) if job.defect else ()
        arguments = (session, defects, job.profile, self._folder)
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
        return outcome_of(json.loads(verdict.read_text(encoding="utf-8")), self.job.profile, seconds)

    def _output(self) -> str:
        path = self._folder / child.OUTPUT
        return path.read_text(encoding="utf-8", errors="replace")[-TOLD:] if path.exists() else ""


def _make_ready() -> None:
    """What every child would do again: load the simulator, and look at the parent's objects in each collection."""
    from cpi_conformance.simulator import defects, handout, landscape, population  # noqa: F401

    gc.collect()
    gc.freeze()
