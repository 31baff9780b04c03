"""What the kill matrix writes can be read by people and by programs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import DEFECTS
from tests.kill_matrix.matrix import Matrix, check_ids
from tests.kill_matrix.page import page
from tests.kill_matrix.table import write_table
from tests.made_up_runs import (
    EACH,
    OF_EACH,
    TWIN_LOST,
    matrix,
    outcome,
)

ROOT = Path(__file__).parent.parent


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Matrix, list[dict[str, str]]]]:
    """A matrix with a survivor, and its table read back."""
    given = matrix({**EACH, "B-01": outcome(TWIN_LOST)}, OF_EACH)
    write_table(given, tmp_path / "kill-matrix.csv")
    with (tmp_path / "kill-matrix.csv").open(encoding="utf-8", newline="") as stream:
        yield given, list(csv.DictReader(stream))


def test_table(written: tuple[Matrix, list[dict[str, str]]]) -> None:
    """A line for each check, a column for each defect."""
    given, lines = written
    assert [line["check"] for line in lines] == list(given.checks)
    assert lines[0] == {
        "check": "A-01",
        "title": "the title of A-01",
        "killers": "1",
        "A-01": "refuted",
        "A-02": "proven",
        "B-01": "proven",
    }
    assert [line["B-01"] for line in lines] == ["proven", "not proven", "proven"]


def test_page_needs_nothing_but_itself() -> None:
    """No resource from elsewhere, no script, and each link leads to a place on the page."""
    content = page(matrix(EACH, OF_EACH))
    assert not re.search(r"<script|<link|\bsrc=|url\(|@import|https?://", content)
    links, places = set(re.findall(r'href="#([^"]+)"', content)), re.findall(r'\bid="([^"]+)"', content)
    assert links <= set(places)


def test_page_says_what_is_wrong() -> None:
    """On top, in words that are no markup."""
    good, bad = page(matrix(EACH, OF_EACH)), page(matrix({**EACH, "B-01": outcome()}, OF_EACH))
    assert "Yes: it catches all 3 defects, and each of its 3 checks can turn red." in good
    assert "Not always: 1 of 3 defects are not caught as they must be and 1 of 3 checks cannot turn red." in bad
    assert "B-01 must be refuted, but it is proven" in bad
    assert "The sentence of A-01 with a &lt; in it." in good


def test_readme_tells_the_totals() -> None:
    """Whoever adds a defect or a check says so there."""
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"It is run on {len(DEFECTS)} defects" in readme
    assert f"each of its {len(check_ids())} checks is turned red by one" in readme
