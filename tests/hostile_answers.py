"""Strategies for answers that no far side should give: HTTP as bytes."""

from __future__ import annotations

import gzip

from hypothesis import strategies as st

STATUSES = (100, 101, 103, 200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 421, 429, 500, 502, 503, 599)

STATUS_LINES = st.one_of(
    st.sampled_from(STATUSES).map(lambda status: b"HTTP/1.1 %d Said" % status),
    st.sampled_from(
        (
            b"HTTP/1.1 200 OK",
            b"HTTP/1.0 200 OK",
            b"HTTP/1.1 200",
            b"HTTP/1.1 200 \xc3\xbc\xff\x00",
            b"HTTP/1.1 99 Low",
            b"HTTP/1.1 1000 High",
            b"HTTP/1.1 -200 No",
            b"HTTP/1.1 2OO OK",
            b"HTTP/1.1  200 OK",
            b"HTTP/1.1\t200\tOK",
            b"HTTP/2 200",
            b"HTTP/0.9 200 OK",
            b"HTTP/1.1200 OK",
            b"http/1.1 200 OK",
            b"ICY 200 OK",
            b"",
            b"SSH-2.0-OpenSSH_9.6",
            b"\x15\x03\x03\x00\x02\x02\x30",
            b"<html>200 OK</html>",
        )
    ),
    st.binary(max_size=20),
)

HEADERS = st.one_of(
    st.sampled_from(
        (
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Type: text/html; charset=hex",
            b"Content-Type: application/json; charset=\xff",
            b"Content-Type: multipart/mixed",
            b"Content-Type:",
            b"Content-Length: 0",
            b"Content-Length: 5",
            b"Content-Length: 05",
            b"Content-Length: 50",
            b"Content-Length: 5, 5",
            b"Content-Length: 5, 6",
            b"Content-Length: -1",
            b"Content-Length: +5",
            b"Content-Length: 5_0",
            b"Content-Length: \xb2",
            b"Content-Length: five",
            b"Content-Length: " + b"9" * 30,
            b"Content-Length: " + b"9" * 5_000,
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: Chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: identity",
            b"Content-Encoding: gzip",
            b"Content-Encoding: gzip, gzip, deflate, br, zstd",
            b"Content-Encoding: deflate",
            b"Connection: keep-alive",
            b"Connection: upgrade",
            b"Keep-Alive: timeout=" + b"9" * 30,
            b"Location: https://[",
            b"Location: //\xff\xfe:99999/",
            b"Set-Cookie: JSESSIONID=1; Path=/; HttpOnly",
            b"Set-Cookie: ; Expires=\xff; Max-Age=x; Domain=..; Version=2; =; ,;",
            b'Set-Cookie: a="b; Expires=Thu, 99 Foo 0000 00:00:00',
            b'Set-Cookie2: a=b; Version=9; Port="x"',
            b"X-CSRF-Token: Required",
            b"X-CSRF-Token: \x01\x02",
            b"X-Cf-RouterError: unknown_route",
            b"X-Cf-RouterError: \xff",
            b"Retry-After: " + b"9" * 400,
            b"Date: Thu, 99 Foo 9999999 99:99:99 GMT",
            b"X-Long: " + b"x" * 1_000,
            b"X-Oversized: " + b"x" * 70_000,
            b"no header",
            b": no name",
            b"X Y: blank in the name",
            b"X-Folded: a\r\n b",
            b" X-Folded: at the start",
            b"X-Nul: a\x00b",
            b"X-Return: a\rX-B: b",
            b"X-Next-Line: a\x85X-B: b\x0bX-C: c\x1cX-D: d",
            b"X-Next-Line: a\x85X-B: b",
        )
    ),
    st.binary(max_size=12),
)

FLOOD = tuple(b"X-%d: x" % number for number in range(150))

PACKED = gzip.compress(b"hello")
BOMB = gzip.compress(bytes(2**21))

BODIES = st.one_of(
    st.sampled_from(
        (
            b"",
            b"hello",
            b"hello" * 10,
            b"x" * 100_000,
            PACKED,
            PACKED[:-6],
            BOMB,
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhello\r\n0\r\nX-Trailer: x\r\n\r\n",
            b"5\r\nhello",
            b"5;extension=" + b"x" * 100 + b"\r\nhello\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"-1\r\nhello\r\n0\r\n\r\n",
            b"FFFFFFFFFFFFFFFF\r\nhello",
            b"zz\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhelloworld\r\n0\r\n\r\n",
            b"\r\n\r\n\r\n",
            b"5" * 70_000,
            b"\xff\xfe\x00",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        )
    ),
    st.binary(max_size=30),
)


INTERIM = (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n")


@st.composite
def http_answers(draw: st.DrawFn, word: bytes = b"hello") -> bytes:
    """Bytes of an answer, of which some parts are good and others are not; it says ``word`` at several places."""

    def good() -> bool:
        return draw(st.integers(0, 3)) > 0

    status = b"HTTP/1.1 %d " % draw(st.sampled_from(STATUSES)) + word if good() else draw(STATUS_LINES)
    body = word if good() else draw(BODIES)
    headers = [b"Content-Length: %d" % len(body)] if good() else []
    if not good():
        headers += draw(st.lists(HEADERS, min_size=1, max_size=3))
    if not good():
        headers.append(b"X-Said: you sent " + word)
    if draw(st.integers(0, 19)) == 19:
        headers += FLOOD
    interim = b"" if good() else draw(st.sampled_from(INTERIM))
    ending = b"\r\n" if good() else draw(st.sampled_from((b"\n", b"\r")))
    whole = interim + b"".join(line + ending for line in (status, *headers, b"")) + body
    match draw(st.integers(0, 5)):
        case 0:
            return whole[: draw(st.integers(0, len(whole)))]
        case 1:
            place = draw(st.integers(0, min(len(whole), 80)))
            return whole[:place] + draw(st.binary(min_size=1, max_size=3)) + whole[place + 1 :]
    return whole
