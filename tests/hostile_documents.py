"""Strategies for what may come in the place of a good answer of the control plane: its document changed, or none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
from hypothesis import strategies as st

DEEP: Any = "deep"
for _ in range(60):
    DEEP = [DEEP]

JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1.5,
    1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "x" * 3_000,
    "line\nfeed\x00\x1b[31m",
    "\ud800",
    "\u202e\ufeff",
    "https://[",
    "https://elsewhere.example.test/v3/things",
    "https://xn--\ud800",
    "https://xn--zzzzzzzzzz--.test/",
    "//:99999/",
    "/v3/../../x?y#z",
    "/Date(999999999999999)/",
    "/Date(-999999999999999+9999)/",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    [],
    {},
    [None, 1, "x", [], {}],
    {"guid": None, "href": 1, "results": 2, "value": [], "error": {}},
    DEEP,
)
"""Values of every type, most of them in the wrong place wherever they stand."""

BODIES = (
    b"",
    b" ",
    b"null",
    b"true",
    b"17",
    b'"text"',
    b"[]",
    b"{}",
    b"{",
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b"<" + b"a><" * 50_000,
    b"9" * 10_000,
    b"\x00\xff\xfe\x80" * 20,
    b"\xef\xbb\xbf{}",
    '{"errors": []}'.encode("utf-16"),
    '{"errors": []}'.encode("utf-32"),
    b'{"errors": [{"code": 1e999, "title": NaN, "detail": -Infinity}]}',
    b'{"d": {"results": [{"__metadata": {}}]}, "d": 1}',
    b"<html><body>Sign in to the proxy</body></html>",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"<?xml version='1.0' encoding='utf-7'?><error><code>x</code></error>",
    b"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>",
    b"<error xmlns='x'><code/><message>already exists</message></error>",
    gzip.compress(b"{}"),
    b"java.lang.IllegalStateException: HttpSession getAttribute",
)

STATUSES = (200, 201, 202, 204, 299, 302, 304, 400, 401, 403, 404, 406, 407, 409, 422, 429, 500, 502, 503, 599, 999)

HEADERS = (
    ("Content-Type", "text/html; charset=iso-8859-1"),
    ("Content-Type", "application/json; charset=hex"),
    ("Content-Type", "application/json; charset=undefined"),
    ("Content-Type", "application/json; charset=idna"),
    ("Content-Type", ";;=\x00"),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "deflate, br, zstd, nonsense"),
    ("Date", "Fri, 31 Dec 9999 23:59:59 GMT"),
    ("Date", "Mon, 01 Jan 0001 00:00:00 +2359"),
    ("Date", "Thu, 99 Foo 2026 10:00:30 -9999999999"),
    ("Date", "\x00"),
    ("Retry-After", "999999999"),
    ("Retry-After", "9" * 4_000),
    ("Retry-After", "\u0663"),
    ("Retry-After", "Fri, 31 Dec 9999 23:59:59 -2359"),
    ("Location", "https://elsewhere.example.test/"),
    ("Location", "https://["),
    ("Location", "https://xn--\x80"),
    ("Location", "//\x01"),
    ("Set-Cookie", "=; Expires=x; Max-Age=y; Domain=.; Version=z"),
    ("Set-Cookie", 'a="b; Expires=Thu, 99 Foo 0000 00:00:00'),
    ("WWW-Authenticate", 'Bearer error="a", error="b", error_description="' + "x" * 3_000),
    ("X-Vcap-Request-Id", "\x1b[31m"),
    ("X-CSRF-Token", "Required"),
    ("X-CSRF-Token", "a b\x00"),
)


def places(document: Any) -> Iterator[tuple[Any, ...]]:
    """The way to each value of a document, from the outermost one inwards."""
    yield ()
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        for place in places(value):
            yield (key, *place)


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a place; ``...`` takes away what is there."""
    if not place:
        return None if value is ... else value
    key, rest = place[0], place[1:]
    copied = document.copy()
    if rest:
        copied[key] = changed(document[key], rest, value)
    elif value is ...:
        del copied[key]
    else:
        copied[key] = value
    return copied


@st.composite
def documents_like(draw: st.DrawFn, document: Any, word: str) -> Any:
    """A document with one to three values changed or taken away; ``word`` is one of the values that come instead."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([*places(document)]))
        document = changed(document, place, draw(st.sampled_from((..., word, f"you sent {word}!", *JUNK))))
    return document


@st.composite
def answers_like(draw: st.DrawFn, good: httpx.Response, word: str) -> httpx.Response:
    """An answer in the place of a good one, of which status, headers or body are others; it may say ``word``."""
    status, headers, content = good.status_code, [*good.headers.multi_items()], good.content
    if draw(st.booleans()):
        try:
            document = json.loads(content)
        except ValueError:
            document = {"error": {"code": "x", "message": {"lang": "en", "value": word}}}
        content = json.dumps(draw(documents_like(document, word))).encode()
    elif draw(st.booleans()):
        content = draw(
            st.sampled_from((*BODIES, word.encode(), f'{{"error": "{word}"}}'.encode())) | st.binary(max_size=20)
        )
    if draw(st.integers(0, 2)) == 0:
        status = draw(st.sampled_from(STATUSES))
    for name, value in draw(st.lists(st.sampled_from((*HEADERS, *((name, word) for name, _ in HEADERS))), max_size=2)):
        headers = [(each, said) for each, said in headers if each.lower() != name.lower()]
        headers.append((name, value))
    raw = [
        (name.encode(), value.encode("utf-8", "surrogatepass"))
        for name, value in headers
        if name.lower() != "content-length"
    ]
    return httpx.Response(status, headers=raw, stream=httpx.ByteStream(content))
