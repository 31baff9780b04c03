"""Troubles of the systems behind the load balancer and of the router before them: answers that are not theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.exchange import Answer, Application, Exchange, Headers
from cpi_conformance.simulator.faults.fault import Due, Fault, SeededFault
from cpi_conformance.simulator.record import Truth

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

TOKEN_SERVERS = (hosts.AUTHENTICATION, hosts.AUTHENTICATION_CERT)

LOGIN_SERVERS = (hosts.LOGIN, hosts.UAA)

SHORTEST, LONGEST = 0.02, 0.08
"""Seconds that something slow takes longer; enough to be seen, and short enough for tests."""

IDENTIFIES = frozenset({"authorization", "x-forwarded-client-cert", "x-ssl-client", "x-ssl-client-verify"})
"""Headers by which a caller is known."""

TEXT: Headers = (("content-type", "text/plain; charset=utf-8"),)

Meddle = Callable[[Application, Exchange, Due], Awaitable[Answer]]
"""What becomes of a request that is struck."""


def in_place_of(*names: str, meddle: Meddle) -> Callable[[SimulatedLandscape, SeededFault], None]:
    """How something is put in front of the systems of these hosts, each with a schedule of its own."""

    def install(landscape: SimulatedLandscape, fault: SeededFault) -> None:
        for name in names:
            landscape.interpose(name, _wrapping(fault, name, meddle))

    return install


def _wrapping(fault: SeededFault, name: str, meddle: Meddle) -> Callable[[Application], Application]:
    strikes = fault.on(name, busy=name == hosts.RUNTIME)

    def wrap(inner: Application) -> Application:
        async def answer(exchange: Exchange) -> Answer:
            due = strikes.next()
            return await (inner(exchange) if due is None else meddle(inner, exchange, due))

        return answer

    return wrap


async def _slow(inner: Application, exchange: Exchange, due: Due) -> Answer:
    seconds = due.chance.uniform(SHORTEST, LONGEST)
    due.strikes(f"{seconds * 1000:.0f} ms late")
    await asyncio.sleep(seconds)
    return await inner(exchange)


async def _nobody_known(inner: Application, exchange: Exchange, due: Due) -> Answer:
    """The system's own answer to a caller of whom it knows nothing."""
    due.strikes("as if nothing identified the caller")
    headers = tuple((name, value) for name, value in exchange.headers if name not in IDENTIFIES)
    answer = await inner(replace(exchange, headers=headers, body=b""))
    why = "a fault: the token server is in trouble"
    return replace(answer, refused=Truth("authentication", "unauthenticated", why))


def _instead(status: int, headers: Headers, body: str, cause: str) -> Meddle:
    async def meddle(inner: Application, exchange: Exchange, due: Due) -> Answer:
        due.strikes(f"{status} {cause}")
        return Answer(status, headers, body.encode(), Truth("route", cause, "a fault"))

    return meddle


FAULTS = (
    Fault(
        "slow-runtime",
        "The runtime answers late, but in time.",
        "assumed",
        in_place_of(hosts.RUNTIME, meddle=_slow),
    ),
    Fault(
        "slow-token-server",
        "The token servers of the tenant and of the platform answer late, but in time.",
        "assumed",
        in_place_of(*TOKEN_SERVERS, *LOGIN_SERVERS, meddle=_slow),
    ),
    Fault(
        "token-server-in-trouble",
        "The token server knows nobody: it answers 401, and so does the runtime that asks it.",
        "assumed",
        in_place_of(hosts.RUNTIME, *TOKEN_SERVERS, meddle=_nobody_known),
    ),
    Fault(
        "rate-limit",
        "The runtime's host answers 429 with Retry-After.",
        "RFC 6585, section 4; a tenant's limits are unconfirmed",
        in_place_of(
            hosts.RUNTIME,
            meddle=_instead(429, (*TEXT, ("retry-after", "1")), "Too Many Requests\n", "rate-limited"),
        ),
    ),
    Fault(
        "router-endpoint-failure",
        "The router reaches the runtime, but gets no answer from it: 502 with its own header.",
        "gorouter, errorhandler",
        in_place_of(
            hosts.RUNTIME,
            meddle=_instead(
                502,
                (*TEXT, ("x-cf-routererror", "endpoint_failure (EOF)")),
                "502 Bad Gateway: Registered endpoint failed to handle the request.\n",
                "endpoint-failure",
            ),
        ),
    ),
    Fault(
        "router-no-endpoints",
        "The router has nobody behind it: 503 with its own header.",
        "gorouter",
        in_place_of(
            hosts.RUNTIME,
            meddle=_instead(
                503,
                (*TEXT, ("x-cf-routererror", "no_endpoints")),
                f"503 Service Unavailable: Requested route ('{hosts.HOST}') has no available endpoints.\n",
                "no-endpoints",
            ),
        ),
    ),
    Fault(
        "bare-503",
        "A load balancer has nobody behind it and answers a bare 503, as a runtime does whose flow is not started.",
        "HAProxy's page",
        in_place_of(
            hosts.RUNTIME,
            meddle=_instead(
                503,
                (("content-type", "text/html"), ("cache-control", "no-cache")),
                "<html><body><h1>503 Service Unavailable</h1>\n"
                "No server is available to handle this request.\n</body></html>\n",
                "not-started",
            ),
        ),
    ),
)
