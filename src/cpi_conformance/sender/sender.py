"""Whoever calls the integration flow: the Postman of the whitepaper, or a backend."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import replace

import requests
import urllib3.exceptions
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cpi_conformance.certificates import PfxFile, PfxRefused
from cpi_conformance.secret import Secret
from cpi_conformance.sender.call import (
    Call,
    CertificateInHandshake,
    CertificateInHeaders,
    CsrfToken,
    TlsRange,
    Trust,
)
from cpi_conformance.sender.classification import cause_of_error, cause_of_status, described
from cpi_conformance.sender.completion import completed, detail_of, is_cut
from cpi_conformance.sender.contexts import SenderAdapter, adapter_for
from cpi_conformance.sender.echoes import CSRF_HEADER, harmless
from cpi_conformance.sender.layers import Cause
from cpi_conformance.sender.observation import Accepted, Evidence, Observation, Refused, Response
from cpi_conformance.sender.transcript import transcribing

BODY_LIMIT = 64 * 1024
"""Bytes of a response body that are read; an error page has 437, the flow's answer 30."""

FAR_SIDE_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""All that requests and urllib3 let through for something that the far side did."""


class Sender:
    """Sends calls; safe to use from several threads.

    A new connection and a full handshake for each call, no redirects, no proxies, nothing from the
    environment (``REQUESTS_CA_BUNDLE`` and ``.netrc`` would override what a check asks for), no retries.
    """

    def __init__(self) -> None:
        self._adapters: dict[tuple[PfxFile | None, Trust, TlsRange], SenderAdapter] = {}
        self._lock = threading.Lock()

    def send(self, call: Call) -> Observation:
        """Make one call and say what came of it; never raises for anything that the far side did."""
        started = time.perf_counter()
        evidence = Evidence(request=_request_line(call))
        try:
            adapter = self._adapter(call)
            prepared = _prepared(call)
        except PfxRefused as refusal:
            return Refused(Cause(refusal.problem.value), replace(evidence, detail=refusal.detail))
        except requests.exceptions.InvalidURL:
            return Refused(Cause.UNKNOWN_HOST, replace(evidence, detail="the host is no host name"))
        plain = call.scheme == "http"
        with transcribing(call.seconds) as transcript:
            try:
                response = _exchange(adapter, prepared, call)
            except FAR_SIDE_ERRORS as error:
                cause = cause_of_error(error, transcript, plain=plain)
                evidence = completed(evidence, transcript, started, plain)
                evidence = replace(evidence, error=described(error))
                name = call.trust.expected_name or call.host
                detail = detail_of(cause, call.trust.certificates, name, evidence)
                return Refused(cause, replace(evidence, detail=detail))
        evidence = completed(evidence, transcript, started, plain)
        refused = Cause.BROKEN_ANSWER if is_cut(response) else cause_of_status(response, plain=plain)
        if refused is None:
            return Accepted(response, evidence)
        return Refused(refused, replace(evidence, detail=f"HTTP status {response.status}"), response)

    def _adapter(self, call: Call) -> SenderAdapter:
        match call.certificate:
            case CertificateInHandshake(pfx) | CertificateInHeaders(_, pfx):
                pass
            case _:
                pfx = None
        wanted = (pfx, call.trust, call.tls)
        with self._lock:
            if wanted not in self._adapters:
                self._adapters[wanted] = adapter_for(*wanted)
            return self._adapters[wanted]


def _prepared(call: Call) -> requests.PreparedRequest:
    """The request; credentials never go into a connection without TLS."""
    headers = {"Connection": "close", "Accept": "*/*", "User-Agent": "cpi-conformance"}
    query: dict[str, str] = {}
    if call.scheme == "https":
        headers |= call.authorization.headers() | call.csrf.headers()
        query = call.authorization.query()
    if isinstance(call.certificate, CertificateInHeaders):
        headers |= _claimed(call.certificate.pfx)
    url = f"{call.scheme}://{call.host}:{call.port}{call.path}"
    return requests.Request(call.method, url, headers=headers, params=query).prepare()


def _claimed(pfx: PfxFile) -> dict[str, str]:
    """The headers of a load balancer that has verified this certificate, here forged by the caller."""
    certificate = pfx.open().certificate
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return {
        "X-Forwarded-Client-Cert": der,
        "X-SSL-Client": "1",
        "X-SSL-Client-Verify": "0",
        "X-SSL-Client-Subject-DN": _slashed(certificate.subject),
        "X-SSL-Client-Issuer-DN": _slashed(certificate.issuer),
        "X-SSL-Client-NotBefore": f"{certificate.not_valid_before_utc:%y%m%d%H%M%SZ}",
        "X-SSL-Client-NotAfter": f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}",
        "SSL_CLIENT_CERT": der,
    }


def _slashed(name: x509.Name) -> str:
    """Base64 of ``/C=DE/O=…/CN=…``, as the HAProxy release of Cloud Foundry hands names on."""
    return base64.b64encode("".join(f"/{part.rfc4514_string()}" for part in name.rdns).encode()).decode()


def _exchange(adapter: SenderAdapter, prepared: requests.PreparedRequest, call: Call) -> Response:
    """Straight through the adapter: a session would follow redirects in thought, and add what the environment says."""
    with adapter.send(prepared, stream=True, timeout=call.seconds) as answer:
        connection = answer.raw.connection
        body = answer.raw.read(BODY_LIMIT, decode_content=True)
        if connection is not None:
            connection.close()  # whoever answers without Connection: close would be given the next call on it
        headers, body = harmless(answer.headers.items(), body, call.authorization)
        csrf = _csrf_token(answer)
    return Response(answer.status_code, headers, body, csrf)


def _csrf_token(answer: requests.Response) -> CsrfToken | None:
    token = answer.headers.get(CSRF_HEADER)
    if token is None or token.lower() == "required":
        return None
    set_cookies = answer.raw.headers.getlist("set-cookie")
    cookies = "; ".join(each.partition(";")[0] for each in set_cookies)
    return CsrfToken(Secret(token), Secret(cookies) if cookies else None)


def _request_line(call: Call) -> str:
    query = "?…" if call.authorization.query() else ""
    return f"{call.method} {call.path}{query}"
