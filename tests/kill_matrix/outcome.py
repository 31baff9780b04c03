"""What came of one run of the suite: a child's ``verdict.json``, read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cpi_conformance.verdict import Verdict
from cpi_conformance.verdict.model import NOT_APPLICABLE


@dataclass(frozen=True)
class Row:
    """What came of one check; a check that runs in several ways has a row for each.

    Attributes:
        cause: what the check names as wrong; ``None`` when it is proven, or names nothing.
    """

    check: str
    title: str
    node: str
    verdict: Verdict
    reason: str | None = None
    cause: str | None = None

    @property
    def applicable(self) -> bool:
        """Whether the check has something to say about the landscape."""
        return not (self.verdict is Verdict.NOT_PROVEN and (self.reason or "").startswith(NOT_APPLICABLE))


@dataclass(frozen=True)
class Outcome:
    """A run that has ended.

    Attributes:
        rows: of every check of the profile.
        left: what the receipts show as left behind, or as missing; empty when they are clean.
        seconds: wall time, with the start of the landscape and the removal at the end.
        met: whether any code of the defect's own ran; ``None`` when nobody has watched, or it has none.
        broken: why there is no verdict, with the end of the output; ``None`` when there is one.
        struck: what a fault did, in order; empty without one.
    """

    profile: str
    rows: tuple[Row, ...] = ()
    left: tuple[str, ...] = ()
    seconds: float = 0.0
    met: bool | None = None
    broken: str | None = None
    struck: tuple[str, ...] = ()

    def with_verdict(self, verdict: Verdict) -> frozenset[str]:
        """The ids of the checks of which a row ended so; one to which it does not apply did not end."""
        return frozenset(row.check for row in self.rows if row.verdict is verdict and row.applicable)

    def of(self, check: str) -> tuple[Row, ...]:
        """The rows of a check."""
        return self.by_check.get(check, ())

    @cached_property
    def by_node(self) -> Mapping[str, Row]:
        """The rows by pytest's node ids."""
        return {row.node: row for row in self.rows}

    @cached_property
    def by_check(self) -> Mapping[str, tuple[Row, ...]]:
        """The rows by the ids of the checks."""
        found: dict[str, tuple[Row, ...]] = {}
        for row in self.rows:
            found[row.check] = (*found.get(row.check, ()), row)
        return found

    def only(self, checks: frozenset[str]) -> Outcome:
        """What it says of these checks; nothing of the receipt."""
        return replace(self, rows=tuple(row for check in sorted(checks) for row in self.of(check)), left=())

    def but(self, checks: frozenset[str]) -> Outcome:
        """What it says of all other checks; nothing of the receipt."""
        return replace(self, rows=tuple(row for row in self.rows if row.check not in checks), left=())

    def with_rest(self, *rest: Outcome) -> Outcome:
        """The same with the rows of other checks; its time and its receipt are its own."""
        return replace(self, rows=(*self.rows, *(row for each in rest for row in each.rows)))


def outcome_of(document: Mapping[str, Any], profile: str, seconds: float) -> Outcome:
    """The outcome of a run from its ``verdict.json``."""
    missing = document["run"]["selected"] - len(document["checks"])
    return Outcome(
        profile,
        tuple(
            Row(each["id"], each["title"], each["node"], Verdict(each["verdict"]), each["reason"], each["cause"])
            for each in document["checks"]
        ),
        tuple(_left(document["provisioning"])),
        seconds,
        broken=f"{missing} checks have no verdict" if missing else None,
    )


def _left(receipts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for receipt in receipts:
        place = receipt["place"]
        yield from (
            f"{place}: {each['kind']} {each['name']} not removed: {each['why']}" for each in receipt["remaining"]
        )
        yield from (f"{place}: {each['kind']} {each['name']} is gone" for each in receipt["disappeared"])
