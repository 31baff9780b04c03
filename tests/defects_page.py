"""``docs/defects.md``: ``python -m tests.defects_page`` writes its tables anew from the defects and what is expected.

The kill matrix fails when a run finds anything else, so the page says what is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cpi_conformance.simulator.defects import DEFECTS, Defect, System
from tests.kill_matrix.expectations import Expectation, load
from tests.kill_matrix.matrix import check_ids

PAGE = Path(__file__).parent.parent / "docs" / "defects.md"

MOST = 8
"""So many names are told of a row; the page of a run has all."""

MARK = "<!-- what follows is written by: python -m tests.defects_page -->\n"


def written_anew(page: str) -> str:
    """The page as it must be: what stands above the mark is kept."""
    introduction = page.partition(MARK)[0]
    return introduction + MARK + "".join(_tables())


def _tables() -> Iterator[str]:
    expectations = load().by_name
    for system in System:
        defects = [each for each in DEFECTS.values() if each.system is system]
        if defects:
            yield f"\n## {system.value[0].upper()}{system.value[1:]}\n\n"
            yield "| defect | what is wrong | what turns red |\n|---|---|---|\n"
            yield from (_row(each, expectations[each.name]) for each in defects)
    yield "\n## By check\n\n| check | turned red by |\n|---|---|\n"
    for check in check_ids():
        killers = [(len(each.refuted), f"`{name}`") for name, each in expectations.items() if check in each.refuted]
        yield f"| {check} | {_some([name for _, name in sorted(killers)])} |\n"


def _row(defect: Defect, expected: Expectation) -> str:
    where = "" if defect.profile == "current" else f" (profile `{defect.profile}`)"
    red = _some(sorted(expected.refuted)) or "the receipt"
    return f"| `{defect.name}` | {defect.wrong}{where} | {red} |\n"


def _some(names: list[str]) -> str:
    more = len(names) - MOST
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST])} and {more} more"


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
