"""A sender that is wrong: the landscape names the way to whoever plays the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpi_conformance.simulator.defects.defect import Defect, System

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

NAME = "sender-drops-an-unusable-pfx"


def _install(landscape: SimulatedLandscape) -> None:
    landscape.sender_defect = NAME


DEFECTS = (Defect(NAME, System.SENDER, "A PFX that does not open is left out without a word.", _install),)
