"""The trace of the ICM (``dev_icm``, level 2) for a connection test, in the shape that SAP's guides show it.

How to get the real one: SMICM, Goto, Trace Level 2, repeat the test, read dev_icm. The shape follows published
traces (abapGit issue 2523, KBA 3391859); wording differs between releases, names and numbers do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.icm import NO_FITTING_CERTIFICATE
from cpi_conformance.backend.icm_errors import IcmError, icm_error
from cpi_conformance.certificates import dn
from cpi_conformance.sender import Cause, Layer, Observation, Refused

TEXTS = {
    "SSSLERR_PEER_CERT_UNTRUSTED": "The peer's X.509 Certificate (chain) validation failed (missing trust?)",
    "SSSLERR_SERVER_CERT_MISMATCH": "The peer's X.509 Certificate does not match the requested target hostname",
    "SSSLERR_NO_SSL_RESPONSE": "The peer did not answer with SSL/TLS",
    "SSSLERR_CONN_CLOSED": "The connection was closed by the peer",
    "SSSLERR_PSE_ERROR": "The PSE cannot be used",
}


def trace(test: ConnectionTest, observation: Observation) -> str:
    """The lines of one test, without times and thread numbers."""
    return "\n".join(_lines(test, observation))


def _lines(test: ConnectionTest, observation: Observation) -> Iterator[str]:
    error = icm_error(test, observation)
    if test.destination.ssl_active and not _has_not_begun(observation):
        yield from _handshake(test, observation)
    if error is not None:
        yield from _failure(error, test, observation)
    elif observation.response is not None:
        ended = "<<- SapSSLSessionStart()==SAP_O_K, " if test.destination.ssl_active else ""
        yield f"{ended}HTTP status {observation.response.status}"


def _has_not_begun(observation: Observation) -> bool:
    return isinstance(observation, Refused) and observation.layer is Layer.DESTINATION


def _handshake(test: ConnectionTest, observation: Observation) -> Iterator[str]:
    evidence = observation.evidence
    yield f'->> SapSSLSetTargetHostname(target_hostname="{test.destination.target_host}")'
    if evidence.local_port is not None:
        yield f"SSL NI-sock: local=:{evidence.local_port}  peer={_where(test)}"
    if evidence.certificate_requested:
        yield f"Server requests a client certificate and names {len(evidence.accepted_cas)} CAs"
        yield from (f"  {name}" for name in evidence.accepted_cas)
    if evidence.detail == NO_FITTING_CERTIFICATE:
        yield f"Cannot perform client authentication: {NO_FITTING_CERTIFICATE}"
    if isinstance(observation, Refused) and observation.layer is Layer.SERVER_TRUST:
        yield from _peer(observation)


def _where(test: ConnectionTest) -> str:
    return f"{test.destination.target_host}:{test.destination.service_number}"


def _peer(observation: Refused) -> Iterator[str]:
    """The block ``Peer not trusted``: what was served, and which CA is missing."""
    yield "Peer not trusted" if observation.cause is Cause.MISSING_CA else "Peer not accepted"
    for level, certificate in enumerate(observation.evidence.server_chain):
        yield from _certificate(level, certificate)
    yield "  Verification result:"
    yield "    Status: Not successful"
    evidence = observation.evidence
    known = evidence.detail if evidence.detail != evidence.error else None  # an error of OpenSSL's is none of the ICM's
    yield f"    Reason: {known or observation.cause.replace('-', ' ')}"


def _certificate(level: int, certificate: x509.Certificate) -> Iterator[str]:
    yield f"  Certificate #{level}:"
    yield f"    Subject  : {dn(certificate.subject)}"
    yield f"    Issuer   : {dn(certificate.issuer)}"
    yield f"    Serial   : {certificate.serial_number:X}"
    yield f"    Validity : {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"


def _failure(error: IcmError, test: ConnectionTest, observation: Observation) -> Iterator[str]:
    if error.library is None:
        told = f"{error.name}, {observation.evidence.detail}" if observation.evidence.detail else error.name
        yield f"*** ERROR => {told}"
    elif error.library.startswith("NIE"):
        proxy = test.destination.proxy
        called = f"Direct connect to {_where(test)}" if proxy is None else f"Connect to proxy {proxy}"
        yield f"*** ERROR => {called} failed: {error.library}({error.number})"
    else:
        number = f" ({error.number})" if error.number is not None else ""
        yield f"<<- ERROR: SapSSLSessionStart()=={error.library}"
        yield f"*** ERROR => SSL handshake with {_where(test)} failed: {error.library}{number}"
        if error.library in TEXTS:
            yield f"  {TEXTS[error.library]}"
