"""The sender against far sides that misbehave, environments that mislead, and many threads at once."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cpi_conformance.certificates import Authority, PfxFile, Usage, open_pfx, write_pfx
from cpi_conformance.certificates.authority import Credential
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    TLS_1_0,
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    Accepted,
    Basic,
    Call,
    Cause,
    CertificateInHandshake,
    CredentialsInQuery,
    Layer,
    Refused,
    Sender,
    TlsRange,
    Trust,
)
from cpi_conformance.simulator.clock import Clock
from tests.conftest import Inhabited

NOW = Clock().now()
ROOT = Authority.root("CN=Far Side Root", now=NOW)
SECRET = Secret("sesame-0815")

Script = Callable[[socket.socket], None]


def far_side_certificate() -> Credential:
    """A server certificate for this machine."""
    return ROOT.leaf(
        "CN=localhost",
        not_before=NOW.replace(year=NOW.year - 1),
        not_after=NOW.replace(year=NOW.year + 1),
        usage=Usage.SERVER,
        hosts=("localhost",),
    )


@pytest.fixture(scope="module")
def server_context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """TLS of the standard library: no lingering close, no CA names."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    credential = far_side_certificate()
    path = tmp_path_factory.mktemp("far-side") / "server.pem"
    path.write_bytes(
        credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + credential.certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@contextmanager
def far_side(script: Script) -> Iterator[int]:
    """A far side that does ``script`` with its first caller; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(10)
                script(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


def answering(context: ssl.SSLContext, content: bytes) -> Script:
    """Shake hands, read the request, send ``content``, close."""

    def script(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            secured.sendall(content)

    return script


def reset(connection: socket.socket) -> None:
    """Read the ClientHello and reset."""
    connection.recv(65_536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close_after_hello(connection: socket.socket) -> None:
    """Read the ClientHello and close without a word."""
    connection.recv(65_536)


def plain_answer(connection: socket.socket) -> None:
    """Speak HTTP without TLS."""
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def call_to(port: int, **changes: object) -> Call:
    """A Basic call that trusts the far side's root."""
    call = Call(
        host="localhost",
        port=port,
        path="/http/test/clientcert",
        trust=Trust((ROOT.certificate,)),
        authorization=Basic("sb-x", SECRET),
        seconds=5,
    )
    return replace(call, **changes)  # type: ignore[arg-type]  # the tests name attributes of a call


WORDLESS: dict[str, tuple[Script, Cause]] = {
    "reset": (reset, Cause.CONNECTION_LOST),
    "close-after-hello": (close_after_hello, Cause.CONNECTION_LOST),
    "plain-answer": (plain_answer, Cause.NOT_TLS),
}


@pytest.mark.parametrize("name", WORDLESS)
def test_far_side_that_does_not_shake_hands(name: str) -> None:
    """Each is refused for its own cause, and the call had left the machine."""
    script, cause = WORDLESS[name]
    with far_side(script) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Refused)
    assert observation.cause is cause
    assert observation.evidence.bytes_left


ANSWERS: dict[str, tuple[bytes, Cause]] = {
    "nothing": (b"", Cause.CONNECTION_LOST),
    "not-http": (b"220 smtp ready\r\n", Cause.BROKEN_ANSWER),
    "cut-body": (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nConnected", Cause.CONNECTION_LOST),
    "cut-chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\nConn", Cause.CONNECTION_LOST),
    "bad-gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nxxxxx",
        Cause.BROKEN_ANSWER,
    ),
    "redirect": (
        b"HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n",
        Cause.REDIRECTED,
    ),
    "router": (
        b"HTTP/1.1 404 Not Found\r\nX-Cf-RouterError: unknown_route\r\nContent-Length: 0\r\n\r\n",
        Cause.UNKNOWN_ROUTE,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_far_side_that_answers_badly(name: str, server_context: ssl.SSLContext) -> None:
    """No exception leaves the sender, and nothing cut off is taken for an answer."""
    content, cause = ANSWERS[name]
    with far_side(answering(server_context, content)) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Refused)
    assert observation.cause is cause


