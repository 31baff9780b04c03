"""Runs checks with judges that record: of each refusal, whether its twin was accepted and in what the two differ.

A process of its own, because pytest does not nest well::

    python -m tests.refusals RECORD.json [ARGUMENTS OF PYTEST]
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from cpi_conformance.certificates import Credential
from cpi_conformance.control.cockpit import Granted
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.sender import Accepted, TlsRange
from cpi_conformance.verdict import Judge, OrderJudge, answers_as_expected
from cpi_conformance.verdict.judge import SHARED_TWIN, TWIN, TWIN_AGAIN

WHOLE = (TlsRange, Credential, ServiceInstance)
"""Values that are one thing: what TLS versions are offered, a certificate with its key, what the far side has made."""

Seen = list[tuple[str, Any, Any]]
"""What a judge was shown: the part that something played, what was asked, what came of it."""


@dataclass(frozen=True)
class Refusal:
    """A refusal with which a judge was content.

    Attributes:
        again: whether it is the twin itself, asked again after something has changed on the far side.
        twin_accepted: whether the judge has seen the twin accepted, or granted, on the way.
        differences: in what the deviation differs, one level into its attributes: ``authorization.clientsecret``.
    """

    again: bool
    twin_accepted: bool
    differences: tuple[str, ...]


@dataclass
class Recorded:
    """A run of a check: how it ended, and the refusals that were judged in it."""

    id: str
    node: str
    outcome: str = ""
    refusals: list[Refusal] = field(default_factory=list)


def differences(twin: Any, deviation: Any) -> tuple[str, ...]:
    """The attributes in which two values of a dataclass differ, one level deep."""
    return tuple(part for name, one, other in _unlike(twin, deviation) for part in _within(name, one, other))


def _within(name: str, one: Any, other: Any) -> list[str]:
    parted = type(one) is type(other) and (is_dataclass(one) or isinstance(one, Mapping))
    if not parted or isinstance(one, WHOLE):
        return [name]
    return [f"{name}.{part}" for part, _, _ in _unlike(one, other)]


def _unlike(one: Any, other: Any) -> list[tuple[str, Any, Any]]:
    ones, others = _parts(one), _parts(other)
    names = {**ones, **others}
    return [(name, ones.get(name), others.get(name)) for name in names if ones.get(name) != others.get(name)]


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    return {each.name: getattr(value, each.name) for each in fields(value)}


class Recorder:
    """Stands beside the judges of a run, and keeps only the checks whose words begin with *Refused*."""

    def __init__(self) -> None:
        self.runs: dict[str, Recorded] = {}
        self._present = Recorded("", "")

    def pytest_sessionstart(self) -> None:
        """Before any judge is made."""
        for judge, name in ((Judge, "refused"), (OrderJudge, "denied"), (OrderJudge, "denied_again")):
            setattr(judge, name, self._recorded(getattr(judge, name)))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What must be accepted has no twin."""
        items[:] = [
            item
            for item in items
            if isinstance(item, pytest.Function) and (item.function.__doc__ or "").startswith("Refused")
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """From here on, whatever is judged belongs to this check."""
        check = next(item.iter_markers("check")).args[0]
        self._present = self.runs[item.nodeid] = Recorded(check.id, item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first thing that goes wrong, else ``passed``."""
        if self._present.outcome in ("", "passed"):
            self._present.outcome = report.outcome

    def _recorded(self, judged: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(judged)
        def recording(judge: Any, asked: Any, *arguments: Any, **options: Any) -> Any:
            with witnessed(judge) as seen:
                reply = judged(judge, asked, *arguments, **options)
            self._present.refusals.append(refusal_of(asked, seen))
            return reply

        return recording


@contextmanager
def witnessed(judge: Any) -> Iterator[Seen]:
    """What a judge is shown within a block."""
    seen: Seen = []
    witness = judge._witness

    def also(part: str, asked: Any, outcome: Any) -> None:
        seen.append((part, asked, outcome))
        witness(part, asked, outcome)

    judge._witness = also
    try:
        yield seen
    finally:
        judge._witness = witness


def refusal_of(asked: Any, seen: Seen) -> Refusal:
    """What is to be kept of a refusal: of a deviation, or of an order that is denied the second time."""
    twin = getattr(asked, "twin", asked)
    deviation = getattr(asked, "call", getattr(asked, "order", asked))
    good = any(
        part in (TWIN, SHARED_TWIN, TWIN_AGAIN) and it == twin and _good(it, outcome) for part, it, outcome in seen
    )
    return Refusal(deviation is twin, good, differences(twin, deviation))


def _good(asked: Any, outcome: Any) -> bool:
    if isinstance(outcome, Accepted):
        return answers_as_expected(outcome, asked)
    return isinstance(outcome, Granted)


if __name__ == "__main__":
    recorder = Recorder()
    pytest.main(sys.argv[2:], plugins=[recorder])
    Path(sys.argv[1]).write_text(json.dumps([asdict(run) for run in recorder.runs.values()]), encoding="utf-8")
