"""Reading the parameters that come with an instance or a key: their names, types and ranges.

The texts of the refusals are the simulator's own; the real broker's are not public.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


class ParametersRefused(Exception):
    """Parameters that the broker does not take; ``str()`` is the reason in one sentence."""


def only_known(parameters: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what has another name than these."""
    for name in parameters:
        if name not in known:
            raise ParametersRefused(f"unknown parameter '{name}'; known parameters are {listed(known)}")


def texts(parameters: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of texts with at least one in it, or ``None`` when it is left out."""
    found = parameters.get(name)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ParametersRefused(f"the parameter '{name}' must be a list of texts")
    if not found and name != "redirect-uris":
        raise ParametersRefused(f"the parameter '{name}' must not be empty")
    return tuple(found)


def number(parameters: Mapping[str, Any], name: str, lowest: int, highest: int) -> int | None:
    """A whole number in a range, or ``None`` when it is left out."""
    found = parameters.get(name)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool):
        raise ParametersRefused(f"the parameter '{name}' must be a whole number")
    if not lowest <= found <= highest:
        raise ParametersRefused(f"the parameter '{name}' must be between {lowest} and {highest}")
    return found


def flag(parameters: Mapping[str, Any], name: str) -> bool | None:
    """True or false, or ``None`` when it is left out."""
    found = parameters.get(name)
    if found is not None and not isinstance(found, bool):
        raise ParametersRefused(f"the parameter '{name}' must be true or false")
    return found


def listed(names: Collection[str]) -> str:
    """Names in alphabetical order, with commas."""
    return ", ".join(sorted(names))
