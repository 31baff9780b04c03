"""From what a tool prints, or a backend's trace holds, to symptoms."""

from __future__ import annotations

import re

from cpi_conformance.diagnosis.sayings import Saying, Tool, sayings_in
from cpi_conformance.diagnosis.symptoms import Side, Symptoms
from cpi_conformance.sender import Cause
from cpi_conformance.sender.alerts import alert_in
from cpi_conformance.sender.classification import CLIENT_ALERTS, PROTOCOL_VERSION

ICM = re.compile(r"\b(ICM_HTTP_[A-Z_]+|HTTPIO_PLG_CANCELED)\b")
SSL = re.compile(r"\bSSSL(?:ERR|RC)_([A-Z0-9_]+)")
NI = re.compile(r"\b(NIE[A-Z_]+)\b")
ALERT = re.compile(r"alert[ _:,]+(?!number)[a-z_ ]+", re.IGNORECASE)
PROXY = re.compile(r"proxy returned 40[37]|(?:CONNECT tunnel failed, response|HTTP code) 40[37]", re.IGNORECASE)

OF_SSL = {
    "SSSLERR_PEER_CERT_UNTRUSTED": Cause.MISSING_CA,
    "SSSLERR_SERVER_CERT_MISMATCH": Cause.HOST_NAME_MISMATCH,
    "SSSLERR_NO_SSL_RESPONSE": Cause.NOT_TLS,
    "SSSLERR_CONN_CLOSED": Cause.CONNECTION_LOST,
    "SSSLERR_ALERT_PROTOCOL_VERSION": Cause.TLS_VERSION,
    "SSSLERR_ALERT_HANDSHAKE_FAILURE": Cause.HANDSHAKE_FAILURE,
    "SSSLERR_PSE_ERROR": Cause.PSE_UNUSABLE,
    "SSSLERR_CRED_NOT_FOUND": Cause.PSE_UNUSABLE,
}
OF_NI = {
    "NIEHOST_UNKNOWN": Cause.UNKNOWN_HOST,
    "NIECONN_REFUSED": Cause.CONNECTION_REFUSED,
    "NIETIMEOUT": Cause.CONNECTION_TIMEOUT,
}
OF_TEXT = {
    Cause.PROXY_REFUSED: PROXY,
    Cause.DESTINATION_FIELD: re.compile(r"Create failed: Argument not found"),
    Cause.HTTPS_INACTIVE: re.compile(r"HTTPIO_PLG_CANCELED"),
    Cause.MISSING_CA: re.compile(
        r"unable to get (local )?issuer certificate|UNABLE_TO_GET_ISSUER_CERT|PKIX path building"
    ),
    Cause.UNKNOWN_HOST: re.compile(r"Could not resolve host|ENOTFOUND|UnknownHostException"),
    Cause.CONNECTION_REFUSED: re.compile(r"Connection refused|ECONNREFUSED"),
    Cause.NOT_TLS: re.compile(r"wrong[ _]version[ _]number", re.IGNORECASE),
    Cause.HOST_NAME_MISMATCH: re.compile(
        r"no alternative certificate subject name matches|ERR_TLS_CERT_ALTNAME_INVALID"
    ),
}
"""What curl, OpenSSL, Node and Java write (measured), and the ICM."""


def symptoms_of_text(text: str, tool: Tool | None = None) -> Symptoms:
    """What the output of a tool, or a trace without a ``tool``, is understood to say; nothing where it is not.

    The first error of the ICM that is named counts, because what follows it is its consequence.
    """
    ssl, ni, icm = (_first(pattern, text) for pattern in (SSL, NI, ICM))
    ssl = f"SSSLERR_{ssl}" if ssl else None
    return Symptoms(
        side=Side.TOOL if tool else Side.BACKEND if icm or ssl or ni else None,
        cause=_cause(text, ssl, ni),
        said=sayings_in(text),
        tool=tool,
        icm_error=icm,
        ssl_error=ssl,
        ni_error=ni,
    )


def _cause(text: str, ssl: str | None, ni: str | None) -> str | None:
    named = OF_SSL.get(ssl or "") or OF_NI.get(ni or "")
    if named is not None:
        return str(named)
    for found in ALERT.finditer(text):
        alert = alert_in(found[0])
        if alert is not None:
            return str(_cause_of_alert(alert))
    if Saying.WRONG_PASSPHRASE in sayings_in(text):
        return str(Cause.WRONG_PASSPHRASE)
    return next((str(cause) for cause, pattern in OF_TEXT.items() if pattern.search(text)), None)


def _cause_of_alert(alert: int) -> Cause:
    if alert == PROTOCOL_VERSION:
        return Cause.TLS_VERSION
    return CLIENT_ALERTS.get(alert, Cause.HANDSHAKE_FAILURE)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None
