"""The one type that may hold a secret.

A secret reaches an assertion, a log or a report through ``repr``, ``str``, ``format`` or a comparison
that pytest explains. :class:`Secret` closes these ways: it prints as ``Secret(…)``, compares as equal
or not without showing either side, and gives its value only to :meth:`Secret.reveal`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import final


@final
class Secret:
    """An opaque text: a client secret, a passphrase, a password."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself; call it where the text leaves for the wire or for a private file, nowhere else."""
        return self._value

    def changed(self, change: Callable[[str], str]) -> Secret:
        """A new secret made from this one, for the checks that copy a credential wrongly."""
        return Secret(change(self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled; hand over the reference it was read from")


def _bytes(value: str) -> bytes:
    """For comparison only; also of texts that are no valid Unicode."""
    return value.encode("utf-8", "surrogatepass")
