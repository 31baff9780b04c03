"""When a fault strikes: told from a seed and an ordinal alone, so that a run can be made again."""

from __future__ import annotations

from random import Random

QUIET = 4
"""So many of the first connections or requests of a busy host are left alone: a run knows then what is accepted."""

LONGEST = 4
"""So many strikes in a row at most: what never passes is a defect, and no fault."""

CALM, LONGEST_CALM = 3, 12
"""So many are left alone between two rows; a trouble that is over does not come back at once."""

LONGEST_CALM_OF_FEW = 5
"""The same where few requests come; there the first ones are not left alone either."""


class Schedule:
    """Rows of strikes with calm between them; the same key makes the same schedule on every Python.

    Nothing else decides: no time, no chance of the process, nothing that a caller sends.
    """

    def __init__(self, *key: object, busy: bool = True) -> None:
        """``busy``: whether a run makes many calls there."""
        self._key = "/".join(map(str, key))
        self._calm = LONGEST_CALM if busy else LONGEST_CALM_OF_FEW
        self._lengths = Random(self._key)  # noqa: S311  # a schedule is no secret
        self._strikes = [False] * ((QUIET if busy else 0) + self._lengths.randrange(self._calm))

    def strikes(self, ordinal: int) -> bool:
        """Whether the connection or request with this ordinal is struck; the first one has 0."""
        while len(self._strikes) <= ordinal:
            self._strikes += [True] * self._lengths.randint(1, LONGEST)
            self._strikes += [False] * self._lengths.randint(CALM, self._calm)
        return self._strikes[ordinal]

    def chance(self, ordinal: int) -> Random:
        """What decides how a strike looks, where a fault has several looks."""
        return Random(f"{self._key}/{ordinal}")  # noqa: S311
