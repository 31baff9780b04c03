"""By what the far side knows that something belongs to a run, and when others may remove it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cpi_conformance.control.labels import EXPIRES, RUN

NAME_PREFIX = "cpic-"
"""How the names of all instances begin that a run creates."""

CLAIM_PREFIX = "cpic-claim-"
"""How the name of an instance begins by which a run claims what only one may use; the rest says what."""

CLAIM = re.compile(rf"{CLAIM_PREFIX}[0-9a-f]{{16}}")

RUN_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class RunMark:
    """A run, and when what it has created may be removed by others.

    Attributes:
        run: 12 hexadecimal digits.
        expires: seconds since the epoch, by the clock of the far side.
    """

    run: str
    expires: int

    @staticmethod
    def new(now: dt.datetime, lifetime: dt.timedelta) -> RunMark:
        """A mark for a run that begins now."""
        return RunMark(secrets.token_hex(6), int((now + lifetime).timestamp()))

    @staticmethod
    def of(name: str, labels: Mapping[str, str | None]) -> RunMark | None:
        """The mark that an instance carries: prefix *and* both labels; ``None`` for what is not ours."""
        run, expires = labels.get(RUN) or "", labels.get(EXPIRES) or ""
        named = name.startswith(f"{NAME_PREFIX}{run}-") or CLAIM.fullmatch(name)
        ours = RUN_ID.fullmatch(run) and expires.isdecimal() and named
        return RunMark(run, int(expires)) if ours else None

    @property
    def labels(self) -> dict[str, str]:
        """What Cloud Foundry is told; a time of day with colons would be no legal label value."""
        return {RUN: self.run, EXPIRES: str(self.expires)}

    def instance_name(self, kind: str) -> str:
        """At most 32 characters, so that the cockpit and the cf CLI can handle it (SAP help 19af5e2)."""
        return f"{NAME_PREFIX}{self.run}-{kind}"[:32]
