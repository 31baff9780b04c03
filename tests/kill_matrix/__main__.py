"""The command ``python -m tests.kill_matrix``."""

from __future__ import annotations

from typing import Annotated

import typer

from cpi_conformance.simulator.defects import DEFECTS
from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import load
from tests.kill_matrix.judging import judge
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.running import Job, run_jobs

application = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@application.command()
def main(
    defect: Annotated[list[str] | None, typer.Option(help="Run this one only; again for more.", metavar="NAME")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the defects, and run nothing.")] = False,
    at_once: Annotated[int, typer.Option(help="How many runs are made at a time.", min=1)] = 2,
) -> None:
    """Run the conformance suite on each defect of the simulated landscape, and say what it noticed."""
    if listed:
        for each in DEFECTS.values():
            typer.echo(f"{each.name}  ({each.profile}) {each.wrong}")
        return
    chosen = [DEFECTS[name] for name in defect or DEFECTS]
    profiles = sorted({each.profile for each in chosen}) or ["current", "trial", "whitepaper"]
    jobs = [Job(profile) for profile in profiles] + [Job(each.profile, each.name) for each in chosen]
    expectations = load()
    for problem in expectations.problems:
        typer.echo(problem)
    baselines: dict[str, Outcome] = {}

    def ended(job: Job, outcome: Outcome) -> None:
        verdicts = {str(verdict): len(outcome.with_verdict(verdict)) for verdict in Verdict}
        typer.echo(f"{job} {outcome.seconds:.2f} s {outcome.broken or verdicts}")
        if job.defect is None:
            baselines[job.profile] = outcome
            return
        for row in outcome.rows:
            if row.applicable and row.verdict is not Verdict.PROVEN:
                typer.echo(f"    {row.verdict} {row.check}: {row.cause}: {row.reason}")
        if outcome.left:
            typer.echo(f"    receipt: {outcome.left}")
        if job.defect in expectations.by_name:
            typer.echo(f"    {judge(expectations.by_name[job.defect], outcome, baselines[job.profile])}")

    run_jobs(jobs, ended, at_once=at_once)


if __name__ == "__main__":
    application()
