"""The service broker of *Process Integration Runtime* (offering ``it-rt``), as the Cloud Controller asks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cpi_conformance.simulator.certificate_service import CertificateService
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.instance_order import GRANT_TYPES, WHITEPAPER_GRANT_TYPES, read_instance_order
from cpi_conformance.simulator.key_credentials import TenantUrls, credentials
from cpi_conformance.simulator.key_order import (
    ExternalOrder,
    GeneratedOrder,
    KeyOrder,
    read_key,
    read_whitepaper_key,
)
from cpi_conformance.simulator.parameters import ParametersRefused
from cpi_conformance.simulator.service_key import Plan, ServiceInstance, ServiceKey
from cpi_conformance.simulator.service_keys import CertificateTaken, ServiceKeys
from cpi_conformance.simulator.x509_field import LINE_FEEDS, FieldRefused

OFFERING = "it-rt"

TAKEN = "the certificate is already used in another service key; a certificate can only be used once"


class CertificateReuse(Enum):
    """Where a certificate that another key holds already is refused; SAP's help says only that it is not allowed."""

    REFUSED_AT_CREATION = "refused at creation"
    AMBIGUOUS_AT_RUN_TIME = "ambiguous at run time"


@dataclass(frozen=True)
class KeyRules:
    """What differs between generations of the broker.

    Attributes:
        client_x509: the whitepaper's generation: keys of instances with the grant type ``client_x509`` can
            be made, and there are no key types.
        x509_field_takes: the forms of the field ``X.509`` beyond the one line, see ``x509_field``.
        certificate_reuse: what a certificate that another key holds leads to.
    """

    client_x509: bool = False
    x509_field_takes: frozenset[str] = frozenset({LINE_FEEDS})
    certificate_reuse: CertificateReuse = CertificateReuse.AMBIGUOUS_AT_RUN_TIME


class ItRt:
    """Makes and takes back instances and keys; safe to use from several threads."""

    def __init__(
        self,
        keys: ServiceKeys,
        certificates: CertificateService,
        rules: KeyRules,
        urls: TenantUrls,
        *,
        custom_roles: Iterable[str] = (),
    ) -> None:
        """``urls`` can be set again; ``custom_roles`` are the tenant's user roles beside ``ESBMessaging.send``."""
        self.offering = OFFERING
        self.plans = tuple(plan.value for plan in Plan)
        self.urls = urls
        self._keys = keys
        self._certificates = certificates
        self._rules = rules
        self._custom_roles = frozenset(custom_roles)

    def provision(self, guid: str, name: str, plan: str, parameters: Mapping[str, Any]) -> None:
        """Make an instance; :class:`BrokerRefused` for parameters that are not taken."""
        if plan not in self.plans:
            raise BrokerRefused("service plan not found or not accessible")
        grant_types = WHITEPAPER_GRANT_TYPES if self._rules.client_x509 else GRANT_TYPES
        try:
            order = read_instance_order(
                Plan(plan), parameters, grant_types=grant_types, custom_roles=self._custom_roles
            )
        except ParametersRefused as refusal:
            raise BrokerRefused(str(refusal)) from None
        self._keys.create_instance(
            name,
            Plan(plan),
            order.roles,
            guid=guid,
            grant_types=order.grant_types,
            token_validity=order.token_validity,
        )

    def bind(self, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key and return its credentials; of type *Certificate* it takes 50 ms, for the RSA key.

        Raises:
            BrokerRefused: for parameters that are not taken, and for an instance that is not there.
        """
        instance = self._instance(instance_guid)
        read = read_whitepaper_key if self._rules.client_x509 else read_key
        try:
            order = read(instance, parameters, self._rules.x509_field_takes)
        except (ParametersRefused, FieldRefused) as refusal:
            raise BrokerRefused(str(refusal)) from None
        try:
            key = self._made(order, instance, name, guid)
        except CertificateTaken:
            raise BrokerRefused(TAKEN) from None
        return self.credentials(key)

    def credentials(self, key: ServiceKey) -> dict[str, Any]:
        """The credentials of a key as JSON holds them."""
        return credentials(key, self.urls)

    def unbind(self, guid: str) -> None:
        """Take a key back; one that has gone already is no fault (Open Service Broker API: 410 counts as success)."""
        try:
            self._keys.delete_key(guid)
        except KeyError:
            return

    def deprovision(self, instance_guid: str) -> None:
        """Take an instance back, with keys that it still has; one that has gone already is no fault."""
        try:
            self._keys.delete_instance(instance_guid)
        except KeyError:
            return

    def _instance(self, guid: str) -> ServiceInstance:
        for instance in self._keys.instances():
            if instance.guid == guid:
                return instance
        raise BrokerRefused("the service instance does not exist")

    def _made(self, order: KeyOrder, instance: ServiceInstance, name: str, guid: str) -> ServiceKey:
        match order:
            case ExternalOrder(certificate, pinned):
                only_once = self._rules.certificate_reuse is CertificateReuse.REFUSED_AT_CREATION
                return self._keys.create_key(
                    instance, name, guid=guid, certificate=certificate, pinned=pinned, only_once=only_once
                )
            case GeneratedOrder(days, key_length):
                generated = self._certificates.issue(days=days, key_length=key_length)
                return self._keys.create_key(instance, name, guid=guid, generated=generated)
            case _:
                return self._keys.create_key(instance, name, guid=guid)
