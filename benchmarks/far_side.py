"""The far side of every measurement: one simulated landscape, in a process of its own.

Within the caller's process the landscape would share the caller's interpreter lock, and each call would
cost what the two make of it together. Served by ``cpi-conformance serve``, it is the same for all who
call it (plain socket, sender, suite, newman), and outside of all of them, as a tenant is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import ROOT
from cpi_conformance.landscape import load_landscape
from cpi_conformance.simulator.record import Entry, Truth


class FarSide:
    """A landscape that is being served."""

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.pem"
        self.file = folder / "landscape.toml"
        self.landscape = load_landscape(self.file)
        self._record = folder / "record.jsonl"

    def seen(self) -> tuple[Entry, ...]:
        """The landscape's own record: everything that it saw so far."""
        return tuple(_entry(line) for line in self._record.read_text(encoding="utf-8").splitlines())


@contextmanager
def far_side(folder: Path) -> Iterator[FarSide]:
    """Serve a landscape of the profile ``current`` for the time of the block.

    Raises:
        RuntimeError: it did not start.
    """
    command = [sys.executable, "-m", "cpi_conformance", "serve", "--out", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        try:
            if not any(line.startswith("endpoint") for line in process.stdout or ()):
                raise RuntimeError("the simulated landscape did not start")
            yield FarSide(folder)
        finally:
            process.terminate()


def presents_certificate(entry: Entry) -> bool:
    """Whether a call came with a client certificate, even one that OpenSSL threw away as it refused it."""
    return entry.certificate is not None or (entry.refused is not None and entry.refused.layer == "client-trust")


def kinds_of(entries: Iterable[Entry]) -> Counter[tuple[bool, int | None]]:
    """How many calls there were of each kind, by certificate and status.

    Calls that the caller broke off in the handshake are left out: under TLS 1.3 the landscape may
    see nothing of them, and newman opens an empty connection before each call.
    """
    calls = ((presents_certificate(entry), entry.status) for entry in entries)
    return Counter(call for call in calls if any(call))


def _entry(line: str) -> Entry:
    values = json.loads(line)
    refused = values.pop("refused")
    return Entry(**values, refused=Truth(**refused) if refused else None)
