"""From a cause to what a person can do about it."""

from cpi_conformance.diagnosis.remedies import NOT_REFUSED, WRONG_ANSWER, Remedy, remedy_for

__all__ = ["NOT_REFUSED", "WRONG_ANSWER", "Remedy", "remedy_for"]
