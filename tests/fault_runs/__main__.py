"""The command ``python -m tests.fault_runs``."""

from __future__ import annotations

import time
from random import Random
from typing import Annotated

import typer

from cpi_conformance.simulator.defects import DEFECTS
from cpi_conformance.simulator.faults import FAULTS
from tests.fault_runs.comparing import Kind
from tests.fault_runs.drawing import ALL, CHECKS
from tests.fault_runs.rounds import FaultRounds
from tests.kill_matrix.progress import Progress
from tests.kill_matrix.running import carry_out

application = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@application.command()
def main(
    runs: Annotated[int, typer.Option(help="How many runs are made.", min=1)] = 2000,
    seed: Annotated[int, typer.Option(help="What faults, seeds, defects and checks are drawn from.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help="Under this one only; again for more.", metavar="NAME")
    ] = None,
    first: Annotated[int, typer.Option(help="The number of the first run.", min=0)] = 0,
    defects: Annotated[int, typer.Option(help="On how many defects, too.", min=0)] = 20,
    profile: Annotated[list[str] | None, typer.Option(help="On this one only; again for more.")] = None,
    checks: Annotated[int, typer.Option(help="How many checks a run draws.", min=1)] = CHECKS,
    at_once: Annotated[int, typer.Option(help="How many runs are made at a time.", min=1)] = 2,
) -> None:
    """Run checks under faults, on the right landscape and on wrong ones, and compare with the same without faults.

    One run is a sample of the checks of one profile under one fault and one seed. Exit code 1 when a check was proven
    or refuted that is not without the fault, or the other way round, or when a run came to no verdict.
    """
    if unknown := [name for name in fault or [] if name not in FAULTS]:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(FAULTS)}", param_hint="--fault")
    started = time.perf_counter()
    numbers = range(first, first + runs)
    profiles = profile or ALL
    there = sorted(name for name, defect in DEFECTS.items() if defect.profile in profiles)
    drawn = Random(f"{seed}/defects").sample(there, min(defects, len(there)))
    rounds = FaultRounds(numbers, seed, fault or list(FAULTS), drawn, profiles=profiles, checks=checks)
    with Progress(rounds) as shown:
        carry_out(shown, profiles, at_once=at_once)
    for line in _told(rounds):
        typer.echo(line)
    wrong, broken = list(rounds.wrong()), list(rounds.broken())
    for each in (*wrong, *broken):
        typer.echo(str(each), err=True)
    typer.echo(f"{len(rounds.runs)} runs, {len(wrong)} checks wrong, in {time.perf_counter() - started:.0f} s")
    if wrong or broken:
        raise typer.Exit(1)


def _told(rounds: FaultRounds) -> list[str]:
    """A line for each fault."""
    struck: dict[str, list[bool]] = {}
    for job, outcome in rounds.runs.values():
        assert job.fault is not None
        struck.setdefault(job.fault[0], []).append(bool(outcome.struck))
    lines = [f"{'fault':<26}{'runs':>6}{'struck':>8}{'right':>8}{'open':>8}{'wrong':>8}"]
    for name, kinds in sorted(rounds.kinds().items()):
        counts = (kinds[kind] for kind in Kind)
        lines.append(f"{name:<26}{len(struck[name]):>6}{sum(struck[name]):>8}" + "".join(f"{n:>8}" for n in counts))
    return lines


if __name__ == "__main__":
    application()
