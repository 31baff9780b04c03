"""Why a PSE file cannot be used."""

from __future__ import annotations

from enum import Enum


class PseProblem(Enum):
    """What is wrong with a PSE file, or beyond what is known of the format."""

    NOT_A_PSE = "not-a-pse"
    DAMAGED = "damaged-pse"
    WRONG_PIN = "wrong-pin"
    UNSUPPORTED_ENCRYPTION = "unsupported-encryption"
    UNSUPPORTED_FORM = "unsupported-form"
    """It is written in a way of which too little is known."""


EXPORT = (
    "in STRUST export each certificate of the list as Base-64, or on the server sapgenpse export_p12 -p FILE new.pfx; "
    "sapgenpse maintain_pk -l -p FILE shows what the list holds"
)


class PseRefused(Exception):
    """A PSE file that cannot be used: the problem, one sentence about it that holds no secret, and what to do instead.

    ``advice`` is empty where nothing else helps than another PIN or another copy.
    """

    def __init__(self, problem: PseProblem, detail: str, advice: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}{advice and f'; {advice}'}")
        self.problem = problem
        self.detail = detail
        self.advice = advice