def test_cut_head_is_no_answer(server_context: ssl.SSLContext) -> None:
    """Requests takes a head cut in the middle for an empty 200."""
    with far_side(answering(server_context, b"HTTP/1.1 200 OK\r\nConte")) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.BROKEN_ANSWER


def test_echoed_secrets_are_cut_out(server_context: ssl.SSLContext) -> None:
    """An error page that repeats what it was sent does not get into a report."""
    pair = base64.b64encode(f"sb-x:{SECRET.reveal()}".encode())
    body = b"you sent " + pair + b" that is " + SECRET.reveal().encode()
    head = b"HTTP/1.1 401 No\r\nX-Echo: Basic %s\r\nContent-Length: %d\r\n\r\n" % (pair, len(body))
    with far_side(answering(server_context, head + body)) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Refused)
    assert observation.response
    assert observation.response.body == b"you sent (secret) that is (secret)"
    assert observation.response.header("x-echo") == "(secret)"


@pytest.mark.parametrize(
    "location", [b"https://[bad", b"/\xff\xfe", b"https://localhost:1/"], ids=["bracket", "bytes", "fine"]
)
def test_redirects_are_not_even_thought_of(location: bytes, server_context: ssl.SSLContext) -> None:
    """What a Location header holds is the far side's affair."""
    content = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    with far_side(answering(server_context, content)) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.REDIRECTED


@pytest.mark.parametrize("host", ["a b", "*", "[bad", "ex%mple"])
def test_impossible_hosts_are_unknown(host: str) -> None:
    """No exception leaves the sender, whatever stands in the place of a host."""
    observation = Sender().send(call_to(443, host=host))
    assert isinstance(observation, Refused)
    assert observation.layer in {Layer.NAME, Layer.CONNECT}


def test_key_that_openssl_does_not_take() -> None:
    """A key that is too short for TLS is refused at identity, as what it is."""
    authority = Authority.root("CN=Short", now=NOW)
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # on purpose
    weak = authority.leaf("CN=s", not_before=NOW, not_after=NOW.replace(year=NOW.year + 1), key=key)
    pfx = write_pfx(weak, SECRET)
    observation = Sender().send(call_to(1, certificate=CertificateInHandshake(pfx)))
    assert isinstance(observation, Refused)
    assert (observation.layer, observation.cause) == (Layer.IDENTITY, Cause.UNSUPPORTED_KEY)


def test_connection_lost_after_acceptance_is_no_refusal(server_context: ssl.SSLContext, current: Inhabited) -> None:
    """Once the handshake is accepted, an end without an answer says nothing about our certificate."""
    for tls in (TLS_1_2, TLS_1_3):
        with far_side(answering(server_context, b"")) as port:
            certificate = CertificateInHandshake(current.pfx("sender"))
            observation = Sender().send(call_to(port, certificate=certificate, tls=tls))
        assert isinstance(observation, Refused)
        assert observation.cause is Cause.CONNECTION_LOST


def test_long_answers_are_cut(server_context: ssl.SSLContext) -> None:
    """A far side cannot fill the memory."""
    body = b"x" * 1_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)

    def script(connection: socket.socket) -> None:
        with suppress(OSError):  # the sender has read enough and closed
            answering(server_context, head + body)(connection)

    with far_side(script) as port:
        observation = Sender().send(call_to(port))
    assert isinstance(observation, Accepted)
    assert len(observation.response.body) == 64 * 1024


def test_silence_ends_in_time(server_context: ssl.SSLContext) -> None:
    """A far side that never answers costs the call's seconds and no more."""
    ended = threading.Event()

    def script(connection: socket.socket) -> None:
        with server_context.wrap_socket(connection, server_side=True):
            ended.wait(10)

    with far_side(script) as port:
        observation = Sender().send(call_to(port, seconds=0.2))
        ended.set()
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.ANSWER_TIMEOUT


