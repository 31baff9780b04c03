"""Which runs are made: each fault equally often, with checks, seed and defect drawn from the number of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from cpi_conformance.verdict import Verdict
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Job

CALLING = frozenset({"BASIC", "CA", "MTLS", "PFX", "SM59", "TRIAL", "TRUST"})
"""How the ids of checks begin that only call; they need nothing but the landscape file."""

CREATING = frozenset({"CSRF", "FLOW", "KEYS", "ROTATE", "STORE", "TOKEN"})
"""Of checks that create something first, which costs a run half a second more."""

CHECKS = 24
"""How many checks a run draws, by their ids; of those that create something, five twelfths of it."""

BEHIND = frozenset({"slow-token-server", "broker-fails-late", "endpoint-lag", "key-lag", "clock-skew"})
"""Faults that strike only where something is created or a token is asked for."""

MET_BY = {"endpoint-lag": frozenset({"CSRF", "FLOW"}), "key-lag": frozenset({"KEYS", "ROTATE"})}
"""Faults that few of the checks that create something can meet, and how the ids of these begin."""

EVERY_SO_MANY = 6
"""One run of so many creates something under the other faults too."""

ALL = ("current", "whitepaper", "trial")

PROFILES = {"alert-lost": ("current",)}
"""Where a fault can strike at all, when not everywhere: elsewhere no alert is sent, or no certificate is taken."""


class Drawing:
    """Draws runs.

    ``baselines`` say which checks there are, by profile and defects.
    Every second run is made on a landscape with a defect, if there is a baseline of one, and up to half of its checks
    are those that the defect turns red: there a check that is proven by a fault would show.
    """

    def __init__(
        self, seed: int, faults: Sequence[str], baselines: Mapping[tuple[str, tuple[str, ...]], Outcome], checks: int
    ) -> None:
        self._seed = seed
        self._faults = faults
        self._baselines = baselines
        self._checks = checks

    def run(self, number: int) -> Job:
        """The run with this number; the same number and seed give the same run."""
        chance = Random(f"{self._seed}/{number}")
        fault = self._faults[number % len(self._faults)]
        there = PROFILES.get(fault, ALL)
        wrong = [each for each in self._baselines if each[1] and each[0] in there]
        right = [each for each in self._baselines if not each[1] and each[0] in there]
        profile, defects = chance.choice(wrong if wrong and chance.random() < 0.5 else right)
        creates = fault in BEHIND or number // len(self._faults) % EVERY_SO_MANY == 0
        creating = MET_BY.get(fault, CREATING), max(1, self._checks * 5 // 12)
        kinds, many = creating if creates else (CALLING, self._checks)
        rows = [row for row in self._baselines[profile, defects].rows if row.applicable and kind_of(row.check) in kinds]
        turned_red = sorted({row.check for row in rows if row.verdict is Verdict.REFUTED})
        others = sorted({row.check for row in rows} - set(turned_red))
        telling = chance.sample(turned_red, min(many // 2, len(turned_red)))
        only = frozenset((*telling, *chance.sample(others, min(many - len(telling), len(others)))))
        return Job(profile, defects, only, fault=(fault, chance.randrange(10**6)))


def kind_of(check: str) -> str:
    """How the id of a check begins."""
    return check.partition("-")[0]
