"""A runtime that hears late of what was changed elsewhere: of flows, and of service keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ParamSpec

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.faults.fault import Fault, SeededFault
from cpi_conformance.simulator.faults.schedule import LONGEST
from cpi_conformance.simulator.runtime import PREFIX
from cpi_conformance.simulator.service_key import ServiceKey
from cpi_conformance.simulator.service_keys import Authentication

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

P = ParamSpec("P")


def _endpoint_lags(landscape: SimulatedLandscape, fault: SeededFault) -> None:
    landscape.interpose(hosts.RUNTIME, lambda inner: _Lagging(landscape, fault, inner))


class _Lagging:
    """A runtime of which some nodes do not know a new flow yet, although its endpoint is listed."""

    def __init__(self, landscape: SimulatedLandscape, fault: SeededFault, inner: Application) -> None:
        self._landscape = landscape
        self._fault = fault
        self._inner = inner
        self._lags: dict[str, int] = {}
        self._passed = 0

    async def __call__(self, exchange: Exchange) -> Answer:
        ordinal, self._passed = self._passed, self._passed + 1
        flow = self._landscape.runtime.deployed_at(exchange.path.removeprefix(PREFIX))
        if flow is None or not flow.artifact_id or not self._lag(flow.address):
            return await self._inner(exchange)
        self._lags[flow.address] -= 1
        self._fault.due(hosts.RUNTIME, ordinal).strikes("a flow that is not there yet")
        return await self._inner(replace(exchange, path=f"{PREFIX}/not-there-yet"))

    def _lag(self, address: str) -> int:
        """How many calls of a flow are still to come before it is there; its name is another in each run."""
        if address not in self._lags:
            number = len(self._lags)
            self._lags[address] = self._fault.due(hosts.RUNTIME, number).chance.randint(1, LONGEST)
        return self._lags[address]


def _keys_lag(landscape: SimulatedLandscape, fault: SeededFault) -> None:
    keys = landscape.keys
    heard = _HeardOf(keys.keys, fault)
    setattr(keys, "keys", heard.keys)  # noqa: B010  # a method, which mypy lets nobody replace
    for way in ("authenticate_secret", "authenticate_certificate"):
        setattr(keys, way, heard.going_by_it(getattr(keys, way)))


class _HeardOf:
    """The service keys that a runtime has heard of; each change reaches it some calls later.

    Everybody else (Cloud Foundry, the token server) goes by the keys as they are.
    """

    def __init__(self, right: Callable[[], tuple[ServiceKey, ...]], fault: SeededFault) -> None:
        self._right = right
        self._fault = fault
        self._heard_of: dict[str, ServiceKey] | None = None
        self._waits: dict[str, int] = {}
        self._changes = self._calls = 0
        self._asked_by_runtime = False

    def keys(self) -> tuple[ServiceKey, ...]:
        """What there is, for the runtime what it has heard of."""
        return tuple((self._heard_of or {}).values()) if self._asked_by_runtime else self._right()

    def going_by_it(self, authenticate: Callable[P, Authentication]) -> Callable[P, Authentication]:
        """The same way to authenticate a caller of the runtime."""

        def late(*args: P.args, **kwargs: P.kwargs) -> Authentication:
            self._hear()
            self._asked_by_runtime = True
            try:
                return authenticate(*args, **kwargs)
            finally:
                self._asked_by_runtime = False

        return late

    def _hear(self) -> None:
        there = {key.guid: key for key in self._right()}
        if self._heard_of is None:  # before its first caller it has had time
            self._heard_of = dict(there)
        ordinal, self._calls = self._calls, self._calls + 1
        for guid, key in {**self._heard_of, **there}.items():
            if (guid in there) is (guid in self._heard_of):
                continue
            if self._waits_for(guid):
                what = "new" if guid in there else "deleted"
                self._fault.due(hosts.RUNTIME, ordinal).strikes(f"has not heard of a {what} service key")
            elif guid in there:
                self._heard_of[guid] = key
            else:
                del self._heard_of[guid]

    def _waits_for(self, guid: str) -> bool:
        """Whether a change has still not arrived; each call brings it nearer."""
        if guid not in self._waits:
            chance = self._fault.due(hosts.RUNTIME, self._changes).chance
            self._waits[guid], self._changes = chance.randint(1, LONGEST), self._changes + 1
        if self._waits[guid]:
            self._waits[guid] -= 1
            return True
        del self._waits[guid]
        return False


FAULTS = (
    Fault(
        "endpoint-lag",
        "A flow that is started and listed is not there yet for its first callers.",
        "SAP help 49c7336; clients' experience",
        _endpoint_lags,
    ),
    Fault(
        "key-lag",
        "The runtime hears of a new or deleted service key some calls late.",
        "SAP help speaks of up to an hour for roles; assumed for keys",
        _keys_lag,
    ),
)
