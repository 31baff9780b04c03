"""Measuring in turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import typer

Measurement = Callable[[], Mapping[str, float]]
"""Measures once: seconds, or bytes, by what they were spent on."""

Samples = Mapping[str, Sequence[float]]


def in_rounds(measurements: Sequence[Measurement], rounds: int) -> Samples:
    """Make each measurement once, then all of them again, so that none has a better machine than another."""
    samples: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(1, rounds + 1):
        typer.echo(f"round {number} of {rounds}", err=True)
        for measure in measurements:
            for name, value in measure().items():
                samples[name].append(value)
    return samples
