"""Strategies for requests that no caller should make: HTTP as bytes, targets, and bodies."""

from __future__ import annotations

import gzip
import json
import string
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.hostile_documents import BODIES, JUNK

METHODS = (
    b"GET",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"HEAD",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"get",
    b"G\xc3",
    b"",
)

HEADERS = (
    b"Host: localhost",
    b"Host: localhost, elsewhere.test",
    b"Host:",
    b"Content-Length: 5",
    b"Content-Length: 500",
    b"Content-Length: -1",
    b"Content-Length: 5, 6",
    b"Content-Length: " + b"9" * 400,
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"Connection: Upgrade, close",
    b"Connection: keep-alive",
    b"Authorization: Basic",
    b"Authorization: Basic \xff\xfe==",
    b"Authorization: Basic Og==",
    b"Authorization: Basic 7aCAOng=",
    b"Authorization: Bearer",
    b"Authorization: Bearer a.b.c",
    b"Authorization: Bearer e30.e30.e30",
    b"Authorization: Bearer " + b"eyJhbGciOiJub25lIn0.W1tbW10.",
    b'Authorization: Digest username="x"',
    b"Accept: application/json",
    b"Accept: */*;q=\xff, text/html;level=" + b"9" * 400,
    b"Content-Type: application/json; charset=hex",
    b"Content-Type: multipart/form-data",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Cookie: JSESSIONID=\x7f; =; ;;",
    b"X-CSRF-Token: Fetch",
    b"X-Forwarded-Client-Cert: MIIB",
    b"X_SSL_Client: 1",
    b"X-SSL-Client-Verify: 0",
    b"If-Match: *",
    b"X-HTTP-Method: DELETE",
    b"Range: bytes=-1",
    b"no header",
    b": no name",
    b"X-Folded: a\r\n b",
    b"X-Nul: a\x00b",
    b"X-Long: " + b"x" * 20_000,
)

FLOOD = tuple(b"X-%d: x" % number for number in range(400))

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        (
            "",
            "'",
            "''",
            "it''s",
            "%00",
            "%FF%FE",
            "%",
            "%zz",
            "..",
            "../" * 10,
            "\u0663",
            "9" * 30,
            "-1",
            "1e9",
            "null",
            "true",
            "$",
            "a/b",
            "a;b",
            "a,b",
            "a%2Cb",
            "a=b&c=d",
            "[]",
            "{}",
            "x" * 3_000,
        )
    ),
)


def quoted(text: str) -> str:
    """A text as it can stand in a target: what is printable ASCII is left as it is, also when it is no encoding."""
    return quote(text, safe=string.punctuation)


WORDS = st.sampled_from(
    (
        *("eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "(", ")", ",", "/", "Id", "Name", "Status", "LogEnd"),
        *(
            "substringof",
            "startswith",
            "endswith",
            "tolower",
            "toupper",
            "length",
            "true",
            "null",
            "IntegrationArtifact/Id",
        ),
        *(
            "'Flow'",
            "'it''s'",
            "'",
            "''",
            "5",
            "-5L",
            "9" * 18,
            "9" * 19,
            "1.5",
            "\u0663",
            "Name/Name/Name",
            "\t",
            "\n",
        ),
        *("datetime'2026-01-15T12:00:00'", "datetime'9999-12-31T23:59:59'", "datetime'2026-W01'", "datetime''"),
        *("datetime'2026-01-15T12:00:00Z'", "datetimeoffset'2026-01-15T12:00:00Z'", "guid'x'", "X'00'", "asc", "desc"),
    )
)
EXPRESSIONS = st.one_of(
    st.lists(WORDS, max_size=9).map(" ".join),
    st.lists(WORDS, max_size=6).map("".join),
    st.sampled_from(("(" * 200, "not " * 200 + "true", "Id eq 'a'" + " or Id eq 'a'" * 500, "tolower(" * 100)),
    TEXTS,
)
"""What can stand in the place of a filter, an order, a selection or a key."""


def json_bodies(*names: str) -> st.SearchStrategy[bytes]:
    """Bodies of JSON with these names and values of every type, and bodies that are none."""
    values: st.SearchStrategy[Any] = st.recursive(
        st.sampled_from(JUNK) | TEXTS,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=3),
        max_leaves=6,
    )
    documents = st.dictionaries(st.sampled_from(names), values, max_size=len(names))
    return documents.map(json.dumps).map(str.encode) | st.sampled_from(BODIES)


@st.composite
def http_requests(draw: st.DrawFn, targets: tuple[str, ...], authorization: str | None = None) -> bytes:
    """Bytes of one to three requests, of which some parts are good and others are not."""

    def good() -> bool:
        return draw(st.integers(0, 2)) > 0

    sent = b""
    for _ in range(draw(st.integers(1, 3))):
        method = draw(st.sampled_from(METHODS[:5])) if good() else draw(st.sampled_from(METHODS))
        target = draw(st.sampled_from(targets)) if good() else quoted(draw(TEXTS)) or "*"
        version = (
            b"HTTP/1.1" if good() else draw(st.sampled_from((b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"", b"ICY")))
        )
        body = b"" if good() else draw(st.sampled_from((*BODIES, b"5\r\nhello\r\n0\r\n\r\n", gzip.compress(b"x"))))
        headers = [
            b"Host: localhost",
            *([f"Authorization: {authorization}".encode()] if authorization and good() else []),
        ]
        if body and good():
            headers.append(b"Content-Length: %d" % len(body))
        if not good():
            headers += draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=4))
        if draw(st.integers(0, 19)) == 19:
            headers += FLOOD
        line = b" ".join((method, target.encode("latin-1", "replace"), version))
        sent += b"".join(each + b"\r\n" for each in (line, *headers, b"")) + body
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, min(len(sent), 120)))
        sent = sent[:place] + draw(st.binary(max_size=4)) + sent[place + 1 :]
    return sent[: draw(st.integers(0, len(sent)))] if draw(st.integers(0, 4)) == 0 else sent
