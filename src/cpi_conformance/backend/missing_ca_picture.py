"""The matrix of missing CAs as a picture: SVG without scripts and without anything from outside."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from cpi_conformance.backend.missing_ca import CERTIFICATE_LIST, Ca, Outcome

ROW, HEAD, LEFT, COLUMN, WIDTH = 30, 150, 24, 118, 1180
"""Pixels: height of a row and of the head, margin, width of a CA's column, and of the whole."""

CONNECTS, FAILS, FAINT, INK = "#1a7f37", "#b42318", "#9aa4b2", "#1f2933"


def picture(title: str, outcomes: tuple[Outcome, ...]) -> str:
    """One row for each subset: which of the four CAs is there, what SM59 shows, and what must be imported where."""
    height = HEAD + ROW * len(outcomes) + 40
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            ' font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *_head(title, outcomes),
            *(line for number, outcome in enumerate(outcomes) for line in _row(number, outcome)),
            "</svg>",
            "",
        )
    )


def _head(title: str, outcomes: tuple[Outcome, ...]) -> Iterator[str]:
    connecting = sum(outcome.connects for outcome in outcomes)
    yield _text(LEFT, 34, title, size=20, weight=600)
    told = f"{connecting} of {len(outcomes)} combinations connect; ● is there, ○ is missing"
    yield _text(LEFT, 60, told, fill="#52606d")
    for column, ca in enumerate(Ca):
        party, _, kind = ca.value.rpartition(" ")
        x = LEFT + column * COLUMN + COLUMN / 2
        yield _text(x, HEAD - 44, party, anchor="middle", weight=600)
        yield _text(x, HEAD - 24, kind, anchor="middle")
    yield _text(LEFT + 4 * COLUMN + 20, HEAD - 24, "connection test", weight=600)
    yield _text(LEFT + 4 * COLUMN + 330, HEAD - 24, "to be imported", weight=600)
    yield f'<line x1="{LEFT}" y1="{HEAD - 12}" x2="{WIDTH - LEFT}" y2="{HEAD - 12}" stroke="{INK}" stroke-width="1"/>'


def _row(number: int, outcome: Outcome) -> Iterator[str]:
    top = HEAD + number * ROW
    middle = top + ROW / 2 + 5
    colour = CONNECTS if outcome.connects else FAILS
    tint = "#e9f7ee" if outcome.connects else ("#ffffff" if number % 2 else "#f7f8fa")
    yield f'<rect x="{LEFT}" y="{top}" width="{WIDTH - 2 * LEFT}" height="{ROW}" fill="{tint}"/>'
    for column, ca in enumerate(Ca):
        there = ca in outcome.present
        x = LEFT + column * COLUMN + COLUMN / 2
        yield _text(x, middle, "●" if there else "○", anchor="middle", fill=INK if there else FAINT)
    yield _text(LEFT + 4 * COLUMN + 20, middle, outcome.shown, fill=colour, weight=600)
    if outcome.to_import is not None:
        name = outcome.to_import.ca.partition(",")[0].removeprefix("CN=")
        place = "list" if outcome.to_import.place == CERTIFICATE_LIST else "PSE"
        yield _text(LEFT + 4 * COLUMN + 330, middle, f"{name} → {place}")


def _text(
    x: float, y: float, text: str, *, size: int = 14, weight: int = 400, anchor: str = "start", fill: str = INK
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">'
        f"{escape(text)}</text>"
    )
