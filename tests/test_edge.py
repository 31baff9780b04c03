"""The load balancer, seen by clients that nobody here wrote: alerts, CA names, SNI, rotation, bad manners."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from cryptography import x509
from OpenSSL import SSL

from cpi_conformance.certificates import common_name, open_pfx, pem, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import TLS_1_2, TLS_1_3, Accepted, Cause, CertificateInHandshake, Refused, Sender, Trust
from cpi_conformance.sender.alerts import alert_in
from cpi_conformance.sender.contexts import adapter_for
from cpi_conformance.simulator import edge as edge_module
from cpi_conformance.simulator.edge import sanitised
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.load_balancer import FOREIGN_HOST
from tests.clients import plain_context
from tests.conftest import Inhabited

UNKNOWN_CA = 48


@contextmanager
def connected(it: Inhabited, context: ssl.SSLContext, name: str = HOST) -> Iterator[ssl.SSLSocket]:
    """A TLS connection to the edge."""
    with (
        socket.create_connection((HOST, it.landscape.port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        yield secured


def trusting(it: Inhabited) -> ssl.SSLContext:
    """A context that trusts the landscape's root."""
    return ssl.create_default_context(cadata=pem([it.landscape.trusted_root]))


def alert_after_writing(it: Inhabited, context: ssl.SSLContext) -> int | None:
    """The alert that a caller sees who writes a request as soon as its side of the handshake is done."""
    try:
        with connected(it, context) as secured:
            secured.sendall(b"GET /http/test/clientcert HTTP/1.1\r\nHost: localhost\r\n\r\n")
            secured.recv(1)
    except ssl.SSLError as error:
        return alert_in(error.reason)
    except OSError:
        return None
    return None


def test_alert_arrives_every_time(current: Inhabited) -> None:
    """1,000 times out of 1,000, although the caller writes before it reads: the lingering close."""
    without_chain = write_pfx(open_pfx(current.pfx("sender")), Secret("x"), with_chain=False)
    call = replace(current.certificate, certificate=CertificateInHandshake(without_chain), tls=TLS_1_3)
    context = plain_context(call)
    assert [alert_after_writing(current, context) for _ in range(1000)] == [UNKNOWN_CA] * 1000


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION], ids=["tls-1-2", "tls-1-3"])
def test_names_the_accepted_cas(current: Inhabited, version: int) -> None:
    """Java and ABAP send no certificate unless its CA is among these names."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    with socket.create_connection((HOST, current.landscape.port), timeout=10) as connection:
        connection.setblocking(True)
        client = SSL.Connection(context, connection)
        client.set_tlsext_host_name(HOST.encode())
        client.set_connect_state()
        client.do_handshake()
        names = {name.CN for name in client.get_client_ca_list()}
        client.shutdown()
    assert {"SAP Cloud Root CA", "DigiCert Global Root G2"} <= names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param(HOST, HOST, id="known-name"),
        pytest.param("LOCALHOST", HOST, id="other-letter-case"),
        pytest.param("another.example", FOREIGN_HOST, id="unknown-name"),
        pytest.param("127.0.0.1", FOREIGN_HOST, id="no-sni"),
    ],
)
def test_certificate_by_server_name(current: Inhabited, name: str, expected: str) -> None:
    """Without a known server name the default certificate is presented, which is for somebody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with connected(current, context, name) as secured:
        leaf = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
    assert common_name(leaf.subject) == expected


def test_rotation_while_running(fresh: Inhabited) -> None:
    """From one connection to the next: the old root is no longer enough, the new one is, both are safest."""
    landscape, sender = fresh.landscape, Sender()
    landscape.rotate("g2")
    before = fresh.basic
    old = before.trust
    with connected(fresh, trusting(fresh)) as kept:
        landscape.rotate("current")
        new = Trust((landscape.trusted_root,))
        assert isinstance(sender.send(replace(before, trust=old)), Refused)
        assert isinstance(sender.send(replace(before, trust=new)), Accepted)
        assert isinstance(sender.send(replace(before, trust=Trust(old.certificates + new.certificates))), Accepted)
        kept.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert kept.recv(12) == b"HTTP/1.1 401", "an open connection outlives the rotation"


@pytest.mark.parametrize("chain", ["whitepaper", "g2", "current"])
def test_each_chain_profile(fresh: Inhabited, chain: str) -> None:
    """Each generation is served as leaf and intermediate, anchored by its own root."""
    fresh.landscape.rotate(chain)
    observation = Sender().send(fresh.basic)
    assert isinstance(observation, Accepted)
    leaf, intermediate = observation.evidence.server_chain
    root = fresh.landscape.load_balancer.authorities[chain].root.certificate
    assert (leaf.issuer, intermediate.issuer) == (intermediate.subject, root.subject)


@pytest.mark.parametrize(
    "name",
    [
        "x-forwarded-client-cert",
        "x-ssl-client",
        "x-ssl-client-verify",
        "x-ssl-client-subject-dn",
        "x_ssl_client_verify",
        "x_forwarded_client_cert",
        "ssl_client_cert",
        "ssl_client_user",
    ],
)
def test_removes_what_only_it_may_set(name: str) -> None:
    """A caller's copy never reaches the runtime, however its dashes are written."""
    assert sanitised(((name, "1"), ("accept", "*/*"))) == (("accept", "*/*"),)


