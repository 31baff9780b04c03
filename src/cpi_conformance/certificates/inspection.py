"""Looking at a file: what it is, what it holds, who will take it, and what is to be done."""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass

from cryptography import x509

from cpi_conformance.certificates.certificate_facts import Placed, facts_of, key_name, tree_of
from cpi_conformance.certificates.chain import dn, issuers_among, ordered
from cpi_conformance.certificates.chain_refused import ChainRefused
from cpi_conformance.certificates.consumers import Opinion, opinions
from cpi_conformance.certificates.contents import Contents, contents_of
from cpi_conformance.certificates.findings import IDENTITIES, Subject, findings
from cpi_conformance.certificates.kinds import Form, Kind, Recognised, recognise
from cpi_conformance.certificates.pfx_protection import Protection
from cpi_conformance.secret import Secret


@dataclass(frozen=True)
class Inspection:
    """What was found out about a file; nothing in it is secret."""

    kind: Kind
    form: Form
    tree: tuple[Placed, ...]
    """Every certificate, below its issuer when that is there too."""
    protection: Protection | None
    """Of a PFX and a PSE: how it is encrypted."""
    holds_key: bool
    key: str | None
    """The private key's kind and size, when it could be read."""
    key_matches: bool | None
    """Whether key and certificate belong together; ``None`` when one of them is not there."""
    chain_complete: bool | None
    """Whether the chain leads to a self-issued root; ``None`` where no chain is needed."""
    requested: str | None
    """The subject of a signing request."""
    owner: str | None
    """Of a PSE: the subject of its own certificate, if it has one."""
    listed: int | None
    """Of a PSE: how many certificates its certificate list holds."""
    locked: bool
    """True when only the right passphrase is missing."""
    unreadable: str | None
    """Why it does not open; ``None`` when it does."""
    to_do: tuple[str, ...]
    opinions: tuple[Opinion, ...]


def inspect(content: bytes, passphrase: Secret | None = None, *, now: dt.datetime | None = None) -> Inspection:
    """Inspect the content of a file; whatever it holds, this returns.

    ``passphrase`` opens a PFX, a PSE (its PIN) or an encrypted key and is not looked at otherwise. ``now`` (with a
    time zone) is the moment for which days are counted, this one by default.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BER, odd serial numbers and weak algorithms are what is looked for
        file = recognise(content)
        return _told(file, contents_of(content, file, passphrase), now or dt.datetime.now(dt.UTC))


def _told(file: Recognised, contents: Contents, now: dt.datetime) -> Inspection:
    subject = _subject(file, contents, now)
    readable = contents.unreadable is None
    needs_chain = contents.leaf is not None and (file.kind in {*IDENTITIES, Kind.P7B} or _is_issued(file, contents))
    return Inspection(
        kind=file.kind,
        form=file.form,
        tree=subject.tree,
        protection=contents.protection,
        holds_key=contents.holds_key,
        key=None if contents.key is None else key_name(contents.key),
        key_matches=contents.matches,
        chain_complete=subject.missing is None and subject.disorder is None if needs_chain else None,
        requested=contents.requested,
        owner=dn(contents.leaf.subject) if contents.listed is not None and contents.leaf is not None else None,
        listed=None if contents.listed is None else len(contents.listed),
        locked=contents.locked,
        unreadable=contents.unreadable,
        to_do=findings(subject) if readable else (),
        opinions=opinions(subject) if readable else (),
    )


def _subject(file: Recognised, contents: Contents, now: dt.datetime) -> Subject:
    leaf, missing, disorder = contents.leaf, None, None
    if leaf is not None and (file.kind in IDENTITIES or _is_issued(file, contents)):
        missing = _missing(leaf, contents.certificates if contents.issuers is None else contents.issuers)
    elif file.kind is Kind.P7B and contents.certificates:
        try:
            chain = ordered(contents.certificates)
            leaf, missing = chain[0], _missing(chain[0], chain)
        except ChainRefused as refusal:
            disorder = refusal.detail
    return Subject(
        kind=file.kind,
        form=file.form,
        contents=contents,
        tree=tree_of(contents.certificates, now),
        leaf=None if leaf is None else facts_of(leaf, now),
        missing=missing,
        disorder=disorder,
    )


def _is_issued(file: Recognised, contents: Contents) -> bool:
    """True of a PSE whose own certificate a CA has issued; a self-signed one is what every new PSE has."""
    leaf = contents.leaf
    return file.kind is Kind.PSE and leaf is not None and leaf.subject != leaf.issuer


def _missing(leaf: x509.Certificate, certificates: tuple[x509.Certificate, ...]) -> str | None:
    """The first issuer on the way up that is not there; ``None`` when the way ends at a self-issued one."""
    current, seen = leaf, {leaf}
    while current.subject != current.issuer:
        above = [each for each in issuers_among(current, certificates) if each not in seen]
        if not above:
            return dn(current.issuer)
        current = above[0]
        seen.add(current)
    return None
