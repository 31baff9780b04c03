"""What comes of the calls of an interface while something is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cpi_conformance.sender import Observation
from cpi_conformance.verdict.asking import Asked


@dataclass(frozen=True)
class InBetween:
    """Calls that were made while something was changed.

    Attributes:
        calls: in their order; of those that were answered as they must be, the last one may stand for all.
        calm: whether all calls afterwards, while nothing was changed, were answered as they must be.
    """

    calls: tuple[tuple[Asked, Observation], ...]
    calm: bool = True


Change = Callable[[], InBetween]
"""Changes something while calls are made, each time anew."""
