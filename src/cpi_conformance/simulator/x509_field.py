"""Reading the field ``X.509`` of a service key: one certificate as PEM in one line, and what else is pasted there.

SAP's samples show the PEM without line feeds, and one certificate without its chain (help page
ae419b6). What the broker makes of other forms is not public, so each of them is a setting.
"""

from __future__ import annotations

import base64
import re

from cryptography import x509

LINE_FEEDS = "line_feeds"
"""Real line breaks, as in a file."""

LITERAL_LINE_FEEDS = "literal_line_feeds"
r"""The two characters ``\n``, as a JSON document shows a line break."""

CHAIN = "chain"
"""Several certificates; the first is meant."""

LOST_DASHES = "lost_dashes"
"""Fewer than five dashes around BEGIN or END, as in SAP's own sample."""

WHY_NOT = {
    LINE_FEEDS: "the value of X.509 contains line breaks; it must be one line",
    LITERAL_LINE_FEEDS: r"the value of X.509 contains the characters \n",
    CHAIN: "the value of X.509 contains more than one certificate; enter the certificate without its chain",
    LOST_DASHES: "the value of X.509 does not begin and end with five dashes",
}

BLOCK = re.compile(r"(-{0,5})BEGIN CERTIFICATE(-{0,5})([^-]*?)(-{0,5})END CERTIFICATE(-{0,5})")


class FieldRefused(Exception):
    """The field cannot be read; ``str()`` is the reason in one sentence."""


def read_x509_field(value: object, takes: frozenset[str]) -> x509.Certificate:
    """The certificate in a field ``X.509``; of a chain, the first.

    ``takes`` are the forms that are accepted beyond the one line: ``line_feeds``, ``literal_line_feeds``,
    ``chain``, ``lost_dashes``.

    Raises:
        FieldRefused: another form, a certificate request, a private key, no PEM, or damaged.
    """
    if not isinstance(value, str):
        raise FieldRefused("the value of X.509 is not a text")
    if "PRIVATE KEY" in value:
        raise FieldRefused("the value of X.509 contains a private key; enter the certificate only")
    if "CERTIFICATE REQUEST" in value:
        raise FieldRefused("the value of X.509 is a certificate request, not a certificate")
    line = value.replace("\r", "").replace("\n", "")
    flat = line.replace("\\r", "").replace("\\n", "")
    blocks = BLOCK.findall(flat)
    if not blocks:
        raise FieldRefused("the value of X.509 contains no certificate in PEM format")
    met = {
        LINE_FEEDS: line != value,
        LITERAL_LINE_FEEDS: flat != line,
        CHAIN: len(blocks) > 1,
        LOST_DASHES: any(len(dashes) < 5 for block in blocks for dashes in (*block[:2], *block[3:])),
    }
    for form, is_met in met.items():
        if is_met and form not in takes:
            raise FieldRefused(WHY_NOT[form])
    if BLOCK.sub("", flat):
        raise FieldRefused("the value of X.509 contains something besides the certificate")
    certificates = [_certificate(block[2]) for block in blocks]
    return certificates[0]


def _certificate(body: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode(body, validate=True))
    except (ValueError, x509.InvalidVersion):
        raise FieldRefused("the certificate in X.509 is damaged") from None
