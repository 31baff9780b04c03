"""Whether a run has met a defect at all: whether any code of the defect's own ran after the landscape was made.

A defect works by functions of its own that it puts between the parts of a landscape, or by another value in the place
of one. The former are seen when they are called; of the latter nobody can say more than that no check noticed.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any
from unittest.mock import patch

from cpi_conformance.simulator.defects import DEFECTS

PACKAGE = "cpi_conformance.simulator.defects."


@dataclass
class Meeting:
    """What of a defect's code ran, in the threads of the landscape, and what ran to install it."""

    own: frozenset[CodeType]
    installing: set[CodeType] = field(default_factory=set)
    ran: set[CodeType] = field(default_factory=set)

    @property
    def met(self) -> bool | None:
        """Whether the defect was met; ``None`` when it has no code by which that could be seen."""
        working = self.own - self.installing
        return bool(working & self.ran) if working else None


@contextmanager
def watching(name: str) -> Iterator[Meeting]:
    """Watch for a defect in the landscapes that are made and started within this block."""
    defect = DEFECTS[name]
    meeting = Meeting(frozenset(_code_of(defect.install, set())))

    def install(landscape: Any) -> None:
        sys.setprofile(partial(_note, meeting.installing))
        try:
            defect.install(landscape)
        finally:
            sys.setprofile(None)

    threading.setprofile(partial(_note, meeting.ran))
    try:
        with patch.dict(DEFECTS, {name: replace(defect, install=install)}):
            yield meeting
    finally:
        threading.setprofile(None)


def _note(seen: set[CodeType], frame: FrameType, event: str, _: object) -> None:
    if event == "call":
        seen.add(frame.f_code)


def _code_of(thing: object, known: set[int]) -> Iterator[CodeType]:
    """The code that something of the defects' package consists of, or that it uses of this package."""
    if id(thing) in known:
        return
    known.add(id(thing))
    used: list[object] = []
    if isinstance(thing, CodeType):
        yield thing
        used = list(thing.co_consts)
    elif isinstance(thing, FunctionType) and thing.__module__.startswith(PACKAGE):
        names = (thing.__globals__.get(name) for name in thing.__code__.co_names)
        cells = (cell.cell_contents for cell in thing.__closure__ or ())
        used = [thing.__code__, *names, *cells]
    elif isinstance(thing, type) and thing.__module__.startswith(PACKAGE):
        used = [getattr(each, "__func__", getattr(each, "fget", each)) for each in vars(thing).values()]
    elif isinstance(thing, partial):
        used = [thing.func, *thing.args, *thing.keywords.values()]
    for each in used:
        yield from _code_of(each, known)
