"""What has to be done about a file, whoever is going to use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cpi_conformance.certificates.certificate_facts import CertificateFacts, Placed
from cpi_conformance.certificates.contents import Contents
from cpi_conformance.certificates.kinds import Form, Kind

SOON = 30
"""Days within which a certificate should be renewed: a Passport needs a new service key then as well."""

WEAK_HASHES = frozenset({"md5", "sha1"})
IDENTITIES = frozenset({Kind.PFX, Kind.CREDENTIAL})
"""Files that a sender identifies itself with."""


@dataclass(frozen=True)
class Subject:
    """A file and what it holds, as rules look at it."""

    kind: Kind
    form: Form
    contents: Contents
    tree: tuple[Placed, ...]
    leaf: CertificateFacts | None
    missing: str | None
    """The issuer that is not in the file, above the leaf; ``None`` when its chain is complete."""
    disorder: str | None
    """Why the certificates of a p7b are no chain."""


def findings(subject: Subject) -> tuple[str, ...]:
    """What to do, the weightiest first; empty when nothing is."""
    found = [
        *_of_dates(subject),
        *_of_key(subject),
        *_of_chain(subject),
        *_of_purpose(subject),
        *_of_protection(subject),
    ]
    return tuple(dict.fromkeys((*found, *_of_form(subject))))


def _of_dates(subject: Subject) -> Iterator[str]:
    for each in subject.tree:
        facts = each.facts
        if facts.days_left < 0:
            yield f"{facts.subject} has expired on {facts.not_after:%Y-%m-%d}: get a new one"
        elif facts.days_to_wait:
            yield f"{facts.subject} is not valid before {facts.not_before:%Y-%m-%d}: wait, or check the clock"
        elif facts.days_left < SOON:
            yield f"{facts.subject} expires in {facts.days_left} days: get a new one, and a new service key with it"


def _of_key(subject: Subject) -> Iterator[str]:
    contents = subject.contents
    if subject.kind is Kind.PFX and not contents.holds_key:
        yield "it holds no private key: export it again, with the private key"
    elif subject.kind is Kind.PFX and not contents.certificates:
        yield "it holds a private key and no certificate: export both"
    elif contents.matches is False:
        yield "the private key belongs to none of its certificates: put key and certificate of one pair together"
    elif subject.kind in IDENTITIES and contents.holds_key and contents.leaf is None:
        yield "it holds no certificate of an end user, only those of authorities"


def _of_chain(subject: Subject) -> Iterator[str]:
    leaf = subject.leaf
    if subject.disorder:
        yield f"its certificates are no chain: {subject.disorder}"
    elif subject.kind in IDENTITIES and leaf and leaf.self_signed:
        yield "the certificate is self-signed: take one that a CA has issued which the load balancer accepts"
    elif subject.missing:
        yield f"the chain is incomplete: add {subject.missing}, for the load balancer knows roots only"


def _of_purpose(subject: Subject) -> Iterator[str]:
    leaf = subject.leaf
    if leaf is None or not (subject.kind in IDENTITIES or subject.contents.holds_key):
        return
    purposes = leaf.extended_key_usage
    if purposes is not None and not {"clientAuth", "any"} & {*purposes}:
        yield f"the certificate is for {', '.join(purposes)}, not for clientAuth: get one for client authentication"
    if leaf.key_usage is not None and "digitalSignature" not in leaf.key_usage:
        yield "its key usage lacks digitalSignature, so it cannot prove itself in a handshake: get another one"


def _of_protection(subject: Subject) -> Iterator[str]:
    protection = subject.contents.protection
    if protection and protection.legacy:
        yield (
            f"it is encrypted with {protection.encryption}, which Postman, newman, curl and OpenSSL 3 do not read: "
            "openssl pkcs12 -legacy -in FILE -out all.pem, then openssl pkcs12 -export -in all.pem -out new.pfx"
        )
    elif protection and not protection.ciphers and subject.kind is Kind.PFX:
        yield "the private key lies in it without encryption: export it again with a passphrase"
    open_pse = subject.kind is Kind.PSE and subject.contents.holds_key and protection and not protection.ciphers
    if subject.kind is Kind.PRIVATE_KEY or open_pse:
        yield "the private key lies in it without encryption: keep it to yourself, or encrypt it"
    if subject.leaf and subject.leaf.signature in WEAK_HASHES and not subject.leaf.self_signed:
        yield f"the certificate is signed with {subject.leaf.signature}, which is refused nearly everywhere"
    if subject.leaf and subject.leaf.key in {"RSA 512", "RSA 768", "RSA 1024"}:
        yield f"its key is only {subject.leaf.key}: get one of 2048 bits or more"


def _of_form(subject: Subject) -> Iterator[str]:
    if subject.form is Form.ESCAPED:
        yield r"replace each literal \n by a line feed: no program reads it like this"
    elif subject.form is Form.BARE and subject.kind is Kind.PFX:
        yield "it is base64 of a PFX: base64 -d FILE > new.pfx makes one of it"
    elif subject.form is Form.BARE and subject.kind is Kind.PSE:
        yield "it is base64 of a PSE: base64 -d FILE > new.pse makes one of it"
    elif subject.form is Form.BARE:
        yield "add the markers BEGIN and END: hardly any program reads it like this"
    if subject.kind is Kind.SIGNING_REQUEST:
        yield "a signing request is no certificate: hand it to a CA, and import the certificate that comes back"
