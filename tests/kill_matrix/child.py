"""A run on one defect, in a process that was forked when the suite had been collected."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

VERDICT, OUTPUT = "verdict.json", "output.txt"
"""What a child leaves in its folder."""


def run(session: pytest.Session, defects: tuple[str, ...], profile: str, folder: Path) -> None:
    """Run the checks of a profile, on a landscape of this process's own that has these defects.

    Everything that is written goes below ``folder``: the verdict, the output, the landscape's files, the run's
    private folder. Whoever has forked this process removes it, so this process may be killed at any time.
    """
    _stand_alone(folder)
    items = [item for item in session.items if _profile_of(item) == profile]
    session.items[:] = items
    _begin_anew(session, defects, folder)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    session.config.hook.pytest_sessionfinish(session=session, exitstatus=pytest.ExitCode.OK)
    sys.stdout.flush()
    sys.stderr.flush()


def _stand_alone(folder: Path) -> None:
    """What a process has only one of."""
    gc.collect()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C reaches the whole group, and the parent ends its children
    with (folder / OUTPUT).open("wb") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    faulthandler.enable()
    tempfile.tempdir = str(folder)


def _begin_anew(session: pytest.Session, defects: tuple[str, ...], folder: Path) -> None:
    """Replace what the parent's ``pytest_configure`` has prepared for a run of its own."""
    # pytest rewrites them as plugins, so it must be the first to import them
    from fixtures.landscape import SIMULATED, SimulatedLandscapes
    from fixtures.provisioning import PROVISIONING, Provisioning
    from fixtures.verdict import VerdictOfRun

    config = session.config
    config.option.reports = str(folder)
    config.option.defect = list(defects)
    config.stash[SIMULATED] = SimulatedLandscapes(defects)
    private = folder / "run"
    private.mkdir(mode=0o700)
    config.stash[PROVISIONING] = Provisioning(config, private)
    verdict = VerdictOfRun(config)
    config.pluginmanager.register(verdict, "verdict-of-run")
    verdict.pytest_collection_finish(session)


def _profile_of(item: pytest.Item) -> str:
    assert isinstance(item, pytest.Function)
    return str(item.callspec.params["landscape"])
