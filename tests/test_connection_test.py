"""The connection test of SM59: what each field and parameter leads to, what SM59 shows, and what the trace says."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cpi_conformance.backend import (
    ANONYMOUS,
    Backend,
    ConnectionTest,
    Destination,
    Icm,
    Parameters,
    Proxy,
    Pse,
    icm_error,
    result_screen,
    trace,
)
from cpi_conformance.backend.icm import NO_FITTING_CERTIFICATE
from cpi_conformance.certificates import open_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Cause, Expected, Observation, Refused
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW
from tests.conftest import Inhabited

PATH = f"/http{WHITEPAPER_FLOW.address}"

NOT_BLIND = "1158:PFS:HIGH"


@pytest.fixture(scope="module")
def good(current: Inhabited) -> ConnectionTest:
    """A connection test that ends with 200."""
    trusted = (current.landscape.trusted_root,)
    pses = (("CPI", Pse(open_pfx(current.pfx("sender")), trusted)), (ANONYMOUS, Pse(None, trusted)))
    destination = Destination("CPI", HOST, PATH, str(current.landscape.port), ssl_certificate="CPI")
    return ConnectionTest(Backend(pses), destination, Expected(200, WHITEPAPER_FLOW.body))


def run(test: ConnectionTest) -> Observation:
    """What comes of a test."""
    return Icm().send(test)


def cause_of(observation: Observation) -> Cause | None:
    """Why a test failed; ``None`` when it did not."""
    return observation.cause if isinstance(observation, Refused) else None


def test_status_200(good: ConnectionTest) -> None:
    observation = run(good)
    assert isinstance(observation, Accepted)
    assert observation.response.body.decode() == WHITEPAPER_FLOW.body
    assert len(observation.evidence.client_chain) == 3
    assert icm_error(good, observation) is None
    screen = result_screen(good, observation)
    assert "Status HTTP Response 200" in screen
    assert WHITEPAPER_FLOW.body in screen
    assert "HTTP status 200" in trace(good, observation)


HOST_UNKNOWN, CREATE_FAILED, MISMATCH = (
    "ICM_HTTP_HOST_UNKNOWN NIEHOST_UNKNOWN(-2)",
    "Create failed: Argument not found",
    "ICM_HTTP_SSL_CERT_MISMATCH SSSLERR_SERVER_CERT_MISMATCH(-30)",
)

HTTP = "None"
"""An HTTP status is shown instead of an error."""


@pytest.mark.parametrize(
    ("change", "cause", "shown"),
    [
        pytest.param({"target_host": "https://localhost"}, Cause.UNKNOWN_HOST, HOST_UNKNOWN, id="host-with-scheme"),
        pytest.param({"target_host": "nobody.invalid"}, Cause.UNKNOWN_HOST, HOST_UNKNOWN, id="unknown-host"),
        pytest.param({"target_host": "a..b"}, Cause.UNKNOWN_HOST, HOST_UNKNOWN, id="empty-label"),
        pytest.param({"target_host": ""}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="no-host"),
        pytest.param({"target_host": " localhost"}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="blank-before-host"),
        pytest.param({"service_number": ""}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="no-service"),
        pytest.param({"service_number": "44x"}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="service-with-letter"),
        pytest.param({"service_number": "0"}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="service-zero"),
        pytest.param({"service_number": "65536"}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="service-too-large"),
        pytest.param({"service_number": "\u0664\u0664"}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="other-digits"),
        pytest.param({"path_prefix": "/http/wrong"}, Cause.NO_SUCH_ENDPOINT, HTTP, id="wrong-path"),
        pytest.param({"path_prefix": ""}, Cause.NO_SUCH_ENDPOINT, HTTP, id="no-path"),
        pytest.param(
            {"path_prefix": "/http/straße und blank"}, Cause.NO_SUCH_ENDPOINT, HTTP, id="path-with-umlaut-and-blank"
        ),
        pytest.param(
            {"ssl_active": False}, Cause.PLAIN_HTTP, "ICM_HTTP_CONNECTION_BROKEN NIECONN_BROKEN(-6)", id="ssl-inactive"
        ),
        pytest.param({"ssl_certificate": ANONYMOUS}, Cause.UNAUTHENTICATED, HTTP, id="anonymous-identity"),
        pytest.param(
            {"ssl_certificate": "NONE"},
            Cause.PSE_UNUSABLE,
            "ICM_HTTP_SSL_ERROR SSSLERR_PSE_ERROR(-40)",
            id="identity-without-pse",
        ),
        pytest.param({"https_active": False}, Cause.HTTPS_INACTIVE, "HTTPIO_PLG_CANCELED", id="https-inactive"),
        pytest.param({"client_sni": False}, Cause.HOST_NAME_MISMATCH, MISMATCH, id="no-sni"),
        pytest.param({"target_host": "127.0.0.1"}, Cause.HOST_NAME_MISMATCH, MISMATCH, id="address"),
        pytest.param(
            {"client_ciphersuites": "128:HIGH"},
            Cause.TLS_VERSION,
            "ICM_HTTP_SSL_ERROR SSSLERR_ALERT_PROTOCOL_VERSION",
            id="tls-1-0",
        ),
        pytest.param({"proxy": Proxy(" ", "3128")}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="proxy-without-host"),
        pytest.param(
            {"proxy": Proxy("proxy", "x")}, Cause.DESTINATION_FIELD, CREATE_FAILED, id="proxy-without-service"
        ),
    ],
)
def test_what_a_wrong_field_leads_to(good: ConnectionTest, change: dict[str, object], cause: Cause, shown: str) -> None:
    test = good.but(**change).call
    observation = run(test)
    assert cause_of(observation) is cause
    assert str(icm_error(test, observation)) == shown


def test_wrong_ports(good: ConnectionTest, current: Inhabited) -> None:
    landscape = current.landscape
    plain = good.but(service_number=str(landscape.plain_port)).call
    closed = good.but(service_number=str(landscape.closed_port)).call
    assert str(icm_error(plain, run(plain))) == "ICM_HTTP_SSL_ERROR SSSLERR_NO_SSL_RESPONSE(-75)"
    assert str(icm_error(closed, run(closed))) == "ICM_HTTP_CONNECTION_FAILED NIECONN_REFUSED(-10)"


def test_plain_http_to_a_port_without_tls(good: ConnectionTest, current: Inhabited) -> None:
    wrong = replace(good.destination, ssl_active=False, service_number=str(current.landscape.plain_port))
    observation = run(replace(good, destination=wrong))
    assert cause_of(observation) is not None
    assert observation.response is not None
    assert observation.response.status == 400


@pytest.mark.parametrize(
    ("own_code", "shown"),
    [
        pytest.param(True, "ICM_HTTP_SSL_PEER_CERT_UNTRUSTED SSSLERR_PEER_CERT_UNTRUSTED(-102)", id="newer-kernel"),
        pytest.param(False, "ICM_HTTP_SSL_ERROR SSSLERR_PEER_CERT_UNTRUSTED(-102)", id="older-kernel"),
    ],
)
def test_missing_ca(good: ConnectionTest, current: Inhabited, own_code: bool, shown: str) -> None:
    twin = good.but(untrusted_has_own_code=own_code).call
    assert twin.pse is not None
    test = twin.but(pse=twin.pse.trusting(())).call
    observation = run(test)
    assert cause_of(observation) is Cause.MISSING_CA
    assert str(icm_error(test, observation)) == shown
    told = trace(test, observation)
    assert "SSSLERR_PEER_CERT_UNTRUSTED (-102)" in told
    assert "missing CA: CN=DigiCert TLS RSA4096 Root G5" in told
    assert f"SSL handshake with {HOST}:{current.landscape.port} failed" in told
    assert "Status: Not successful" in told


@pytest.mark.parametrize("anchors", [False, True], ids=["intermediate-is-no-anchor", "intermediate-is-an-anchor"])
def test_intermediate_alone(good: ConnectionTest, current: Inhabited, anchors: bool) -> None:
    """No public text settles it, so it is a parameter; by default a root is wanted."""
    twin = good.but(intermediate_anchors=anchors).call
    assert twin.pse is not None
    intermediate = current.landscape.load_balancer.served.intermediate.certificate
    observation = run(twin.but(pse=twin.pse.trusting((intermediate,))).call)
    assert isinstance(observation, Accepted) == anchors


# The client certificate


@pytest.mark.parametrize(
    ("ciphersuites", "part", "cause"),
    [
        pytest.param("1174:HIGH", "sender", None, id="blind-known-ca"),
        pytest.param(NOT_BLIND, "sender", None, id="named-known-ca"),
        pytest.param("1174:HIGH", "untrusted_ca", Cause.UNKNOWN_CA, id="blind-unknown-ca"),
        pytest.param(NOT_BLIND, "untrusted_ca", Cause.UNAUTHENTICATED, id="named-unknown-ca"),
        pytest.param("512:HIGH", "untrusted_ca", Cause.UNAUTHENTICATED, id="named-unknown-ca-tls-1-2"),
        pytest.param("512:HIGH", "sender", None, id="named-known-ca-tls-1-2"),
    ],
)
def test_a_certificate_goes_out_when_its_ca_is_named(
    good: ConnectionTest, current: Inhabited, ciphersuites: str, part: str, cause: Cause | None
) -> None:
    """The rule of CommonCryptoLib, in one handshake, on both TLS versions."""
    twin = good.but(client_ciphersuites=ciphersuites).call
    assert twin.pse is not None
    test = twin.but(pse=replace(twin.pse, own=open_pfx(current.pfx(part)))).call
    observation = run(test)
    assert cause_of(observation) is cause
    held_back = cause is Cause.UNAUTHENTICATED
    assert (NO_FITTING_CERTIFICATE in trace(test, observation)) == held_back
    assert bool(observation.evidence.client_chain) != held_back


def test_certificate_that_went_out_was_not_held_back(whitepaper: Inhabited) -> None:
    """A load balancer that does not pass it on answers 401 as to one that was."""
    pse = Pse(open_pfx(whitepaper.pfx("untrusted_ca")), (whitepaper.landscape.trusted_root,))
    destination = Destination("CPI", HOST, PATH, str(whitepaper.landscape.port), ssl_certificate="CPI")
    test = ConnectionTest(Backend((("CPI", pse),)), destination)
    observation = run(test)
    assert cause_of(observation) is Cause.UNAUTHENTICATED
    assert observation.evidence.client_chain
    assert observation.evidence.detail == "HTTP status 401"
    assert NO_FITTING_CERTIFICATE not in trace(test, observation)


@pytest.mark.parametrize(
    ("ciphersuites", "error"),
    [
        pytest.param("1040:HIGH", "SSSLERR_SSL_READ(-58)", id="tls-1-3-after-the-handshake"),
        pytest.param("528:HIGH", "SSSLERR_SSL_CONNECT(-57)", id="tls-1-2-in-the-handshake"),
    ],
)
def test_refused_by_alert(good: ConnectionTest, ciphersuites: str, error: str) -> None:
    twin = good.but(client_ciphersuites=ciphersuites).call
    assert twin.pse is not None
    test = twin.but(pse=twin.pse.with_issuers(())).call
    observation = run(test)
    assert cause_of(observation) is Cause.UNKNOWN_CA
    assert error in str(icm_error(test, observation))


def test_logon_instead_of_a_certificate(good: ConnectionTest, current: Inhabited) -> None:
    basic = current.service_key("sender")
    logon = replace(good.destination, ssl_certificate=ANONYMOUS, logon=basic)
    observation = run(replace(good, destination=logon))
    assert isinstance(observation, Accepted)
    assert basic.clientsecret.reveal() not in result_screen(replace(good, destination=logon), observation)


# Parameters


@pytest.mark.parametrize(
    ("ciphersuites", "offered", "blind"),
    [
        ("150:PFS:HIGH::EC_P256:EC_HIGH", "TLS 1.0 to 1.2", True),
        ("918:PFS:HIGH::EC_P256:EC_HIGH", "TLS 1.0 to 1.2", True),
        ("912:PFS:HIGH", "TLS 1.0 to 1.2", True),
        ("562:PFS:HIGH", "TLS 1.2", True),
        ("1174:PFS:HIGH::EC_X25519:EC_P256:EC_HIGH", "TLS 1.0 to 1.3", True),
        ("1158:PFS:HIGH", "TLS 1.0 to 1.3", False),
        ("1024:HIGH", "TLS 1.3", False),
        ("130:HIGH", "TLS 1.0 to 1.2", False),
        ("132:HIGH", "TLS 1.0", False),
    ],
)
def test_number_of_the_cipher_suites(ciphersuites: str, offered: str, blind: bool) -> None:
    parameters = Parameters(client_ciphersuites=ciphersuites)
    assert (str(parameters.tls), parameters.blind) == (offered, blind)


def test_number_that_allows_nothing() -> None:
    assert not Parameters(client_ciphersuites="16:HIGH").offers_tls


def test_150_agrees_on_tls_1_2(good: ConnectionTest) -> None:
    """An old backend connects to a load balancer that also speaks TLS 1.3."""
    observation = run(good.but(client_ciphersuites="150:PFS:HIGH").call)
    assert isinstance(observation, Accepted)
    assert observation.evidence.tls_version == "TLSv1.2"


# Deviations


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="none"),
        pytest.param({"ssl_active": False, "path_prefix": "/"}, id="two"),
        pytest.param({"name": "another"}, id="the-name-alone"),
        pytest.param({"timeout": 1.0}, id="the-timeout-alone"),
        pytest.param({"colour": "red"}, id="unknown"),
        pytest.param({"pse": "no PSE"}, id="not-a-pse"),
    ],
)
def test_a_deviation_differs_in_one_attribute(good: ConnectionTest, change: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        good.but(**change)


@pytest.mark.parametrize(
    ("change", "presents"),
    [
        pytest.param({"path_prefix": "/"}, True, id="blind"),
        pytest.param({"client_ciphersuites": NOT_BLIND}, False, id="not-blind"),
        pytest.param({"ssl_certificate": ANONYMOUS}, False, id="no-own-certificate"),
        pytest.param({"ssl_active": False}, False, id="no-ssl"),
    ],
)
def test_whether_a_certificate_goes_out_for_sure(
    good: ConnectionTest, change: dict[str, object], presents: bool
) -> None:
    """For a judge, who takes no refusal for one of a certificate that was not sent."""
    assert good.but(**change).call.presents_certificate == presents


def test_words_for_a_test(good: ConnectionTest) -> None:
    at = f"{HOST}:{good.destination.service_number}{PATH}"
    assert str(good) == f"connection test of CPI to https://{at}"
    assert str(good.but(ssl_active=False).call) == f"connection test of CPI to http://{at}"


def test_taking_the_pse_away(good: ConnectionTest) -> None:
    assert good.but(pse=None).call.pse is None
    assert good.but(pse=None).call.backend.pse(ANONYMOUS) is not None


# Proxies


@contextmanager
def proxy_that_answers(content: bytes) -> Iterator[tuple[Proxy, list[bytes]]]:
    """A proxy on this machine that answers CONNECT so, and keeps what it was asked."""
    asked: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.request.recv(4096)
            asked.append(head)
            self.request.sendall(content)
            self.request.shutdown(socket.SHUT_WR)
            while self.request.recv(4096):
                pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Proxy("127.0.0.1", str(server.server_address[1])), asked
        server.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("content", "cause", "told"),
    [
        pytest.param(
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            Cause.PROXY_REFUSED,
            "407 Proxy Authentication Required",
            id="407",
        ),
        pytest.param(b"HTTP/1.0 403 Forbidden\r\n\r\n", Cause.PROXY_REFUSED, "403 Forbidden", id="403"),
        pytest.param(b"", Cause.PROXY_REFUSED, "nothing that is HTTP", id="silence"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", Cause.PROXY_REFUSED, "nothing that is HTTP", id="another-protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", Cause.CONNECTION_LOST, "", id="connects-to-nothing"),
    ],
)
def test_proxy(good: ConnectionTest, content: bytes, cause: Cause, told: str) -> None:
    with proxy_that_answers(content) as (proxy, asked):
        test = good.but(proxy=proxy).call
        observation = run(test)
    assert cause_of(observation) is cause
    assert told in trace(test, observation)
    assert asked[0].startswith(f"CONNECT {HOST}:{good.destination.service_number} HTTP/1.1\r\n".encode())


def test_logon_at_a_proxy(good: ConnectionTest) -> None:
    with proxy_that_answers(b"HTTP/1.1 407 No\r\n\r\n") as (proxy, asked):
        run(good.but(proxy=replace(proxy, user="user", password=Secret("word"))).call)
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in asked[0]


def test_closed_proxy(good: ConnectionTest, current: Inhabited) -> None:
    test = good.but(proxy=Proxy("127.0.0.1", str(current.landscape.closed_port))).call
    assert cause_of(run(test)) is Cause.CONNECTION_REFUSED
