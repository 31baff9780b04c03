"""What every check of the suite must have: a frozen id, words, a twin, and a step of the whitepaper."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cpi_conformance.verdict import Severity
from fixtures.checks import whitepaper_steps

ROOT = Path(__file__).parent.parent
FROZEN = Path(__file__).parent / "check-ids.txt"

REFUSING = {"refused", "denied", "denied_again", "fails", "judge_certificate"}
"""The methods of the judges that demand a twin."""

ACCEPTING = {
    "accepted",
    "presented",
    "granted",
    "carried_out",
    "carried_key",
    "new_key",
    "shown",
    "succeeds",
    "connects",
}
"""Those that demand acceptance, what calls them, and what shows something that is asserted on."""

COVERAGE = {"checks", "screen only"}


@dataclass(frozen=True)
class Collected:
    """A check as pytest collects it, on one profile."""

    node: str
    id: str
    title: str
    severity: str
    steps: list[str]
    words: str
    module: str
    function: str


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> list[Collected]:
    """Every check of ``suites``, on every profile, as a run would collect it."""
    path = tmp_path_factory.mktemp("collected") / "checks.json"
    command = [sys.executable, "-m", "tests.collecting", str(path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    rows = [Collected(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    assert len(rows) > 100
    return rows


def test_ids_are_frozen(collected: list[Collected]) -> None:
    """An id that a report has named is never given to another check, and none disappears unnoticed."""
    assert sorted({each.id for each in collected}) == FROZEN.read_text(encoding="utf-8").split()


def test_an_id_means_one_thing(collected: list[Collected]) -> None:
    """One id, one title, one function."""
    meanings = {(each.id, each.title, each.function) for each in collected}
    assert len(meanings) == len({each.id for each in collected})
    assert len({each.title for each in collected}) >= len(meanings) - 6, "titles repeat too often"


def test_words(collected: list[Collected]) -> None:
    """Polarity first, then the layer and why, then the source; a title that goes on from the id."""
    for each in collected:
        assert each.words.startswith(("Accepted", "Refused")), each.node
        assert "Source:" in each.words, each.node
        assert each.severity in set(Severity), each.node
        assert not each.title.startswith(("The ", "A ", "An ", "No ")), f"{each.title}: titles begin in lower case"


def test_every_check_proves_known_steps(collected: list[Collected]) -> None:
    """No check without a step, no step that the whitepaper does not have."""
    steps = whitepaper_steps()
    for each in collected:
        assert each.steps, each.node
        assert set(each.steps) <= set(steps), each.node


def test_every_step_is_accounted_for(collected: list[Collected]) -> None:
    """A step is proven by checks exactly when the list says so; else it says why not."""
    proven = {step for each in collected for step in each.steps}
    for name, step in whitepaper_steps().items():
        assert step["coverage"] in COVERAGE, name
        assert (step["coverage"] == "checks") == (name in proven), name
        assert step["coverage"] == "checks" or step["reason"], name


def test_what_must_be_accepted_expects_no_refusal(collected: list[Collected]) -> None:
    """A check says which polarity it has; those that expect a refusal are run in tests/test_every_twin.py."""
    for module, function, words in {(each.module, each.function, each.words) for each in collected}:
        if words.startswith("Accepted"):
            called = functions_called(Path(module), function)
            assert called & ACCEPTING, f"{function} judges no call and no order"
            assert not called & REFUSING, f"{function} is called accepted, but expects a refusal"


def functions_called(module: Path, function: str) -> set[str]:
    """The last names of all that a function calls."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    called = [node.func for node in ast.walk(body) if isinstance(node, ast.Call)]
    attributes = {each.attr for each in called if isinstance(each, ast.Attribute)}
    return attributes | {each.id for each in called if isinstance(each, ast.Name)}


def test_no_secret_is_a_parameter(collected: list[Collected]) -> None:
    """Parameters are printed by pytest and Allure, so they are ways to change a secret, never secrets."""
    assert not [each.node for each in collected if "$" in each.node or "sb-" in each.node.split("[")[-1]]
