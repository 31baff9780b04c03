"""newman, when it is there, making the calls of the suite; the landscape's record tells whether it did."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.collection import Collection
from benchmarks.far_side import FarSide, kinds_of
from benchmarks.process import ROOT, run
from cpi_conformance.simulator.record import Entry

LOCAL = ROOT / ".ci" / "clients" / "node_modules" / ".bin" / "newman"
"""Where CI puts it."""


class Newman:
    """newman with the collection of a suite run."""

    def __init__(self, far_side: FarSide, calls: Sequence[Entry], folder: Path) -> None:
        """Raises FileNotFoundError when newman is not installed."""
        program = shutil.which("newman") or (str(LOCAL) if LOCAL.exists() else None)
        if program is None:
            raise FileNotFoundError("newman is not installed: npm install -g newman")
        self._command = Collection(far_side, calls).command(program, folder)
        self._log = folder / "newman.log"
        self._far_side = far_side
        self._calls = calls

    def seconds(self) -> float:
        """One whole process. Its exit status says nothing: a handshake that is refused, as it must be, is an error."""
        return run(self._command, self._log).seconds

    def compared(self) -> str:
        """Whether newman's calls are those of the suite, in one sentence; by what the landscape saw of one run."""
        before = len(self._far_side.seen())
        self.seconds()
        made, wanted = kinds_of(self._far_side.seen()[before:]), kinds_of(self._calls)
        if made == wanted:
            return "the landscape saw the same calls of both, by client certificate and status"
        return f"NOT COMPARABLE: newman lacks {dict(wanted - made)} and makes {dict(made - wanted)}"
