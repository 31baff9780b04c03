"""The landscape file: which systems are under test, and with whose credentials."""

from cpi_conformance.landscape.loading import LandscapeProblems, Problem, load_landscape
from cpi_conformance.landscape.model import Expectations, FlowUnderTest, Landscape, MissingMaterial

__all__ = [
    "Expectations",
    "FlowUnderTest",
    "Landscape",
    "LandscapeProblems",
    "MissingMaterial",
    "Problem",
    "load_landscape",
]
