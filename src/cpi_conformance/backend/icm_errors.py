"""What SM59 calls a connection test that got no HTTP answer: the ICM error, and the library's error behind it.

Codes are those of message class SCLNT_HTTP (``get_last_error``), numbers those of SAP's ``ssslxx.h`` and of the
network interface (NI), as far as they are published. What is not published is ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.sender import Cause, Layer, Observation, Refused


@dataclass(frozen=True)
class IcmError:
    """An error as SM59 and the trace name it.

    Attributes:
        name: of the ICM, such as ``ICM_HTTP_SSL_ERROR``.
        code: of the exception that an ABAP program sees; ``None`` when it is not published.
        library: the error of SAPSSL or NI behind it; ``None`` when there is none.
        number: of that error; ``None`` when it is not published.
    """

    name: str
    code: int | None = None
    library: str | None = None
    number: int | None = None

    def __str__(self) -> str:
        number = f"({self.number})" if self.number is not None else ""
        return f"{self.name} {self.library}{number}" if self.library else self.name


def _ssl(library: str, number: int | None) -> IcmError:
    return IcmError("ICM_HTTP_SSL_ERROR", 407, library, number)


def _failed(library: str | None, number: int | None) -> IcmError:
    return IcmError("ICM_HTTP_CONNECTION_FAILED", 411, library, number)


PEER_UNTRUSTED = ("SSSLERR_PEER_CERT_UNTRUSTED", -102)

READ, CONNECT = ("SSSLERR_SSL_READ", -58), ("SSSLERR_SSL_CONNECT", -57)

ERRORS = {
    Cause.DESTINATION_FIELD: IcmError("Create failed: Argument not found"),
    Cause.HTTPS_INACTIVE: IcmError("HTTPIO_PLG_CANCELED"),
    Cause.PSE_UNUSABLE: _ssl("SSSLERR_PSE_ERROR", -40),
    Cause.UNKNOWN_HOST: IcmError("ICM_HTTP_HOST_UNKNOWN", None, "NIEHOST_UNKNOWN", -2),
    Cause.CONNECTION_REFUSED: _failed("NIECONN_REFUSED", -10),
    Cause.CONNECTION_TIMEOUT: _failed("NIETIMEOUT", -5),
    Cause.PROXY_REFUSED: _failed(None, None),  # the proxy's answer stands in the trace
    Cause.ANSWER_TIMEOUT: IcmError("ICM_HTTP_TIMEOUT", 402),
    Cause.BROKEN_ANSWER: IcmError("ICM_HTTP_CONNECTION_BROKEN", None, "NIECONN_BROKEN", -6),
    Cause.PLAIN_HTTP: IcmError("ICM_HTTP_CONNECTION_BROKEN", None, "NIECONN_BROKEN", -6),
    Cause.CONNECTION_LOST: _ssl("SSSLERR_CONN_CLOSED", -10),
    Cause.ALERT_LOST: _ssl("SSSLERR_CONN_CLOSED", -10),
    Cause.NOT_TLS: _ssl("SSSLERR_NO_SSL_RESPONSE", -75),
    Cause.TLS_VERSION: _ssl("SSSLERR_ALERT_PROTOCOL_VERSION", None),
    Cause.HANDSHAKE_FAILURE: _ssl("SSSLERR_ALERT_HANDSHAKE_FAILURE", -122),
    Cause.HOST_NAME_MISMATCH: IcmError("ICM_HTTP_SSL_CERT_MISMATCH", 415, "SSSLERR_SERVER_CERT_MISMATCH", -30),
    Cause.SERVER_CERTIFICATE_EXPIRED: _ssl("SSSLERR_PEER_CERT_EXPIRED", None),
}
"""By cause, where the release makes no difference."""


def icm_error(test: ConnectionTest, observation: Observation) -> IcmError | None:
    """The error that SM59 shows; ``None`` when there is an HTTP status to show instead."""
    if not isinstance(observation, Refused) or observation.response is not None:
        return None
    cause = observation.cause
    if cause in ERRORS:
        return ERRORS[cause]
    if observation.layer is Layer.SERVER_TRUST:
        if test.backend.parameters.untrusted_has_own_code:
            return IcmError("ICM_HTTP_SSL_PEER_CERT_UNTRUSTED", 421, *PEER_UNTRUSTED)
        return _ssl(*PEER_UNTRUSTED)
    if observation.layer is Layer.CLIENT_TRUST:  # TLS 1.3 says it only after our side of the handshake is done
        return _ssl(*(READ if observation.evidence.tls_version == "TLSv1.3" else CONNECT))
    return _ssl(*CONNECT)
