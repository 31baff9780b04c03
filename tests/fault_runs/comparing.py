"""What a fault has made of a check: nothing, an open question, or something wrong."""

from __future__ import annotations

from enum import StrEnum

from cpi_conformance.verdict import Verdict
from tests.kill_matrix.outcome import Row


class Kind(StrEnum):
    """Of a check under a fault."""

    RIGHT = "right"
    OPEN = "not proven: infrastructure"
    WRONG = "wrong"


def compared(row: Row, without: Row) -> Kind:
    """A check under a fault against the same one without: its verdict, and when it is refuted, what for."""
    if row.verdict is Verdict.NOT_PROVEN and (row.reason or "").startswith("infrastructure: "):
        return Kind.OPEN
    same = row.verdict is without.verdict and (row.verdict is not Verdict.REFUTED or row.cause == without.cause)
    return Kind.RIGHT if same else Kind.WRONG
