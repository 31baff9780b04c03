"""What is asked of a tenant's keystore, as a value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from cpi_conformance.certificates import PfxFile
from cpi_conformance.control.orders import Order


class Permission(StrEnum):
    """With which service key of the plan *api* a tenant is asked, in the words of the whitepaper's first error."""

    BUSINESS_EXPERT = "business expert"
    READER = "reader"


@dataclass(frozen=True)
class KeyPairOrder(Order):
    """The key pair of a PFX in the tenant's keystore."""

    alias: str
    pfx: PfxFile
    permission: Permission = Permission.BUSINESS_EXPERT

    def fingerprint(self) -> str:
        """Alias, permission and file; of the passphrase only what the file itself tells."""
        content = hashlib.sha256(self.pfx.content).hexdigest()
        return f"key pair {self.alias} {self.permission} {content}"

    def __str__(self) -> str:
        return f"the key pair {self.alias} in the keystore, asked for as {self.permission}"
