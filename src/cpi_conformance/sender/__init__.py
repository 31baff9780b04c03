"""The data plane: one call as a value, and what came of it as a value.

No exception leaves :meth:`Sender.send` for anything that the far side did.
"""

from cpi_conformance.sender.call import (
    FETCH_CSRF_TOKEN,
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    TLS_ANY,
    Authorization,
    Basic,
    Bearer,
    Call,
    CertificateInHandshake,
    CertificateInHeaders,
    CredentialsInQuery,
    CsrfToken,
    Deviation,
    Expected,
    NoAuthorization,
    NoCertificate,
    Presentation,
    RawAuthorization,
    TlsRange,
    Trust,
)
from cpi_conformance.sender.layers import Cause, Layer
from cpi_conformance.sender.observation import Accepted, Evidence, Observation, Refused, Response
from cpi_conformance.sender.sender import Sender

__all__ = [
    "FETCH_CSRF_TOKEN",
    "TLS_1_0",
    "TLS_1_1",
    "TLS_1_2",
    "TLS_1_3",
    "TLS_ANY",
    "Accepted",
    "Authorization",
    "Basic",
    "Bearer",
    "Call",
    "Cause",
    "CertificateInHandshake",
    "CertificateInHeaders",
    "CredentialsInQuery",
    "CsrfToken",
    "Deviation",
    "Evidence",
    "Expected",
    "Layer",
    "NoAuthorization",
    "NoCertificate",
    "Observation",
    "Presentation",
    "RawAuthorization",
    "Refused",
    "Response",
    "Sender",
    "TlsRange",
    "Trust",
]
