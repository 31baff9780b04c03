"""A plugin that writes down which checks call the flow's host, and which fixtures they use."""

from __future__ import annotations

import json
from asyncio import BaseTransport
from collections.abc import Generator
from pathlib import Path
from unittest.mock import patch

import pytest

from cpi_conformance.simulator.edge import EdgeConnection
from cpi_conformance.simulator.landscape import SimulatedLandscape

FILE = "reach.json"


class Reach:
    """Calls are counted when a connection is made, which is before the caller can go on."""

    def __init__(self) -> None:
        self.callers: dict[str, list[str]] = {}
        self._ports: set[int] = set()
        self._called: set[int] = set()

    def watch(self) -> None:
        """Watch all landscapes of this process."""
        start, made = SimulatedLandscape.start, EdgeConnection.connection_made

        def started(landscape: SimulatedLandscape) -> SimulatedLandscape:
            found = start(landscape)
            self._ports.add(landscape.port)
            return found

        def connected(connection: EdgeConnection, transport: BaseTransport) -> None:
            self._called.add(transport.get_extra_info("sockname")[1])
            made(connection, transport)

        patch.object(SimulatedLandscape, "start", started).start()  # never taken back: this process only looks
        patch.object(EdgeConnection, "connection_made", connected).start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> Generator[None, object, object]:
        """Each check from its first fixture to its last."""
        self._called.clear()
        answer = yield
        if self._called & self._ports:
            self.callers[item.nodeid] = list(item.fixturenames)
        return answer

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        folder = Path(session.config.getoption("--reports"))
        (folder / FILE).write_text(json.dumps(self.callers), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    reach = Reach()
    reach.watch()
    config.pluginmanager.register(reach, "reach")
