"""``kill-matrix.csv``: a line for each check, a column for each defect, the verdict where they meet."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.kill_matrix.matrix import Matrix


def write_table(matrix: Matrix, path: Path) -> None:
    """Write the matrix; a cell is empty where a check does not run on the profile of the defect."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(("check", "title", "killers", *(defect.name for defect in matrix.defects)))
        for check in matrix.checks:
            cells = (matrix.cell(check, defect) for defect in matrix.defects)
            lines.writerow((check, matrix.titles.get(check, ""), len(matrix.killers[check]), *cells))
