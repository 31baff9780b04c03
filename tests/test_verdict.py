"""Verdicts, gates and the document that carries them."""

from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest

from cpi_conformance.diagnosis import Remedy
from cpi_conformance.verdict import SCHEMA, CheckResult, Finding, Gate, NotProven, Refuted, Run, Verdict, run_document
from cpi_conformance.verdict.model import NOT_APPLICABLE, Severity
from fixtures.checks import Check
from fixtures.verdict import result_of

REMEDY = Remedy("because", "do this", "somewhere")
CHECK = Check("BASIC-01", "a title", Severity.BLOCKER, ("1.basic.2c",))
PROVEN = result_of(CHECK, "suites/x.py::a", None, Finding("authentication", "unauthenticated", REMEDY))
REFUTED = result_of(CHECK, "suites/x.py::b", Refuted("no", Finding("flow", "flow-failed", REMEDY)), Finding())
OPEN = result_of(CHECK, "suites/x.py::c", NotProven("infrastructure: nobody there"), Finding())
NOT_FOR_IT = replace(OPEN, reason=f"{NOT_APPLICABLE}: a trial tenant")

GATES: dict[str, tuple[tuple[CheckResult, ...], int, Gate]] = {
    "all-proven": ((PROVEN, PROVEN), 2, Gate.GO),
    "one-refuted": ((PROVEN, REFUTED), 2, Gate.NO_GO),
    "refuted-and-open": ((OPEN, REFUTED), 2, Gate.NO_GO),
    "one-open": ((PROVEN, OPEN), 2, Gate.NOT_PROVEN),
    "one-not-applicable": ((PROVEN, NOT_FOR_IT), 2, Gate.GO),
    "none-applicable": ((NOT_FOR_IT,), 1, Gate.NOT_PROVEN),
    "nothing-run": ((), 0, Gate.NOT_PROVEN),
    "broken-off": ((PROVEN,), 2, Gate.NOT_PROVEN),
}


def run_of(checks: tuple[CheckResult, ...], selected: int) -> Run:
    """A run with these results."""
    return Run("id", "2026-01-01T00:00:00Z", 1.5, "simulated current", "simulated", selected, checks)


@pytest.mark.parametrize("name", GATES)
def test_gate(name: str) -> None:
    """GO is only said when everything that applies is proven."""
    checks, selected, gate = GATES[name]
    assert run_of(checks, selected).gate is gate


@pytest.mark.parametrize("name", GATES)
def test_document_follows_its_schema(name: str) -> None:
    """What is written is what is documented."""
    checks, selected, gate = GATES[name]
    document = run_document(run_of(checks, selected))
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert document["gate"] == gate
    assert sum(document["counts"].values()) == len(checks)


def test_schema_refuses_what_is_not_documented() -> None:
    """The schema is strict, or it would document nothing."""
    document = run_document(run_of((PROVEN,), 1))
    document["checks"][0]["verdict"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


ENDINGS: dict[str, tuple[BaseException | None, Verdict, str | None]] = {
    "nothing-wrong": (None, Verdict.PROVEN, None),
    "refuted": (Refuted("must be refused", Finding()), Verdict.REFUTED, "must be refused"),
    "assertion": (AssertionError("first line\nsecond"), Verdict.REFUTED, "first line"),
    "not-proven": (NotProven("the twin was not accepted"), Verdict.NOT_PROVEN, "the twin was not accepted"),
    "broken-check": (ValueError("sesame"), Verdict.NOT_PROVEN, "the check itself broke: ValueError"),
    "skipped": (pytest.skip.Exception("configuration: x"), Verdict.NOT_PROVEN, "configuration: x"),
}


def test_failed_assertion_names_no_cause_that_was_seen_before() -> None:
    """A denial that was as it must be is not what is wrong."""
    result = result_of(CHECK, "node", AssertionError("there are more"), Finding("token", "token-refused", REMEDY))
    assert (result.layer, result.cause) == (None, "shown-otherwise")
    assert result.remedy


@pytest.mark.parametrize("name", ENDINGS)
def test_result_of_an_ending(name: str) -> None:
    """Only a failed assertion says something against the landscape; a broken check says nothing."""
    error, verdict, reason = ENDINGS[name]
    result = result_of(CHECK, "node", error, Finding("flow", "flow-failed", REMEDY))
    assert (result.verdict, result.reason) == (verdict, reason)
    assert (result.remedy is None) == (verdict is Verdict.PROVEN or name in ("refuted", "not-proven"))
