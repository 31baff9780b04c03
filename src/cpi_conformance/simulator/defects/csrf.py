"""Runtimes that are wrong about CSRF protection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.csrf import TOKEN_HEADER, wants_token
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange, Headers
from cpi_conformance.simulator.flow import Flow
from cpi_conformance.simulator.runtime import PREFIX

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Install = Callable[["SimulatedLandscape"], None]

Refused = Callable[[Exchange, str], str | None]
Fetched = Callable[[Exchange, str], Headers]

Excuse = Callable[[Exchange, set[str]], bool]
"""Whether a writing call is let through all the same; it is given all tokens and cookies that were handed out."""


def _excusing(excused: Excuse) -> Install:
    def install(landscape: SimulatedLandscape) -> None:
        handed_out: set[str] = set()

        def fetch(right: Fetched, exchange: Exchange, address: str) -> Headers:
            headers = right(exchange, address)
            handed_out.update(value.partition(";")[0] for _, value in headers)
            return headers

        def refused(right: Refused, exchange: Exchange, address: str) -> str | None:
            return None if excused(exchange, handed_out) else right(exchange, address)

        around(landscape.runtime.csrf.fetch, fetch)
        around(landscape.runtime.csrf.refused, refused)

    return install


def _has_cookie(exchange: Exchange, handed_out: set[str]) -> bool:
    sent = exchange.header("cookie") or ""
    return any(cookie.strip() in handed_out for cookie in sent.split(";"))


def _sessions_forgotten(landscape: SimulatedLandscape) -> None:
    around(landscape.runtime.csrf.refused, lambda right, exchange, address: "the session is on another node")


def _fetching(change: Callable[[Answer, Answer], Answer]) -> Install:
    """Answer a fetch otherwise; ``change`` is given the right answer, and that of the same call without a fetch."""

    async def wrong(right: Application, exchange: Exchange) -> Answer:
        answer = await right(exchange)
        if not wants_token(exchange) or answer.status != 200:
            return answer
        headers = tuple(header for header in exchange.headers if header[0] != TOKEN_HEADER)
        return change(answer, await right(replace(exchange, headers=headers)))

    return lambda landscape: in_front(landscape, hosts.RUNTIME, wrong)


def _without(name: str) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, headers=tuple(each for each in answer.headers if each[0] != name))


def _demand_not_named(landscape: SimulatedLandscape) -> None:
    async def wrong(right: Application, exchange: Exchange) -> Answer:
        answer = await right(exchange)
        return _without(TOKEN_HEADER)(answer) if answer.status == 403 else answer

    in_front(landscape, hosts.RUNTIME, wrong)


def _every_flow_protected(landscape: SimulatedLandscape) -> None:
    def deploy(right: Callable[[Flow], None], flow: Flow) -> None:
        right(replace(flow, csrf_protected=True))

    around(landscape.runtime.deploy, deploy)


def _reading_protected(landscape: SimulatedLandscape) -> None:
    async def wrong(right: Application, exchange: Exchange) -> Answer:
        flow = landscape.runtime.deployed_at(exchange.path.removeprefix(PREFIX))
        protected = flow is not None and flow.csrf_protected
        reads = exchange.method == "GET" and not wants_token(exchange)
        return await right(replace(exchange, method="POST") if protected and reads else exchange)

    in_front(landscape, hosts.RUNTIME, wrong)


def _defect(name: str, wrong: str, install: Install) -> Defect:
    return Defect(f"runtime-{name}", System.RUNTIME, wrong, install)


DEFECTS = (
    _defect("ignores-csrf", "Protected channels take writing calls without a token.", _excusing(lambda *_: True)),
    _defect(
        "takes-csrf-token-without-session",
        "A CSRF token is taken whatever session it was given to.",
        _excusing(lambda exchange, handed_out: exchange.header(TOKEN_HEADER) in handed_out),
    ),
    _defect(
        "takes-session-without-csrf-token", "The session's cookie does for the CSRF token.", _excusing(_has_cookie)
    ),
    _defect(
        "takes-any-csrf-token",
        "A CSRF token must be there, but nobody compares it.",
        _excusing(lambda exchange, _: exchange.header(TOKEN_HEADER) is not None),
    ),
    _defect(
        "forgets-csrf-sessions",
        "The session of a CSRF token is not known on the node that is called next.",
        _sessions_forgotten,
    ),
    _defect(
        "runs-the-flow-on-a-fetch",
        "A call that fetches a CSRF token runs the flow as well.",
        _fetching(lambda answer, of_flow: replace(answer, body=of_flow.body)),
    ),
    _defect(
        "gives-no-csrf-token",
        "A call that fetches a CSRF token is answered without one.",
        _fetching(lambda answer, _: _without(TOKEN_HEADER)(answer)),
    ),
    _defect(
        "gives-no-csrf-cookie",
        "A CSRF token comes without the cookie of its session.",
        _fetching(lambda answer, _: _without("set-cookie")(answer)),
    ),
    _defect("does-not-name-the-csrf-token", "What lacks a CSRF token is refused without saying so.", _demand_not_named),
    _defect("asks-every-flow-for-csrf", "Channels without CSRF protection ask for a token.", _every_flow_protected),
    _defect(
        "asks-reading-calls-for-csrf", "Protected channels ask for a token before they are read.", _reading_protected
    ),
)
"""Who must show a token, and which."""
