"""What must be true of the refusals of a run, and which checks are excused from a part of it, and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.refusals import Recorded, Refusal

ROOT = Path(__file__).parent.parent

CREDENTIALS = ("authorization.clientid", "authorization.clientsecret")

TOGETHER = {
    "BASIC-40": CREDENTIALS,
    "BASIC-41": CREDENTIALS,
    "BASIC-42": CREDENTIALS,
    "KEYS-06": CREDENTIALS,
    "KEYS-08": CREDENTIALS,
    "ROTATE-01": CREDENTIALS,
    "CSRF-10": ("csrf.token", "csrf.cookies"),
    "TRIAL-10": ("authorization", "certificate"),
    "TRIAL-11": ("authorization", "certificate"),
}
"""Where two attributes are the one in question: another service key, nothing of a session, another kind of identity."""

ASKED_AGAIN = {"KEYS-51", "KEYS-52", "TOKEN-14"}
"""Where the far side has changed and not the order, which was granted before."""


def recorded(folder: Path, *arguments: str) -> list[Recorded]:
    """The refusals that were judged in a run."""
    path = folder / "refusals.json"
    command = [sys.executable, "-m", "tests.refusals", str(path), f"--reports={folder}", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}  # pytest's own setting comes too late for it
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=300)
    return [
        Recorded(run["id"], run["node"], run["outcome"], [refusal(each) for each in run["refusals"]])
        for run in json.loads(path.read_text(encoding="utf-8"))
    ]


def refusal(told: dict[str, Any]) -> Refusal:
    """As it was before it was written."""
    return Refusal(**{**told, "differences": tuple(told["differences"])})


def faults(runs: list[Recorded]) -> dict[str, str]:
    """What is wrong with checks that expect a refusal, by id."""
    by_id: dict[str, list[Recorded]] = defaultdict(list)
    for run in runs:
        by_id[run.id].append(run)
    found = {check: _fault(check, of_check) for check, of_check in by_id.items()}
    return {check: fault for check, fault in found.items() if fault is not None}


def _fault(check: str, runs: list[Recorded]) -> str | None:
    judged = [each for run in runs for each in run.refusals]
    if any(run.outcome == "failed" for run in runs):
        return "is not proven"
    if not judged:
        return "judges no refusal"
    if not all(each.twin_accepted for each in judged):
        return "has a refusal without an accepted twin"
    excused = {TOGETHER[check]} if check in TOGETHER else set()
    unlike = {each.differences for each in judged if not each.again and len(each.differences) != 1} - excused
    if unlike:
        return f"differs from its twin in {' and '.join(min(unlike)) or 'nothing'}"
    if any(each.again for each in judged) and check not in ASKED_AGAIN:
        return "asks the same again"
    return None
