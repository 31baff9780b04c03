"""What a service instance and a service key of *Process Integration Runtime* are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from cryptography import x509

from cpi_conformance.certificates import Credential
from cpi_conformance.secret import Secret

DEFAULT_ROLE = "ESBMessaging.send"

CLIENT_CREDENTIALS = "client_credentials"


class Plan(Enum):
    """The two plans: one for senders that call flows, one for clients of the tenant API."""

    INTEGRATION_FLOW = "integration-flow"
    API = "api"


TOKEN_VALIDITY = {Plan.INTEGRATION_FLOW: 3600, Plan.API: 43_200}
"""Seconds that a token of each plan is valid for, unless the instance says otherwise (help page 19af5e2)."""


@dataclass(frozen=True)
class ServiceInstance:
    """An instance of Process Integration Runtime; ``token_validity`` is in seconds."""

    guid: str
    name: str
    plan: Plan
    roles: frozenset[str]
    grant_types: frozenset[str] = frozenset({CLIENT_CREDENTIALS})
    token_validity: int = 3600


@dataclass(frozen=True)
class ServiceKey:
    """A key of an instance; it holds a secret, or a certificate.

    Attributes:
        certificate: an external one (pinned or not), or one that was made for the key.
        generated: of the latter, the private key and the issuers up to the root.
    """

    guid: str
    name: str
    instance: ServiceInstance
    clientid: str
    created: dt.datetime
    secret: Secret | None = None
    certificate: x509.Certificate | None = None
    pinned: bool = True
    generated: Credential | None = None

    @property
    def application(self) -> str:
        """The XSUAA application (``xsappname``) that the key's tokens are for: ``it-rt-…!b<n>`` or ``it!b<n>``."""
        return self.clientid.partition("|")[2]
