"""Deployments of a runtime that is slow to notice, as real ones are: what passes by refutes nothing."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.flow import Flow, FlowState
from cpi_conformance.simulator.runtime import PREFIX, Runtime
from cpi_conformance.verdict.judge import IN_A_ROW
from cpi_conformance.verdict.standing import STANDS
from tests.runs import on_stage

pytestmark = pytest.mark.once

CALLS = IN_A_ROW + STANDS - 1
"""So many calls to a flow come too early: all those that would be made to see whether it stands."""


class SlowToNotice:
    """Stands before a runtime: a flow that has changed answers as before for a while, one that is gone 503."""

    def __init__(self, runtime: Runtime) -> None:
        self.early: Counter[str] = Counter()
        self._runtime = runtime
        self._before: dict[str, Answer] = {}

    def __call__(self, inner: Application) -> Application:
        async def answer(exchange: Exchange) -> Answer:
            given = await inner(exchange)
            before = self._before.setdefault(exchange.path, given)
            changed = before.status == 200 and (given.status, given.body) != (before.status, before.body)
            if not changed or self.early[exchange.path] == CALLS:
                return given
            self.early[exchange.path] += 1
            return before if given.status == 200 else await self._stopping(exchange, inner)

        return answer

    async def _stopping(self, exchange: Exchange, inner: Application) -> Answer:
        address = exchange.path.removeprefix(PREFIX)
        self._runtime.deploy(Flow(address, body=None, state=FlowState.STOPPING))
        try:
            return await inner(exchange)
        finally:
            self._runtime.undeploy(address)


@pytest.mark.parametrize("check", ["FLOW-09", "FLOW-10"], ids=["deployed-again", "undeployed"])
def test_runtime_that_is_slow_to_notice(check: str, tmp_path: Path) -> None:
    """The flow from before answers on, and one that is being stopped answers 503 before it is gone."""
    with on_stage(tmp_path) as scene:
        slow = SlowToNotice(scene.landscape.runtime)
        scene.landscape.interpose(hosts.RUNTIME, slow)
        expectations = tomllib.loads(scene.file.read_text(encoding="utf-8"))["expectations"]
        scene.rewrite(expectations={**expectations, "flow_delay": 60})
        ended = scene.run(check)
    assert CALLS in slow.early.values()
    assert ended.verdicts == {check: "proven"}, ended.output
