"""The landscape file: which systems are under test, and with whose credentials."""

from cpi_conformance.landscape.accepted_deviations import AcceptedDeviation, Observed
from cpi_conformance.landscape.loading import load_landscape
from cpi_conformance.landscape.model import (
    Expectations,
    FlowUnderTest,
    Landscape,
    MissingMaterial,
)
from cpi_conformance.landscape.problems import LandscapeProblems, Problem
from cpi_conformance.landscape.targets import CloudFoundryTarget, TenantTarget

__all__ = [
    "AcceptedDeviation",
    "CloudFoundryTarget",
    "Expectations",
    "FlowUnderTest",
    "Landscape",
    "LandscapeProblems",
    "MissingMaterial",
    "Observed",
    "Problem",
    "TenantTarget",
    "load_landscape",
]
