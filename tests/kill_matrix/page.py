"""``kill-matrix.html``: one page without any external resource, for management above and for engineers below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from cpi_conformance.simulator.defects import Defect, System
from tests.kill_matrix.grid import grid
from tests.kill_matrix.judging import Judgement
from tests.kill_matrix.matrix import Matrix

STYLE = Path(__file__).parent / "page.css"

SHOWN = 8
"""So many checks are shown without being asked for."""

TITLE = "Does the suite notice when a landscape is wrong?"

WHAT_IT_IS = """
Each <em>defect</em> is one way in which a simulated landscape is wrong on purpose. The conformance suite was run on
every one of them. <em>Caught</em> means: exactly the checks that must turn red did, each named the right cause
first, and no other check changed its verdict. A check that no defect turns red would be worth nothing.
"""


def write_page(matrix: Matrix, path: Path) -> None:
    """Write the page."""
    path.write_text(page(matrix), encoding="utf-8")


def page(matrix: Matrix) -> str:
    """The page as HTML."""
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Kill matrix: {TITLE}</title>",
            f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#defects">Skip to the defects</a>',
            f"<header><p>Kill matrix of the conformance suite</p><h1>{TITLE}</h1>",
            *_answer(matrix),
            f'<p class="what">{WHAT_IT_IS.strip()}</p>',
            '<nav aria-label="Contents"><a href="#defects">Defects</a> <a href="#checks">Checks</a> '
            '<a href="#matrix">Matrix</a></nav></header>',
            "<main>",
            *_problems(matrix),
            *_systems(matrix),
            *_defects(matrix),
            *_checks(matrix),
            *grid(matrix),
            "</main>",
            "</body>",
            "</html>",
            "",
        )
    )


def _answer(matrix: Matrix) -> Iterator[str]:
    """The question of the title answered in a sentence, and in numbers."""
    defects, caught = len(matrix.defects), len(matrix.caught)
    checks, killed = len(matrix.checks), sum(map(bool, matrix.killers.values()))
    good = not matrix.problems()
    missing = [
        f"{count} of {of} {what}"
        for count, of, what in (
            (defects - caught, defects, "defects are not caught as they must be"),
            (checks - killed, checks, "checks cannot turn red"),
        )
        if count
    ]
    sentence = (
        f"Yes: it catches all {defects} defects, and each of its {checks} checks can turn red."
        if good
        else f"Not always: {' and '.join(missing) or 'see below'}."
    )
    yield f'<p class="answer {"good" if good else "bad"}">{sentence}</p>'
    yield '<dl class="totals">'
    for name, value in (
        ("defects", defects),
        ("caught", caught),
        ("checks", checks),
        ("checks with a killer", killed),
        ("seconds", f"{matrix.seconds:.0f}"),
    ):
        yield f"<div><dt>{name}</dt><dd>{value}</dd></div>"
    yield "</dl>"


def _problems(matrix: Matrix) -> Iterator[str]:
    problems = matrix.problems()
    if not problems:
        return
    yield '<section class="problems"><h2>What is wrong</h2><ul>'
    yield from (f"<li>{escape(problem).replace(chr(10), '<br>')}</li>" for problem in problems)
    yield "</ul></section>"


def _by_system(matrix: Matrix) -> Iterator[tuple[System, list[Defect]]]:
    order = list(System)
    ordered = sorted(matrix.defects, key=lambda defect: order.index(defect.system))
    return ((system, list(defects)) for system, defects in groupby(ordered, lambda defect: defect.system))


def _systems(matrix: Matrix) -> Iterator[str]:
    yield '<section id="defects"><h2>Defects by system</h2><table class="systems">'
    yield '<thead><tr><th scope="col">System</th><th scope="col">Defects</th><th scope="col">Caught</th></tr></thead>'
    for system, defects in _by_system(matrix):
        caught = sum(defect.name in matrix.caught for defect in defects)
        link = f'<a href="#{_anchor(system)}">{escape(_title(system))}</a>'
        state = "good" if caught == len(defects) else "bad"
        yield f'<tr><th scope="row">{link}</th><td>{len(defects)}</td><td class="{state}">{caught}</td></tr>'
    yield "</table>"


def _defects(matrix: Matrix) -> Iterator[str]:
    for system, defects in _by_system(matrix):
        yield f'<h3 id="{_anchor(system)}">{escape(_title(system))}</h3><table class="defects"><thead><tr>'
        yield '<th scope="col">Defect</th><th scope="col">Verdict</th><th scope="col">Caught by</th></tr></thead>'
        yield from (_defect(matrix, defect) for defect in defects)
        yield "</table>"
    yield "</section>"


def _defect(matrix: Matrix, defect: Defect) -> str:
    judged = matrix.judged[defect.name]
    state = "good" if judged.judgement is Judgement.CAUGHT else "bad"
    by = _list([_check(matrix, check) for check in sorted(judged.by)])
    if len(judged.by) > SHOWN:
        by = f"<details><summary>{len(judged.by)} checks</summary>{by}</details>"
    if judged.receipt:
        by += "the receipt at the end of the run"
    why = "".join(f"<p>{escape(text)}</p>" for text in judged.why)
    return (
        f'<tr id="{defect.name}"><th scope="row">{escape(defect.wrong)}<br><code>{defect.name}</code> '
        f'<span class="profile">on {defect.profile}</span></th>'
        f'<td><span class="badge {state}">{judged.judgement}</span></td>'
        f"<td>{by}{why}</td></tr>"
    )


def _check(matrix: Matrix, check: str) -> str:
    return f'<li><a href="#{check}">{check}</a> {escape(matrix.titles.get(check, ""))}</li>'


def _checks(matrix: Matrix) -> Iterator[str]:
    yield '<section id="checks"><h2>Checks and what turns them red</h2><table class="checks"><thead><tr>'
    yield '<th scope="col">Check</th><th scope="col">Says</th><th scope="col">Red on</th></tr></thead>'
    sentences = {defect.name: defect.wrong for defect in matrix.defects}
    for check in matrix.checks:
        killers = [
            f'<li><a href="#{name}" title="{escape(sentences[name])}">{name}</a></li>' for name in matrix.killers[check]
        ]
        red = _list(killers) or '<span class="badge bad">no defect</span>'
        title = escape(matrix.titles.get(check, ""))
        yield f'<tr id="{check}"><th scope="row">{check}</th><td>{title}</td><td>{red}</td></tr>'
    yield "</table></section>"


def _list(items: Iterable[str]) -> str:
    lines = "".join(items)
    return f"<ul>{lines}</ul>" if lines else ""


def _title(system: System) -> str:
    return system[0].upper() + system[1:]


def _anchor(system: System) -> str:
    return f"system-{system.name.lower().replace('_', '-')}"
