"""A landscape whose callers send what they like: it stays up, answers the next good call, and complains to nobody."""

from __future__ import annotations

import base64
import gc
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import pem
from cpi_conformance.sender import Accepted, Sender
from cpi_conformance.sender.alerts import alert_in
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.landscape import SimulatedLandscape
from tests.conftest import Inhabited
from tests.hostile_far_side import NOW, ROOT, YEAR
from tests.hostile_requests import http_requests

pytestmark = pytest.mark.once

TARGETS = {
    hosts.RUNTIME: ("/http/test/clientcert", "/http/none", "/"),
    hosts.API: ("/", "/v3/organizations", "/v3/service_instances?names=a,b", "/v3/jobs/x"),
    hosts.UAA: ("/oauth/token", "/"),
    hosts.AUTHENTICATION_CERT: ("/oauth/token", "/"),
    hosts.TENANT: ("/api/v1/", "/api/v1/$metadata", "/api/v1/IntegrationPackages?$top=1", "/x"),
}

SILENCE = 0.03
"""Seconds after which a caller stops to wait for more; the landscape may be waiting for the rest of a request."""


@pytest.fixture(scope="module")
def quiet() -> Iterator[list[str]]:
    """What anybody logs meanwhile: an event loop tells of errors that nobody has handled in no other way."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(handler.format(record))  # type: ignore[method-assign]  # of this one
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    yield said
    logger.removeHandler(handler)


@pytest.fixture(autouse=True)
def _nothing_said(quiet: list[str]) -> Iterator[None]:
    quiet.clear()
    yield
    gc.collect()  # a task that has failed complains when it is thrown away
    assert not quiet


def port_of(landscape: SimulatedLandscape, host: str) -> int:
    """Where a host listens."""
    urls = {
        hosts.RUNTIME: landscape.url,
        hosts.API: landscape.api_url,
        hosts.UAA: landscape.uaa_url,
        hosts.AUTHENTICATION_CERT: landscape.token_cert_url,
        hosts.TENANT: landscape.tenant_url,
    }
    return int(urls[host].rpartition(":")[2])


def trusting(landscape: SimulatedLandscape) -> ssl.SSLContext:
    """A context that trusts the landscape's root."""
    return ssl.create_default_context(cadata=pem([landscape.trusted_root]))


@contextmanager
def connected(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """A TLS connection."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        yield secured


def said_to(content: bytes, port: int, context: ssl.SSLContext, silence: float = SILENCE) -> bytes:
    """What comes back until the connection ends, or nothing more comes."""
    answer = b""
    with connected(port, context) as secured, suppress(OSError):
        secured.sendall(content)
        secured.settimeout(silence)
        while part := secured.recv(65_536):
            answer += part
    return answer


@given(data=st.data(), host=st.sampled_from([*TARGETS]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_any_bytes_are_answered_or_not(data: st.DataObject, host: str, current: Inhabited) -> None:
    """With HTTP, if at all; and whoever comes next is served."""
    authorization = current.basic.authorization.headers()["Authorization"] if host == hosts.RUNTIME else None
    content = data.draw(http_requests(TARGETS[host], authorization))
    answer = said_to(content, port_of(current.landscape, host), trusting(current.landscape))
    assert answer.startswith(b"HTTP/1.1 ") or not answer
    assert isinstance(Sender().send(current.basic), Accepted)


@given(
    content=st.binary(max_size=80) | st.binary(max_size=60).map(b"\x16\x03\x01\x00\x50".__add__) | http_requests(("/",))
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_bytes_in_the_place_of_a_handshake(content: bytes, current: Inhabited) -> None:
    with (
        socket.create_connection(("127.0.0.1", current.landscape.port), timeout=10) as connection,
        suppress(OSError),
    ):
        connection.sendall(content)
    assert isinstance(Sender().send(current.basic), Accepted)


GOOD = b"GET /http/none HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"HEAD /http/none HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("first", [GOOD, HEAD, GOOD * 3], ids=["get", "head", "three"])
@pytest.mark.parametrize(
    "garbage",
    [b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"],
    ids=["bytes", "no-host", "no-length"],
)
def test_garbage_behind_a_request_is_refused(first: bytes, garbage: bytes, current: Inhabited) -> None:
    """It is looked at only when the request before it has been answered."""
    answer = said_to(first + garbage, current.landscape.port, trusting(current.landscape), silence=10)
    assert answer.count(b"HTTP/1.1 401") == first.count(b"HTTP/1.1")
    assert answer.endswith(b"\r\n\r\nBad Request")


UNKNOWN_CA = 48


def alert_from(port: int, context: ssl.SSLContext) -> int | None:
    """The alert with which a connection is refused."""
    try:
        with connected(port, context) as secured:
            secured.sendall(GOOD)
            secured.recv(1)
    except ssl.SSLError as error:
        return alert_in(error.reason)
    return None


ORGANIZATION = b"\x0c\x08Far Side"
UNREADABLE = {"no-text": b"\x16\x08\xffar Side", "no-name": b"\x30\x08Far Side"}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1-2", "tls-1-3"])
@pytest.mark.parametrize("name", UNREADABLE.values(), ids=UNREADABLE)
def test_a_certificate_whose_name_cannot_be_read(
    name: bytes, version: ssl.TLSVersion, current: Inhabited, tmp_path: Path
) -> None:
    """It is refused with an alert as any other that nobody trusts, and the record says so."""
    own = ROOT.leaf("CN=x,O=Far Side", not_before=NOW - YEAR, not_after=NOW + YEAR)
    der = own.certificate.public_bytes(Encoding.DER).replace(ORGANIZATION, name)
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    armoured = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
    (tmp_path / "own.pem").write_text(key + armoured, encoding="ascii")
    context = trusting(current.landscape)
    context.maximum_version = version
    context.load_cert_chain(tmp_path / "own.pem")
    before = len(current.landscape.record.entries())
    assert alert_from(current.landscape.port, context) == UNKNOWN_CA
    entry = current.landscape.record.after(before)
    assert entry.certificate == "a name that cannot be read"
    assert entry.refused is not None


def test_a_caller_that_never_reads(current: Inhabited) -> None:
    """Nor does it close: the landscape keeps what it has to say for itself, and serves others."""
    port = current.landscape.port
    with connected(port, trusting(current.landscape)) as secured:
        secured.settimeout(1)
        with suppress(OSError):
            secured.sendall(GOOD * 2_000)
        assert isinstance(Sender().send(current.basic), Accepted)


def test_many_callers_that_say_nothing(current: Inhabited) -> None:
    """Each may be silent for a while; others are served before anybody has been turned away."""
    port = current.landscape.port
    silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(100)]
    try:
        assert isinstance(Sender().send(current.basic), Accepted)
        for each in silent:
            each.setblocking(False)
            with pytest.raises(BlockingIOError):
                each.recv(1)
    finally:
        for each in silent:
            each.close()
