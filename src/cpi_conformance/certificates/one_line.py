"""The form of a certificate that the field ``X.509`` of a service key takes: its PEM without line feeds."""

from __future__ import annotations

from cryptography import x509

from cpi_conformance.certificates.chain import pem


def one_line(certificate: x509.Certificate) -> str:
    """The PEM of a leaf on one line, dashes included (SAP help ae419b6 shows it so)."""
    return "".join(pem([certificate]).splitlines())
