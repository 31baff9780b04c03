"""A run that is asked to end while nobody can hear it."""

from __future__ import annotations

import signal

import pytest

from fixtures.ending import EndInOrder


def test_what_python_drops_ends_the_run_before_the_next_check(pytestconfig: pytest.Config) -> None:
    """As it does within a destructor; who asks once more does not disturb the removal."""
    ending = EndInOrder(pytestconfig, signal.SIGUSR1)
    ending.pytest_runtest_logstart()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGUSR1)
    with pytest.raises(KeyboardInterrupt):
        ending.pytest_runtest_logstart()
    signal.raise_signal(signal.SIGUSR1)
