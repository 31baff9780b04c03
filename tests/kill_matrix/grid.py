"""The matrix itself as a table of HTML: checks down, defects across, a letter where they meet."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from cpi_conformance.simulator.defects import System
from tests.kill_matrix.matrix import NOT_APPLICABLE, Matrix

MARKS = {
    "refuted": '<td class="r">R',
    "not proven": '<td class="n">N',
    "proven": "<td>·",
    NOT_APPLICABLE: '<td class="a">–',
    "": '<td class="a">',
}
"""A cell for each verdict; letters, so that colours are no more than a help."""

LEGEND = (
    ('<span class="mark r">R</span>', "refuted: the check turns red"),
    ('<span class="mark n">N</span>', "not proven: the defect takes away what the check compares with"),
    ('<span class="mark">·</span>', "proven, as without the defect"),
    ('<span class="mark a">–</span>', "says nothing about this generation"),
)


def grid(matrix: Matrix) -> Iterator[str]:
    """The section with the table; its headings stay in sight."""
    order = list(System)
    defects = sorted(matrix.defects, key=lambda defect: order.index(defect.system))
    yield '<section id="matrix"><h2>Matrix</h2><ul class="legend">'
    yield from (f"<li>{mark} {words}</li>" for mark, words in LEGEND)
    yield '</ul><div class="grid" role="region" aria-label="Matrix of checks and defects" tabindex="0"><table>'
    yield "<thead><tr><th></th>"
    for system, group in groupby(defects, lambda defect: defect.system):
        yield f'<th scope="colgroup" colspan="{len(list(group))}"><span>{escape(system)}</span></th>'
    yield '</tr><tr><th scope="col">Check</th>'
    for defect in defects:
        yield f'<th scope="col"><a href="#{defect.name}" title="{escape(defect.wrong)}">{defect.name}</a></th>'
    yield "</tr></thead><tbody>"
    for check in matrix.checks:
        title = escape(matrix.titles.get(check, ""))
        cells = "".join(MARKS[matrix.cell(check, defect)] for defect in defects)
        yield f'<tr><th scope="row"><a href="#{check}" title="{title}">{check}</a></th>{cells}</tr>'
    yield "</tbody></table></div></section>"
