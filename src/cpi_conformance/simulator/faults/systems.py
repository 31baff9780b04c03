"""Troubles inside of the systems: a broker that fails late, a clock that is off, a rotation of the chain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.edge import Edge, EdgeConnection
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.faults.answers import TOKEN_SERVERS, in_place_of
from cpi_conformance.simulator.faults.fault import Due, Fault, SeededFault
from cpi_conformance.simulator.faults.schedule import QUIET

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

BROKER = "broker"

BROKER_FAILED = "Service broker it-broker-rt failed with: Internal Server Error."

SKEWS = tuple(dt.timedelta(hours=hours) for hours in (-50, -3, -1, 1, 3, 50))
"""How far a clock can be off: by a time zone, or by days."""

ROTATION = range(QUIET, QUIET + 40)
"""The connections of which one is the first with another chain."""


def _rotate_once(landscape: SimulatedLandscape, fault: SeededFault) -> None:
    edge = landscape.edge(hosts.RUNTIME)
    due = fault.once(hosts.RUNTIME, ROTATION)
    chain = due.chance.choice([chain.name for chain in landscape.profile.chains[:-1]])
    before = edge.speaks

    class Rotating(before):  # type: ignore[misc, valid-type]  # on top of what the host speaks already
        """The connection at which the load balancer begins to present another chain."""

        passed = 0

        def __init__(self, edge: Edge) -> None:
            if Rotating.passed == due.ordinal:
                due.strikes(f"presents the chain {chain}")
                landscape.rotate(chain)
            Rotating.passed += 1
            super().__init__(edge)

    edge.speaks = cast(type[EdgeConnection], Rotating)


def _skewed(landscape: SimulatedLandscape, fault: SeededFault) -> None:
    async def meddle(inner: Application, exchange: Exchange, due: Due) -> Answer:
        """One of several nodes answers, and its clock is off."""
        skew = due.chance.choice(SKEWS)
        due.strikes(f"a clock that is off by {skew / dt.timedelta(hours=1):+.0f} h")
        landscape.clock.offset += skew
        try:
            return await inner(exchange)
        finally:
            landscape.clock.offset -= skew

    in_place_of(hosts.RUNTIME, *TOKEN_SERVERS, hosts.TENANT, meddle=meddle)(landscape, fault)


def _broker_fails_late(landscape: SimulatedLandscape, fault: SeededFault) -> None:
    strikes = fault.on(BROKER, busy=False)

    def stumbling(what: str, right: Callable[..., object]) -> Callable[..., object]:
        def stumble(*order: object) -> object:
            due = strikes.next()
            if due is None:
                return right(*order)
            due.strikes(f"{what} fails")
            raise BrokerRefused(BROKER_FAILED)

        return stumble

    for what in ("provision", "bind"):
        setattr(landscape.broker, what, stumbling(what, getattr(landscape.broker, what)))


FAULTS = (
    Fault(
        "chain-rotation",
        "The load balancer begins to present another chain in the middle of a run.",
        "SAP announcements of the load balancer's root changes, 2016 to 2026",
        _rotate_once,
    ),
    Fault(
        "clock-skew",
        "The clock of a node is off by hours or days, at the runtime, the tenant's API, or the token server.",
        "assumed",
        _skewed,
    ),
    Fault(
        "broker-fails-late",
        "The broker fails after Cloud Foundry has accepted an order: its job ends FAILED.",
        "cloud_controller_ng; SAP tutorials, issue 18728",
        _broker_fails_late,
    ),
)
