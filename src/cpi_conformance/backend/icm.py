"""The Internet Communication Manager of a backend, as the client that SM59 tests a destination with."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

from cryptography import x509

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.destination import NO_LOGON, Destination
from cpi_conformance.backend.parameters import Parameters
from cpi_conformance.backend.proxy_tunnel import ProxyRefused, through
from cpi_conformance.backend.pse import Pse
from cpi_conformance.backend.tls_client import PseUnusable, connected, fits
from cpi_conformance.certificates.host_names import is_for
from cpi_conformance.sender import Accepted, Cause, Evidence, Observation, Refused, Response
from cpi_conformance.sender.classification import cause_of_error, cause_of_status, described
from cpi_conformance.sender.completion import completed, detail_of, is_cut
from cpi_conformance.sender.connections import kept_in_time
from cpi_conformance.sender.echoes import harmless
from cpi_conformance.sender.sender import BODY_LIMIT
from cpi_conformance.sender.transcript import Transcript, transcribing
from cpi_conformance.sender.whole_head import WholeHead

NO_FITTING_CERTIFICATE = "Have no certificate fitting to CA names received from server"
"""The trace of CommonCryptoLib when it holds its certificate back (SAP community, ba-p/13558707)."""

ALLOWED_IN_PATH = "/?=&%~:@!$'()*+,;"

FAR_SIDE_ERRORS = (OSError, http.client.HTTPException)

NOT_REACHED = frozenset({Cause.UNKNOWN_HOST, Cause.CONNECTION_REFUSED, Cause.CONNECTION_TIMEOUT})
"""Causes for which no TCP connection has come about."""


class _HostNameMismatch(Exception):
    """The server certificate is for another host."""


class Icm:
    """Carries out connection tests; safe to use from several threads."""

    def send(self, test: ConnectionTest) -> Observation:
        """Carry out one test and say what came of it; never raises for anything that the far side did.

        The method is GET: the whitepaper shows 200, and HEAD on an integration flow ends with 405.
        """
        started = time.perf_counter()
        evidence = Evidence(request=f"GET {test.path}")
        unfit = _unfit(test)
        if unfit is not None:
            cause, told = unfit
            return Refused(cause, replace(evidence, detail=told))
        plain, detail = not test.destination.ssl_active, None
        with transcribing(test.destination.timeout) as transcript:
            try:
                response = self._exchange(test)
            except PseUnusable as unusable:
                cause, detail = Cause.PSE_UNUSABLE, str(unusable)
            except ProxyRefused as refusal:
                cause, detail = Cause.PROXY_REFUSED, str(refusal)
            except _HostNameMismatch:
                cause = Cause.HOST_NAME_MISMATCH
            except FAR_SIDE_ERRORS as error:
                cause = cause_of_error(error, transcript, plain=plain)
                evidence = replace(evidence, error=described(error))
            else:
                evidence = completed(evidence, transcript, started, plain)
                return _judged(response, replace(evidence, detail=_held_back(test.pse, transcript)), plain)
        evidence = completed(evidence, transcript, started, plain)
        return Refused(cause, replace(evidence, detail=detail or _detail(cause, test, evidence)))

    def _exchange(self, test: ConnectionTest) -> Response:
        destination = test.destination
        host, port = destination.target_host, int(destination.service_number)
        first = (destination.proxy.host, int(destination.proxy.service)) if destination.proxy else (host, port)
        with closing(self._connection(first, destination.timeout)) as plain:
            if destination.proxy and destination.ssl_active:
                through(plain, destination.proxy, host, port)
            if not destination.ssl_active or test.pse is None:
                return _asked(plain, test)
            with closing(self._secured(plain, host, test.pse, test.backend.parameters)) as secured:
                if not self._is_for(secured, host):
                    raise _HostNameMismatch
                return _asked(secured, test)

    def _connection(self, address: tuple[str, int], seconds: float) -> socket.socket:
        try:
            return kept_in_time(socket.create_connection(address, seconds))
        except UnicodeError:  # a label that is no host name never gets as far as a resolver
            raise socket.gaierror(socket.EAI_NONAME, "the host is no host name") from None

    def _secured(self, plain: socket.socket, host: str, pse: Pse, parameters: Parameters) -> ssl.SSLSocket:
        return connected(plain, host, pse, parameters)

    def _is_for(self, connection: ssl.SSLSocket, host: str) -> bool:
        der = connection.getpeercert(binary_form=True)
        return der is not None and is_for(x509.load_der_x509_certificate(der), host)


def _asked(connection: socket.socket, test: ConnectionTest) -> Response:
    destination = test.destination
    client = http.client.HTTPConnection(destination.target_host, int(destination.service_number))
    client.response_class = WholeHead
    client.sock = connection
    headers = {
        "Host": _host_header(destination),
        "Connection": "close",
        "User-Agent": "SAP NetWeaver Application Server",
    }
    sent = destination.logon if destination.ssl_active else NO_LOGON  # credentials never go out without TLS
    client.request("GET", _target(destination), headers=headers | sent.headers())
    with client.getresponse() as answer:
        body = answer.read(BODY_LIMIT)
        if answer.length and len(body) < BODY_LIMIT:  # of what is left nothing has come
            raise http.client.IncompleteRead(b"", answer.length)
        received, body = harmless(answer.getheaders(), body, sent)
    return Response(answer.status, received, body)


def _host_header(destination: Destination) -> str:
    usual = "443" if destination.ssl_active else "80"
    port = "" if destination.service_number == usual else f":{destination.service_number}"
    return f"{destination.target_host}{port}"


def _target(destination: Destination) -> str:
    """The path with what HTTP does not allow escaped; a proxy without a tunnel is given the whole URL."""
    path = quote(destination.path_prefix, safe=ALLOWED_IN_PATH) or "/"
    tunnelled = destination.ssl_active or destination.proxy is None
    return path if tunnelled else f"http://{_host_header(destination)}{path}"


def _unfit(test: ConnectionTest) -> tuple[Cause, str] | None:
    """Why a test does not even begin, or ``None``."""
    destination = test.destination
    wrong = destination.wrong_field()
    if wrong:
        return Cause.DESTINATION_FIELD, f"{wrong} cannot be used"
    if destination.ssl_active and not test.backend.parameters.https_active:
        return Cause.HTTPS_INACTIVE, "the HTTPS service is not active in SMICM"
    if destination.ssl_active and test.pse is None:
        return Cause.PSE_UNUSABLE, f"the SSL client identity {destination.ssl_certificate} has no PSE"
    return None


def _judged(response: Response, evidence: Evidence, plain: bool) -> Observation:
    if is_cut(response):
        return Refused(Cause.BROKEN_ANSWER, evidence)  # what looks like its status is none
    cause = cause_of_status(response, plain=plain)
    if cause is None:
        return Accepted(response, evidence)
    detail = evidence.detail or f"HTTP status {response.status}"
    return Refused(cause, replace(evidence, detail=detail), response)


def _detail(cause: Cause, test: ConnectionTest, evidence: Evidence) -> str | None:
    """One sentence more about a failure; behind a proxy it is the proxy that is looked for and called."""
    proxy = test.destination.proxy
    if proxy is not None and cause in NOT_REACHED:
        return f"the proxy {proxy} is not reached"
    listed = test.pse.certificate_list if test.pse else ()
    return detail_of(cause, listed, test.destination.target_host, evidence)


def _held_back(pse: Pse | None, transcript: Transcript) -> str | None:
    """Why no certificate went out although the server asked and the PSE has one."""
    own = pse.path if pse else None
    asked_in_vain = transcript.certificate_requested and not transcript.client_chain
    return NO_FITTING_CERTIFICATE if own and asked_in_vain and not fits(own, transcript.accepted_cas) else None
