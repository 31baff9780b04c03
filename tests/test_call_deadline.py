"""A call is over when its time is, however a far side spreads its answer: each of these would take seconds more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from cpi_conformance.backend import Icm, Proxy
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.errors import Unreachable
from cpi_conformance.control.patience import Patience
from cpi_conformance.sender import Accepted, Cause, Layer, Refused
from tests.hostile_far_side import CALLERS, ROOT, Caller, FarSide, Script, connection_test, server_context, within_tls

SECONDS = 0.1
"""For a call."""

EVERY = 0.01
"""Seconds between two bytes, far less than any read may take."""

PORTIONS = 200
"""How many bytes are sent one by one: in the end each far side gives a good answer, after two seconds."""

TLS = server_context()


def slowly(start: bytes, dripping: bytes, end: bytes = b"") -> Script:
    """An answer whose middle comes in small portions, until the caller has gone."""

    def script(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(start)
        pause = threading.Event()
        for at in range(0, len(dripping), size := max(1, len(dripping) // PORTIONS)):
            connection.sendall(dripping[at : at + size])
            pause.wait(EVERY)
        connection.sendall(end)

    return script


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

ANSWERS: dict[str, tuple[bytes, bytes, bytes]] = {
    "status": (b"HTTP/1.1 200 ", b"O" * PORTIONS, b"K\r\nContent-Length: 5\r\n\r\nhello"),
    "header": (HEAD, b"X-Long: " + b"x" * PORTIONS, b"\r\n\r\nhello"),
    "interim-answers": (b"", CONTINUE * PORTIONS, HEAD + b"\r\nhello"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % PORTIONS, b"x" * PORTIONS, b""),
    "body-without-length": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * PORTIONS, b""),
    "chunk-size": (CHUNKED, b"0" * PORTIONS, b"\r\n\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"T: t\r\n" * PORTIONS, b"\r\n"),
}


@pytest.fixture(scope="module")
def far_side() -> Iterator[FarSide]:
    with FarSide().running() as it:
        yield it


@pytest.mark.parametrize("secured", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_slow_answer_is_none(
    answer: tuple[bytes, bytes, bytes],
    caller: Caller,
    secured: bool,
    far_side: FarSide,
) -> None:
    script = slowly(*answer)
    far_side.script = within_tls(TLS, script) if secured else script
    observation = caller(far_side.port, secured, SECONDS)
    assert isinstance(observation, Refused)
    assert (observation.layer, observation.cause) == (Layer.CONNECT, Cause.ANSWER_TIMEOUT)
    assert observation.response is None


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_slow_answer_of_the_control_plane_is_none(answer: tuple[bytes, bytes, bytes], far_side: FarSide) -> None:
    """However patiently the next portion of it is awaited."""
    far_side.script = within_tls(TLS, slowly(*answer))
    patience = Patience(deadline=SECONDS, attempts=1)
    with Connection(trusted=(ROOT.certificate,), patience=patience) as connection, pytest.raises(Unreachable) as caught:
        connection.send("GET", f"https://localhost:{far_side.port}/v3/things")
    assert caught.value.may_have_arrived


def test_each_request_has_a_time_of_its_own(far_side: FarSide) -> None:
    """Also on a connection that is kept."""

    def script(connection: socket.socket) -> None:
        for _ in range(3):
            slowly(HEAD, b"X: " + b"x" * 40, b"\r\n\r\nhello")(connection)

    far_side.script = within_tls(TLS, script)
    patience = Patience(deadline=0.8, attempts=1)
    with Connection(trusted=(ROOT.certificate,), patience=patience) as connection:
        answers = [connection.send("GET", f"https://localhost:{far_side.port}/v3/things").text for _ in range(3)]
    assert answers == ["hello"] * 3


@pytest.mark.parametrize("secured", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_the_same_answer_in_time_is_one(caller: Caller, secured: bool, far_side: FarSide) -> None:
    """So that it is the time for which the others are refused."""

    def script(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"".join(ANSWERS["interim-answers"]))

    far_side.script = within_tls(TLS, script) if secured else script
    observation = caller(far_side.port, secured, 10)
    assert isinstance(observation, Accepted)
    assert observation.response.body == b"hello"


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_a_slow_handshake_is_none(caller: Caller, far_side: FarSide) -> None:
    """Of the record that holds the ServerHello one byte comes after the other."""
    far_side.script = slowly(b"\x16\x03\x03\x40\x00", b"\x02\x00\x3f\xfc" + b"\x03" * PORTIONS)
    observation = caller(far_side.port, True, SECONDS)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.ANSWER_TIMEOUT


def test_a_slow_proxy_is_none(far_side: FarSide) -> None:
    """Its time counts too."""
    far_side.script = slowly(b"HTTP/1.1 200 OK\r\n", b"X-Long: " + b"x" * PORTIONS, b"\r\n\r\n")
    test = connection_test(443, True, SECONDS, Proxy("127.0.0.1", str(far_side.port)))
    observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.ANSWER_TIMEOUT


def test_a_slow_answer_behind_a_proxy_is_none(far_side: FarSide) -> None:
    """It is the same connection, and the same time."""

    def script(connection: socket.socket) -> None:
        slowly(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 5, b"\r\n\r\n")(connection)
        with TLS.wrap_socket(connection, server_side=True) as secured:
            slowly(*ANSWERS["body"])(secured)

    far_side.script = script
    test = connection_test(443, True, 1, Proxy("127.0.0.1", str(far_side.port)))
    observation = Icm().send(test)
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.ANSWER_TIMEOUT
    assert observation.evidence.tls_version is not None
