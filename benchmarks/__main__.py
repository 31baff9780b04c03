"""The command ``python -m benchmarks``: measures in rounds and prints the table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.calls import bare, by_sender, seconds_each
from benchmarks.far_side import FarSide, far_side
from benchmarks.kinds import Kind, kinds
from benchmarks.newman import Newman
from benchmarks.process import succeed
from benchmarks.rounds import Measurement, Samples, in_rounds
from benchmarks.suite import SuiteRun, run_suite
from benchmarks.table import Row, table

CALLS_ONLY = tuple(f"suites/test_{name}.py" for name in ("basic", "client_certificate", "pfx", "trust"))
"""The checks that do nothing but call the flow, as newman can; the others create service keys."""

KILL_MATRIX_CALLS = 60 / 1.92e-3
"""Bare calls with a certificate that the kill matrix may cost: 60 s where such a call takes 1.92 ms."""

application = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)


@application.command()
def main(
    rounds: Annotated[int, typer.Option(help="How often each measurement is made.", min=1)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="One round: to see that everything runs.")] = False,
    matrix: Annotated[bool, typer.Option("--kill-matrix", help="The kill matrix too; minutes each round.")] = False,
) -> None:
    """Measure what the suite costs, and compare it with bare calls and with newman."""
    with TemporaryDirectory(prefix="benchmarks-") as folder, far_side(Path(folder) / "landscape") as far:
        typer.echo(_measured(far, Path(folder), 1 if quick else rounds, matrix=matrix))


def _measured(far: FarSide, folder: Path, rounds: int, *, matrix: bool) -> str:
    on_far_side = f"--landscape={far.file}"
    compared = kinds(far.landscape)
    measurements: list[Measurement] = [
        lambda: {"ready": float(succeed((sys.executable, "-m", "benchmarks.ready"), folder / "ready.log").output)},
        *(_calls(kind, folder) for kind in compared),
        lambda: _whole(run_suite(folder, on_far_side, *CALLS_ONLY), compared),
        lambda: _default(run_suite(folder)),
    ]
    before = len(far.seen())
    checks = len(run_suite(folder, on_far_side, *CALLS_ONLY).ends)
    calls = far.seen()[before:]
    notes = [f"rounds: {rounds}; the checks of calls on the profile current: {checks} checks, {len(calls)} calls"]
    try:
        newman = Newman(far, calls, folder)
    except FileNotFoundError as missing:
        notes.append(f"{missing}")
    else:
        notes.append(newman.compared())
        measurements.append(lambda: {"newman": newman.seconds()})
    if matrix:
        measurements.append(lambda: {"kill matrix": _kill_matrix(folder)})
    samples = in_rounds(measurements, rounds)
    return "\n".join((table((*_per_call(samples, compared), *_per_run(samples))), "", *notes))


def _calls(kind: Kind, folder: Path) -> Measurement:
    plain, sent = [bare(call, folder) for call in kind.calls], [by_sender(call) for call in kind.calls]
    if not all(send().startswith(b"HTTP/1.1 401 ") for send in plain):
        raise RuntimeError(f"the bare call, {kind.name}, is not refused as those of the checks are")
    seconds_each(sent)  # opens the PFX
    return lambda: {f"bare {kind.name}": seconds_each(plain), f"sender {kind.name}": seconds_each(sent)}


def _whole(whole: SuiteRun, compared: Iterable[Kind]) -> Mapping[str, float]:
    checks = {f"check {kind.name}": whole.seconds_per_check(kind.checks) for kind in compared}
    return {"suite": whole.process.seconds, **checks}


def _default(whole: SuiteRun) -> Mapping[str, float]:
    return {"default": whole.process.seconds, "checks": len(whole.ends), "peak": whole.process.peak}


def _kill_matrix(folder: Path) -> float:
    command = (sys.executable, "-m", "tests.kill_matrix", f"--out={folder / 'kill-matrix'}")
    return succeed(command, folder / "kill-matrix.log").seconds


def _per_call(samples: Samples, compared: Iterable[Kind]) -> Iterable[Row]:
    for kind in compared:
        plain = samples[f"bare {kind.name}"]
        yield Row(f"{kind.name}: bare TLS handshake and request", plain, "ms")
        yield Row("  the sender's call, to the bare one", samples[f"sender {kind.name}"], "ms", plain)
        yield Row("  a check of three calls, to one bare call", samples[f"check {kind.name}"], "ms", plain, "at most 3")


def _per_run(samples: Samples) -> Sequence[Row]:
    suite, newman, checks = samples["suite"], samples.get("newman", ()), max(samples["checks"])
    compared = (
        Row("newman, whole run", newman, "s"),
        Row("  the suite making the same calls, to newman", suite, "s", newman, "at most 0.5"),
    )
    return (
        *(compared if newman else (Row("suite, whole run", suite, "s"),)),
        Row("simulated landscape ready after import", samples["ready"], "ms", (), "at most 300 ms"),
        Row(f"default run of {checks:.0f} checks", samples["default"], "s", (), f"at most {checks * 10 / 200:.1f} s"),
        Row("  memory", samples["peak"], "MB", (), "at most 150 MB"),
        *_of_the_matrix(samples),
    )


def _of_the_matrix(samples: Samples) -> Iterable[Row]:
    if "kill matrix" in samples:
        calls = samples["bare client certificate"]
        yield Row("kill matrix, to bare calls", samples["kill matrix"], "s", calls, f"at most {KILL_MATRIX_CALLS:,.0f}")


if __name__ == "__main__":
    application()
