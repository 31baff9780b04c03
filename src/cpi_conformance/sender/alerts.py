"""TLS alerts (RFC 8446, section 6): numbers, names, and OpenSSL's spelling of them."""

from __future__ import annotations

import re

NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}

_NUMBERS = {name: number for number, name in NAMES.items()}


def alert_name(number: int) -> str:
    """The name of an alert, or ``alert_<number>`` for one that the RFC does not list."""
    return NAMES.get(number, f"alert_{number}")


def alert_in(reason: str) -> int | None:
    """The alert that an OpenSSL reason speaks of.

    OpenSSL has written the same alert as ``SSLV3_ALERT_…``, ``TLSV1_ALERT_…``, ``TLSV13_ALERT_…`` and
    ``ssl/tls alert …`` over its versions, so only what follows the word *alert* counts.
    """
    found = re.search(r"alert[ _]([a-z_ ]+)", reason.lower())
    return _NUMBERS.get(found[1].strip().replace(" ", "_")) if found else None
