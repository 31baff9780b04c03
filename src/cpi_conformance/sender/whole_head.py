"""An HTTP answer whose head is there to its end, and says what it can only mean.

``http.client`` takes the end of a connection for the end of a head, what follows a line that is no header for
nothing, and a length that is none for no length: a head that was cut would be an answer, and a refusal could lose
the header that says why.
"""

from __future__ import annotations

import http.client
import re
from typing import IO, Any

from urllib3.exceptions import HeaderParsingError
from urllib3.util.response import assert_header_parsing

LINE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*\r?\n")
"""Without control characters (RFC 9110, section 5.5); ``http.client`` would take a carriage return for a line's end."""

STATUS_LINE = re.compile(rb"HTTP/1\.[01] [0-9]{3}( .*)?\r?\n", re.DOTALL)
"""RFC 9112, section 4; a blank after the status may be missing when nothing follows it."""


class BrokenHead(http.client.HTTPException):
    """The head of an answer is cut or says nonsense; the text of this says where, and holds nothing of the head."""


class WholeHead(http.client.HTTPResponse):
    """A response that is refused when its head is broken; for ``response_class`` of a connection."""

    def begin(self) -> None:
        """Read the head.

        Raises:
            BrokenHead: it is none.
            http.client.HTTPException: it is too long, or there is no answer at all.
        """
        stream: Any = self.fp
        lines: Any = _WholeLines(stream)
        self.fp = lines
        try:
            super().begin()
        finally:
            if self.fp is lines:  # what has failed closes its stream, and has none afterwards
                self.fp = stream
        wrong = _wrong_in(self.msg)
        if wrong is not None:
            raise BrokenHead(wrong)

    def _read_next_chunk_size(self) -> int:
        """Private, but there from Python 3.11 to 3.14; a size below 0 would be read as *all that comes*."""
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # the method is not in the type stubs
        if size < 0:
            raise ValueError("a chunk of a size below 0")  # which the caller takes for a chunk that was cut
        return size


class _WholeLines:
    """The lines of a stream as long as they are those of a head; of interim answers there may be several."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._begins = True
        self._read_any = False

    def readline(self, limit: int) -> bytes:
        line = self._stream.readline(limit)
        if len(line) == limit:  # which is refused as too long
            return line
        if not line.endswith(b"\n") and (line or self._read_any):
            raise BrokenHead("the connection has ended within it")
        if line and not LINE.fullmatch(line):
            raise BrokenHead("a line of it holds a control character")
        if self._begins and line and not STATUS_LINE.fullmatch(line):
            raise BrokenHead("its first line is no status line")
        self._begins = line in (b"\r\n", b"\n")
        self._read_any = True
        return line

    def close(self) -> None:
        self._stream.close()


def _wrong_in(head: http.client.HTTPMessage) -> str | None:
    """What is wrong with headers that were parsed; ``None`` when nothing is."""
    try:
        assert_header_parsing(head)
    except (HeaderParsingError, TypeError):
        return "a line is no header"
    lengths = {each.strip() for value in head.get_all("Content-Length", []) for each in value.split(",")}
    if len(lengths) > 1 or not all(each.isascii() and each.isdigit() for each in lengths):
        return "its Content-Length is no length"
    if any(value.strip().lower() != "chunked" for value in head.get_all("Transfer-Encoding", [])):
        return "its Transfer-Encoding is not known"
    return None
