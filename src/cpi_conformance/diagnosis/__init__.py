"""From a cause to what a person can do about it."""

from cpi_conformance.diagnosis.remedies import (
    NOT_REFUSED,
    REFUSED_OTHERWISE,
    SHOWN_OTHERWISE,
    WRONG_ANSWER,
    Remedy,
    remedy_for,
    remedy_for_acceptance,
    remedy_for_verdict,
)

__all__ = [
    "NOT_REFUSED",
    "REFUSED_OTHERWISE",
    "SHOWN_OTHERWISE",
    "WRONG_ANSWER",
    "Remedy",
    "remedy_for",
    "remedy_for_acceptance",
    "remedy_for_verdict",
]
