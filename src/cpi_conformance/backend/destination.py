"""Transaction SM59: an HTTP destination to an external server (type G), with the fields of its screens."""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.backend.pse import STANDARD
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Authorization, NoAuthorization

CONNECTION_TYPE = "G"

NO_LOGON = NoAuthorization()


@dataclass(frozen=True)
class Proxy:
    """*HTTP Proxy Options*: host, service and, when the proxy asks for them, user and password."""

    host: str
    service: str
    user: str = ""
    password: Secret | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.service}"


@dataclass(frozen=True)
class Destination:
    """The fields as they were typed; SM59 checks none of them before the connection test.

    Attributes:
        target_host: the bare host name, without ``https://``.
        service_number: the port.
        path_prefix: the path of the endpoint.
        ssl_active: *Logon & Security > SSL*.
        ssl_certificate: the SSL client identity whose PSE is used.
        logon: *No Logon*, or *Basic Authentication*.
        timeout: seconds, for a connection test from beginning to end.
    """

    name: str
    target_host: str
    path_prefix: str
    service_number: str = "443"
    ssl_active: bool = True
    ssl_certificate: str = STANDARD
    logon: Authorization = NO_LOGON
    proxy: Proxy | None = None
    timeout: float = 30.0

    def wrong_field(self) -> str | None:
        """The field with which the kernel cannot begin (*Create failed: Argument not found*), or ``None``."""
        if not self.target_host.strip() or self.target_host != self.target_host.strip():
            return "Target Host"
        if not _is_service(self.service_number):
            return "Service No."
        if self.proxy is not None and not self.proxy.host.strip():
            return "Proxy Host"
        if self.proxy is not None and not _is_service(self.proxy.service):
            return "Proxy Service"
        return None


def _is_service(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536
