"""The landscape file: which systems are under test, and with whose credentials."""

from cpi_conformance.landscape.loading import load_landscape
from cpi_conformance.landscape.model import (
    CloudFoundryTarget,
    Expectations,
    FlowUnderTest,
    Landscape,
    MissingMaterial,
)
from cpi_conformance.landscape.problems import LandscapeProblems, Problem

__all__ = [
    "CloudFoundryTarget",
    "Expectations",
    "FlowUnderTest",
    "Landscape",
    "LandscapeProblems",
    "MissingMaterial",
    "Problem",
    "load_landscape",
]
