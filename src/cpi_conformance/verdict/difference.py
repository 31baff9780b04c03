"""In what a deviation differs from its twin: a refusal says something of an attribute only when no other is changed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from cpi_conformance.sender import Call, NoAuthorization, NoCertificate

NO_DIFFERENCE = "configuration: what must be refused is the same as what must be accepted"
"""Why nothing is proven when the material of a landscape file makes no difference."""

IDENTITY = "identity"
"""Authorization and certificate of a call in one: who calls."""


def one_difference(twin: Any, deviation: Any) -> str | None:
    """The attribute in which two values of a dataclass differ; ``None`` when they are the same.

    Credentials in the place of a certificate, or the reverse, are one attribute: the identity.

    Raises:
        TypeError: they differ in several attributes, or are no values of the same dataclass.
    """
    if type(twin) is not type(deviation):
        raise TypeError(f"a {type(deviation).__name__} does not deviate from a {type(twin).__name__}")
    differing = [each.name for each in fields(twin) if getattr(twin, each.name) != getattr(deviation, each.name)]
    if differing == ["authorization", "certificate"] and _exchanged(twin, deviation):
        return IDENTITY
    if len(differing) > 1:
        raise TypeError(f"a deviation differs from its twin in one attribute, not in {' and '.join(differing)}")
    return differing[0] if differing else None


def _exchanged(twin: Call, deviation: Call) -> bool:
    """Whether each presents one thing, and not the same kind of thing."""
    one, other = _left_out(twin), _left_out(deviation)
    return len(one) == len(other) == 1 and one != other


def _left_out(call: Call) -> set[str]:
    """What a call does not present."""
    empty = {"authorization": NoAuthorization(), "certificate": NoCertificate()}
    return {name for name, nothing in empty.items() if getattr(call, name) == nothing}
