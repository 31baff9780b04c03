"""Where a run creates things: what every such place can say, and remove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cpi_conformance.control.run_mark import RunMark


@dataclass(frozen=True, order=True)
class Held:
    """Something that a place holds: an instance, a service key, a package, a keystore entry."""

    kind: str
    name: str
    guid: str


@dataclass(frozen=True)
class Remaining:
    """What could not be removed, and why not, in the far side's words."""

    held: Held
    why: str


@dataclass(frozen=True)
class Removal:
    """What came of a removal."""

    removed: tuple[Held, ...]
    remaining: tuple[Remaining, ...]


class Place(Protocol):
    """A space of Cloud Foundry, or a tenant."""

    mark: RunMark

    @property
    def name(self) -> str:
        """What a receipt calls it."""

    def inventory(self) -> frozenset[Held]:
        """All that it holds, but for what another run has created.

        Raises:
            ControlError: it could not be listed.
        """

    def ours(self) -> frozenset[Held]:
        """What of it this run has created.

        Raises:
            ControlError: it could not be listed.
        """

    def remove_all(self, progress: Callable[[str], None]) -> Removal:
        """Remove all that this run has created; never raises for the far side."""
