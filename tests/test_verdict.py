"""Verdicts, gates and the document that carries them."""

from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest

from cpi_conformance.diagnosis import Remedy, Symptoms, row_of
from cpi_conformance.verdict import (
    SCHEMA,
    CheckResult,
    Finding,
    Gate,
    NotProven,
    Refuted,
    Run,
    Verdict,
    finding_by,
    run_document,
)
from cpi_conformance.verdict.model import NOT_APPLICABLE, Severity
from fixtures.checks import Check
from fixtures.evidence import diagnosis
from fixtures.verdict import result_of, told_by_rows

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


ROTATED = finding_by("server-trust", Symptoms(cause="missing-ca", old_root_trusted=True))


def test_result_names_the_rows_that_fit() -> None:
    """Of what is wrong; of what is proven there is nothing to explain."""
    refuted = result_of(CHECK, "node", Refuted("no", ROTATED), Finding())
    assert (refuted.layer, refuted.cause) == ("server-trust", "missing-ca")
    assert (refuted.rows, refuted.remedy) == ((2, 1), row_of(2).fix)
    assert result_of(CHECK, "node", None, ROTATED).rows == ()
    (check,) = run_document(run_of((refuted,), 1))["checks"]
    assert check["rows"] == [2, 1]


def test_terminal_tells_where_and_what_else() -> None:
    """In the words of the transaction in which it is done."""
    best, other = told_by_rows(result_of(CHECK, "node", Refuted("no", ROTATED), Finding()))
    assert best == "where: STRUST (row 2 of the diagnosis catalogue)"
    assert other == f"or else, row 1, STRUST: {row_of(1).fix}"


def test_terminal_tells_rows_beside_another_remedy() -> None:
    """What is to be done first may not be about what was seen."""
    otherwise = replace(ROTATED, remedy=REMEDY)
    lines = told_by_rows(result_of(CHECK, "node", Refuted("no", otherwise), Finding()))
    assert [line.partition(":")[0] for line in lines] == ["or else, row 2, STRUST", "or else, row 1, STRUST"]
    assert told_by_rows(REFUTED) == []


def test_terminal_tells_few_rows() -> None:
    """Beyond the third one they are in the report only."""
    found = finding_by(
        "server-trust", Symptoms(cause="missing-ca", old_root_trusted=True, root_elsewhere=True, known_issuer=False)
    )
    assert found.rows == (2, 3, 6, 1)
    assert len(told_by_rows(result_of(CHECK, "node", Refuted("no", found), Finding()))) == 3


def test_report_tells_the_rows() -> None:
    """Layer and cause, then each row with symptom, cause, fix, place and source; what a row says is said once."""
    assert ROTATED.remedy
    told = diagnosis(ROTATED, ROTATED.remedy)
    assert told.startswith("layer server-trust, cause missing-ca\n\nrow 2 of the diagnosis catalogue: ")
    for row in (row_of(2), row_of(1)):
        for text in (row.symptom, row.why, row.fix, row.where, row.source):
            assert text in told
    assert told.count(row_of(2).fix) == 1
    beside = diagnosis(replace(ROTATED, remedy=REMEDY), REMEDY)
    assert beside.startswith("layer server-trust, cause missing-ca\n\nwhy: because\nwhat to do: do this")
    assert row_of(2).fix in beside
