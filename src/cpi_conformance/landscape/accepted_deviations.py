"""Known differences of a landscape from what a check demands: accepted by somebody, for a reason, until a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cpi_conformance.control.denials import LAYER_OF_DENIAL, DenialLayer
from cpi_conformance.diagnosis import NOT_REFUSED, WRONG_ANSWER
from cpi_conformance.sender.layers import LAYER_OF, Layer

LAYERS = (*(str(layer) for layer in Layer), *(str(layer) for layer in DenialLayer))
"""Where a call or an order can end, in the words of the report."""

LAYERS_OF: dict[str, tuple[str, ...]] = {
    **{str(cause): (str(layer),) for cause, layer in LAYER_OF.items()},
    **{str(cause): (str(layer),) for cause, layer in LAYER_OF_DENIAL.items()},
    "credentials-broken": (str(DenialLayer.BROKER),),
    WRONG_ANSWER: (str(Layer.FLOW),),
    NOT_REFUSED: LAYERS,
}
"""The layers at which each cause can be seen, in the words of the report."""


@dataclass(frozen=True)
class Observed:
    """How a check is refuted, as the report says it: layer and cause, or the reason where it names no layer."""

    layer: str | None = None
    cause: str | None = None
    reason: str | None = None

    def covers(self, layer: str | None, cause: str | None, reason: str | None) -> bool:
        """Whether a refutation is this one."""
        if self.reason is not None:
            return layer is None and reason == self.reason
        return (layer, cause) == (self.layer, self.cause)

    def __str__(self) -> str:
        return self.reason or f"{self.layer}: {self.cause}"


@dataclass(frozen=True)
class AcceptedDeviation:
    """A check that may be refuted in one way, as long as somebody answers for it.

    Attributes:
        check: the frozen id; the acceptance covers the check on every TLS version and profile.
        ticket, owner: where it is followed up, and by whom.
        until: the last day on which it counts.
        why: for whoever reads the file.
    """

    check: str
    observed: Observed
    ticket: str
    owner: str
    until: dt.date
    why: str | None = None

    def days_left(self, today: dt.date) -> int:
        """Days until the last one; 0 on that day, negative when it has expired."""
        return (self.until - today).days
