"""``verdict.json``: a run as a document, and its schema."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from cpi_conformance.verdict.model import Run, Verdict

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
        },
        "landscape": run.landscape,
        "kind": run.kind,
        "gate": str(run.gate),
        "counts": {str(verdict): run.count(verdict) for verdict in Verdict},
        "checks": [{**asdict(check), "steps": list(check.steps)} for check in run.checks],
    }