@pytest.mark.parametrize("tls", [TLS_1_2, TLS_1_3], ids=str)
def test_refusal_whose_alert_is_lost(tls: TlsRange, server_context: ssl.SSLContext, current: Inhabited) -> None:
    """An abrupt end right after our certificate went out is a refusal, never infrastructure."""

    def script(connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server_context.verify_mode = ssl.CERT_REQUIRED
        try:
            shaking = server_context.wrap_bio(incoming, outgoing, server_side=True)
            while True:
                try:
                    shaking.do_handshake()
                except ssl.SSLWantReadError:
                    connection.sendall(outgoing.read())
                    incoming.write(connection.recv(65_536))
        except ssl.SSLError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no alert, a reset
        finally:
            server_context.verify_mode = ssl.CERT_NONE

    with far_side(script) as port:
        certificate = CertificateInHandshake(current.pfx("sender"))
        observation = Sender().send(call_to(port, certificate=certificate, tls=tls))
    assert isinstance(observation, Refused)
    assert (observation.layer, observation.cause) == (Layer.CLIENT_TRUST, Cause.ALERT_LOST)


def test_nobody_listens() -> None:
    """A closed port and an unknown host are told apart, and nothing leaves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = Sender().send(call_to(port))
    unknown = Sender().send(call_to(443, host="tenant.invalid"))
    assert isinstance(refused, Refused)
    assert isinstance(unknown, Refused)
    assert (refused.cause, unknown.cause) == (Cause.CONNECTION_REFUSED, Cause.UNKNOWN_HOST)
    assert not refused.evidence.bytes_left
    assert not unknown.evidence.bytes_left


def test_environment_changes_nothing(current: Inhabited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a CA bundle, nor a proxy, nor a .netrc of the machine gets into a call."""
    from cpi_conformance.certificates import pem

    bundle = tmp_path / "ca.pem"
    bundle.write_text(pem([current.landscape.trusted_root]), encoding="ascii")
    netrc = tmp_path / "netrc"
    key = current.service_key("sender")
    netrc.write_text(f"machine localhost login {key.clientid} password {key.clientsecret.reveal()}\n")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(bundle))
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    sender = Sender()
    untrusting = sender.send(replace(current.basic, trust=Trust(())))
    anonymous = sender.send(current.anonymous)
    assert isinstance(untrusting, Refused)
    assert isinstance(anonymous, Refused)
    assert (untrusting.cause, anonymous.cause) == (Cause.MISSING_CA, Cause.UNAUTHENTICATED)
    assert isinstance(sender.send(current.basic), Accepted)


def test_many_threads_do_not_mix_trust(current: Inhabited) -> None:
    """What one call trusts or presents never reaches a call beside it."""
    sender = Sender()
    calls = [
        current.basic,
        replace(current.basic, trust=Trust(())),
        current.certificate,
        replace(current.certificate, trust=Trust(current.landscape.previous_roots)),
        current.anonymous,
    ] * 20
    expected = ["accepted", "missing-ca", "accepted", "missing-ca", "unauthenticated"] * 20
    with ThreadPoolExecutor(8) as pool:
        seen = [
            observation.cause.value if isinstance(observation, Refused) else "accepted"
            for observation in pool.map(sender.send, calls)
        ]
    assert seen == expected


@pytest.mark.parametrize("tls", [TLS_1_2, TLS_1_3], ids=str)
def test_evidence_of_an_accepted_call(current: Inhabited, tls: TlsRange) -> None:
    """Everything that a report wants to show is there."""
    observation = Sender().send(replace(current.certificate, tls=tls))
    assert isinstance(observation, Accepted)
    evidence = observation.evidence
    passport = open_pfx(current.pfx("sender"))
    assert evidence.client_chain == (passport.certificate, *passport.issuers)
    assert len(evidence.server_chain) == 2
    assert evidence.certificate_requested
    assert evidence.tls_version == ("TLSv1.2" if tls == TLS_1_2 else "TLSv1.3")
    assert evidence.cipher
    assert evidence.connect_ms is not None
    assert evidence.tls_ms is not None
    assert 0 < evidence.connect_ms < evidence.tls_ms < evidence.total_ms
    assert evidence.transcript[0] == "→ ClientHello"
    assert "← CertificateRequest" in evidence.transcript
    assert set(evidence.accepted_cas) == {
        "CN=SAP Cloud Root CA, O=SAP SE, L=Walldorf, C=DE",
        "CN=DigiCert Global Root G2, OU=www.digicert.com, O=DigiCert Inc, C=US",
    }
    assert current.landscape.record.entries()[-1].peer_port == evidence.local_port


