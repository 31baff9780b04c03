"""The table that is printed: medians, ratios, and the budget beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

UNITS = {"ms": 1e3, "s": 1.0, "MB": 1e-6}
"""Of seconds or bytes, in which samples are kept."""


@dataclass(frozen=True)
class Row:
    """One measurement, with what it is compared to and what it may cost."""

    what: str
    samples: Sequence[float]
    unit: str
    against: Sequence[float] = ()
    budget: str = ""

    def cells(self) -> tuple[str, str, str, str]:
        """The row as texts."""
        value = median(self.samples) * UNITS[self.unit]
        digits = 0 if value >= 20 else 1 if value >= 10 else 2
        return self.what, f"{value:.{digits}f} {self.unit}", self._ratio(), self.budget

    def _ratio(self) -> str:
        """The median of the rounds' own ratios, in which the machine's drift is on both sides."""
        if not self.against:
            return ""
        ratio = median(mine / theirs for mine, theirs in zip(self.samples, self.against, strict=True))
        return f"{ratio:.2f}" if ratio < 100 else f"{ratio:,.0f}"


def table(rows: Iterable[Row]) -> str:
    """The rows below their headings, the numbers to the right."""
    lines = [("", "median", "ratio", "budget"), *(row.cells() for row in rows)]
    first, second, third = (max(len(line[at]) for line in lines) for at in range(3))
    return "\n".join(f"{a:<{first}}  {b:>{second}}  {c:>{third}}  {d}".rstrip() for a, b, c, d in lines)
