"""The load balancer's own words for why a connection ended.

Written from the server's side alone: alerts that were sent or received, verify codes, and which
certificate was served.
"""

from __future__ import annotations

from cpi_conformance.simulator.edge_tls import Handshake
from cpi_conformance.simulator.record import Truth

CLOSE_NOTIFY = 0
HANDSHAKE_FAILURE = 40
BAD_CERTIFICATE = 42
UNSUPPORTED_CERTIFICATE = 43
CERTIFICATE_EXPIRED = 45
UNKNOWN_CA = 48
PROTOCOL_VERSION = 70

CLIENT_TRUST = {
    BAD_CERTIFICATE: "bad-certificate",
    UNSUPPORTED_CERTIFICATE: "unsupported-certificate",
    CERTIFICATE_EXPIRED: "certificate-expired",
    UNKNOWN_CA: "unknown-ca",
}
"""Alerts that refuse a client certificate (RFC 8446, section 6.2), and what the caller can know from each."""

SERVER_TRUST = {
    UNKNOWN_CA: "missing-ca",
    CERTIFICATE_EXPIRED: "server-certificate-expired",
}
"""Alerts with which a caller refuses the server certificate."""


def refusal_by_edge(handshake: Handshake, reason: str) -> Truth:
    """Why a handshake failed here; when an alert from the caller ended it, why the caller refused."""
    if handshake.alert_received is not None:
        return refusal_by_caller(handshake)
    alert = handshake.alert_sent
    if handshake.verification and alert in CLIENT_TRUST:
        codes = ", ".join(str(code) for code in handshake.verification)
        return Truth("client-trust", CLIENT_TRUST[alert], f"the client certificate does not verify (code {codes})")
    if alert == PROTOCOL_VERSION or "protocol" in reason or "version" in reason:
        return Truth("protocol", "tls-version", f"the TLS version is not offered ({reason})")
    if "http" in reason:
        return Truth("protocol", "plain-http", "the caller spoke HTTP without TLS")
    return Truth("protocol", "handshake-failure", reason or "the handshake failed")


def refusal_by_caller(handshake: Handshake) -> Truth:
    """Why the caller ended the handshake, as far as its alert tells."""
    alert = handshake.alert_received
    if alert is None or alert == CLOSE_NOTIFY:
        return Truth("connect", "closed-by-sender", "the caller closed without a request")
    if alert in SERVER_TRUST:
        return Truth("server-trust", SERVER_TRUST[alert], f"the caller refused the server certificate (alert {alert})")
    if alert == BAD_CERTIFICATE:
        cause = "host-name-mismatch" if handshake.served_default else "server-certificate-not-yet-valid"
        return Truth("server-trust", cause, "the caller refused the server certificate (alert 42)")
    if alert == PROTOCOL_VERSION:
        return Truth("protocol", "tls-version", "the caller refused the TLS version")
    return Truth("server-trust", "server-certificate-refused", f"the caller sent alert {alert}")
