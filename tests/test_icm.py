"""What the ICM writes into a connection, what of an answer it keeps, and how it names what goes wrong on the way."""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.backend import (
    Backend,
    ConnectionTest,
    Destination,
    Icm,
    Parameters,
    Proxy,
    Pse,
    icm_error,
    result_line,
    result_screen,
    trace,
)
from cpi_conformance.backend.icm_errors import ERRORS, IcmError
from cpi_conformance.certificates import Credential, Usage, open_pfx, pem
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Basic, Cause, Evidence, Refused
from tests.conftest import Inhabited
from tests.symptoms.far_sides import (
    COMPANY,
    NOW,
    ROOT,
    Script,
    answering,
    closed_port,
    far_side,
    firewall,
    losing_the_alert,
    server_context,
    shaking_hands,
    without_common_cipher,
)

LOGON = Basic("sb-clientid!b1|it-rt!b2", Secret("a-secret$with=signs&more"))

SENT = base64.b64encode(b"sb-clientid!b1|it-rt!b2:a-secret$with=signs&more").decode()

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"


def destination_test(port: int, **changes: object) -> ConnectionTest:
    """A connection test of a far side of this machine that has no client certificate."""
    destination = Destination("CPI", "localhost", "/http/flow", str(port), ssl_certificate="CPI", timeout=10)
    changed = replace(destination, **changes)  # type: ignore[arg-type]  # fields of a destination
    return ConnectionTest(Backend((("CPI", Pse(None, (ROOT.certificate,))),)), changed)


def hearing(heard: list[bytes], answer: bytes = OK) -> Script:
    """A far side without TLS that keeps what it was asked."""

    def script(connection: socket.socket) -> None:
        heard.append(connection.recv(65_536))
        connection.sendall(answer)

    return script


# The request


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("/http/flow", b"/http/flow", id="as-it-is"),
        pytest.param("", b"/", id="empty"),
        pytest.param("/http/a b?c=d&e=%20", b"/http/a%20b?c=d&e=%20", id="blank-and-query"),
        pytest.param("/http/straße", b"/http/stra%C3%9Fe", id="umlaut"),
        pytest.param("/http/a\r\nX-Forged: 1", b"/http/a%0D%0AX-Forged:%201", id="line-feeds"),
    ],
)
def test_request(path: str, asked: bytes) -> None:
    """A GET of the path prefix; the host with its port, because it is not the usual one."""
    heard: list[bytes] = []
    with far_side(hearing(heard)) as port:
        Icm().send(destination_test(port, ssl_active=False, path_prefix=path))
    line, *headers = heard[0].split(b"\r\n")
    assert line == b"GET " + asked + b" HTTP/1.1"
    assert f"Host: localhost:{port}".encode() in headers
    assert b"Connection: close" in headers


def test_credentials_never_go_out_without_tls() -> None:
    heard: list[bytes] = []
    with far_side(hearing(heard)) as port:
        Icm().send(destination_test(port, ssl_active=False, logon=LOGON))
    assert b"authorization" not in heard[0].lower()


@pytest.mark.parametrize("path", ["/http/flow", ""])
def test_proxy_without_tls_is_given_the_whole_url(path: str) -> None:
    heard: list[bytes] = []
    with far_side(hearing(heard)) as port:
        test = destination_test(80, target_host="tenant.example", ssl_active=False, proxy=Proxy("127.0.0.1", str(port)))
        Icm().send(replace(test, destination=replace(test.destination, path_prefix=path)))
    line, *headers = heard[0].split(b"\r\n")
    assert line == f"GET http://tenant.example{path or '/'} HTTP/1.1".encode()
    assert b"Host: tenant.example" in headers


# The answer


def test_no_secret_is_kept_of_an_answer(tmp_path: Path) -> None:
    """Neither cookies and tokens, nor what a far side repeats of the logon, in any form."""
    said = f"{LOGON.clientsecret.reveal()} {SENT} a-secret%24with%3Dsigns%26more a-secret$with=signs&amp;more"
    answer = (
        "HTTP/1.1 200 OK\r\nSet-Cookie: JSESSIONID=of-a-session\r\nX-CSRF-Token: 0123456789\r\n"
        f"X-Echo: Basic {SENT}\r\nContent-Length: {len(said)}\r\n\r\n{said}"
    )
    heard: list[bytes] = []
    with far_side(heard_by(server_context(tmp_path), heard, answer.encode())) as port:
        test = destination_test(port, logon=LOGON)
        observation = Icm().send(test)
    assert f"Authorization: Basic {SENT}".encode() in heard[0]
    assert isinstance(observation, Accepted)
    screen = result_screen(test, observation)
    for secret in ("of-a-session", "0123456789", SENT, "a-secret"):
        assert secret not in screen
    assert "Status HTTP Response 200" in screen
    assert screen.count("(secret)") == 5


