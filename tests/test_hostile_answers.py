"""Whatever bytes a far side or a proxy answers with: an observation, and accepted is only an answer that is one."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.backend import Icm, Proxy
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Basic, Call, Cause, CredentialsInQuery, Observation, Refused, Sender, Trust
from cpi_conformance.sender.sender import BODY_LIMIT
from tests.hostile_answers import http_answers
from tests.hostile_far_side import (
    CALLERS,
    LOGON,
    ROOT,
    Caller,
    FarSide,
    connection_test,
    saying,
    server_context,
    within_tls,
)

pytestmark = pytest.mark.once

TLS = server_context()

SECONDS = 20.0
"""For a call; every far side here ends its answer at once, so that no time ever passes."""

TIMES_UP = {Cause.ANSWER_TIMEOUT, Cause.CONNECTION_TIMEOUT}

SECRET = LOGON.clientsecret.reveal()
HEADER = LOGON.headers()["Authorization"]
FORMS = (SECRET, quote(SECRET, safe=""), html.escape(SECRET), HEADER, HEADER.partition(" ")[2])
"""In which an answer may send back what the caller has presented."""


@pytest.fixture(scope="module")
def far_side() -> Iterator[FarSide]:
    with FarSide().running() as it:
        yield it


@contextmanager
def logged() -> Iterator[list[str]]:
    """What libraries say of an answer, which goes into reports: some quote the answer, or the URL."""
    said: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(handler.format(record))  # type: ignore[method-assign]  # of this one
    logging.getLogger().addHandler(handler)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(handler)


def kept(observation: Observation) -> str:
    """All that a report could show of an observation."""
    response = observation.response
    body = response.body.decode("latin-1") if response else ""
    return f"{observation} {observation!r} {response.headers if response else ''} {body}"


def status_of(content: bytes) -> int | None:
    """The status of a complete answer by a parser that takes nothing for another; ``None`` when it is none."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=128 * 1024)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x"), ("Connection", "close")]))
    client.send(h11.EndOfMessage())
    status = None
    try:
        client.receive_data(content)
        client.receive_data(b"")
        while True:
            event = client.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            if isinstance(event, h11.EndOfMessage):
                return status
            if not isinstance(event, h11.InformationalResponse | h11.Response | h11.Data):
                return None
    except h11.RemoteProtocolError:
        return None


@given(data=st.data(), caller=st.sampled_from([*CALLERS]), secured=st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_are_observed(data: st.DataObject, caller: str, secured: bool, far_side: FarSide) -> None:
    """Accepted is only what another parser takes for a complete answer with 2xx, and no secret is kept."""
    content = data.draw(http_answers(data.draw(st.sampled_from(FORMS)).encode()))
    far_side.script = within_tls(TLS, saying(content)) if secured else saying(content)
    with logged() as said:
        observation = CALLERS[caller](far_side.port, secured, SECONDS)
    if isinstance(observation, Accepted):
        assert status_of(content) == observation.response.status
        assert 200 <= observation.response.status < 300
        assert len(observation.response.body) <= BODY_LIMIT
    else:
        assert observation.cause not in TIMES_UP
    shown = f"{kept(observation)} {said}"
    assert not secured or not any(form in shown for form in FORMS)


PROXY_LOGON = Basic("user", Secret("the same word again"))
PROXY_HEADER = PROXY_LOGON.headers()["Authorization"]
PROXY_FORMS = (PROXY_LOGON.clientsecret.reveal(), PROXY_HEADER, PROXY_HEADER.partition(" ")[2])


@given(data=st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_bytes_of_a_proxy_are_observed(data: st.DataObject, far_side: FarSide) -> None:
    """It ends the connection then, so that nothing is accepted; the trace does not repeat its password."""
    far_side.script = saying(data.draw(http_answers(data.draw(st.sampled_from(PROXY_FORMS)).encode())))
    proxy = Proxy("127.0.0.1", str(far_side.port), PROXY_LOGON.clientid, PROXY_LOGON.clientsecret)
    observation = Icm().send(connection_test(443, True, SECONDS, proxy))
    assert isinstance(observation, Refused)
    assert observation.cause not in TIMES_UP
    assert not any(form in kept(observation) for form in PROXY_FORMS)


NO_ANSWERS: dict[str, bytes] = {
    "cut-head-with-a-length": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
    "cut-head-in-a-length": b"HTTP/1.1 200 OK\r\nContent-Length: 0",
    "cut-head-of-a-refusal": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n",
    "cut-interim-answer": b"HTTP/1.1 100 Continue\r\nX: y\r\n",
    "line-that-is-no-header": b"HTTP/1.1 403 No\r\nno header\r\nX-CSRF-Token: Required\r\nContent-Length: 0\r\n\r\n",
    "length-below-0": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello",
    "length-with-a-sign": b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "unknown-transfer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "tabs-in-the-status": b"HTTP/1.1\t200\tOK\r\nContent-Length: 5\r\n\r\nhello",
    "old-version": b"HTTP/0.9 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "header-within-a-header": b"HTTP/1.1 403 No\r\nX-A: a\rX-CSRF-Token: Required\r\nContent-Length: 0\r\n\r\n",
    "control-character": b"HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("content", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_looks_like_an_answer(content: bytes, caller: Caller, far_side: FarSide) -> None:
    """Read by themselves, most of these are a 200 for ``http.client``, and a 403 would be for a missing role."""
    far_side.script = within_tls(TLS, saying(content))
    observation = caller(far_side.port, True, SECONDS)
    assert isinstance(observation, Refused)
    assert (observation.cause, observation.response) == (Cause.BROKEN_ANSWER, None)


CUT_BODIES: dict[str, bytes] = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhello",
    "nothing-at-all": b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\nhello",
    "last-chunk-missing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunk-below-0": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "chunk-of-all": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("content", CUT_BODIES.values(), ids=CUT_BODIES)
def test_a_cut_body_is_a_lost_connection(content: bytes, caller: Caller, far_side: FarSide) -> None:
    far_side.script = within_tls(TLS, saying(content))
    observation = caller(far_side.port, True, SECONDS)
    assert isinstance(observation, Refused)
    assert (observation.cause, observation.response) == (Cause.CONNECTION_LOST, None)


SOUND: dict[str, bytes] = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "the-same-length-twice": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "until-the-end": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "without-a-reason": b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
    "reason-that-is-no-ascii": b"HTTP/1.1 200 \xc3\xbc\xff\r\nContent-Length: 5\r\n\r\nhello",
    "line-feeds-alone": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "interim-answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "folded": b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: t\r\n\r\n",
}


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_what_is_an_answer(content: bytes, caller: Caller, far_side: FarSide) -> None:
    """So that it is no strictness of its own for which the others are refused."""
    far_side.script = within_tls(TLS, saying(content))
    observation = caller(far_side.port, True, SECONDS)
    assert isinstance(observation, Accepted)
    assert observation.response.body == b"hello"


def test_what_a_library_finds_wrong_is_not_logged(far_side: FarSide) -> None:
    """Urllib3 tells of a line that is no header together with the URL, which here holds credentials."""
    far_side.script = within_tls(TLS, saying(NO_ANSWERS["line-that-is-no-header"]))
    call = Call("localhost", "/http/x", Trust((ROOT.certificate,)), far_side.port)
    with logged() as said:
        Sender().send(call.but(authorization=CredentialsInQuery(LOGON)).call)
    assert not said
