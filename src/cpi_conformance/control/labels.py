"""The labels on what the suite creates; the prefix is its own, so that no other label is ever taken for one of them."""

from __future__ import annotations

PREFIX = "cpi-conformance.test"

RUN = f"{PREFIX}/run"
"""Which run it belongs to."""

EXPIRES = f"{PREFIX}/expires"
"""When others may remove it: seconds since the epoch, because a label value has no room for colons."""

ORDER = f"{PREFIX}/order"
"""Which request has created it; recognises its own creation after the answer to the request was lost."""
