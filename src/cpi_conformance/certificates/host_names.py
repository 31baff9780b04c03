"""Which hosts a server certificate is for (RFC 2818)."""

from __future__ import annotations

import ipaddress

from cryptography import x509
from cryptography.x509.oid import NameOID

from cpi_conformance.certificates.chain import UNREADABLE


def covers(pattern: str, host: str) -> bool:
    """Whether a DNS name of a certificate, possibly with a wildcard as its leftmost label, covers the host."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] and not host.startswith(".")
    return host == pattern


def is_for(certificate: x509.Certificate, host: str) -> bool:
    """Whether a certificate is for a host: by its subject alternative names, and by the CN only without any."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except UNREADABLE:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return any(covers(str(each.value), host) for each in common)
    try:
        return ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return any(covers(name, host) for name in names.get_values_for_type(x509.DNSName))
