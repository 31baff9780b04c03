"""An entry of the tenant's keystore, which aliases there can be, and the refusals of the keystore."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cpi_conformance.certificates import Credential

RESERVED = frozenset({"hcicertificate", "hcicertificate1", "hcimsgcertificate"})
RESERVED_PREFIX = "sap_"

LONGEST_ALIAS = 250

INVALID_ALIAS = "The alias contains an invalid character"
ALIAS_LENGTH = f"The alias must have 1 to {LONGEST_ALIAS} characters"


class KeystoreRefused(Exception):
    """The keystore does not do it; ``status`` is of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class AliasReserved(Exception):
    """The alias belongs to SAP."""


class PathUnknown(Exception):
    """No certificate of the keystore is at the top of this one's path, and its fingerprint is not verified."""

    def __init__(self, entry: KeystoreEntry) -> None:
        super().__init__(entry.alias)
        self.entry = entry


class Owner(Enum):
    """Whose an entry is."""

    TENANT = "Tenant Administrator"
    SAP = "SAP"


@dataclass(frozen=True)
class KeystoreEntry:
    """A key pair, or a certificate alone.

    Attributes:
        credential: of a key pair: certificate, key, and issuers up to the root as far as they are known.
        certificate: of the entry; of a key pair its own.
    """

    alias: str
    certificate: x509.Certificate
    credential: Credential | None
    owner: Owner
    created_by: str
    created: dt.datetime
    modified_by: str
    modified: dt.datetime

    @property
    def hexalias(self) -> str:
        """The key of the entry in URLs: the alias's UTF-8 in upper-case hexadecimal."""
        return self.alias.encode().hex().upper()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """From the entry's own certificate upwards."""
        return (self.certificate, *self.credential.issuers) if self.credential else (self.certificate,)

    @property
    def size(self) -> int:
        """Bytes that the entry takes; a private key counts as 1200."""
        stored = sum(len(each.public_bytes(Encoding.DER)) for each in self.chain)
        return stored + (1200 if self.credential else 0)


def check_alias(alias: str) -> None:
    """``AliasReserved``, or 400 for an alias that no entry can have."""
    check_reserved(alias)
    if not 0 < len(alias) <= LONGEST_ALIAS:
        raise KeystoreRefused(400, ALIAS_LENGTH)
    if not alias.isprintable():
        raise KeystoreRefused(400, INVALID_ALIAS)


def check_reserved(alias: str) -> None:
    """``AliasReserved`` for an alias that is SAP's own."""
    if alias.lower() in RESERVED or alias.lower().startswith(RESERVED_PREFIX):
        raise AliasReserved(alias)
