"""HTTP to the tenant: bodies of bytes, and answers of a bounded size."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

from cpi_conformance.control.connection import Connection
from cpi_conformance.control.errors import BrokenAnswer, ControlError, Unreachable
from cpi_conformance.control.repetition import http_date, unreachable

LARGEST = 64 * 2**20
"""Bytes of an answer, unpacked; a flow has some thousands."""

OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class BoundedConnection(Connection):
    """A connection that gives up an answer when it grows beyond :data:`LARGEST`."""

    def send_bytes(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> httpx.Response:
        """As :meth:`send`, with a body that is no JSON; sent once, unless it certainly was not executed.

        Raises:
            Unreachable: there is no answer.
            BrokenAnswer: it is too large.
        """
        try:
            request = self._client.build_request(method, url, headers=headers, content=content)
        except (httpx.InvalidURL, UnicodeError) as error:
            problem = Unreachable(f"{method} {url}", type(error).__name__, may_have_arrived=False)
        else:
            return self._repeated(request, repeatable=False)
        raise problem

    def _once(self, request: httpx.Request) -> httpx.Response:
        problem: ControlError
        try:
            answer = self._client.send(request, stream=True)
            try:
                content = _bounded(answer)
            finally:
                answer.close()
        except httpx.RequestError as error:
            problem = unreachable(request, error)
        else:
            date = http_date(answer.headers.get("Date", ""))
            if date is not None:
                self._far_clock = date, time.monotonic()
            if content is not None:
                kept = [pair for pair in answer.headers.multi_items() if pair[0].lower() not in OF_THE_WIRE]
                return httpx.Response(answer.status_code, headers=kept, content=content, request=request)
            problem = BrokenAnswer(f"{request.method} {request.url}", f"an answer of more than {LARGEST} bytes")
        raise problem


def _bounded(answer: httpx.Response) -> bytes | None:
    """The unpacked body; ``None`` when it is too large."""
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > LARGEST:
            return None
    return bytes(content)
