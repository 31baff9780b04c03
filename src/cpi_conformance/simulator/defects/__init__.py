"""Every defect by its name; none is on unless it is asked for."""

from __future__ import annotations

from cpi_conformance.simulator.defects import client_trust, forged_headers, protocol, server_trust
from cpi_conformance.simulator.defects.defect import Defect, System

ALL: tuple[tuple[Defect, ...], ...] = (
    client_trust.DEFECTS,
    forged_headers.DEFECTS,
    protocol.DEFECTS,
    server_trust.DEFECTS,
)
"""The defects of each module of this folder."""

DEFECTS: dict[str, Defect] = {defect.name: defect for defects in ALL for defect in defects}
"""By name."""

__all__ = ["DEFECTS", "Defect", "System"]