def test_keeps_connections_alive(current: Inhabited) -> None:
    """Several requests on one connection are answered one after the other, and recorded each."""
    before = len(current.landscape.record.entries())
    connection = http.client.HTTPSConnection(HOST, current.landscape.port, context=trusting(current), timeout=10)
    for path in ("/http/test/clientcert", "/http/nothing", "/"):
        connection.request("GET", path, headers=current.basic.authorization.headers())
        connection.getresponse().read()
    connection.close()
    entries = current.landscape.record.entries()[before:]
    assert [entry.status for entry in entries] == [200, 404, 404]
    assert len({entry.peer_port for entry in entries}) == 1


@pytest.mark.parametrize("pieces", [1, 7, 1000], ids=["byte-by-byte", "small-pieces", "at-once"])
def test_takes_requests_in_pieces(current: Inhabited, pieces: int) -> None:
    """How a request is cut into TLS records does not matter."""
    request = b"POST /http/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    with connected(current, trusting(current)) as secured:
        for at in range(0, len(request), pieces):
            secured.sendall(request[at : at + pieces])
        assert secured.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"\x00\x01\x02\x03\r\n\r\n", id="binary"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="malformed-header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two-hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000, id="endless-header"),
    ],
)
def test_answers_bad_requests_with_400(current: Inhabited, request_bytes: bytes) -> None:
    """Bad manners get an answer and the end of the connection, never silence."""
    with connected(current, trusting(current)) as secured:
        secured.sendall(request_bytes)
        answer = http.client.HTTPResponse(secured)
        answer.begin()
        assert answer.status == 400
        assert answer.getheader("connection") == "close"
    assert isinstance(Sender().send(current.basic), Accepted)


def ended(connection: socket.socket) -> bool:
    """Whether the far side ends the connection, in order or not, before the socket's time is up."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("opening", [b"", b"\x16\x03\x01\x02\x00", b"\xff" * 600], ids=["silence", "half", "noise"])
def test_does_not_wait_for_ever(fresh: Inhabited, opening: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that never shakes hands is dropped, and others are served meanwhile."""
    monkeypatch.setattr(edge_module, "HANDSHAKE_SECONDS", 0.2)
    monkeypatch.setattr(edge_module, "LINGER_SECONDS", 0.2)
    with socket.create_connection((HOST, fresh.landscape.port), timeout=10) as connection:
        connection.sendall(opening)
        assert isinstance(Sender().send(fresh.basic), Accepted)
        assert ended(connection)


def test_stopped_means_nobody_listens(fresh: Inhabited) -> None:
    """After the end a call is refused by the machine, not by a ghost; stopping twice is no mistake."""
    call = fresh.basic
    fresh.landscape.stop()
    observation = Sender().send(call)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.CONNECTION_REFUSED
    assert not observation.evidence.bytes_left
    fresh.landscape.stop()


def test_presented_certificate_is_recorded(current: Inhabited) -> None:
    """The record names who called, also when the handshake failed."""
    for pfx, tls in ((current.pfx("expired"), TLS_1_2), (current.pfx("sender"), TLS_1_3)):
        before = len(current.landscape.record.entries())
        Sender().send(replace(current.certificate, certificate=CertificateInHandshake(pfx), tls=tls))
        entry = current.landscape.record.after(before)
        assert entry.certificate
        assert entry.certificate.startswith("CN=S00")
        assert entry.server_name == HOST


def test_trust_of_one_call_does_not_reach_the_next(current: Inhabited) -> None:
    """The trap of a reused adapter: once a root was trusted, its absence would go unnoticed."""
    pfx = current.pfx("sender")
    with_root, without = current.certificate, replace(current.certificate, trust=Trust(()))
    sender = Sender()
    for _ in range(3):
        assert isinstance(sender.send(with_root), Accepted)
        refused = sender.send(without)
        assert isinstance(refused, Refused)
        assert refused.cause is Cause.MISSING_CA
    assert adapter_for(pfx, without.trust, without.tls).ssl_context.cert_store_stats()["x509"] == 0


def test_answers_a_caller_that_has_said_all(current: Inhabited) -> None:
    """A request and the end of the caller's side in one piece: one answer, and one entry that says so."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = trusting(current).wrap_bio(incoming, outgoing, server_hostname=HOST)
    with socket.create_connection((HOST, current.landscape.port), timeout=10) as connection:
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65_536))
        before = len(current.landscape.record.entries())
        secured.write(b"GET /http/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ssl.SSLWantReadError):
            secured.unwrap()
        connection.sendall(outgoing.read())
        answered = sum(len(received) for received in iter(lambda: connection.recv(65_536), b""))
    assert answered > 437, "no page of the runtime came back"
    assert [entry.status for entry in current.landscape.record.entries()[before:]] == [401]