def test_body_is_read_to_a_limit() -> None:
    """Whoever answers may have much to say."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000
    with far_side(hearing([], answer)) as port:
        observation = Icm().send(destination_test(port, ssl_active=False))
    assert observation.response is not None
    assert len(observation.response.body) == 65_536


def heard_by(context: ssl.SSLContext, heard: list[bytes], answer: bytes) -> Script:
    """A far side with TLS that keeps what it was asked."""

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            hearing(heard, answer)(secured)

    return script


# What goes wrong


def expired(folder: Path) -> ssl.SSLContext:
    """The certificate of a server that nobody has renewed."""
    leaf = ROOT.leaf(
        "CN=localhost",
        not_before=NOW.replace(year=NOW.year - 2),
        not_after=NOW.replace(year=NOW.year - 1),
        usage=Usage.SERVER,
        hosts=("localhost",),
    )
    context = server_context(folder)
    path = folder / "expired.pem"
    path.write_bytes(key_of(leaf) + pem([leaf.certificate]).encode())
    context.load_cert_chain(path)
    return context


def key_of(credential: Credential) -> bytes:
    """The private key as a server's file holds it."""
    return credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


CUT = b"HTTP/1.1 200 OK\r\nContent-Le"


@pytest.mark.parametrize(
    ("script_in", "cause", "shown"),
    [
        pytest.param(
            lambda folder: firewall,
            Cause.CONNECTION_LOST,
            "ICM_HTTP_SSL_ERROR SSSLERR_CONN_CLOSED(-10)",
            id="closed-without-a-word",
        ),
        pytest.param(
            lambda folder: shaking_hands(without_common_cipher(folder)),
            Cause.HANDSHAKE_FAILURE,
            "ICM_HTTP_SSL_ERROR SSSLERR_ALERT_HANDSHAKE_FAILURE(-122)",
            id="no-common-cipher",
        ),
        pytest.param(
            lambda folder: shaking_hands(expired(folder)),
            Cause.SERVER_CERTIFICATE_EXPIRED,
            "ICM_HTTP_SSL_ERROR SSSLERR_PEER_CERT_EXPIRED",
            id="server-certificate-expired",
        ),
        pytest.param(
            lambda folder: answering(server_context(folder), CUT),
            Cause.BROKEN_ANSWER,
            "ICM_HTTP_CONNECTION_BROKEN NIECONN_BROKEN(-6)",
            id="answer-breaks-off",
        ),
    ],
)
def test_what_a_far_side_does(tmp_path: Path, script_in: Callable[[Path], Script], cause: Cause, shown: str) -> None:
    with far_side(script_in(tmp_path)) as port:
        test = destination_test(port)
        observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is cause
    assert result_line(test, observation) == shown
    named = shown.rpartition(" ")[2].partition("(")[0]
    assert named in trace(test, observation)
    assert "Error" not in trace(test, observation), "a word of Python's in a trace of SAP's"


def test_refusal_whose_alert_is_lost(tmp_path: Path, current: Inhabited) -> None:
    with far_side(losing_the_alert(server_context(tmp_path))) as port:
        test = with_own(destination_test(port), open_pfx(current.pfx("sender")))
        observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.ALERT_LOST
    assert result_line(test, observation) == "ICM_HTTP_SSL_ERROR SSSLERR_CONN_CLOSED(-10)"


def with_own(test: ConnectionTest, own: Credential) -> ConnectionTest:
    """The same with a certificate of its own."""
    return test.but(pse=Pse(own, (ROOT.certificate,))).call


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        pytest.param(Cause.CONNECTION_TIMEOUT, "ICM_HTTP_CONNECTION_FAILED NIETIMEOUT(-5)", id="no-connection"),
        pytest.param(Cause.ANSWER_TIMEOUT, "ICM_HTTP_TIMEOUT", id="no-answer"),
    ],
)
def test_time_is_up(cause: Cause, shown: str) -> None:
    """Which takes as long as it does, so what has come of it is made up here."""
    assert str(icm_error(destination_test(443), Refused(cause, Evidence("GET /")))) == shown


