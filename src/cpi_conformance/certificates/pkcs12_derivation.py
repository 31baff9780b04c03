"""Keys from a passphrase or a PIN, as PKCS#12 and the PSE files of SAP make them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

BLOCK = 64
"""Bytes of a block of SHA-1."""


@dataclass(frozen=True)
class Derivation:
    """Keys from a passphrase: RFC 7292 appendix B.2 with SHA-1."""

    passphrase: str = field(repr=False)
    iterations: int

    def derive(self, salt: bytes, *, purpose: int, size: int) -> bytes:
        """Purpose 1 makes a key, 2 an initialisation vector, 3 a MAC key."""
        password = self.passphrase.encode("utf-16-be") + b"\x00\x00"
        state = bytearray(_filled(salt) + _filled(password))
        derived = b""
        while len(derived) < size:
            digest = bytes([purpose]) * BLOCK + bytes(state)
            for _ in range(self.iterations):
                digest = hashlib.sha1(digest, usedforsecurity=False).digest()
            derived += digest
            increment = int.from_bytes(_filled(digest), "big") + 1
            for start in range(0, len(state), BLOCK):
                value = int.from_bytes(state[start : start + BLOCK], "big") + increment
                state[start : start + BLOCK] = (value % (1 << (8 * BLOCK))).to_bytes(BLOCK, "big")
        return derived[:size]


def _filled(content: bytes) -> bytes:
    """``content`` repeated and cut to a whole number of blocks."""
    size = -(-len(content) // BLOCK) * BLOCK
    return (content * (size // len(content) + 1))[:size]
