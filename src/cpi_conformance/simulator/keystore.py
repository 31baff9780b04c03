"""The tenant's keystore: key pairs and certificates by their alias.

Rules: SAP's specification *Security Content* and help pages 4ec6192, 2dc8942. For inbound calls it means nothing:
there the load balancer's roots and the service keys decide (help page 4ec6192).
"""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

from cryptography import x509

from cpi_conformance.certificates import Authority, Credential
from cpi_conformance.certificates.chain import issued_by
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.keystore_entry import (
    KeystoreEntry,
    KeystoreRefused,
    Owner,
    PathUnknown,
    check_alias,
    check_reserved,
)

SAP_KEY_PAIR = "sap_cloudintegrationcertificate"
"""Preinstalled, except on trial tenants (help page 4ec6192)."""

SAP_CLIENT_CA = "CN=SAP Cloud Platform Client CA,OU=SAP Cloud Platform Clients,O=SAP SE,C=DE"

KEYSTORE_BYTES = 1024 * 1024
"""By the specification; help page 2dc8942 says 6 MB."""

EXISTS = 'Entry with alias "{alias}" already exists in keystore "system"'
MISSING = 'Entry with alias "{alias}" does not exist in keystore "system"'
NOT_FOUND = "Alias '{alias}' not found in the keystore"
NO_KEY_PAIR = 'Alias "{alias}" does not represent a Key Pair'
NO_CERTIFICATE = 'Alias "{alias}" does not represent a Certificate'
OTHER_KEY = 'The public key of the certificate chain does not match the public key of the key pair with alias "{alias}"'
FULL = "The size of the keystore exceeds the limit of 1 MB"


class Keystore:
    """The keystore *system*; safe to use from several threads.

    Whatever it refuses, it refuses with ``KeystoreRefused``, ``AliasReserved`` or ``PathUnknown``.
    """

    def __init__(self, clock: Clock, preinstalled: Credential | None = None) -> None:
        """``preinstalled`` is SAP's own key pair; ``None`` on a trial tenant."""
        self._clock = clock
        self._entries: dict[str, KeystoreEntry] = {}
        self._lock = threading.RLock()
        if preinstalled is not None:
            entry = self._made(SAP_KEY_PAIR, preinstalled.certificate, preinstalled, Owner.SAP.value)
            self._entries[SAP_KEY_PAIR] = replace(entry, owner=Owner.SAP)

    def entries(self) -> tuple[KeystoreEntry, ...]:
        """All entries, in the order of their aliases."""
        with self._lock:
            return tuple(self._entries[alias] for alias in sorted(self._entries))

    def entry(self, alias: str) -> KeystoreEntry:
        """One entry; 404 when there is none."""
        with self._lock:
            if alias not in self._entries:
                raise KeystoreRefused(404, NOT_FOUND.format(alias=alias))
            return self._entries[alias]

    def key_pair(self, alias: str) -> tuple[KeystoreEntry, Credential]:
        """A key pair; 404 when there is no entry, 400 when it is a certificate."""
        entry = self.entry(alias)
        if entry.credential is None:
            raise KeystoreRefused(400, NO_KEY_PAIR.format(alias=alias))
        return entry, entry.credential

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries())

    def put_key_pair(
        self, alias: str, credential: Credential, user: str, *, update: bool = False, verified: bool = False
    ) -> KeystoreEntry:
        """Add a key pair, or with ``update`` replace one; ``verified`` means the fingerprint of its top."""
        return self._put(alias, credential.certificate, credential, user, update=update, verified=verified)

    def put_certificate(
        self, alias: str, certificate: x509.Certificate, user: str, *, update: bool = False, verified: bool = False
    ) -> KeystoreEntry:
        """Add a certificate, or with ``update`` replace one."""
        return self._put(alias, certificate, None, user, update=update, verified=verified)

    def put_chain(
        self, alias: str, chain: tuple[x509.Certificate, ...], user: str, *, verified: bool = False
    ) -> KeystoreEntry:
        """Give a key pair another chain, its own certificate first; 400 when that has another public key."""
        check_reserved(alias)
        with self._lock:
            _, credential = self.key_pair(alias)
            if chain[0].public_key() != credential.certificate.public_key():
                raise KeystoreRefused(400, OTHER_KEY.format(alias=alias))
            changed = Credential(chain[0], credential.key, chain[1:])
            return self._put(alias, chain[0], changed, user, update=True, verified=verified)

    def rename(self, alias: str, new: str, user: str) -> KeystoreEntry:
        """Give an entry another alias; 404, or 400 when the new one is taken."""
        check_reserved(alias)
        check_alias(new)
        with self._lock:
            entry = self.entry(alias)
            if new in self._entries:
                raise KeystoreRefused(400, EXISTS.format(alias=new))
            renamed = replace(entry, alias=new, modified_by=user, modified=self._clock.now())
            del self._entries[alias]
            self._entries[new] = renamed
            return renamed

    def delete(self, alias: str) -> KeystoreEntry:
        """Remove an entry; 404 when there is none."""
        check_reserved(alias)
        with self._lock:
            entry = self.entry(alias)
            del self._entries[alias]
            return entry

    def _put(
        self,
        alias: str,
        certificate: x509.Certificate,
        credential: Credential | None,
        user: str,
        *,
        update: bool,
        verified: bool,
    ) -> KeystoreEntry:
        check_alias(alias)
        with self._lock:
            before = self._entries.get(alias)
            if (before is None) == update:
                raise KeystoreRefused(400, (MISSING if update else EXISTS).format(alias=alias))
            if before is not None and (before.credential is None) != (credential is None):
                raise KeystoreRefused(400, (NO_CERTIFICATE if before.credential else NO_KEY_PAIR).format(alias=alias))
            entry = self._made(alias, certificate, credential, user)
            if before is not None:
                entry = replace(entry, created_by=before.created_by, created=before.created)
            if not (verified or self._knows(entry.chain[-1])):
                raise PathUnknown(entry)
            if self.size - (before.size if before else 0) + entry.size > KEYSTORE_BYTES:
                raise KeystoreRefused(413, FULL)
            self._entries[alias] = entry
            return entry

    def _knows(self, top: x509.Certificate) -> bool:
        """Whether the path from ``top`` upwards ends at a self-issued certificate of the keystore."""
        stored = [entry.certificate for entry in self._entries.values() if entry.credential is None]
        for _ in range(len(stored) + 1):
            if top.subject == top.issuer:
                return top in stored
            issuer = next((each for each in stored if issued_by(top, each)), None)
            if issuer is None:
                return False
            top = issuer
        return False

    def _made(
        self, alias: str, certificate: x509.Certificate, credential: Credential | None, user: str
    ) -> KeystoreEntry:
        now = self._clock.now()
        return KeystoreEntry(alias, certificate, credential, Owner.TENANT, user, now, user, now)


def sap_key_pair(root: Authority, now: dt.datetime) -> Credential:
    """What SAP preinstalls: a leaf below a CA of SAP's clients; names assumed."""
    authority = root.intermediate(
        "CN=SAP Cloud Platform Client CA,OU=SAP Cloud Platform Clients,O=SAP SE,C=DE", now=now
    )
    subject = f"CN={SAP_KEY_PAIR},OU=Cloud Integration,O=SAP SE,C=DE"
    return authority.leaf(subject, not_before=now - dt.timedelta(days=30), not_after=now + dt.timedelta(days=335))
