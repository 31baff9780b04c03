"""What is asked of the control plane, as values: an instance, a service key, a token; and their deviations.

An order says what is wanted and nothing about how it is got. A deviation differs from an order that must
be granted in exactly one attribute, as a :class:`~cpi_conformance.sender.Deviation` does from its twin.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from cpi_conformance.certificates import Credential, fingerprint
from cpi_conformance.control.credentials import KeyCredentials
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.secret import Secret

DEFAULT_ROLE = "ESBMessaging.send"

EXPERT_ROLES = (
    "MonitoringArtifactsDeploy",
    "MonitoringDataRead",
    "SecurityMaterialEdit",
    "WorkspaceArtifactsDeploy",
    "WorkspacePackagesEdit",
    "WorkspacePackagesRead",
)
"""Of a service key of the plan *api* by which flows are deployed and the keystore is changed (SAP help 556d557)."""


class KeyType(StrEnum):
    """The types of a service key in the cockpit's words, and the one of the whitepaper's time."""

    SECRET = "ClientId/Secret"
    CERTIFICATE = "Certificate"
    EXTERNAL_CERTIFICATE = "External Certificate"
    CLIENT_X509 = "client_x509"


class Order:
    """Something that the control plane may grant or deny."""

    def fingerprint(self) -> str:
        """A text that tells orders apart, and is the same for the same order in every process; holds no secret."""
        raise NotImplementedError

    def told(self) -> str:
        """What is asked, in several lines for a report; holds no secret."""
        return str(self)

    def but(self, **change: object) -> OrderDeviation:
        """This order with exactly one attribute changed; ``TypeError`` for more, fewer, or an unknown one."""
        if len(change) != 1:
            raise TypeError(f"a deviation differs from its twin in one attribute, not in {len(change)}")
        if not set(change) <= {each.name for each in fields(self)}:  # type: ignore[arg-type]  # all are dataclasses
            raise TypeError(f"{type(self).__name__} has no attribute {next(iter(change))!r} to deviate in")
        return OrderDeviation(self, replace(self, **change))  # type: ignore[type-var]  # likewise


@dataclass(frozen=True)
class InstanceOrder(Order):
    """An instance of Process Integration Runtime.

    Attributes:
        token_validity: seconds; ``None`` leaves it to the broker.
        name: ``None`` for a name of the run's own.
    """

    plan: str = "integration-flow"
    grant_types: tuple[str, ...] = ("client_credentials",)
    roles: tuple[str, ...] = (DEFAULT_ROLE,)
    token_validity: int | None = None
    name: str | None = None

    def parameters(self) -> dict[str, Any]:
        """As the cockpit sends them (SAP help 19af5e2)."""
        validity = {} if self.token_validity is None else {"token-validity": self.token_validity}
        return {"grant-types": list(self.grant_types), "redirect-uris": [], "roles": list(self.roles), **validity}

    def fingerprint(self) -> str:
        """Plan, parameters and name."""
        return f"instance {self.plan} {json.dumps(self.parameters(), sort_keys=True)} {self.name}"

    def __str__(self) -> str:
        return f"an instance of the plan {self.plan} with {json.dumps(self.parameters())}"


@dataclass(frozen=True)
class KeyOrder(Order):
    """A service key of an instance.

    Attributes:
        x509: the content of the field ``X.509``; for the two types that have it.
        validity, key_length: days and bits; for the type *Certificate*.
        extra: parameters besides those that the type has.
        name: ``None`` for a name of the run's own.
    """

    instance: ServiceInstance
    key_type: KeyType = KeyType.SECRET
    x509: str | None = field(default=None, repr=False)
    validity: int = 365
    key_length: int = 2048
    extra: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None

    def parameters(self) -> dict[str, Any]:
        """As the cockpit sends them (SAP help ae419b6); nothing for the default type."""
        return {**self._of_type(), **self.extra}

    def _of_type(self) -> dict[str, Any]:
        match self.key_type:
            case KeyType.SECRET:
                return {}
            case KeyType.CERTIFICATE:
                return {"key-type": "certificate", "validity": self.validity, "key-length": self.key_length}
            case KeyType.EXTERNAL_CERTIFICATE:
                return {"key-type": "certificate_external", "X.509": self.x509}
            case KeyType.CLIENT_X509:
                return {"X.509": self.x509}

    def fingerprint(self) -> str:
        """Instance, parameters and name; hash it before it is shown: the field ``X.509`` may hold anything."""
        return f"key {self.instance.guid} {json.dumps(self.parameters(), sort_keys=True)} {self.name}"

    def told(self) -> str:
        """Name and parameters; of the field ``X.509``, where anything may stand, how it begins and how long it is."""
        shown = self.parameters()
        if isinstance(self.x509, str):
            label = self.x509.partition("-----BEGIN ")[2].partition("-----")[0] or "no PEM"
            lines = self.x509.count("\n") + 1
            shown["X.509"] = f"{label}, {len(self.x509)} characters, lines: {lines}"
        return f"{self}\nname: {self.name or 'of the run'}\nparameters: {json.dumps(shown, ensure_ascii=False)}"

    def __str__(self) -> str:
        return f"a service key of type {self.key_type} for {self.instance.name}"


@dataclass(frozen=True)
class Deletion(Order):
    """The end of an instance with its keys, or of a service key."""

    resource: ServiceInstance | ServiceKey

    def fingerprint(self) -> str:
        """The guid."""
        return f"deletion {self.resource.guid}"

    def __str__(self) -> str:
        kind = "service key" if isinstance(self.resource, ServiceKey) else "instance"
        return f"the deletion of the {kind} {self.resource.name}"


@dataclass(frozen=True)
class TokenOrder(Order):
    """An access token for a service key: by its secret, or by a client certificate.

    Attributes:
        secret: sent with the clientid in Basic authentication.
        presented: key and chain for the handshake.
    """

    credentials: KeyCredentials
    secret: Secret | None = None
    presented: Credential | None = field(default=None, repr=False)

    def fingerprint(self) -> str:
        """The clientid, how it is proven, and whose certificate that is."""
        leaf = fingerprint(self.presented.certificate) if self.presented else None
        own = self.secret is not None and self.secret == self.credentials.clientsecret
        return f"token {self.credentials.clientid} {'own secret' if own else self.secret} {leaf}"

    def __str__(self) -> str:
        way = "a client certificate" if self.presented else "a client secret" if self.secret else "nothing"
        return f"a token for {self.credentials.clientid} with {way}"


@dataclass(frozen=True)
class OrderDeviation:
    """An order that must be denied, and its twin that must be granted; they differ in one attribute."""

    twin: Order
    order: Order
