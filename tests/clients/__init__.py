"""Three ways to make the same call: the project's sender, a bare TLS socket, and httpx."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlencode

import httpx

from cpi_conformance.certificates import present
from cpi_conformance.sender import Call, CertificateInHandshake, Observation, Refused, Response, Sender
from cpi_conformance.sender.classification import cause_of_error, cause_of_status
from cpi_conformance.sender.contexts import adapter_for
from cpi_conformance.sender.layers import LAYER_OF, Cause
from cpi_conformance.sender.transcript import Transcript

Seen = tuple[str, str] | None
"""Layer and cause of a refusal, or ``None`` for an accepted call."""

Client = Callable[[Call], Seen]


def by_sender() -> Client:
    """Requests and requests-pkcs12, as the checks call."""
    sender = Sender()

    def call(it: Call) -> Seen:
        observation: Observation = sender.send(it)
        return (observation.layer, observation.cause) if isinstance(observation, Refused) else None

    return call


def by_bare_socket() -> Client:
    """A TLS socket that writes at once, as a careless client does."""
    contexts: dict[Call, ssl.SSLContext] = {}

    def call(it: Call) -> Seen:
        context = contexts.setdefault(it, plain_context(it))
        try:
            return _seen(cause_of_status(_exchange(it, context), plain=it.scheme == "http"))
        except (OSError, http.client.HTTPException) as error:
            return _seen(cause_of_error(error, Transcript(), plain=it.scheme == "http"))

    return call


def by_httpx() -> Client:
    """Httpx with a new connection for each call."""
    contexts: dict[Call, ssl.SSLContext] = {}

    def call(it: Call) -> Seen:
        context = contexts.setdefault(it, plain_context(it))
        headers = {**it.authorization.headers(), "Connection": "close"} if it.scheme == "https" else {}
        url = f"{it.scheme}://{it.host}:{it.port}{it.path}"
        extensions = {"sni_hostname": it.trust.expected_name} if it.trust.expected_name else {}
        try:
            with httpx.Client(verify=context, trust_env=False) as client:
                answer = client.request(it.method, url, headers=headers, extensions=extensions)
        except httpx.HTTPError as error:
            return _seen(cause_of_error(error, Transcript(), plain=it.scheme == "http"))
        response = Response(answer.status_code, tuple(answer.headers.items()), answer.content)
        return _seen(cause_of_status(response, plain=it.scheme == "http"))

    return call


CLIENTS: dict[str, Callable[[], Client]] = {
    "requests-pkcs12": by_sender,
    "bare-ssl": by_bare_socket,
    "httpx": by_httpx,
}


def plain_context(call: Call) -> ssl.SSLContext:
    """The call's TLS context without anything of ours watching it."""
    context = adapter_for(None, call.trust, call.tls).ssl_context
    if isinstance(call.certificate, CertificateInHandshake):
        present(context, call.certificate.pfx.open())
    context.sslsocket_class = ssl.SSLSocket
    setattr(context, "_msg_callback", None)  # noqa: B010  # not in the type stubs
    return context


def _exchange(call: Call, context: ssl.SSLContext) -> Response:
    with socket.create_connection((call.host, call.port), timeout=10) as connection:
        if call.scheme == "http":
            return _request(call, connection)
        with context.wrap_socket(connection, server_hostname=call.trust.expected_name or call.host) as secured:
            return _request(call, secured)


def _request(call: Call, connection: socket.socket) -> Response:
    query = urlencode(call.authorization.query())
    target = f"{call.path}?{query}" if query else call.path
    headers = call.authorization.headers() if call.scheme == "https" else {}
    lines = [f"{call.method} {target} HTTP/1.1", f"Host: {call.host}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = http.client.HTTPResponse(connection, method=call.method)
    answer.begin()
    return Response(answer.status, tuple((name.lower(), value) for name, value in answer.getheaders()), answer.read())


def _seen(cause: Cause | None) -> Seen:
    return None if cause is None else (LAYER_OF[cause], cause)
