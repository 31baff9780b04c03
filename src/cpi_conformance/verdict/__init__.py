"""Verdicts: of a check, of a run, and how they are reached."""

from cpi_conformance.verdict.acceptance import Acceptance, AcceptanceState
from cpi_conformance.verdict.acceptance_states import acceptances_of
from cpi_conformance.verdict.asking import answers_as_expected
from cpi_conformance.verdict.document import SCHEMA, run_document
from cpi_conformance.verdict.finding import Finding, finding_by
from cpi_conformance.verdict.in_between import InBetween
from cpi_conformance.verdict.judge import Judge, NotProven, Refuted
from cpi_conformance.verdict.model import CheckResult, Gate, Run, Severity, Verdict, gate_of
from cpi_conformance.verdict.order_judge import OrderJudge
from cpi_conformance.verdict.order_twins import OrderTwins
from cpi_conformance.verdict.standing import Chains
from cpi_conformance.verdict.twins import Twins

__all__ = [
    "SCHEMA",
    "Acceptance",
    "AcceptanceState",
    "Chains",
    "CheckResult",
    "Finding",
    "Gate",
    "InBetween",
    "Judge",
    "NotProven",
    "OrderJudge",
    "OrderTwins",
    "Refuted",
    "Run",
    "Severity",
    "Twins",
    "Verdict",
    "acceptances_of",
    "answers_as_expected",
    "finding_by",
    "gate_of",
    "run_document",
]
