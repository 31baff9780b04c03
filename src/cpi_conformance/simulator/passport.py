"""The CA that issues SAP Passports for S-users.

Chain and shape after the public record: leaf below ``SAP Passport CA G2`` below ``SAP Cloud Root CA``.
The CA was renewed under the same name (KBA 3446646), so there are two generations of it. The subject
of today's S-user leaf is UNCONFIRMED and therefore a setting, as is its extended key usage: the only
leaf that SAP has published states none.
"""

from __future__ import annotations

import datetime as dt

from cpi_conformance.certificates import Authority, Credential, Usage
from cpi_conformance.certificates.authority import new_key

ROOT = "CN=SAP Cloud Root CA,O=SAP SE,L=Walldorf,C=DE"
PASSPORT_CA = "CN=SAP Passport CA G2,O=SAP Trust Community,C=DE"
SUBJECT = "CN={user},OU=SAP Service Marketplace,O=SAP Trust Community II,C=DE"

VALIDITY = dt.timedelta(days=365)
"""A Passport is valid for one year (SAP support page)."""


class PassportAuthority:
    """``SAP Cloud Root CA`` with both generations of ``SAP Passport CA G2`` below it."""

    def __init__(self, now: dt.datetime, subject: str = SUBJECT) -> None:
        self._now = now
        self._subject = subject
        self.root = Authority.root(ROOT, now=now)
        self.first_generation = self.root.intermediate(PASSPORT_CA, now=now)
        self.second_generation = self.root.intermediate(PASSPORT_CA, now=now, starts=-dt.timedelta(days=30))

    def issue(
        self,
        user: str,
        *,
        usage: Usage = Usage.CLIENT,
        starts: dt.timedelta = -dt.timedelta(days=1),
        lasts: dt.timedelta = VALIDITY,
        rsa_bits: int | None = None,
    ) -> Credential:
        """A Passport for ``user`` (``S00…``) that begins ``starts`` from now and lasts ``lasts``."""
        begin = self._now + starts
        return self.second_generation.leaf(
            self._subject.format(user=user),
            not_before=begin,
            not_after=begin + lasts,
            usage=usage,
            key=new_key(rsa_bits) if rsa_bits else None,
        )
