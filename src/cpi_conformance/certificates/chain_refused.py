"""Why certificates are no chain."""

from __future__ import annotations

from enum import Enum


class ChainProblem(Enum):
    """Why certificates are no chain."""

    NO_CERTIFICATE = "no-certificate"
    GAP = "missing-issuer"
    SEVERAL_LEAVES = "several-leaves"
    LOOP = "issued-in-a-circle"
    UNRELATED = "unrelated-certificate"


class ChainRefused(Exception):
    """Certificates that are no chain: the problem, and one sentence about it."""

    def __init__(self, problem: ChainProblem, detail: str) -> None:
        super().__init__(f"{problem.value}: {detail}")
        self.problem = problem
        self.detail = detail
