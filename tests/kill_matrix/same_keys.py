"""RSA keys that are made once for all runs: making one costs 60 ms, and reading it another 50."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from cpi_conformance.certificates.authority import PrivateKey, new_key
from cpi_conformance.simulator import certificate_service

_made: defaultdict[int, list[PrivateKey]] = defaultdict(list)


@contextmanager
def same_rsa_keys() -> Iterator[None]:
    """Within this block the simulated certificate service makes the same keys as in the blocks before.

    No two of a block are the same; whatever reads them may remember what it has read in a block before.
    """
    taken: defaultdict[int, int] = defaultdict(int)

    def next_key(bits: int | None = None) -> PrivateKey:
        if bits is None:
            return new_key()
        if taken[bits] == len(_made[bits]):
            _made[bits].append(new_key(bits))
        taken[bits] += 1
        return _made[bits][taken[bits] - 1]

    with patch.object(certificate_service, "new_key", next_key):
        yield
