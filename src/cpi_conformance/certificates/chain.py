"""Reading chains: who issued whom, which CA is missing, how a name is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


def dn(name: x509.Name) -> str:
    """A distinguished name as STRUST and the Cloud Integration keystore show it: ``CN=…, O=…, C=DE``."""
    return ", ".join(part.rfc4514_string() for part in reversed(name.rdns))


def common_name(name: x509.Name) -> str:
    """What people call a certificate by; the whole name when there is no CN."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else dn(name)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 in lower-case hexadecimal without colons."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem(certificates: Iterable[x509.Certificate]) -> str:
    """A PEM bundle in the order given."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)


def read_pem_bundle(content: bytes) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM bundle; ``ValueError`` when there is none or one is damaged."""
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except x509.InvalidVersion as error:  # the one kind that is no ValueError
        raise ValueError(str(error)) from error


def issued_by(certificate: x509.Certificate, candidate: x509.Certificate) -> bool:
    """True when ``candidate`` has signed ``certificate`` (names compared and signature verified)."""
    try:
        certificate.verify_directly_issued_by(candidate)
    except Exception:  # the library raises ValueError, TypeError and InvalidSignature for the one answer "no"
        return False
    return True


def missing_issuer(served: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate]) -> str | None:
    """The name of the CA that a trust list lacks for a served chain; ``None`` when a root in it anchors the chain.

    ``served`` is what the far side sent, leaf first. The walk goes up from the leaf through served and
    trusted certificates; where it can go no further, the issuer's name is the CA to import. A trusted
    certificate anchors only when it is self-issued: an intermediate alone does not (the rule that
    OpenSSL applies without ``X509_V_FLAG_PARTIAL_CHAIN``, and CommonCryptoLib by default).
    """
    if not served:
        return None
    current = served[0]
    for _ in range(len(served) + len(trusted) + 1):
        if current.subject == current.issuer:
            return None if current in trusted else dn(current.subject)
        issuer = next((c for c in (*trusted, *served[1:]) if issued_by(current, c)), None)
        if issuer is None:
            return dn(current.issuer)
        current = issuer
    return dn(current.issuer)
