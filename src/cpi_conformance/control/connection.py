"""HTTP to the control plane: one client, its own trust, and requests that are sent again where that is safe."""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import httpx
from cryptography import x509

from cpi_conformance.certificates import Credential, pem, present
from cpi_conformance.control.errors import BrokenAnswer, ControlError, Unreachable
from cpi_conformance.control.patience import PATIENT, Patience
from cpi_conformance.control.repetition import http_date, repeating, unreachable
from cpi_conformance.deadline import Deadline

TIMEOUT = httpx.Timeout(70.0, connect=10.0)
"""Seconds; Cloud Foundry itself gives a broker 60 (cloud_controller_ng, ``broker_client_timeout_seconds``)."""

KEPT_ALIVE = 50.0
"""Seconds; SAP closes an idle connection after 60 (btp-cloud-platform, 9809fa4)."""

USUAL = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "cpi-conformance"}
"""Headers of each request."""

LARGEST = 64 * 2**20
"""Bytes of an answer, unpacked; an archive of a flow has some thousands."""

OF_THE_WIRE = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
"""Headers that speak of a body as it came, not as it was unpacked."""

_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""Of the request that is under way; a kept connection serves one after the other."""

SAFE = frozenset({"GET", "DELETE"})
"""Methods that may be executed twice."""


class _TimedSocket(ssl.SSLSocket):
    """A TLS socket whose reads are over when the request has to be, whatever each of them may take."""

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002  # its name in the library
        deadline = _deadline.get()
        if deadline is not None:
            deadline.limit(self)
        return super().read(len, buffer)


class Connection:
    """A context manager; safe to use from several threads.

    Straight through httpx's transport: a client would look for redirects, cookies and credentials, and here no
    redirect is followed, no cookie is kept, each request is granted by its own credentials, and environment variables
    change neither its trust nor its way.
    """

    def __init__(
        self,
        *,
        trusted: tuple[x509.Certificate, ...] = (),
        presented: Credential | None = None,
        patience: Patience = PATIENT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._patience = patience
        self._sleep = sleep
        self._far_clock: tuple[dt.datetime, float] | None = None
        self._transport = httpx.HTTPTransport(
            verify=_tls(trusted, presented), trust_env=False, limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE)
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        repeatable: bool | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status; after 429, and after a passing failure of a repeatable request, the last.

        Args:
            method: ``GET`` and ``DELETE`` are repeatable unless said otherwise.
            url: absolute.
            headers: besides the usual ones.
            params: added to the URL, and therefore logged by httpx.
            json: the body.
            form: the body, if it is a form.
            content: the body, if it is neither.
            repeatable: whether it makes no difference if the request is executed twice.

        Raises:
            Unreachable: there is no answer.
            BrokenAnswer: it is larger than :data:`LARGEST`.
        """
        try:
            request = httpx.Request(
                method,
                url,
                headers={**USUAL, **(headers or {})},
                params=params,
                json=json,
                data=form,
                content=content,
                extensions={"timeout": TIMEOUT.as_dict()},
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            problem = Unreachable(f"{method} {url}", type(error).__name__, may_have_arrived=False)
        else:
            return self._repeated(request, repeatable if repeatable is not None else method in SAFE)
        raise problem

    def far_now(self) -> dt.datetime | None:
        """The time by the clock of the far side, to the second; ``None`` before its first answer."""
        if self._far_clock is None:
            return None
        date, read_at = self._far_clock
        return date + dt.timedelta(seconds=time.monotonic() - read_at)

    def close(self) -> None:
        """Close the kept connections."""
        self._transport.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _repeated(self, request: httpx.Request, repeatable: bool) -> httpx.Response:
        return repeating(self._patience, self._sleep, repeatable=repeatable)(self._once, request)

    def _once(self, request: httpx.Request) -> httpx.Response:
        problem: ControlError
        token = _deadline.set(Deadline(self._patience.deadline))
        try:
            answer = self._transport.handle_request(request)
            answer.request = request
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
                kept = [pair for pair in answer.headers.raw if pair[0].lower() not in OF_THE_WIRE]
                return httpx.Response(answer.status_code, headers=kept, content=content, request=request)
            problem = BrokenAnswer(f"{request.method} {request.url}", f"an answer of more than {LARGEST} bytes")
        finally:
            _deadline.reset(token)
        raise problem  # outside of the handler: an error of httpx may quote a header, and must not travel along


def _bounded(answer: httpx.Response) -> bytes | None:
    """The unpacked body; ``None`` when it is too large."""
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > LARGEST:
            return None
    return bytes(content)


def _tls(trusted: tuple[x509.Certificate, ...], presented: Credential | None) -> ssl.SSLContext:
    if trusted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem(trusted))
    else:
        context = httpx.create_ssl_context(trust_env=False)
    context.sslsocket_class = _TimedSocket
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST  # the same on each version of Python
    if presented is not None:
        try:
            present(context, presented)
        except ssl.SSLError as error:
            reason = f"OpenSSL does not take the client certificate ({error.reason})"
            raise Unreachable("the handshake", reason, may_have_arrived=False) from None
    return context
