"""The CA that signs the certificates of service keys of type *Certificate*.

``SAP PKI Certificate Service Client CA`` stands below the same root as SAP Passports, so that the load
balancer trusts what it issues. Names are those of SAP's sample of ``certificatedetails`` (help page
6e5db60).
"""

from __future__ import annotations

import datetime as dt
import uuid

from cpi_conformance.certificates import Authority, Credential
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.simulator.clock import Clock

CLIENT_CA = "CN=SAP PKI Certificate Service Client CA,OU=SAP BTP Clients,O=SAP SE,L=cf-us10,C=DE"
SUBJECT = "CN={name},L=sap-uaa,OU={subaccount},OU=SAP Cloud Platform Clients,O=SAP SE,C=DE"


class CertificateService:
    """Makes key pairs and their certificates."""

    def __init__(self, root: Authority, subaccount: str, clock: Clock) -> None:
        """``subaccount`` is its GUID; it stands in each subject."""
        self._issuer = root.intermediate(CLIENT_CA, now=clock.now())
        self._subaccount = subaccount
        self._clock = clock

    def issue(self, *, days: int, key_length: int) -> Credential:
        """A new RSA key (50 ms) and its client certificate, valid from now."""
        now = self._clock.now()
        return self._issuer.leaf(
            SUBJECT.format(name=uuid.uuid4(), subaccount=self._subaccount),
            not_before=now,
            not_after=now + dt.timedelta(days=days),
            key=new_key(key_length),
        )
