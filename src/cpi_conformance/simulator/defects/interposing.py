"""Putting something between the parts of a landscape: around a method of one of them, or in front of a host."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial, wraps
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from cpi_conformance.simulator.exchange import Answer, Application, Exchange

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

P = ParamSpec("P")
R = TypeVar("R")


def around(method: Callable[P, R], wrong: Callable[Concatenate[Callable[P, R], P], R]) -> None:
    """Let whoever calls a bound method reach ``wrong`` in its place, which is given the right one first."""
    right = cast(MethodType, method)

    @wraps(method)
    def called(_: object, *args: P.args, **kwargs: P.kwargs) -> R:
        return wrong(method, *args, **kwargs)

    setattr(right.__self__, right.__name__, MethodType(called, right.__self__))


def in_front(
    landscape: SimulatedLandscape, host: str, wrong: Callable[[Application, Exchange], Awaitable[Answer]]
) -> None:
    """Let the callers of a host (a name in ``simulator.hosts``) reach ``wrong``, which is given the right system."""
    landscape.interpose(host, lambda right: partial(wrong, right))


def shown_otherwise(
    landscape: SimulatedLandscape, host: str, concerns: Callable[[Exchange], bool], change: Callable[[Any], None]
) -> None:
    """Let ``change`` alter the JSON of a host's successful answers to the exchanges that it ``concerns``."""

    async def wrong(right: Application, exchange: Exchange) -> Answer:
        answer = await right(exchange)
        if answer.status >= 400 or not answer.body or not concerns(exchange):
            return answer
        document = json.loads(answer.body)
        change(document)
        return replace(answer, body=json.dumps(document).encode(), refused=None)

    in_front(landscape, host, wrong)
