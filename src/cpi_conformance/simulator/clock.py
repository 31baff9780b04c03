"""The clock of a simulated landscape: what it issues and writes down is dated by it, so that time can be moved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Real time plus an offset, which may be negative."""

    offset: dt.timedelta = field(default_factory=dt.timedelta)

    def now(self) -> dt.datetime:
        """The simulated moment, in UTC, with whole seconds as certificates have them."""
        return (dt.datetime.now(dt.UTC) + self.offset).replace(microsecond=0)
