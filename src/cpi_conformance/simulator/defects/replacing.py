"""Putting something else in the place of a part; several defects of one part go on top of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.edge import EdgeConnection
from cpi_conformance.simulator.edge_tls import EdgeTls

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

K = TypeVar("K", type[EdgeTls], type[EdgeConnection])


def replace_tls(landscape: SimulatedLandscape, kind: type[EdgeTls] = EdgeTls, **change: object) -> None:
    """Let the runtime's host shake hands by TLS of this kind, with some of its attributes changed.

    The other hosts go on as before, so that only calls of flows can show it.
    """
    edge = landscape.edge(hosts.RUNTIME)
    same = {name: getattr(edge.tls, name) for name in ("hosts", "default", "client_roots", "policy")}
    edge.tls = _on_top(kind, type(edge.tls))(**{**same, **change})


def replace_connections(landscape: SimulatedLandscape, kind: type[EdgeConnection]) -> None:
    """Let the runtime's host make connections of this kind."""
    edge = landscape.edge(hosts.RUNTIME)
    edge.speaks = _on_top(kind, edge.speaks)


def _on_top(kind: K, present: K) -> K:
    """A kind that does what both do, the first one first."""
    return present if issubclass(present, kind) else type(kind.__name__, (kind, present), {})
