"""What was found wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.control.cockpit import Denied
from cpi_conformance.control.orders import Order
from cpi_conformance.diagnosis import NOTHING_KNOWN, Remedy, Symptoms, advise, symptoms_of, symptoms_of_denial
from cpi_conformance.sender import Refused


@dataclass(frozen=True)
class Finding:
    """What was seen: the layer and cause of a refusal (``None`` for acceptance), and what to do.

    Attributes:
        rows: numbers of the rows of the diagnosis catalogue that fit what was seen, best first.
    """

    layer: str | None = None
    cause: str | None = None
    remedy: Remedy | None = None
    rows: tuple[int, ...] = ()


ACCEPTANCE = Finding()
"""Nothing was refused, or nothing is known."""


def finding_by(layer: str, symptoms: Symptoms) -> Finding:
    """A finding whose cause is that of the symptoms; ``KeyError`` for a cause that nobody has explained."""
    advice = advise(symptoms)
    return Finding(layer, symptoms.cause, advice.remedy, advice.rows)


def finding_of_refusal(asked: object, refused: Refused, known: Symptoms = NOTHING_KNOWN) -> Finding:
    """Of a call, or a connection test, that was refused; ``known`` is what else is known of the landscape."""
    return finding_by(str(refused.layer), symptoms_of(asked, refused) | known)


def finding_of_denial(order: Order, denied: Denied) -> Finding:
    """Of an order that was denied."""
    return finding_by(str(denied.layer), symptoms_of_denial(order, denied))
