"""SM59: the destination of type G, its connection test, and the error of each field that is wrong."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from cpi_conformance.backend import ANONYMOUS, STANDARD, ConnectionTest, Proxy
from cpi_conformance.backend.icm import NO_FITTING_CERTIFICATE
from cpi_conformance.certificates import PfxFile, open_pfx
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Cause
from cpi_conformance.verdict import Severity
from fixtures.checks import check, on_profiles, row
from fixtures.sm59 import Sm59

HOST = ("3.rfc.6",)
SECURITY = ("3.rfc.7.1", "3.rfc.7.2")
DESTINATION = ("3.rfc.4", "3.rfc.5", *HOST, *SECURITY, "3.rfc.8", "3.rfc.9", "3.rfc.10")

TLS_1_0_ONLY, TLS_1_1_ONLY, TLS_1_2_STRICT, TLS_1_3_TOO = "128:HIGH", "256:HIGH", "562:PFS:HIGH", "1174:PFS:HIGH"
NOT_BLIND = "1158:PFS:HIGH"
"""As the default, without the bit that sends a certificate whatever CAs are named."""

standard_only = pytest.mark.usefixtures("standard_edition")


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-01", "the connection test ends with 200", steps=DESTINATION, severity=Severity.BLOCKER)
def test_connection(connection_test: ConnectionTest, sm59: Sm59) -> None:
    """Accepted: with the PSE of chapter 3 the backend gets *Status HTTP Response 200* and the flow's sentence.

    Source: whitepaper, chapter 3, Configuring RFC Connection.
    """
    sm59.succeeds(connection_test)


@on_profiles("whitepaper", "current", "trial")
@check("SM59-02", "the connection test with Basic Authentication", steps=("3.rfc.9", "3.rfc.10", "1.basic.2b"))
def test_with_logon(logon_test: ConnectionTest, sm59: Sm59) -> None:
    """Accepted: the destination logs on with clientid and clientsecret instead of a certificate; also on a trial.

    Source: SAP help 4ec6192; SM59, Logon & Security.
    """
    sm59.succeeds(logon_test)


@standard_only
@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        row("SM59-03", "TLS 1.2 only", "client_ciphersuites", TLS_1_2_STRICT, steps=("3.rfc.7.1",)),
        row("SM59-04", "TLS 1.3 too", "client_ciphersuites", TLS_1_3_TOO, steps=("3.rfc.7.1",)),
        row("SM59-05", "a certificate only when its CA is named", "client_ciphersuites", NOT_BLIND, steps=SECURITY),
    ],
)
def test_parameters(connection_test: ConnectionTest, parameter: str, value: str, sm59: Sm59) -> None:
    """Accepted: each of the settings of ``ssl/client_ciphersuites`` that backends are run with connects.

    Source: SAP Notes 510007, 2384243 and 3346659, as far as they are cited in public.
    """
    deviation = connection_test.but(**{parameter: value})
    sm59.succeeds(deviation.call)


@standard_only
@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    ("field", "value", "cause", "shown"),
    [
        row(
            "SM59-10",
            "the target host with https://",
            "target_host",
            "https://{host}",
            Cause.UNKNOWN_HOST,
            "ICM_HTTP_HOST_UNKNOWN NIEHOST_UNKNOWN(-2)",
            steps=HOST,
        ),
        row(
            "SM59-11",
            "a target host that does not exist",
            "target_host",
            "no-such-tenant.invalid",
            Cause.UNKNOWN_HOST,
            "ICM_HTTP_HOST_UNKNOWN NIEHOST_UNKNOWN(-2)",
            steps=HOST,
        ),
        row(
            "SM59-12",
            "a service number with a letter",
            "service_number",
            "44x",
            Cause.DESTINATION_FIELD,
            "Create failed: Argument not found",
            steps=HOST,
        ),
        row("SM59-13", "a wrong path prefix", "path_prefix", "{path}-wrong", Cause.NO_SUCH_ENDPOINT, None, steps=HOST),
        row(
            "SM59-14",
            "SSL is inactive",
            "ssl_active",
            False,
            Cause.PLAIN_HTTP,
            None,
            steps=("3.rfc.7.1",),
        ),
        row(
            "SM59-15",
            "the anonymous identity, which has no certificate",
            "ssl_certificate",
            ANONYMOUS,
            Cause.UNAUTHENTICATED,
            None,
            steps=("3.rfc.7.2",),
        ),
        row(
            "SM59-16",
            "the standard identity, whose list is empty",
            "ssl_certificate",
            STANDARD,
            Cause.MISSING_CA,
            "SSSLERR_PEER_CERT_UNTRUSTED(-102)",
            steps=("3.rfc.7.2", "3.error.2"),
        ),
        row(
            "SM59-17",
            "no server name in the handshake",
            "client_sni",
            False,
            Cause.HOST_NAME_MISMATCH,
            "SSSLERR_SERVER_CERT_MISMATCH(-30)",
            steps=("3.rfc.7.1",),
        ),
        row(
            "SM59-18",
            "TLS 1.0 only",
            "client_ciphersuites",
            TLS_1_0_ONLY,
            Cause.TLS_VERSION,
            "SSSLERR_ALERT_PROTOCOL_VERSION",
            steps=("3.rfc.7.1",),
        ),
        row(
            "SM59-19",
            "TLS 1.1 only",
            "client_ciphersuites",
            TLS_1_1_ONLY,
            Cause.TLS_VERSION,
            "SSSLERR_ALERT_PROTOCOL_VERSION",
            steps=("3.rfc.7.1",),
        ),
    ],
)
def test_wrong_field(
    connection_test: ConnectionTest, field: str, value: object, cause: Cause, shown: str | None, sm59: Sm59
) -> None:
    """Refused at the layer that the field is about, with the error that SM59 shows for it.

    Source: whitepaper, chapter 3, steps 6 and 7; SCLNT_HTTP messages; SAP Notes 2124480 and 2752867 (SNI).
    """
    if isinstance(value, str):
        value = value.format(host=connection_test.destination.target_host, path=connection_test.path)
    sm59.fails(connection_test.but(**{field: value}), cause, shown)


@standard_only
@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    ("port", "cause", "shown"),
    [
        row(
            "SM59-20",
            "a port that speaks HTTP without TLS",
            "plain_port",
            Cause.NOT_TLS,
            "SSSLERR_NO_SSL_RESPONSE(-75)",
            steps=HOST,
        ),
        row(
            "SM59-21",
            "a port on which nobody listens",
            "closed_port",
            Cause.CONNECTION_REFUSED,
            "ICM_HTTP_CONNECTION_FAILED NIECONN_REFUSED(-10)",
            steps=HOST,
        ),
    ],
)
def test_wrong_port(
    connection_test: ConnectionTest, landscape: Landscape, port: str, cause: Cause, shown: str, sm59: Sm59
) -> None:
    """Refused at protocol where HTTP is spoken without TLS, at connect where nobody listens.

    Source: SAP KBA 3569644; AWS SDK for SAP ABAP (no SSL response); SCLNT_HTTP messages.
    """
    sm59.fails(connection_test.but(service_number=str(landscape.other_port(port))), cause, shown)


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-22", "the target host as an IP address", steps=HOST)
def test_address(connection_test: ConnectionTest, landscape: Landscape, sm59: Sm59) -> None:
    """Refused at server-trust: an address is no name that the server certificate carries.

    Source: RFC 2818, section 3.1; SAP KBA 3391859.
    """
    address = socket.getaddrinfo(landscape.host, landscape.port, socket.AF_INET)[0][4][0]
    deviation = connection_test.but(target_host=str(address))
    sm59.fails(deviation, Cause.HOST_NAME_MISMATCH, "SSSLERR_SERVER_CERT_MISMATCH(-30)")


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-23", "a proxy that connects", steps=HOST)
def test_through_a_proxy(connection_test: ConnectionTest, connecting_proxy: Proxy, sm59: Sm59) -> None:
    """Accepted: the handshake goes through the tunnel of the proxy, and the certificate with it.

    Source: SM59, HTTP Proxy Options; SAP Note 3106170.
    """
    sm59.succeeds(connection_test.but(proxy=connecting_proxy).call)


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-24", "a proxy that wants a logon", steps=HOST)
def test_proxy_that_refuses(connection_test: ConnectionTest, refusing_proxy: Proxy, sm59: Sm59) -> None:
    """Refused at connect: the proxy answers CONNECT with 407, and nothing reaches the load balancer.

    Source: Cloud ALM connectivity guide.
    """
    refused = sm59.fails(connection_test.but(proxy=refusing_proxy), Cause.PROXY_REFUSED, "ICM_HTTP_CONNECTION_FAILED")
    assert "407" in (refused.evidence.detail or ""), "the trace does not name the proxy's status"


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-25", "a certificate whose CA is not named is held back", steps=SECURITY)
def test_certificate_held_back(connection_test: ConnectionTest, of_untrusted_ca: PfxFile, sm59: Sm59) -> None:
    """Refused at authentication: the backend sends no certificate that the load balancer does not ask for.

    Postman sends it all the same, and is refused otherwise.

    Source: SAP community, ba-p/13558707; RFC 8446, section 4.2.4.
    """
    twin = connection_test.but(client_ciphersuites=NOT_BLIND).call
    assert twin.pse is not None
    other = replace(twin.pse, own=open_pfx(of_untrusted_ca))
    refused = sm59.fails(twin.but(pse=other), Cause.UNAUTHENTICATED)
    assert refused.evidence.detail == NO_FITTING_CERTIFICATE, "the certificate was not held back"


@standard_only
@on_profiles("whitepaper", "current")
@check("SM59-30", "the backend connects as it was exported", steps=("3.rfc.10", "3.error.2"), severity=Severity.BLOCKER)
def test_exported_backend(exported_test: ConnectionTest, sm59: Sm59) -> None:
    """Accepted: with the certificate list and PSE that were exported from STRUST the connection test ends with 200.

    This is how QA learns before the transport whether the backend will connect, without logging on to it.

    Source: whitepaper, chapter 3.
    """
    sm59.succeeds(exported_test)