NUMBERS = {
    "SSSLERR_CONN_CLOSED": -10,
    "SSSLERR_SERVER_CERT_MISMATCH": -30,
    "SSSLERR_PSE_ERROR": -40,
    "SSSLERR_NO_SSL_RESPONSE": -75,
    "SSSLERR_ALERT_HANDSHAKE_FAILURE": -122,
    "NIEHOST_UNKNOWN": -2,
    "NIETIMEOUT": -5,
    "NIECONN_BROKEN": -6,
    "NIECONN_REFUSED": -10,
}
"""As SAP has published them: ``ssslxx.h`` of SAP MaxDB, and traces of the network interface."""

CODES = {
    "ICM_HTTP_TIMEOUT": 402,
    "ICM_HTTP_SSL_ERROR": 407,
    "ICM_HTTP_CONNECTION_FAILED": 411,
    "ICM_HTTP_SSL_CERT_MISMATCH": 415,
}
"""Of the message class SCLNT_HTTP, as ABAP programs have seen them."""


@pytest.mark.parametrize("error", {str(each): each for each in ERRORS.values()}.values(), ids=str)
def test_numbers_are_the_published_ones(error: IcmError) -> None:
    """And none is made up where none is published."""
    assert error.number == NUMBERS.get(error.library or "")
    assert error.code == CODES.get(error.name)


def test_key_that_does_not_belong_to_the_certificate(tmp_path: Path, current: Inhabited) -> None:
    """The PSE is of no use; nothing is sent with it."""
    own = replace(open_pfx(current.pfx("sender")), key=new_key())
    with far_side(firewall) as port:
        test = with_own(destination_test(port), own)
        observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.PSE_UNUSABLE
    assert result_line(test, observation) == "ICM_HTTP_SSL_ERROR SSSLERR_PSE_ERROR(-40)"
    assert not observation.evidence.bytes_left
    assert "does not take the key" in (observation.evidence.detail or "")


def test_own_path_vouches_for_nobody(tmp_path: Path) -> None:
    """The issuers of the own certificate are sent, not trusted; whitepaper, chapter 3, has them added to the list."""
    own = ROOT.leaf(
        "CN=S0012345678",
        not_before=NOW.replace(year=NOW.year - 1),
        not_after=NOW.replace(year=NOW.year + 1),
        usage=Usage.CLIENT,
    )
    assert own.issuers == (ROOT.certificate,)
    with far_side(shaking_hands(server_context(tmp_path))) as port:
        observation = Icm().send(destination_test(port).but(pse=Pse(own)).call)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.MISSING_CA


def test_server_that_names_no_ca_gets_any_certificate(tmp_path: Path, current: Inhabited) -> None:
    """Whether blind or not: there is nothing that it could not fit (RFC 8446, section 4.3.2)."""
    own = open_pfx(current.pfx("sender"))
    context = server_context(tmp_path)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=pem([own.root]))
    with far_side(answering(context, OK)) as port:
        test = with_own(destination_test(port), own)
        not_blind = replace(test, backend=replace(test.backend, parameters=Parameters(client_ciphersuites="1024:HIGH")))
        observation = Icm().send(not_blind)
    assert isinstance(observation, Accepted)
    assert observation.evidence.accepted_cas == ()
    assert observation.evidence.client_chain == (own.certificate, *own.issuers)


# The trace


def test_trace_of_a_server_that_is_not_trusted(tmp_path: Path) -> None:
    """In the shape of published ones: what was served, why it is not taken, and the error with its number."""
    with far_side(shaking_hands(server_context(tmp_path, COMPANY))) as port:
        test = destination_test(port)
        observation = Icm().send(test)
    (served,) = observation.evidence.server_chain
    assert trace(test, observation).splitlines() == [
        '->> SapSSLSetTargetHostname(target_hostname="localhost")',
        f"SSL NI-sock: local=:{observation.evidence.local_port}  peer=localhost:{port}",
        "Peer not trusted",
        "  Certificate #0:",
        "    Subject  : CN=localhost",
        "    Issuer   : CN=Web Gateway Root CA, O=Example Works, C=DE",
        f"    Serial   : {served.serial_number:X}",
        f"    Validity : {NOW.replace(year=NOW.year - 1):%Y-%m-%d} to {NOW.replace(year=NOW.year + 1):%Y-%m-%d}",
        "  Verification result:",
        "    Status: Not successful",
        "    Reason: missing CA: CN=Web Gateway Root CA, O=Example Works, C=DE",
        "<<- ERROR: SapSSLSessionStart()==SSSLERR_PEER_CERT_UNTRUSTED",
        f"*** ERROR => SSL handshake with localhost:{port} failed: SSSLERR_PEER_CERT_UNTRUSTED (-102)",
        "  The peer's X.509 Certificate (chain) validation failed (missing trust?)",
    ]


