"""Service instances and service keys of *Process Integration Runtime*, and who they authenticate.

This is the one store behind the broker (which creates and deletes) and the runtime (which asks). The
rules are those of SAP's help page "Creating Service Instance and Service Key for Inbound
Authentication" (19af5e2): a pinned certificate must be the stored one byte for byte; an unpinned one
is compared by subject and issuer, a renewed one must have been issued later, and after its first use
the older is refused; ambiguity is refused at run time (KBA 3364579).
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography import x509

from cpi_conformance.certificates import Credential, dn
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.service_key import (
    CLIENT_CREDENTIALS,
    DEFAULT_ROLE,
    TOKEN_VALIDITY,
    Plan,
    ServiceInstance,
    ServiceKey,
)

API_APPLICATION = "it!b26655"
"""The XSUAA application of the tenant API: it prefixes scopes and is an audience."""


class CertificateTaken(Exception):
    """Another service key holds the same certificate already."""


@dataclass(frozen=True)
class Authenticated:
    """The key that the caller has proven to hold."""

    key: ServiceKey


@dataclass(frozen=True)
class Unauthenticated:
    """Nobody; ``why`` goes into the landscape's own record and is never told to the caller."""

    why: str


Authentication = Authenticated | Unauthenticated


@dataclass
class ServiceKeys:
    """The store; safe to use from several threads."""

    subdomain: str
    clock: Clock
    _instances: dict[str, ServiceInstance] = field(default_factory=dict)
    _keys: dict[str, ServiceKey] = field(default_factory=dict)
    _newest_used: dict[str, dt.datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def create_instance(
        self,
        name: str,
        plan: Plan = Plan.INTEGRATION_FLOW,
        roles: Iterable[str] = (DEFAULT_ROLE,),
        *,
        guid: str | None = None,
        grant_types: Iterable[str] = (CLIENT_CREDENTIALS,),
        token_validity: int | None = None,
    ) -> ServiceInstance:
        """An instance with those roles; names are not checked here, Cloud Foundry does that."""
        validity = TOKEN_VALIDITY[plan] if token_validity is None else token_validity
        instance = ServiceInstance(
            guid or str(uuid.uuid4()), name, plan, frozenset(roles), frozenset(grant_types), validity
        )
        with self._lock:
            self._instances[instance.guid] = instance
        return instance

    def delete_instance(self, guid: str) -> None:
        """Forget an instance and its keys. ``KeyError`` when there is none."""
        with self._lock:
            del self._instances[guid]
            for key in [key for key in self._keys.values() if key.instance.guid == guid]:
                self._forget(key.guid)

    def create_key(
        self,
        instance: ServiceInstance,
        name: str,
        *,
        guid: str | None = None,
        certificate: x509.Certificate | None = None,
        pinned: bool = True,
        generated: Credential | None = None,
        only_once: bool = False,
    ) -> ServiceKey:
        """A key: *ClientId/Secret*, or *External Certificate* when one is given, or *Certificate* when one was made.

        Raises:
            CertificateTaken: with ``only_once``, when another key of any instance holds the certificate.
        """
        held = generated.certificate if generated else certificate
        key = ServiceKey(
            guid=guid or str(uuid.uuid4()),
            name=name,
            instance=instance,
            clientid=self.new_clientid(instance),
            created=self.clock.now(),
            secret=None if held else _new_secret(),
            certificate=held,
            pinned=pinned,
            generated=generated,
        )
        with self._lock:
            if only_once and held and any(each.certificate == held for each in self._keys.values()):
                raise CertificateTaken(name)
            self._keys[key.guid] = key
        return key

    def delete_key(self, guid: str) -> None:
        """Forget a key; from now on it authenticates nobody. ``KeyError`` when there is none."""
        with self._lock:
            self._forget(guid)

    def _forget(self, guid: str) -> None:
        del self._keys[guid]
        self._newest_used.pop(guid, None)

    def instances(self) -> tuple[ServiceInstance, ...]:
        """All instances that exist now."""
        with self._lock:
            return tuple(self._instances.values())

    def keys(self) -> tuple[ServiceKey, ...]:
        """All keys that exist now."""
        with self._lock:
            return tuple(self._keys.values())

    def keys_of(self, instance: ServiceInstance) -> tuple[ServiceKey, ...]:
        """The keys of one instance."""
        return tuple(key for key in self.keys() if key.instance.guid == instance.guid)

    def authenticate_secret(self, clientid: str, secret: Secret) -> Authentication:
        """A sender with Basic authentication: clientid and secret of one key of plan *integration-flow*."""
        return _as_sender(self.holder_of_secret(clientid, secret))

    def authenticate_certificate(self, certificate: x509.Certificate) -> Authentication:
        """A sender with a client certificate, stored in one key of plan *integration-flow*."""
        return _as_sender(self.holder_of_certificate(certificate))

    def holder_of_secret(self, clientid: str, secret: Secret) -> Authentication:
        """The key of a clientid and its secret, whatever its plan."""
        key = next((key for key in self.keys() if key.clientid == clientid and key.secret), None)
        if key is None:
            return Unauthenticated("no service key has this clientid")
        if key.secret != secret:
            return Unauthenticated("the clientsecret is not that of the key")
        return Authenticated(key)

    def holder_of_certificate(self, certificate: x509.Certificate) -> Authentication:
        """The one key that stores a client certificate, or (unpinned) its subject and issuer, whatever its plan."""
        stored = [key for key in self.keys() if key.certificate is not None]
        same_names = [key for key in stored if _same_names(key.certificate, certificate)]
        unpinned = [key for key in same_names if not key.pinned]
        if unpinned:
            if len(same_names) > 1:
                return _clones(certificate)
            return self._newest(unpinned[0], certificate)
        exact = [key for key in same_names if key.certificate == certificate]
        if len(exact) > 1:
            return _clones(certificate)
        if exact:
            return Authenticated(exact[0])
        if same_names:
            return Unauthenticated("a pinned service key has these names, but another certificate")
        return Unauthenticated("no service key holds this certificate")

    def _newest(self, key: ServiceKey, certificate: x509.Certificate) -> Authentication:
        issued = certificate.not_valid_before_utc
        with self._lock:
            stored = key.certificate.not_valid_before_utc if key.certificate else issued
            newest = self._newest_used.get(key.guid, stored)
            if issued < newest:
                return Unauthenticated("a certificate with these names and a later issue date has been used")
            self._newest_used[key.guid] = issued
        return Authenticated(key)

    def new_clientid(self, instance: ServiceInstance) -> str:
        """Of a key: ``sb-<uuid>!b<n>|it-rt-<subdomain>!b<m>`` for senders, ``…|it!b<m>`` for the plan *api*."""
        owner = self.runtime_application if instance.plan is Plan.INTEGRATION_FLOW else API_APPLICATION
        return f"sb-{uuid.uuid4()}!b{100_000 + secrets.randbelow(800_000)}|{owner}"

    @property
    def runtime_application(self) -> str:
        """The XSUAA application of the runtime, ``it-rt-<subdomain>!b<n>``: it prefixes scopes and is an audience."""
        return f"it-rt-{self.subdomain}!b26655"


def _as_sender(holder: Authentication) -> Authentication:
    if isinstance(holder, Authenticated) and holder.key.instance.plan is not Plan.INTEGRATION_FLOW:
        return Unauthenticated("the key belongs to the plan 'api', which senders cannot use")
    return holder


def _new_secret() -> Secret:
    """``<uuid>$<43 characters base64url>=``, the shape of real ones."""
    return Secret(f"{uuid.uuid4()}${base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}")


@lru_cache(maxsize=4096)
def _same_names(stored: x509.Certificate | None, presented: x509.Certificate) -> bool:
    return stored is not None and stored.subject == presented.subject and stored.issuer == presented.issuer


def _clones(certificate: x509.Certificate) -> Unauthenticated:
    """The text of the audit log (KBA 3364579)."""
    return Unauthenticated(f"Multiple clones found for certificate {dn(certificate.subject)}, {dn(certificate.issuer)}")
