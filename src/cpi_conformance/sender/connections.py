"""Connections of urllib3 whose answers are whole, or none, and which are over when the call has to be."""

from __future__ import annotations

import socket
import time

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cpi_conformance.deadline import TimedSocket
from cpi_conformance.sender.transcript import current_transcript
from cpi_conformance.sender.whole_head import WholeHead


def kept_in_time(connected: socket.socket) -> socket.socket:
    """A connection whose reads are over when the call has to be; its transcript learns that it has come about."""
    transcript = current_transcript()
    if transcript is None or transcript.deadline is None:
        return connected
    transcript.connected_at = time.perf_counter()
    return TimedSocket(connected, transcript.deadline)


class PlainConnection(HTTPConnection):
    """HTTP without TLS."""

    response_class = WholeHead

    def connect(self) -> None:
        """Connect, and let nothing take longer than the call may."""
        super().connect()
        self.sock = kept_in_time(self.sock)


class SecuredConnection(HTTPSConnection):
    """HTTP within TLS; its sockets are those of a watched context and keep the time themselves."""

    response_class = WholeHead


class PlainPool(HTTPConnectionPool):
    """Connections without TLS."""

    ConnectionCls = PlainConnection


class SecuredPool(HTTPSConnectionPool):
    """Connections within TLS."""

    ConnectionCls = SecuredConnection
