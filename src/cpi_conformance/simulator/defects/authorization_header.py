"""Runtimes that look for credentials elsewhere, or otherwise, than in a well-formed Authorization header."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.service_key import Plan, ServiceKey
from cpi_conformance.simulator.service_keys import Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Install = Callable[["SimulatedLandscape"], None]

Read = Callable[[Exchange], str | None]
"""The credentials, as ``clientid:clientsecret``, that a request holds in a way of its own; ``None``: as always."""

LOCKED_AFTER = 5
"""Wrong attempts in a row."""

LOCKED_FOR = 5
"""Right attempts, in the place of minutes, so that runs repeat each other."""


def _reading(read: Read) -> Install:
    """What ``read`` finds goes on as the Basic credentials that it stands for."""

    async def wrong(right: Application, exchange: Exchange) -> Answer:
        pair = read(exchange)
        return await right(exchange if pair is None else _with_basic(exchange, pair))

    return lambda landscape: in_front(landscape, hosts.RUNTIME, wrong)


def _with_basic(exchange: Exchange, pair: str) -> Exchange:
    others = (header for header in exchange.headers if header[0] != "authorization")
    return replace(exchange, headers=(*others, ("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")))


def _from_query(exchange: Exchange) -> str | None:
    sent = exchange.parameters()
    wanted = ("clientid", "clientsecret")
    return ":".join(sent[name] for name in wanted) if all(name in sent for name in wanted) else None


def _not_encoded(exchange: Exchange) -> str | None:
    scheme, _, text = (exchange.header("authorization") or "").partition(" ")
    return text if scheme.lower() == "basic" and ":" in text else None


def _under_any_scheme(exchange: Exchange) -> str | None:
    decoded = _decoded((exchange.header("authorization") or "").rpartition(" ")[2])
    return decoded if decoded and ":" in decoded else None


def _decoded(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return None


def _without_colon(landscape: SimulatedLandscape) -> None:
    def joined(exchange: Exchange) -> str | None:
        sent = _decoded((exchange.header("authorization") or "").rpartition(" ")[2])
        return next((pair for pair in map(_pair, landscape.keys.keys()) if pair.replace(":", "") == sent), None)

    _reading(joined)(landscape)


def _pair(key: ServiceKey) -> str:
    return f"{key.clientid}:{key.secret.reveal() if key.secret else ''}"


def _credentials_of_its_own(landscape: SimulatedLandscape) -> None:
    def lent(exchange: Exchange) -> str | None:
        if exchange.header("authorization") is not None or exchange.header("x-ssl-client") is not None:
            return None
        present = landscape.keys.keys()
        senders = (key for key in present if key.secret and key.instance.plan is Plan.INTEGRATION_FLOW)
        return next(map(_pair, senders), None)

    _reading(lent)(landscape)


def _scheme_by_letter_case(landscape: SimulatedLandscape) -> None:
    async def wrong(right: Application, exchange: Exchange) -> Answer:
        given = exchange.header("authorization")
        known = given is None or given.startswith(("Basic ", "Bearer "))
        return await right(exchange if known else anonymous(exchange))

    in_front(landscape, hosts.RUNTIME, wrong)


class _Lock:
    """Closed after wrong attempts in a row of one caller, until a number of right ones have been refused."""

    def __init__(self) -> None:
        self._wrong: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()

    def refuses(self, caller: str, *, known: bool) -> bool:
        """Whether it is closed for an attempt of this caller, who is ``known`` but for that."""
        if known and self._closed[caller]:
            self._closed[caller] -= 1
            return True
        self._wrong[caller] = 0 if known else self._wrong[caller] + 1
        if self._wrong[caller] >= LOCKED_AFTER:
            self._closed[caller] = LOCKED_FOR
        return False


def _locking(caller_of: Callable[[Exchange], str | None]) -> Install:
    """Lock out whoever ``caller_of`` names; ``None`` is nobody in particular."""

    def install(landscape: SimulatedLandscape) -> None:
        lock = _Lock()

        async def wrong(right: Application, exchange: Exchange) -> Answer:
            caller = caller_of(exchange)
            known = not isinstance(landscape.runtime.authenticator.caller(exchange), Unauthenticated)
            closed = caller is not None and lock.refuses(caller, known=known)
            return await right(anonymous(exchange) if closed else exchange)

        in_front(landscape, hosts.RUNTIME, wrong)

    return install


def _clientid(exchange: Exchange) -> str | None:
    pair = exchange.basic()
    return pair[0] if pair else None


def anonymous(exchange: Exchange) -> Exchange:
    """The same request without any credentials."""
    return replace(
        exchange,
        headers=tuple(each for each in exchange.headers if not each[0].startswith(("authorization", "x-ssl-client"))),
    )


def _defect(name: str, wrong: str, install: Install) -> Defect:
    return Defect(f"authentication-{name}", System.AUTHENTICATION, wrong, install)


DEFECTS = (
    _defect(
        "lends-credentials",
        "Something in front of the runtime adds credentials of its own to calls that bring none.",
        _credentials_of_its_own,
    ),
    _defect(
        "takes-credentials-from-the-query", "Clientid and clientsecret are taken from the URL.", _reading(_from_query)
    ),
    _defect(
        "takes-plain-credentials",
        "Basic credentials are taken although they are not encoded.",
        _reading(_not_encoded),
    ),
    _defect(
        "takes-credentials-without-colon",
        "Clientid and clientsecret are compared as one text, whether or not there is a colon in between.",
        _without_colon,
    ),
    _defect(
        "ignores-the-scheme",
        "Basic credentials are taken under any scheme, and without one.",
        _reading(_under_any_scheme),
    ),
    _defect(
        "minds-case-of-the-scheme",
        "The scheme is known by the letter case of its name.",
        _scheme_by_letter_case,
    ),
    _defect(
        "locks-the-key",
        "After five wrong clientsecrets in a row a key is locked.",
        _locking(_clientid),
    ),
    _defect(
        "shuts-callers-out",
        "After five refused calls in a row the runtime listens to nobody for a while.",
        _locking(lambda _: "everybody"),
    ),
)
"""Where credentials are looked for, and what becomes of who has none."""
