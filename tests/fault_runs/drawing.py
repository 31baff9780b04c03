"""Which runs are made: each fault equally often, with checks, seed and defect drawn from the number of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Job

CALLING = ("basic", "client_certificate", "pfx", "trust")
"""Suites whose checks only call; they need nothing but the landscape file."""

CREATING = ("csrf", "flow", "tokens", "service_keys")
"""Suites whose checks create something first, which costs a run half a second more."""

SUITES = tuple(f"suites/test_{name}.py" for name in (*CALLING, *CREATING))

CHECKS = {CALLING: 24, CREATING: 10}
"""How many checks, by their ids, a run draws from the suites."""

BEHIND = frozenset({"slow-token-server", "broker-fails-late", "endpoint-lag", "clock-skew"})
"""Faults that strike only where something is created or a token is asked for."""

EVERY_SO_MANY = 6
"""One run of so many creates something under the other faults too."""

PROFILES = {"alert-lost": ("current",)}
"""Where a fault can strike at all, when not everywhere: elsewhere no alert is sent, or no certificate is taken."""

ALL = ("current", "whitepaper", "trial")


class Drawing:
    """Draws runs.

    ``baselines`` say which checks there are, by profile and defects.
    Every second run is made on a landscape with a defect, if there is a baseline of one: there a check that is
    proven by a fault would show.
    """

    def __init__(
        self, seed: int, faults: Sequence[str], baselines: Mapping[tuple[str, tuple[str, ...]], Outcome]
    ) -> None:
        self._seed = seed
        self._faults = faults
        self._baselines = baselines

    def run(self, number: int) -> Job:
        """The run with this number; the same number and seed give the same run."""
        chance = Random(f"{self._seed}/{number}")
        fault = self._faults[number % len(self._faults)]
        profiles = PROFILES.get(fault, ALL)
        wrong = [each for each in self._baselines if each[1] and each[0] in profiles]
        right = [(profile, ()) for profile in profiles]
        profile, defects = chance.choice(wrong if wrong and chance.random() < 0.5 else right)
        creates = fault in BEHIND or number // len(self._faults) % EVERY_SO_MANY == 0
        suites = CREATING if creates else CALLING
        checks = self._checks(profile, defects, suites)
        only = frozenset(chance.sample(checks, min(CHECKS[suites], len(checks))))
        return Job(profile, defects, only, fault=(fault, chance.randrange(10**6)))

    def _checks(self, profile: str, defects: tuple[str, ...], suites: Sequence[str]) -> list[str]:
        paths = tuple(f"suites/test_{suite}.py" for suite in suites)
        rows = self._baselines[profile, defects].rows
        return sorted({row.check for row in rows if row.applicable and row.node.startswith(paths)})