SET_HOST = '->> SapSSLSetTargetHostname(target_hostname="localhost")'


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        pytest.param(
            {},
            [SET_HOST, "*** ERROR => Direct connect to localhost:{port} failed: NIECONN_REFUSED(-10)"],
            id="nobody-listens",
        ),
        pytest.param(
            {"ssl_active": False},
            ["*** ERROR => Direct connect to localhost:{port} failed: NIECONN_REFUSED(-10)"],
            id="nobody-listens-without-tls",
        ),
        pytest.param(
            {"ssl_certificate": "NONE"},
            [
                "<<- ERROR: SapSSLSessionStart()==SSSLERR_PSE_ERROR",
                "*** ERROR => SSL handshake with localhost:{port} failed: SSSLERR_PSE_ERROR (-40)",
                "  The PSE cannot be used",
            ],
            id="no-pse",
        ),
        pytest.param(
            {"target_host": " "},
            ["*** ERROR => Create failed: Argument not found, Target Host cannot be used"],
            id="no-host",
        ),
    ],
)
def test_trace_of_a_test_that_does_not_get_far(changes: dict[str, object], lines: list[str]) -> None:
    """Nothing of what comes later is in it."""
    port = closed_port()
    test = destination_test(port, **changes)
    assert trace(test, Icm().send(test)).splitlines() == [line.format(port=port) for line in lines]


# The proxy


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(b"HTTP/1.1 403 " + b"x" * 5000 + b"\r\n\r\n", "403 xxx", id="long-line"),
        pytest.param(b"HTTP/1.1 502 Bad Gateway\r\nX-Cut: ", "502 Bad Gateway", id="refusal-that-breaks-off"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Cut: ", "a head without an end", id="consent-that-breaks-off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X-Long: x\r\n" * 2000 + b"\r\n", "a head without an end", id="endless-head"
        ),
    ],
)
def test_answer_of_a_proxy(answer: bytes, told: str) -> None:
    heard: list[bytes] = []
    with far_side(hearing(heard, answer)) as port:
        test = destination_test(443, target_host="tenant.example", proxy=Proxy("127.0.0.1", str(port)))
        observation = Icm().send(test)
    assert heard[0] == b"CONNECT tenant.example:443 HTTP/1.1\r\nHost: tenant.example:443\r\n\r\n"
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.PROXY_REFUSED
    detail = observation.evidence.detail or ""
    assert f"via 127.0.0.1:{port} failed (proxy returned {told}" in detail
    assert len(detail) < 400
    assert f"*** ERROR => ICM_HTTP_CONNECTION_FAILED, {detail}" in trace(test, observation)


def test_proxy_that_is_not_reached() -> None:
    """It is the proxy that has no address; the host is not looked up."""
    test = destination_test(443, target_host="tenant.example", proxy=Proxy("proxy.invalid", "3128"))
    observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert (observation.cause, observation.evidence.detail) == (
        Cause.UNKNOWN_HOST,
        "the proxy proxy.invalid:3128 is not reached",
    )
    assert "Connect to proxy proxy.invalid:3128 failed: NIEHOST_UNKNOWN(-2)" in trace(test, observation)


def test_what_is_behind_a_proxy_is_told_as_without_one(tmp_path: Path) -> None:
    """Here a gateway that opens TLS, with a root of its own."""
    context = server_context(tmp_path, COMPANY)

    def gateway(connection: socket.socket) -> None:
        hearing([], b"HTTP/1.1 200 Connection established\r\n\r\n")(connection)
        shaking_hands(context)(connection)

    with far_side(gateway) as port:
        test = destination_test(443, proxy=Proxy("127.0.0.1", str(port)))
        observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.evidence.detail == "missing CA: CN=Web Gateway Root CA, O=Example Works, C=DE"
    assert "SSL handshake with localhost:443 failed: SSSLERR_PEER_CERT_UNTRUSTED (-102)" in trace(test, observation)


def test_nothing_of_tls_in_the_trace_of_plain_http() -> None:
    with far_side(hearing([], b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as port:
        test = destination_test(port, ssl_active=False)
        observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.PLAIN_HTTP
    assert trace(test, observation) == "HTTP status 400"
