"""The integration flow that the suite brings: its sources, the archive made of them, and reading a flow back."""

from cpi_conformance.flows.archive import build_archive
from cpi_conformance.flows.reading import FlowDescription, read_flow
from cpi_conformance.flows.refusal import FlowUnreadable
from cpi_conformance.flows.settings import FlowSettings

__all__ = ["FlowDescription", "FlowSettings", "FlowUnreadable", "build_archive", "read_flow"]
