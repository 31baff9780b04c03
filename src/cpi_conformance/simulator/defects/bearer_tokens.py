"""Runtimes that do not look at access tokens, or at what is in them; how tokens are verified is elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cpi_conformance.simulator.authenticator import Caller
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.service_key import DEFAULT_ROLE
from cpi_conformance.simulator.service_keys import Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


def taking(change: Callable[[Caller], Caller]) -> Callable[[SimulatedLandscape], None]:
    """Whoever shows a token is taken for somebody else."""

    def install(landscape: SimulatedLandscape) -> None:
        authenticator = landscape.runtime.authenticator
        right = authenticator.bearer_tokens
        if right is not None:
            authenticator.bearer_tokens = lambda token: change(right(token))

    return install


NOT_LOOKED_AT = taking(lambda _: Unauthenticated("tokens are not looked at"))

DEFECTS = (
    Defect(
        "authentication-takes-no-token",
        System.AUTHENTICATION,
        "The runtime does not look at bearer tokens.",
        NOT_LOOKED_AT,
    ),
    Defect(
        "authentication-ignores-scopes",
        System.AUTHENTICATION,
        "Whoever shows a token has the default role, whatever its scopes are.",
        taking(lambda caller: caller if isinstance(caller, Unauthenticated) else caller | {DEFAULT_ROLE}),
    ),
)
"""What a token is worth at the runtime."""
