"""What the terminal says of defects that were run."""

from __future__ import annotations

from collections.abc import Iterator

from cpi_conformance.simulator.defects import Defect
from cpi_conformance.verdict import Verdict
from tests.kill_matrix.judging import as_without
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.outcome import Row


def totals(matrix: Matrix) -> str:
    """One line."""
    killed = sum(bool(killers) for killers in matrix.killers.values())
    power = f", {killed} of {len(matrix.checks)} checks have a killer" if matrix.whole else ""
    return f"{len(matrix.caught)} of {len(matrix.defects)} defects caught{power}, in {matrix.seconds:.1f} s"


def told(matrix: Matrix) -> str:
    """Each defect with every check that ends otherwise than without it."""
    return "\n".join(line for defect in matrix.defects for line in _about(matrix, defect))


def _about(matrix: Matrix, defect: Defect) -> Iterator[str]:
    outcome, baseline = matrix.outcomes[defect.name], matrix.baselines[defect.profile]
    yield f"{defect.name} ({defect.profile}, {outcome.seconds:.1f} s): {matrix.judged[defect.name].judgement}"
    yield f"  {defect.wrong}"
    if outcome.broken is not None:
        yield f"  {outcome.broken}"
    alike: dict[tuple[Verdict, str | None], list[Row]] = {}
    for row in outcome.rows:
        if not as_without(row, baseline):
            alike.setdefault((row.verdict, row.cause), []).append(row)
    for (verdict, cause), rows in alike.items():
        checks = ", ".join(f'"{check}"' for check in dict.fromkeys(row.check for row in rows))
        yield f"  {verdict.value.replace('_', ' ')}, cause {cause}: [{checks}]"
        yield f"    for example {rows[0].check}: {rows[0].reason}"
    yield from (f"  receipt not clean: {left}" for left in outcome.left)
