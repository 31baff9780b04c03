"""A named trouble of a far side that comes and goes by a seeded schedule, and is nobody's mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from cpi_conformance.simulator.faults.schedule import Schedule

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


@dataclass(frozen=True)
class Strike:
    """What a fault did to one connection or request.

    Attributes:
        host: a name in ``simulator.hosts``, or the system that was struck.
        ordinal: of the connection or request among those of its host, from 0.
        what: how it looked.
        peer_port: the caller's port, by which its own evidence can be found; the only part that another run changes.
    """

    host: str
    ordinal: int
    what: str
    peer_port: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Due:
    """A connection or request on which a fault strikes, if it gets as far; ``chance`` decides how that looks."""

    host: str
    ordinal: int
    chance: Random
    log: list[Strike]

    def strikes(self, what: str, peer_port: int | None = None) -> None:
        """Write down that it has struck."""
        self.log.append(Strike(self.host, self.ordinal, what, peer_port))


class Strikes:
    """What a fault does to one host: counts its connections or requests, and says which of them are struck."""

    def __init__(self, host: str, schedule: Schedule, log: list[Strike]) -> None:
        self._host = host
        self._schedule = schedule
        self._log = log
        self._passed = 0

    def next(self) -> Due | None:
        """The next connection or request: how it is struck, or ``None`` when it is left alone."""
        ordinal, self._passed = self._passed, self._passed + 1
        if not self._schedule.strikes(ordinal):
            return None
        return Due(self._host, ordinal, self._schedule.chance(ordinal), self._log)


@dataclass(frozen=True)
class Fault:
    """One way in which a far side can be in trouble.

    Attributes:
        name: what it is switched on by; lower case with hyphens.
        says: one sentence that says what happens to whom.
        source: where it is seen in the field, or by what it was measured; *assumed* when nobody says.
        install: puts it between the parts of a landscape before that starts.
    """

    name: str
    says: str
    source: str
    install: Callable[[SimulatedLandscape, SeededFault], None] = field(repr=False)

    def seeded(self, seed: int) -> SeededFault:
        """The fault with a schedule, for one landscape."""
        return SeededFault(self, seed)


class SeededFault:
    """A fault of one landscape, with its schedule and the log of its strikes."""

    def __init__(self, fault: Fault, seed: int) -> None:
        self.fault = fault
        self.seed = seed
        self._log: list[Strike] = []

    def __str__(self) -> str:
        return f"{self.fault.name} (seed {self.seed})"

    @property
    def log(self) -> tuple[Strike, ...]:
        """What it has done so far, in order."""
        return tuple(self._log)

    def on(self, host: str, *, busy: bool = True) -> Strikes:
        """Its strikes on one host or system; asked for once, because it counts what passes."""
        return Strikes(host, self._schedule(host, busy=busy), self._log)

    def due(self, host: str, ordinal: int) -> Due:
        """A strike that the schedule does not decide on, because it happens once, or whenever there is a reason."""
        return Due(host, ordinal, self._schedule(host).chance(ordinal), self._log)

    def once(self, host: str, within: range) -> Due:
        """For what happens once: the connection or request of this range at which it does."""
        return self.due(host, self._schedule(host).chance(within.start).choice(within))

    def install(self, landscape: SimulatedLandscape) -> None:
        """Put it into a landscape that has not started yet."""
        self.fault.install(landscape, self)

    def _schedule(self, host: str, *, busy: bool = True) -> Schedule:
        return Schedule(self.fault.name, self.seed, host, busy=busy)
