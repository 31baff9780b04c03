"""From what passed during one connection to the evidence of a call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from cryptography import x509

from cpi_conformance.certificates import dn, missing_issuer
from cpi_conformance.sender.alerts import alert_name
from cpi_conformance.sender.layers import Cause
from cpi_conformance.sender.observation import Evidence, Response
from cpi_conformance.sender.transcript import Transcript


def is_cut(response: Response) -> bool:
    """Requests takes a head that was cut in the middle for an empty answer; a whole one says how long it is."""
    chunked = (response.header("transfer-encoding") or "").lower() == "chunked"  # in the middle of this word, too
    sized = response.header("content-length") or chunked
    return not sized and not response.body and response.status not in (204, 304)


def completed(evidence: Evidence, transcript: Transcript, started: float, plain: bool) -> Evidence:
    """The evidence with what passed during the connection; ``started`` is ``time.perf_counter`` of its beginning."""

    def since_start(moment: float | None) -> float | None:
        return None if moment is None else (moment - started) * 1000

    return replace(
        evidence,
        bytes_left=transcript.hello_sent or plain,
        local_port=transcript.local_port,
        tls_version=transcript.version,
        cipher=transcript.cipher,
        server_chain=transcript.server_chain,
        client_chain=transcript.client_chain,
        certificate_requested=transcript.certificate_requested,
        accepted_cas=transcript.accepted_cas,
        alert_received=transcript.alert_received,
        alert_sent=transcript.alert_sent,
        transcript=tuple(transcript.messages),
        connect_ms=since_start(transcript.connected_at),
        tls_ms=since_start(transcript.agreed_at),
        total_ms=(time.perf_counter() - started) * 1000,
    )


def detail_of(cause: Cause, trusted: Sequence[x509.Certificate], expected_name: str, evidence: Evidence) -> str | None:
    """One sentence more about a cause: the CA to import, the name that was presented, the alert."""
    if cause is Cause.MISSING_CA:
        missing = missing_issuer(evidence.server_chain, trusted)
        return f"missing CA: {missing}" if missing else None
    if cause is Cause.HOST_NAME_MISMATCH:
        presented = dn(evidence.server_chain[0].subject) if evidence.server_chain else "nothing"
        return f"expected {expected_name}, presented {presented}"
    if evidence.alert_received is not None:
        return f"TLS alert {alert_name(evidence.alert_received)}"
    return evidence.error
