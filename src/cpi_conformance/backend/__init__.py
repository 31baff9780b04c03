"""The S/4HANA side: the PSEs of STRUST, the destinations of SM59, and the connection test."""

from cpi_conformance.backend.connection_test import Backend, ConnectionTest, TestDeviation
from cpi_conformance.backend.destination import Destination, Proxy
from cpi_conformance.backend.icm import Icm
from cpi_conformance.backend.icm_errors import IcmError, icm_error
from cpi_conformance.backend.parameters import Parameters
from cpi_conformance.backend.pse import ANONYMOUS, STANDARD, Pse, SslClientIdentity
from cpi_conformance.backend.sm59_result import result_line, result_screen
from cpi_conformance.backend.strust import PseStore, SslClientIdentities, TrustManager
from cpi_conformance.backend.strust_refusals import StrustProblem, StrustRefused
from cpi_conformance.backend.trace import trace

__all__ = [
    "ANONYMOUS",
    "STANDARD",
    "Backend",
    "ConnectionTest",
    "Destination",
    "Icm",
    "IcmError",
    "Parameters",
    "Proxy",
    "Pse",
    "PseStore",
    "SslClientIdentities",
    "SslClientIdentity",
    "StrustProblem",
    "StrustRefused",
    "TestDeviation",
    "TrustManager",
    "icm_error",
    "result_line",
    "result_screen",
    "trace",
]
