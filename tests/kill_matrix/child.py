"""A run on one defect, in a process that was forked when the suite had been collected."""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from tests.kill_matrix.meeting import watching
from tests.kill_matrix.planning import Job
from tests.kill_matrix.same_keys import same_rsa_keys
from tests.kill_matrix.without_waits import without_waits

if TYPE_CHECKING:
    from fixtures.landscape import SimulatedLandscapes

VERDICT_OF_RUN = "verdict-of-run"

VERDICT, OUTPUT, MET, STRUCK = "verdict.json", "output.txt", "met.json", "struck.json"
"""What a child leaves in its folder."""


def run(session: pytest.Session, job: Job, folder: Path) -> None:
    """Run the checks of a job, on a landscape of this process's own.

    Everything that is written goes below ``folder``: the verdict, the output, the landscape's files, the run's
    private folder. Whoever has forked this process removes it, so this process may be killed at any time.
    """
    _stand_alone(folder)
    if job.watched:
        with watching(*job.defects) as meeting:
            run_here(session, job, folder)
        (folder / MET).write_text(json.dumps(meeting.met), encoding="utf-8")
    else:
        run_here(session, job, folder)
    sys.stdout.flush()
    sys.stderr.flush()


def run_here(session: pytest.Session, job: Job, folder: Path) -> None:
    """The same in a process that goes on afterwards; nothing of the run stays but what it has loaded."""
    items, elsewhere = session.items, tempfile.tempdir
    session.items = [item for item in items if _belongs(item, job)]
    tempfile.tempdir = str(folder)
    simulated = _begin_anew(session, job, folder)
    try:
        with same_rsa_keys(), without_waits(), _without_tracebacks():
            for item, following in zip(session.items, [*session.items[1:], None], strict=True):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            session.config.hook.pytest_sessionfinish(session=session, exitstatus=pytest.ExitCode.OK)
    finally:
        session.config.pluginmanager.unregister(name=VERDICT_OF_RUN)
        simulated.stop()
        session.items, tempfile.tempdir = items, elsewhere
    if job.fault is not None:
        strikes = (strike for fault in simulated.faults.get(job.profile, ()) for strike in fault.log)
        struck = [f"{strike.host} {strike.ordinal}: {strike.what}" for strike in strikes]
        (folder / STRUCK).write_text(json.dumps(struck), encoding="utf-8")


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Within this block pytest does not prepare how a failure is shown, which takes longer than many a check."""
    with patch.object(pytest.Function, "repr_failure", lambda item, excinfo: str(excinfo.value)):
        yield


def _stand_alone(folder: Path) -> None:
    """What a process has only one of."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group, and the parent ends its children
    with (folder / OUTPUT).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    faulthandler.enable()
    gc.disable()  # what lives for seconds need not be looked through for garbage


def _begin_anew(session: pytest.Session, job: Job, folder: Path) -> SimulatedLandscapes:
    """Replace what the parent's ``pytest_configure`` has prepared for a run of its own."""
    # pytest rewrites them as plugins, so it must be the first to import them
    from fixtures.landscape import SIMULATED, SimulatedLandscapes
    from fixtures.provisioning import PROVISIONING, Provisioning
    from fixtures.sender import JUDGES
    from fixtures.verdict import VerdictOfRun

    config = session.config
    config.option.reports = str(folder)
    config.option.defect = list(job.defects)
    faults, seed = ((job.fault[0],), job.fault[1]) if job.fault else ((), 1)
    config.stash[SIMULATED] = simulated = SimulatedLandscapes(job.defects, faults, seed)
    private = folder / "run"
    private.mkdir(mode=0o700)
    config.stash[PROVISIONING] = Provisioning(config, private)
    verdict = VerdictOfRun(config)
    config.pluginmanager.register(verdict, VERDICT_OF_RUN)
    verdict.pytest_collection_finish(session)
    for item in session.items:  # they may have run before
        item.user_properties.clear()
        if JUDGES in item.stash:
            del item.stash[JUDGES]
    return simulated


def _belongs(item: pytest.Item, job: Job) -> bool:
    """Whether a job is to run it."""
    from fixtures.checks import check_of  # see above

    check = check_of(item)
    assert isinstance(item, pytest.Function)
    assert check is not None, item.nodeid
    chosen = job.only is None or check.id in job.only
    reaching = job.through is None or job.through in item.fixturenames
    return chosen and reaching and item.callspec.params["landscape"] == job.profile
