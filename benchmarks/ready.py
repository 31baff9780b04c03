"""Prints the seconds until a simulated landscape is ready.

A program of its own, ``python -m benchmarks.ready``, because only the first landscape of a process is
what a run waits for: later ones find everything loaded.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate


def main() -> None:
    """Make a landscape, everyone in it and the files for its callers."""
    with TemporaryDirectory() as folder:
        started = time.perf_counter()
        landscape = SimulatedLandscape()
        population = populate(landscape)
        with landscape:
            hand_out(landscape, population, Path(folder))
            typer.echo(time.perf_counter() - started)


if __name__ == "__main__":
    main()
