"""The virtual hosts of a landscape: on a loop-back each is a port of its own, behind the same load balancer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from cpi_conformance.simulator.edge import Edge
from cpi_conformance.simulator.edge_tls import EdgeTls
from cpi_conformance.simulator.exchange import Application
from cpi_conformance.simulator.record import Record

HOST = "localhost"
"""Names below ``localhost`` do not resolve everywhere, so each virtual host is a port of its own."""

RUNTIME = "runtime"
API = "api"
LOGIN = "login"
UAA = "uaa"
AUTHENTICATION = "authentication"
AUTHENTICATION_CERT = "authentication.cert"
TENANT = "tenant"

ASK_FOR_CERTIFICATES = frozenset({RUNTIME, AUTHENTICATION_CERT})
"""The hosts whose callers are asked for a client certificate."""


class Hosts:
    """One edge for each application, by the name of its host."""

    def __init__(
        self, applications: Mapping[str, Application], asking: EdgeTls, silent: EdgeTls, record: Record
    ) -> None:
        """``asking`` is the TLS of hosts that want a client certificate, ``silent`` that of all others."""
        self.ports = dict.fromkeys(applications, 0)
        self._edges = {
            name: Edge(name, asking if name in ASK_FOR_CERTIFICATES else silent, application, record)
            for name, application in applications.items()
        }

    def url(self, name: str) -> str:
        """Scheme, host and port of a host, without a trailing slash."""
        return f"https://{HOST}:{self.ports[name]}"

    def edge(self, name: str) -> Edge:
        """The edge of a host."""
        return self._edges[name]

    def interpose(self, name: str, wrap: Callable[[Application], Application]) -> None:
        """Put something between a host and its application, such as a fault."""
        self._edges[name].application = wrap(self._edges[name].application)

    async def listen(self) -> None:
        """Listen on every port; those that are 0 become free ones.

        Raises:
            OSError: a port is taken; nothing listens then.
        """
        try:
            for name, edge in self._edges.items():
                self.ports[name] = await edge.listen(self.ports[name])
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        await asyncio.gather(*(edge.close() for edge in self._edges.values()))
