"""The command ``python -m tests.kill_matrix``."""

from __future__ import annotations

import difflib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from cpi_conformance.simulator.defects import DEFECTS, Defect
from tests.kill_matrix.expectations import Expectation, Expectations, load
from tests.kill_matrix.matrix import Matrix, check_ids
from tests.kill_matrix.page import write_page
from tests.kill_matrix.planning import Plan, one_by_one, plan
from tests.kill_matrix.progress import Progress
from tests.kill_matrix.rounds import Rounds, Unsound
from tests.kill_matrix.running import ROOT, NotCollected, carry_out
from tests.kill_matrix.table import write_table
from tests.kill_matrix.telling import told, totals

OUT = ROOT / "reports" / "out" / "kill-matrix"

application = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@application.command()
def main(
    defect: Annotated[list[str] | None, typer.Option(help="Run this one only; again for more.", metavar="NAME")] = None,
    check: Annotated[list[str] | None, typer.Option(help="Run this check only; again for more.", metavar="ID")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the defects, and run nothing.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the matrix.", file_okay=False)] = OUT,
    alone: Annotated[
        bool, typer.Option("--alone", help="Run every check on each defect by itself; takes minutes.")
    ] = False,
    at_once: Annotated[int, typer.Option(help="How many runs are made at a time.", min=1)] = os.cpu_count() or 2,
) -> None:
    """Run the conformance suite on each defect of the simulated landscape, and see whether it notices.

    Exit code 1 when anything is wrong with the suite's power, with all of it in one message. With --defect or
    --check the matrix is not written, and what is missing elsewhere is not complained about.
    """
    if listed:
        for each in DEFECTS.values():
            typer.echo(f"{each.name} ({each.system}, {each.profile}): {each.wrong}")
        return
    if not hasattr(os, "fork"):
        raise typer.BadParameter("this system cannot fork processes, which the kill matrix is made of")
    chosen = tuple(DEFECTS[_known(name, DEFECTS, "--defect")] for name in dict.fromkeys(defect or DEFECTS))
    only = frozenset(_known(name, check_ids(), "--check") for name in check) if check else None
    expectations = load()
    together = not (alone or defect or check)
    planned = plan(chosen, expectations.by_name) if together else one_by_one(chosen, only)
    try:
        matrix = _run(chosen, planned, expectations, only, at_once)
    except (NotCollected, Unsound) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("ended: no matrix was written, and no run is left", err=True)
        raise typer.Exit(2) from None
    if matrix.whole:
        out.mkdir(parents=True, exist_ok=True)
        write_table(matrix, out / "kill-matrix.csv")
        write_page(matrix, out / "kill-matrix.html")
        typer.echo(f"kill-matrix.html and kill-matrix.csv are in {out}")
    else:
        typer.echo(told(matrix))
    problems = matrix.problems()
    typer.echo(totals(matrix))
    if problems:
        typer.echo("\n".join(("", "the suite is not as strong as it must be:", *problems)), err=True)
        raise typer.Exit(1)


def _known(name: str, names: Iterable[str], option: str) -> str:
    known = sorted(names)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3) or known[:3]
        raise typer.BadParameter(f"there is no {name}; there is for example {', '.join(near)}", param_hint=option)
    return name


def _run(
    chosen: tuple[Defect, ...],
    planned: Plan,
    expectations: Expectations,
    only: frozenset[str] | None,
    at_once: int,
) -> Matrix:
    started = time.perf_counter()
    rounds = Rounds(planned, _within(expectations, only))
    with Progress(rounds) as shown:
        carry_out(shown, sorted({each.profile for each in chosen}), at_once=at_once)
    seconds = time.perf_counter() - started
    known = frozenset(DEFECTS)
    return Matrix(chosen, rounds.outcomes, rounds.baselines, expectations, check_ids(), known, seconds, only)


def _within(expectations: Expectations, only: frozenset[str] | None) -> dict[str, Expectation]:
    named = expectations.by_name
    return {name: each if only is None else each.within(only) for name, each in named.items()}


if __name__ == "__main__":
    application()
