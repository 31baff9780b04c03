"""``docs/defects.md``: ``python -m tests.defects_page`` writes its tables anew from the defects themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cpi_conformance.simulator.defects import DEFECTS, Defect, System

PAGE = Path(__file__).parent.parent / "docs" / "defects.md"

MARK = "<!-- what follows is written by: python -m tests.defects_page -->\n"


def written_anew(page: str) -> str:
    """The page as it must be: what stands above the mark is kept."""
    introduction = page.partition(MARK)[0]
    return introduction + MARK + "".join(_tables())


def _tables() -> Iterator[str]:
    for system in System:
        defects = [each for each in DEFECTS.values() if each.system is system]
        if defects:
            yield f"\n## {system.value[0].upper()}{system.value[1:]}\n\n| defect | what is wrong |\n|---|---|\n"
            yield from map(_row, defects)


def _row(defect: Defect) -> str:
    where = "" if defect.profile == "current" else f" (profile `{defect.profile}`)"
    return f"| `{defect.name}` | {defect.wrong}{where} |\n"


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
