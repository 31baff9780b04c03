"""Deployments after which something else runs than was deployed, or nothing, or what must run no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around, in_front
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.flow import Flow, FlowState
from cpi_conformance.simulator.runtime import PREFIX
from cpi_conformance.simulator.service_key import DEFAULT_ROLE

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Deploy = Callable[[Flow], None]

NOWHERE = f"{PREFIX}/nowhere"


def _runs_as(change: Callable[[Flow], Flow | None]) -> Callable[[SimulatedLandscape], None]:
    """What is deployed runs with other settings, or, when there is nothing left of it, not at all."""

    def install(landscape: SimulatedLandscape) -> None:
        def deploy(right: Deploy, flow: Flow) -> None:
            changed = change(flow)
            if changed is not None:
                right(changed)

        def undeploy(right: Callable[[str], None], address: str) -> None:
            if landscape.runtime.deployed_at(address) is not None:
                right(address)

        around(landscape.runtime.deploy, deploy)
        around(landscape.runtime.undeploy, undeploy)

    return install


def _also_at(address: Callable[[str], str]) -> Callable[[SimulatedLandscape], None]:
    """Whoever finds no flow at an address is led to the one that ``address`` names."""

    def install(landscape: SimulatedLandscape) -> None:
        async def answer(right: Application, exchange: Exchange) -> Answer:
            answered = await right(exchange)
            return answered if answered.status != 404 else await right(replace(exchange, path=address(exchange.path)))

        in_front(landscape, hosts.RUNTIME, answer)

    return install


def _covers_what_is_below(landscape: SimulatedLandscape) -> None:
    around(landscape.runtime.deploy, lambda right, flow: right(replace(flow, address=f"{flow.address}/*")))
    around(landscape.runtime.undeploy, lambda right, address: right(f"{address}/*"))


def _found_by_beginning(landscape: SimulatedLandscape) -> None:
    deployed: set[str] = set()

    async def answer(right: Application, exchange: Exchange) -> Answer:
        answered = await right(exchange)
        whole = [each for each in deployed if f"{PREFIX}{each}".startswith(exchange.path) and len(exchange.path) > 20]
        if answered.status != 404 or not whole:
            return answered
        return await right(replace(exchange, path=f"{PREFIX}{min(whole)}"))

    def deploy(right: Deploy, flow: Flow) -> None:
        deployed.add(flow.address)
        right(flow)

    def undeploy(right: Callable[[str], None], address: str) -> None:
        deployed.discard(address)
        right(address)

    around(landscape.runtime.deploy, deploy)
    around(landscape.runtime.undeploy, undeploy)
    in_front(landscape, hosts.RUNTIME, answer)


def _letter_case_matters(landscape: SimulatedLandscape) -> None:
    async def answer(right: Application, exchange: Exchange) -> Answer:
        flow = landscape.runtime.deployed_at(exchange.path.removeprefix(PREFIX))
        same = flow is None or exchange.path == f"{PREFIX}{flow.address}"
        return await right(exchange if same else replace(exchange, path=NOWHERE))

    in_front(landscape, hosts.RUNTIME, answer)


def _every_address_taken(landscape: SimulatedLandscape) -> None:
    taken = Flow("/taken", "")
    around(landscape.runtime.deployed_at, lambda right, address: right(address) or taken)


def _first_flow_stays(landscape: SimulatedLandscape) -> None:
    first: dict[str, Flow] = {}

    def deploy(right: Deploy, flow: Flow) -> None:
        right(replace(first.setdefault(flow.artifact_id, flow), state=flow.state))

    around(landscape.runtime.deploy, deploy)


def _undeployed_goes_on(landscape: SimulatedLandscape) -> None:
    ended: set[str] = set()

    def deploy(right: Deploy, flow: Flow) -> None:
        if flow.state is FlowState.STOPPING:
            ended.add(flow.address)
        else:
            right(flow)

    def undeploy(right: Callable[[str], None], address: str) -> None:
        if address not in ended:
            right(address)

    around(landscape.runtime.deploy, deploy)
    around(landscape.runtime.undeploy, undeploy)


Change = Callable[[Flow], Flow | None]


def _unless_protected(change: Change) -> Change:
    """Flows with CSRF protection, which checks of their own call, stay right."""
    return lambda flow: flow if flow.csrf_protected else change(flow)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"deployment-{name}", System.TENANT_API, wrong, install)


DEFECTS = (
    _defect("ends-in-error", "No flow starts, because its address is said to be taken.", _every_address_taken),
    _defect(
        "started-but-not-there",
        "A flow without CSRF protection is shown as started and does not run.",
        _runs_as(_unless_protected(lambda flow: None)),
    ),
    _defect(
        "without-script",
        "A flow without CSRF protection runs without its script, and answers nothing.",
        _runs_as(_unless_protected(lambda flow: replace(flow, scripts=()))),
    ),
    _defect("old-flow-stays", "What was deployed first goes on running when it is deployed again.", _first_flow_stays),
    _defect("undeployed-flow-runs", "A flow that was undeployed goes on running.", _undeployed_goes_on),
    _defect(
        "covers-what-is-below",
        "A flow is found by each address below its own.",
        _covers_what_is_below,
    ),
    _defect("found-by-beginning", "A flow is found by the beginning of its address.", _found_by_beginning),
    _defect(
        "found-without-http",
        "A flow is found by its address without /http.",
        _also_at(lambda path: f"{PREFIX}{path}"),
    ),
    _defect(
        "letter-case-matters", "A flow is found by its address in the same letter case only.", _letter_case_matters
    ),
    _defect(
        "takes-get-only",
        "A flow without CSRF protection takes no other method than GET.",
        _runs_as(_unless_protected(lambda flow: replace(flow, methods=frozenset({"GET"})))),
    ),
    _defect(
        "role-ignored",
        "A channel asks for the default role, whatever was set.",
        _runs_as(lambda flow: replace(flow, role=DEFAULT_ROLE)),
    ),
)
"""What runs after a deployment."""
