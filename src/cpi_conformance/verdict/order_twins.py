"""Twins of orders: each is placed once in a run, by whoever needs it first, and withdrawn at once.

A twin shows that an order is granted but for the one attribute in question. It need not stand for that, so
what it has created goes again, and other checks and other processes of the run learn that it was granted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from cpi_conformance.control.cockpit import Cockpit, Denied, Granted, Reply, Withdrawn
from cpi_conformance.control.denials import OUTAGES, Denial
from cpi_conformance.control.once import Notes, Once
from cpi_conformance.control.orders import Order


@dataclass
class OrderTwins:
    """The twins of a run on one landscape.

    Attributes:
        cockpit: places them.
        once: what the processes of the run do only once.
        alone: what must be held while a twin stands; some orders claim what only one may have.
    """

    cockpit: Cockpit
    once: Once
    alone: Callable[[Order], AbstractContextManager[object]]
    _known: dict[str, Reply] = field(default_factory=dict)

    def reply(self, twin: Order) -> tuple[Reply, bool]:
        """What came of a twin, and whether it had been placed before."""
        name = f"twin-{hashlib.sha256(twin.fingerprint().encode()).hexdigest()[:24]}"
        if name in self._known:
            return self._known[name], True
        placed: list[Reply] = []

        def place() -> Notes:
            placed.append(self.cockpit.place(twin))
            self.cockpit.withdraw(twin, placed[0])
            if _undecided(placed[0]):
                raise _Undecided
            return _notes(placed[0])

        try:
            # what is claimed comes first: a check that holds it may ask for a twin, never the other way round
            with nullcontext() if self.once.done(name) else self.alone(twin):
                notes = self.once.get(name, place)
        except _Undecided:
            return placed[0], False
        self._known[name] = placed[0] if placed else _remembered(notes)
        return self._known[name], not placed


class _Undecided(Exception):
    """Nobody has decided on a twin, so whoever needs it next places it again."""


def _undecided(reply: Reply) -> bool:
    return isinstance(reply, Denied) and reply.cause in OUTAGES


def _notes(reply: Reply) -> Notes:
    if isinstance(reply, Denied):
        return {"cause": str(reply.cause), "text": reply.text}
    return {"granted": str(reply)}


def _remembered(notes: Notes) -> Reply:
    if "cause" in notes:
        return Denied(Denial(notes["cause"]), notes["text"])
    return Granted(Withdrawn(notes["granted"]))
