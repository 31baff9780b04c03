"""What the checks of a run share: the twins that were sent, and how long nobody has answered."""

from __future__ import annotations

from cpi_conformance.sender import Cause, Observation, Refused
from cpi_conformance.verdict.asking import Asked
from cpi_conformance.verdict.standing import Chains

SILENCE = frozenset({Cause.CONNECTION_TIMEOUT, Cause.ANSWER_TIMEOUT})

PATIENCE = 3
"""After so many calls in a row that nobody answered in time, the rest are not made: each would cost its whole time."""


class Twins:
    """What the checks of a run share.

    Attributes:
        sent: twins, and what came of them; one that met a passing trouble is sent again by whoever needs it next.
        chains: those that the load balancer has presented while calls were accepted.
    """

    def __init__(self, chains: Chains | None = None) -> None:
        """``chains`` may be shared with others who call the same load balancer."""
        self.sent: dict[Asked, Observation] = {}
        self.chains = chains or Chains()
        self._silent = 0

    def note(self, observation: Observation) -> None:
        """Count silence; any sign of life ends it."""
        silent = isinstance(observation, Refused) and observation.cause in SILENCE
        self._silent = self._silent + 1 if silent else 0

    @property
    def given_up(self) -> bool:
        """Whether the far side has been silent for too long."""
        return self._silent >= PATIENCE
