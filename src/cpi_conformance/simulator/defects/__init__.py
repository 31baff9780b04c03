"""Every defect by its name; none is on unless it is asked for."""

from __future__ import annotations

from cpi_conformance.simulator.defects.defect import Defect, System

ALL: tuple[tuple[Defect, ...], ...] = ()
"""The defects of each module of this folder."""

DEFECTS: dict[str, Defect] = {defect.name: defect for defects in ALL for defect in defects}
"""By name."""

__all__ = ["DEFECTS", "Defect", "System"]
