"""Runtimes that answer otherwise than they should, or whom they should not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.authenticator import Caller
from cpi_conformance.simulator.defects.authorization_header import anonymous
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.landscape import OTHER_ROLE
from cpi_conformance.simulator.service_key import DEFAULT_ROLE
from cpi_conformance.simulator.service_keys import Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Install = Callable[["SimulatedLandscape"], None]

LOGIN = b"<!doctype html><html><head><title>Log On</title></head><body><form>User: Password:</form></body></html>"


def _answering(change: Callable[[Exchange, Answer], Answer]) -> Install:
    async def wrong(right: Application, exchange: Exchange) -> Answer:
        return change(exchange, await right(exchange))

    return lambda landscape: in_front(landscape, hosts.RUNTIME, wrong)


def _roles_ignored(landscape: SimulatedLandscape) -> None:
    def caller(right: Callable[[Exchange], Caller], exchange: Exchange) -> Caller:
        found = right(exchange)
        return found if isinstance(found, Unauthenticated) else found | {DEFAULT_ROLE, OTHER_ROLE}

    around(landscape.runtime.authenticator.caller, caller)


def _forbidden_as_unauthorized(landscape: SimulatedLandscape) -> None:
    async def wrong(right: Application, exchange: Exchange) -> Answer:
        answer = await right(exchange)
        lacking = answer.refused is not None and answer.refused.layer == "authorization"
        return await right(anonymous(exchange)) if lacking else answer

    in_front(landscape, hosts.RUNTIME, wrong)


def _unauthorized_as_forbidden(_: Exchange, answer: Answer) -> Answer:
    return replace(answer, status=403) if answer.status == 401 else answer


def _brings_nothing(exchange: Exchange, answer: Answer) -> bool:
    return answer.status == 401 and exchange == anonymous(exchange)


def _login_page(exchange: Exchange, answer: Answer) -> Answer:
    return replace(answer, status=200, body=LOGIN) if _brings_nothing(exchange, answer) else answer


def _redirected(exchange: Exchange, answer: Answer) -> Answer:
    if not _brings_nothing(exchange, answer):
        return answer
    there = ("location", f"https://{hosts.HOST}/saml2/login")
    return replace(answer, status=302, headers=(*answer.headers, there), body=b"")


def _line_feed_added(_: Exchange, answer: Answer) -> Answer:
    return replace(answer, body=answer.body + b"\n") if answer.status == 200 and answer.body else answer


def _page_for_every_address(_: Exchange, answer: Answer) -> Answer:
    return replace(answer, status=200, body=b"It works!") if answer.status == 404 else answer


def _defect(name: str, wrong: str, install: Install) -> Defect:
    return Defect(f"runtime-{name}", System.RUNTIME, wrong, install)


DEFECTS = (
    _defect("ignores-roles", "Whoever is known may call every flow.", _roles_ignored),
    _defect("answers-401-for-403", "Who lacks the role is told that he is not known.", _forbidden_as_unauthorized),
    _defect(
        "answers-403-for-401",
        "Who is not known is told that he lacks the role.",
        _answering(_unauthorized_as_forbidden),
    ),
    _defect("shows-a-login-page", "Calls without credentials get a login page, with 200.", _answering(_login_page)),
    _defect("redirects-to-a-login", "Calls without credentials are sent to a login page.", _answering(_redirected)),
    _defect("adds-a-line-feed", "What a flow answers gets a line feed behind it.", _answering(_line_feed_added)),
    _defect(
        "answers-everywhere", "Addresses without a flow get a page, with 200.", _answering(_page_for_every_address)
    ),
)
"""What callers are answered."""
