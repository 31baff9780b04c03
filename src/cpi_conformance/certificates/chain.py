"""Reading chains: who issued whom, which CA is missing, how a name is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cpi_conformance.certificates.chain_refused import ChainProblem, ChainRefused

UNREADABLE = (
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    ValueError,
    TypeError,
)
"""What the library raises for an extension that is not there, or that it cannot read."""


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


def issuers_above(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The issuers of a certificate among others, from the direct one up to where the way ends."""
    candidates, chain, current = list(others), list[x509.Certificate](), leaf
    while current.subject != current.issuer:
        issuer = next((each for each in candidates if each not in chain and issued_by(current, each)), None)
        if issuer is None:
            break
        chain.append(issuer)
        current = issuer
    return tuple(chain)


def ordered(certificates: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The chain that certificates form, from the leaf to the topmost one, whatever order they come in.

    A signature decides who issued whom; key identifiers only decide which of several signers is tried first,
    so that of a CA renewed under its name (KBA 3446646) the right generation is taken. The other generations
    and cross-certificates of a CA on the way are left out. Where there are several ways up, the shortest one
    to a self-issued certificate is taken. The root may be absent, as a server leaves it out.

    Raises:
        ChainRefused: there is no certificate, or no single leaf, or an issuer between them is missing, or
            two authorities have only each other, or a certificate has nothing to do with the others.
    """
    distinct = tuple(dict.fromkeys(certificates))
    if not distinct:
        raise ChainRefused(ChainProblem.NO_CERTIFICATE, "there is no certificate")
    issuers = {certificate: issuers_among(certificate, distinct) for certificate in distinct}
    way = _way_up(_leaf(issuers), issuers)
    left = set(distinct) - _related(way, issuers)
    if left:
        stranger = dn(next(each for each in distinct if each in left).subject)
        if way[-1].subject != way[-1].issuer:
            missing = f"{dn(way[-1].issuer)} is missing above {common_name(way[-1].subject)}"
            raise ChainRefused(ChainProblem.GAP, missing)
        raise ChainRefused(ChainProblem.UNRELATED, f"{stranger} belongs to another chain")
    return way


def issuers_among(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """The others among ``candidates`` that have signed it, the likeliest first; none for a self-signed one."""
    if certificate.subject == certificate.issuer and issued_by(certificate, certificate):
        return ()
    named = [each for each in candidates if each.subject == certificate.issuer and each != certificate]
    signers = [each for each in named if issued_by(certificate, each)]
    wanted = _key_identifier(certificate, x509.AuthorityKeyIdentifier)
    signers.sort(key=lambda each: each.not_valid_after_utc, reverse=True)
    signers.sort(key=lambda each: _key_identifier(each, x509.SubjectKeyIdentifier) != wanted)
    return tuple(signers)


def _key_identifier(
    certificate: x509.Certificate, kind: type[x509.AuthorityKeyIdentifier] | type[x509.SubjectKeyIdentifier]
) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value.key_identifier
    except UNREADABLE:
        return None


def is_authority(certificate: x509.Certificate) -> bool:
    """True when its basic constraints say that it may issue; one that cannot be read may not."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except UNREADABLE:
        return False


_Issuers = dict[x509.Certificate, tuple[x509.Certificate, ...]]


def _leaf(issuers: _Issuers) -> x509.Certificate:
    signers = {signer for found in issuers.values() for signer in found}
    ends = [certificate for certificate in issuers if certificate not in signers]
    if not ends:
        raise ChainRefused(ChainProblem.LOOP, "each certificate has issued another; there is no leaf")
    leaves = [each for each in ends if not is_authority(each)] or [each for each in ends if issuers[each]] or ends
    if len(leaves) > 1:
        names = " and ".join(common_name(each.subject) for each in leaves[:3])
        raise ChainRefused(ChainProblem.SEVERAL_LEAVES, f"{names} do not issue one another")
    return leaves[0]


def _way_up(leaf: x509.Certificate, issuers: _Issuers) -> tuple[x509.Certificate, ...]:
    below: dict[x509.Certificate, x509.Certificate | None] = {leaf: None}
    waiting = deque([leaf])
    stops: list[x509.Certificate] = []
    while waiting:
        current = waiting.popleft()
        if not issuers[current]:
            stops.append(current)
        for signer in issuers[current]:
            if signer not in below:
                below[signer] = current
                waiting.append(signer)
    if not stops:
        raise ChainRefused(ChainProblem.LOOP, f"above {common_name(leaf.subject)} authorities issued only each other")
    top = next((each for each in stops if each.subject == each.issuer), stops[-1])
    return tuple(_walked(top, below))[::-1]


def _walked(
    top: x509.Certificate, below: dict[x509.Certificate, x509.Certificate | None]
) -> Iterator[x509.Certificate]:
    current: x509.Certificate | None = top
    while current is not None:
        yield current
        current = below[current]


def _related(way: tuple[x509.Certificate, ...], issuers: _Issuers) -> set[x509.Certificate]:
    """What is on the way, its other generations, and what has issued any of these."""
    authorities = {each.subject for each in way[1:]}
    waiting = [*way, *(each for each in issuers if each.subject in authorities)]
    found: set[x509.Certificate] = set()
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(issuers[current])
    return found
