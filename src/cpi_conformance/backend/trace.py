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
    evidence, destination = observation.evidence, test.destination
    where = f"{destination.target_host}:{destination.service_number}"
    yield f'->> SapSSLSetTargetHostname(target_hostname="{destination.target_host}")'
    if evidence.local_port is not None:
        yield f"SSL NI-sock: local=:{evidence.local_port}  peer={where}"
    if evidence.certificate_requested:
        yield f"Server requests a client certificate and names {len(evidence.accepted_cas)} CAs"
        yield from (f"  {name}" for name in evidence.accepted_cas)
    if evidence.detail == NO_FITTING_CERTIFICATE:
        yield f"Cannot perform client authentication: {NO_FITTING_CERTIFICATE}"
    if isinstance(observation, Refused) and observation.layer is Layer.SERVER_TRUST:
        yield from _peer(observation)
    error = icm_error(test, observation)
    if error is None:
        status = observation.response.status if observation.response else 0
        yield f"<<- SapSSLSessionStart()==SAP_O_K, HTTP status {status}"
    else:
        yield from _failure(error, observation, where)


def _peer(observation: Refused) -> Iterator[str]:
    """The block ``Peer not trusted``: what was served, and which CA is missing."""
    yield "Peer not trusted" if observation.cause is Cause.MISSING_CA else "Peer not accepted"
    for level, certificate in enumerate(observation.evidence.server_chain):
        yield from _certificate(level, certificate)
    yield "  Verification result:"
    yield "    Status: Not successful"
    if observation.evidence.detail:
        yield f"    Reason: {observation.evidence.detail}"


def _certificate(level: int, certificate: x509.Certificate) -> Iterator[str]:
    yield f"  Certificate #{level}:"
    yield f"    Subject  : {dn(certificate.subject)}"
    yield f"    Issuer   : {dn(certificate.issuer)}"
    yield f"    Serial   : {certificate.serial_number:X}"
    yield f"    Validity : {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"


def _failure(error: IcmError, observation: Observation, where: str) -> Iterator[str]:
    evidence = observation.evidence
    if error.library is None or not error.library.startswith("SSSL"):
        named = f"{error.library}({error.number})" if error.library else error.name
        yield f"*** ERROR => connect to {where} failed: {named}{f', {evidence.detail}' if evidence.detail else ''}"
        return
    number = f" ({error.number})" if error.number is not None else ""
    yield f"<<- ERROR: SapSSLSessionStart()=={error.library}"
    yield f"*** ERROR => SSL handshake with {where} failed: {error.library}{number}"
    if error.library in TEXTS:
        yield f"  {TEXTS[error.library]}"
