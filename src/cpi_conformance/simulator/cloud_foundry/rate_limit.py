"""How many requests an hour a user may send.

Rules: cloud_controller_ng, ``middleware/base_rate_limiter.rb`` and ``rate_limiter.rb``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.errors import error_entry
from cpi_conformance.simulator.cloud_foundry.json_answer import json_bytes
from cpi_conformance.simulator.exchange import Answer, Headers
from cpi_conformance.simulator.record import Truth

EXEMPT = ("/", "/v3", "/healthz")
WINDOW = dt.timedelta(hours=1)


@dataclass
class RateLimit:
    """Counts for each user; ``limit`` may be changed at any time."""

    clock: Clock
    limit: int = 20_000
    _counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, user: str) -> Headers:
        """Count a request; the headers that its answer gets."""
        now = int(self.clock.now().timestamp())
        sent, reset = self._counts.get(user, (0, 0))
        if reset <= now:
            sent, reset = 0, now + int(WINDOW.total_seconds())
        self._counts[user] = (sent + 1, reset)
        return (
            ("x-ratelimit-limit", str(self.limit)),
            ("x-ratelimit-remaining", str(self._estimate(sent + 1))),
            ("x-ratelimit-reset", str(reset)),
        )

    def refusal(self, user: str) -> Answer | None:
        """429 when the last counted request was one too many; its body is JSON, but is said to be text."""
        sent, reset = self._counts[user]
        if sent <= self.limit:
            return None
        text = "Rate Limit Exceeded"
        body = json_bytes({"errors": [error_entry(10013, "RateLimitExceeded", text)]})
        seconds = max(1, reset - int(self.clock.now().timestamp()))
        headers = (("content-type", "text/plain; charset=utf-8"), ("retry-after", str(seconds)))
        return Answer(429, headers, body, Truth("controller", "rate-limit-exceeded", text))

    def _estimate(self, sent: int) -> int:
        """What is left, rounded down to whole tenths of the limit."""
        tenths = max(0, self.limit - sent) * 10 // self.limit if self.limit else 0
        return tenths * self.limit // 10