@pytest.mark.parametrize("tls", [TLS_1_0, TLS_1_1], ids=str)
def test_old_versions_really_leave(current: Inhabited, tls: TlsRange) -> None:
    """A refusal that our own OpenSSL makes would prove nothing about the far side."""
    observation = Sender().send(replace(current.basic, tls=tls))
    assert isinstance(observation, Refused)
    assert observation.evidence.transcript[0] == "→ ClientHello"
    assert observation.evidence.alert_received == 70


def test_expired_certificate_really_leaves(current: Inhabited) -> None:
    """requests-pkcs12 alone would refuse it before any packet."""
    expired = CertificateInHandshake(current.pfx("expired"))
    observation = Sender().send(replace(current.certificate, certificate=expired))
    assert observation.evidence.client_chain
    assert observation.evidence.alert_received == 45


def test_no_credentials_without_tls() -> None:
    """The header of a plain connection holds no secret, whatever the call says."""
    received: list[bytes] = []

    def script(connection: socket.socket) -> None:
        received.append(connection.recv(65_536))

    for authorization in (Basic("sb-x", SECRET), CredentialsInQuery(Basic("sb-x", SECRET))):
        with far_side(script) as port:
            observation = Sender().send(call_to(port, scheme="http", authorization=authorization))
        assert isinstance(observation, Refused)
        assert observation.cause is Cause.PLAIN_HTTP
    assert len(received) == 2
    assert not any(b"uthorization" in request or b"sesame" in request for request in received)


def test_no_secret_in_what_can_be_shown(current: Inhabited) -> None:
    """Calls and observations may be printed anywhere."""
    pfx = write_pfx(open_pfx(current.pfx("sender")), SECRET)
    call = call_to(1, certificate=CertificateInHandshake(pfx), authorization=CredentialsInQuery(Basic("sb-x", SECRET)))
    observation = Sender().send(call)
    wrong = Sender().send(replace(call, certificate=CertificateInHandshake(PfxFile(pfx.content, Secret("wrong-0816")))))
    shown = f"{call} {call!r} {observation} {observation!r} {wrong} {wrong!r}"
    assert SECRET.reveal() not in shown
    assert "wrong-0816" not in shown


def test_deviation_differs_in_exactly_one_attribute(current: Inhabited) -> None:
    """The twin guard begins in the type: two changes at once are no deviation."""
    deviation = current.basic.but(path="/http/elsewhere")
    assert replace(deviation.call, path=deviation.twin.path) == deviation.twin
    with pytest.raises(TypeError):
        current.basic.but(path="/", method="POST")
    with pytest.raises(TypeError):
        current.basic.but()
    with pytest.raises(TypeError):
        current.basic.but(seconds=1)


def test_new_connection_for_each_call(server_context: ssl.SSLContext) -> None:
    """Whatever the far side says: on an old connection no hands are shaken, and nobody may listen any more."""
    connections: list[int] = []

    def keep_open(listener: socket.socket) -> None:
        """Answer as many requests as come on each connection, without a word about closing it."""
        for _ in range(3):
            connection, (_, port) = listener.accept()
            connections.append(port)
            with server_context.wrap_socket(connection, server_side=True) as secured, suppress(OSError):
                while secured.recv(4096):
                    secured.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=keep_open, args=(listener,))
        thread.start()
        call, sender = call_to(listener.getsockname()[1]), Sender()
        seen = [sender.send(call) for _ in range(3)]
        thread.join(timeout=10)
    assert all(isinstance(each, Accepted) for each in seen)
    assert [each.evidence.local_port for each in seen] == connections
