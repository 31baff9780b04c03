"""``verdict.json``: a run as a document, and its schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from cpi_conformance.control.place import Held
from cpi_conformance.control.receipt import Receipt
from cpi_conformance.verdict.acceptance import Acceptance
from cpi_conformance.verdict.model import CheckResult, Run, Verdict

SCHEMA: dict[str, Any] = json.loads(
    (files("cpi_conformance.verdict") / "verdict.schema.json").read_text(encoding="utf-8")
)
"""JSON Schema (draft 2020-12) of the document."""


def run_document(run: Run) -> dict[str, Any]:
    """The document of a run, after :data:`SCHEMA`."""
    return {
        "run": {
            "id": run.id,
            "started": run.started,
            "seconds": round(run.seconds, 3),
            "selected": run.selected,
            "deselected": run.deselected,
            "faults": list(run.faults),
        },
        "landscape": run.landscape,
        "kind": run.kind,
        "gate": str(run.gate),
        "counts": {str(verdict): run.count(verdict) for verdict in Verdict},
        "accepted_deviations": [_acceptance(acceptance) for acceptance in run.acceptances],
        "provisioning": [_receipt(receipt) for receipt in run.receipts],
        "checks": [_check(check) for check in run.checks],
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {**asdict(check), "steps": list(check.steps), "rows": list(check.rows)}


def _acceptance(acceptance: Acceptance) -> dict[str, Any]:
    deviation = acceptance.deviation
    return {
        "check": deviation.check,
        "ticket": deviation.ticket,
        "owner": deviation.owner,
        "until": deviation.until.isoformat(),
        "days_left": acceptance.days_left,
        "state": str(acceptance.state),
        "observed": str(deviation.observed),
        "why": deviation.why,
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "landscape": receipt.landscape,
        "place": receipt.place,
        "run": receipt.run,
        "clean": receipt.clean,
        "before": receipt.before,
        "after": receipt.after,
        "removed": [_held(each) for each in receipt.removed],
        "remaining": [{**_held(each.held), "why": each.why} for each in receipt.remaining],
        "disappeared": [_held(each) for each in receipt.disappeared],
        "appeared": [_held(each) for each in receipt.appeared],
    }


def _held(held: Held) -> dict[str, str]:
    return {"kind": held.kind, "name": held.name}
