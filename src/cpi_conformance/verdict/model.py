"""Three-valued truth: of a check, and of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cpi_conformance.control.receipt import Receipt
from cpi_conformance.verdict.acceptance import ACCEPTED, Acceptance, AcceptanceState

NOT_APPLICABLE = "not applicable"
"""How the reason begins when a check has nothing to say about a landscape; it does not hold up the gate."""


class Verdict(StrEnum):
    """Of a check."""

    PROVEN = "proven"
    REFUTED = "refuted"
    NOT_PROVEN = "not_proven"


class Gate(StrEnum):
    """Of a run."""

    GO = "GO"
    NO_GO = "NO-GO"
    NOT_PROVEN = "NOT PROVEN"


class Severity(StrEnum):
    """How much a refuted check matters; Allure's words."""

    BLOCKER = "blocker"
    CRITICAL = "critical"
    NORMAL = "normal"
    MINOR = "minor"


@dataclass(frozen=True)
class CheckResult:
    """What became of one check on one landscape.

    Attributes:
        id: frozen name of the check, such as ``MTLS-03``.
        node: pytest's node id, which tells landscapes apart.
        reason: why not proven or refuted, one sentence; ``None`` when proven.
        steps: the whitepaper's steps that the check proves.
        layer, cause: where and why the far side refused, as seen; ``None`` when the call was accepted.
        remedy: what to do; ``None`` when proven.
        rows: numbers of the rows of the diagnosis catalogue that fit, best first; none when proven.
    """

    id: str
    node: str
    title: str
    verdict: Verdict
    reason: str | None
    severity: str
    steps: tuple[str, ...]
    layer: str | None
    cause: str | None
    remedy: str | None
    rows: tuple[int, ...] = ()

    @property
    def applicable(self) -> bool:
        """Whether the check has something to say about the landscape."""
        return self.verdict is not Verdict.NOT_PROVEN or not (self.reason or "").startswith(NOT_APPLICABLE)

    @property
    def accepted(self) -> bool:
        """Whether the check is refuted exactly as somebody has accepted."""
        return self.verdict is Verdict.NOT_PROVEN and (self.reason or "").startswith(ACCEPTED)


@dataclass(frozen=True)
class Run:
    """A whole run.

    Attributes:
        started: UTC, ISO 8601 with seconds.
        landscape: the names of the landscapes that were checked, joined by commas.
        kind: ``simulated`` when any of them is.
        selected: how many checks were to run; more than there are results when a run was broken off.
        deselected: how many were left out by ``-k`` and the like.
        faults: the troubles that came and went in a simulated landscape meanwhile, with their seeds.
        receipts: for each space in which something was created, what is left of it.
        acceptances: what became of each deviation that the landscape file accepts.
    """

    id: str
    started: str
    seconds: float
    landscape: str
    kind: str
    selected: int
    checks: tuple[CheckResult, ...]
    deselected: int = 0
    faults: tuple[str, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()

    @property
    def gate(self) -> Gate:
        """Whether the transport may go; not as long as something besides the checks is not in order.

        Under faults nothing counts as conformance, so GO is out of reach.
        """
        gate = gate_of(self.checks, self.selected)
        return Gate.NOT_PROVEN if gate is Gate.GO and (self.faults or not self.in_order) else gate

    @property
    def in_order(self) -> bool:
        """Whether the run has left nothing behind, and no acceptance fails it."""
        return self.left_clean and not any(acceptance.failing for acceptance in self.acceptances)

    @property
    def holding(self) -> tuple[Acceptance, ...]:
        """The accepted deviations that were seen."""
        return tuple(each for each in self.acceptances if each.state is AcceptanceState.HOLDS)

    @property
    def left_clean(self) -> bool:
        """Whether everything that the run created is gone, and nothing of others is."""
        return all(receipt.clean for receipt in self.receipts)

    def count(self, verdict: Verdict) -> int:
        """How many checks ended so."""
        return sum(check.verdict is verdict for check in self.checks)


def gate_of(checks: Iterable[CheckResult], selected: int) -> Gate:
    """NO-GO when anything is refuted; GO when everything that applies is proven or accepted; else NOT PROVEN.

    A run that proved nothing, or that was broken off, is NOT PROVEN.
    """
    results = tuple(checks)
    if any(check.verdict is Verdict.REFUTED for check in results):
        return Gate.NO_GO
    applicable = [check for check in results if check.applicable and not check.accepted]
    complete = len(results) >= selected and bool(applicable)
    if complete and all(check.verdict is Verdict.PROVEN for check in applicable):
        return Gate.GO
    return Gate.NOT_PROVEN
