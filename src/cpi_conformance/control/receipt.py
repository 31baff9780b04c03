"""The receipt of a run: what a place held before, what was removed, and what it holds after, read from the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.once import Notes
from cpi_conformance.control.place import Held, Place, Remaining


@dataclass(frozen=True)
class Receipt:
    """What a run leaves behind in a place.

    Attributes:
        place: the space of Cloud Foundry, or the tenant.
        run: the run's id on the far side.
        before, after: how many things it held, ours not counted before.
        removed: what the end of the run removed; checks have removed their own before.
        remaining: what could not be removed, and why.
        disappeared: what was there before, was not ours, and is gone.
        appeared: what was not there before and is not ours; others use the space too.
    """

    landscape: str
    place: str
    run: str
    before: int
    after: int
    removed: tuple[Held, ...]
    remaining: tuple[Remaining, ...]
    disappeared: tuple[Held, ...]
    appeared: tuple[Held, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing of ours is left, and nothing of others is missing."""
        return not self.remaining and not self.disappeared

    @staticmethod
    def unread(landscape: str, place: str, why: str) -> Receipt:
        """Of a run that could not get back in to remove what it had created."""
        return Receipt(landscape, place, "", 0, 0, (), (Remaining(Held("place", place, ""), why),), (), ())


def noted(inventory: frozenset[Held]) -> Notes:
    """An inventory as texts, to be kept until the end of a run."""
    return {"held": json.dumps([asdict(held) for held in sorted(inventory)])}


def inventory_of(notes: Notes) -> frozenset[Held]:
    """The inventory that :func:`noted` has kept."""
    return frozenset(Held(**held) for held in json.loads(notes["held"]))


def settle(
    landscape: str,
    place: Place,
    before: frozenset[Held],
    progress: Callable[[str], None] = lambda line: None,
) -> Receipt:
    """Remove all that the run has created, and read from the API what is there now. Never raises for the far side."""
    removal = place.remove_all(progress)
    remaining = removal.remaining
    try:
        after, ours = place.inventory(), place.ours()
    except ControlError as error:
        unread = (*remaining, Remaining(Held("place", place.name, ""), f"it could not be read again: {error}"))
        return Receipt(landscape, place.name, place.mark.run, len(before), len(before), removal.removed, unread, (), ())
    known = {each.held for each in remaining}
    late = [Remaining(held, "it is still listed after its removal") for held in sorted(ours - known)]
    return Receipt(
        landscape=landscape,
        place=place.name,
        run=place.mark.run,
        before=len(before),
        after=len(after),
        removed=removal.removed,
        remaining=(*remaining, *late),
        disappeared=_sorted(before - after),
        appeared=_sorted(after - before - ours - known),
    )


def _sorted(held: Iterable[Held]) -> tuple[Held, ...]:
    return tuple(sorted(held))
