"""Whether a tenant is a trial: what its host name says, and what its keystore says.

A trial tenant's runtime is called ``<hex8>trial.it-cpitrial<nn>-rt.cfapps.…``, and SAP's own key pair is not in its
keystore (SAP help 4ec6192). A host name of another form says nothing: custom domains are chosen freely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

SAP_KEY_PAIR = "sap_cloudintegrationcertificate"
"""The alias of the key pair that SAP keeps in the keystore of a standard tenant."""

Edition = Literal["standard", "trial"]

_TRIAL = re.compile(r"(^[0-9a-f]{8}trial\.)|(\.it-cpitrial\d{2}-rt\.)")
_SAP = re.compile(r"\.it-[a-z0-9-]+-rt\.cfapps\.[a-z0-9.-]+$")


def edition_by_host(host: str) -> Edition | None:
    """The edition that a host name of the runtime tells, or ``None``."""
    name = host.lower()
    if _TRIAL.search(name):
        return "trial"
    return "standard" if _SAP.search(name) else None


@dataclass(frozen=True)
class EditionSeen:
    """What the two signs say; ``by_host`` is ``None`` for a host name that says nothing."""

    by_host: Edition | None
    by_keystore: Edition

    def wrong(self, declared: Edition) -> str | None:
        """Why a landscape is not of the edition that its file declares, or ``None`` when nothing speaks against it."""
        found = f"the keystore {'lacks' if self.by_keystore == 'trial' else 'holds'} {SAP_KEY_PAIR}"
        if self.by_host is not None and self.by_host != self.by_keystore:
            return f"the two signs disagree: the host name is that of a {self.by_host} tenant, but {found}"
        return None if self.by_keystore == declared else f"the file says {declared}, but {found}"

    def __str__(self) -> str:
        return f"by the host name: {self.by_host or 'says nothing'}; by the keystore: {self.by_keystore}"


def edition_seen(host: str, *, has_sap_key_pair: bool) -> EditionSeen:
    """Both signs of a landscape."""
    return EditionSeen(edition_by_host(host), "standard" if has_sap_key_pair else "trial")
