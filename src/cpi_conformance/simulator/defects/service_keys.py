"""Service keys that let in whom they must not, or do not let in whom they must."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cryptography import x509

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.service_key import ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, Authentication, ServiceKeys, Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

BySecret = Callable[[str, Secret], Authentication]
ByCertificate = Callable[[x509.Certificate], Authentication]

Mapped = Callable[[ServiceKeys, x509.Certificate], ServiceKey | None]
"""From a certificate that no key lets in to the key that does so wrongly."""


def _lets_in(wrongly: Mapped) -> Callable[[SimulatedLandscape], None]:
    """A certificate that is refused is let in all the same when ``wrongly`` names a key for it."""

    def install(landscape: SimulatedLandscape) -> None:
        def holder(right: ByCertificate, certificate: x509.Certificate) -> Authentication:
            found = right(certificate)
            key = wrongly(landscape.keys, certificate) if isinstance(found, Unauthenticated) else None
            return Authenticated(key) if key else found

        around(landscape.keys.holder_of_certificate, holder)

    return install


def _same_names(keys: ServiceKeys, certificate: x509.Certificate, *, pinned: bool) -> ServiceKey | None:
    present = keys.keys()
    found = [
        key
        for key in present
        if key.certificate is not None
        and key.pinned is pinned
        and (key.certificate.subject, key.certificate.issuer) == (certificate.subject, certificate.issuer)
    ]
    return found[0] if len(found) == 1 else None


def _one_of_clones(keys: ServiceKeys, certificate: x509.Certificate, *, same_instance: bool) -> ServiceKey | None:
    present = keys.keys()
    clones = [key for key in present if key.certificate == certificate]
    within_one = len({key.instance.guid for key in clones}) == 1
    return clones[0] if len(clones) > 1 and within_one is same_instance else None


def _deleted(landscape: SimulatedLandscape) -> dict[str, ServiceKey]:
    """By guid, all keys that are deleted from now on."""
    gone: dict[str, ServiceKey] = {}

    def delete(right: Callable[[str], None], guid: str) -> None:
        present = landscape.keys.keys()
        gone.update((key.guid, key) for key in present if key.guid == guid)
        right(guid)

    around(landscape.keys.delete_key, delete)
    return gone


def _opens_by_secret(landscape: SimulatedLandscape, keys: Callable[[], list[ServiceKey]]) -> None:
    """These keys open the runtime by clientid and secret, besides those that do so rightly."""

    def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
        found = right(clientid, secret)
        if isinstance(found, Authenticated):
            return found
        opened = (key for key in keys() if (key.clientid, key.secret) == (clientid, secret))
        return next((Authenticated(key) for key in opened), found)

    around(landscape.keys.authenticate_secret, authenticate)


def _instances(landscape: SimulatedLandscape) -> set[str]:
    return {instance.guid for instance in landscape.keys.instances()}


def _deleted_secret_opens(landscape: SimulatedLandscape) -> None:
    gone = _deleted(landscape)
    _opens_by_secret(landscape, lambda: [key for key in gone.values() if key.instance.guid in _instances(landscape)])


def _keys_outlive_instance(landscape: SimulatedLandscape) -> None:
    gone = _deleted(landscape)
    _opens_by_secret(
        landscape, lambda: [key for key in gone.values() if key.instance.guid not in _instances(landscape)]
    )


def _deleted_certificate_opens(landscape: SimulatedLandscape) -> None:
    gone = _deleted(landscape)

    def authenticate(right: ByCertificate, certificate: x509.Certificate) -> Authentication:
        found = right(certificate)
        if isinstance(found, Authenticated):
            return found
        present = landscape.keys.keys()
        if any(key.certificate == certificate for key in present):
            return found
        opened = (key for key in gone.values() if key.certificate == certificate)
        return next((Authenticated(key) for key in opened), found)

    around(landscape.keys.authenticate_certificate, authenticate)


def _secret_of_sibling_opens(landscape: SimulatedLandscape) -> None:
    def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
        found = right(clientid, secret)
        present = landscape.keys.keys()
        named = next((key for key in present if key.clientid == clientid), None)
        if isinstance(found, Authenticated) or named is None:
            return found
        siblings = (key for key in landscape.keys.keys_of(named.instance) if key != named)
        return Authenticated(named) if any(key.secret == secret for key in siblings) else found

    around(landscape.keys.authenticate_secret, authenticate)


Bind = Callable[[str, str, str, Mapping[str, Any]], dict[str, Any]]


def _ordered(landscape: SimulatedLandscape) -> set[str]:
    """The guids of all keys that are made for Cloud Foundry from now on."""
    made: set[str] = set()

    def bind(right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        made.add(guid)
        return right(guid, instance_guid, name, parameters)

    around(landscape.broker.bind, bind)
    return made


UNKNOWN = Unauthenticated("the runtime has not heard of this key")


def _new_secret_is_unknown(landscape: SimulatedLandscape) -> None:
    made = _ordered(landscape)

    def authenticate(right: BySecret, clientid: str, secret: Secret) -> Authentication:
        found = right(clientid, secret)
        return UNKNOWN if isinstance(found, Authenticated) and found.key.guid in made else found

    around(landscape.keys.authenticate_secret, authenticate)


def _new_certificate_is_unknown(*, generated: bool) -> Callable[[SimulatedLandscape], None]:
    def install(landscape: SimulatedLandscape) -> None:
        made = _ordered(landscape)

        def authenticate(right: ByCertificate, certificate: x509.Certificate) -> Authentication:
            found = right(certificate)
            if not isinstance(found, Authenticated) or found.key.guid not in made:
                return found
            return UNKNOWN if (found.key.generated is not None) is generated else found

        around(landscape.keys.authenticate_certificate, authenticate)

    return install


class _Interruption:
    """Refuses the next call with the key of an instance that has called last, once a newer one is there."""

    def __init__(self) -> None:
        self._in_use: dict[str, str] = {}
        self._refused: set[str] = set()

    def begin(self, instance_guid: str) -> None:
        """A key of this instance is new."""
        if instance_guid in self._in_use:
            self._refused.add(self._in_use[instance_guid])

    def passed(self, found: Authentication) -> Authentication:
        """What becomes of a caller."""
        if isinstance(found, Unauthenticated):
            return found
        key = found.key
        if key.guid in self._refused:
            self._refused.remove(key.guid)
            return Unauthenticated("the older key rests while the newer one is entered")
        self._in_use[key.instance.guid] = key.guid
        return found


def _new_key_interrupts(landscape: SimulatedLandscape) -> None:
    interruption = _Interruption()

    def bind(right: Bind, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        interruption.begin(instance_guid)
        return right(guid, instance_guid, name, parameters)

    around(landscape.broker.bind, bind)
    around(landscape.keys.authenticate_secret, lambda right, *it: interruption.passed(right(*it)))
    around(landscape.keys.authenticate_certificate, lambda right, *it: interruption.passed(right(*it)))


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None]) -> Defect:
    return Defect(f"service-keys-{name}", System.SERVICE_KEYS, wrong, install)


DEFECTS = (
    _defect(
        "pin-ignored",
        "A pinned certificate is compared by subject and issuer, so that another one with these names is let in.",
        _lets_in(lambda keys, certificate: _same_names(keys, certificate, pinned=True)),
    ),
    _defect(
        "older-certificate-accepted",
        "Of an unpinned certificate the older one is let in although the renewed one has been used.",
        _lets_in(lambda keys, certificate: _same_names(keys, certificate, pinned=False)),
    ),
    _defect(
        "certificate-in-two-keys",
        "A certificate that two keys of one instance hold is let in by the first of them.",
        _lets_in(lambda keys, certificate: _one_of_clones(keys, certificate, same_instance=True)),
    ),
    _defect(
        "certificate-in-two-instances",
        "A certificate that keys of two instances hold is let in by the first of them.",
        _lets_in(lambda keys, certificate: _one_of_clones(keys, certificate, same_instance=False)),
    ),
    _defect("deleted-secret-opens", "Clientid and secret of a deleted key go on opening flows.", _deleted_secret_opens),
    _defect(
        "deleted-certificate-opens",
        "The certificate of a deleted key goes on opening flows.",
        _deleted_certificate_opens,
    ),
    _defect(
        "outlive-their-instance", "Keys go on opening flows when their instance is deleted.", _keys_outlive_instance
    ),
    _defect(
        "secret-of-sibling-opens",
        "A clientid is let in with the secret of any key of its instance.",
        _secret_of_sibling_opens,
    ),
    _defect("new-secret-unknown", "The runtime never hears of new keys with a secret.", _new_secret_is_unknown),
    _defect(
        "new-certificate-unknown",
        "The runtime never hears of new keys with a certificate from outside.",
        _new_certificate_is_unknown(generated=False),
    ),
    _defect(
        "generated-certificate-unknown",
        "The runtime never hears of new keys whose certificate SAP has made.",
        _new_certificate_is_unknown(generated=True),
    ),
    _defect(
        "new-key-interrupts",
        "When an instance gets a new key, the next call with the one in use is refused.",
        _new_key_interrupts,
    ),
)
"""Who is let in by a service key, and for how long."""
