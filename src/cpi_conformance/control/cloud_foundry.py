"""The client of Cloud Foundry: finding, creating and deleting service instances and their keys."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote

from cryptography import x509

from cpi_conformance.control.api import Api
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.credentials import KeyCredentials, read_credentials
from cpi_conformance.control.deletion import delete
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.jobs import await_resource
from cpi_conformance.control.listing import exactly, filtered, in_portions, listed
from cpi_conformance.control.login import Login
from cpi_conformance.control.marketplace import find_organization, find_plan, find_space
from cpi_conformance.control.patience import PATIENT, Patience
from cpi_conformance.control.placing import Placement, place
from cpi_conformance.control.waiting import Pace, Waiting, unheard
from cpi_conformance.control.wire import Made, Organization, Plan, ServiceInstance, ServiceKey, Space, read
from cpi_conformance.secret import Secret

INSTANCES = "/v3/service_instances"
KEYS = "/v3/service_credential_bindings"


class CloudFoundry:
    """A context manager; safe to use from several threads, which share one login.

    Every method raises :class:`~cpi_conformance.control.errors.ControlError` when Cloud Foundry, UAA or the
    broker does not do what is asked; the first one to need it asks where UAA is, and logs in.

    Args:
        api: ``https://api.cf.<landscape>``.
        login: as whom.
        trusted: the roots of the far side; none means the public ones.
        patience: how long to wait.
        sleep: for tests that do not wait.
        progress: told before each pause what is awaited, and for how many seconds already.
    """

    def __init__(
        self,
        api: str,
        login: Login,
        *,
        trusted: tuple[x509.Certificate, ...] = (),
        patience: Patience = PATIENT,
        sleep: Callable[[float], None] = time.sleep,
        progress: Callable[[str, float], None] = unheard,
    ) -> None:
        self._connection = Connection(trusted=trusted, patience=patience, sleep=sleep)
        self._api = Api(self._connection, api, login)
        self._pace = Pace(patience, sleep, progress)

    def log_in(self) -> Secret:
        """Log in now, not when it is first needed; the refresh token, with which another process can go on."""
        return self._api.session().refresh_token()

    def organization(self, name: str) -> Organization:
        """An organization by its exact name; ``NotVisible`` if there is none."""
        return find_organization(self._api, name)

    def space(self, organization: Organization, name: str) -> Space:
        """A space by its exact name; ``NotVisible`` if there is none."""
        return find_space(self._api, organization, name)

    def plan(self, offering: str, name: str) -> Plan:
        """A service plan by its offering's name and its own; ``NotVisible`` if there is none."""
        return find_plan(self._api, offering, name)

    def instances(
        self, *, space: Space | None = None, names: Iterable[str] = (), labels: str | None = None
    ) -> tuple[ServiceInstance, ...]:
        """Managed instances; ``names`` are alternatives, ``labels`` is a label selector."""
        place = {"space_guids": space.guid} if space else {}
        return listed(self._api, INSTANCES, ServiceInstance, {"type": "managed", **place, **filtered(names, labels)})

    def keys(
        self,
        *,
        instances: Iterable[ServiceInstance] | None = None,
        names: Iterable[str] = (),
        labels: str | None = None,
    ) -> tuple[ServiceKey, ...]:
        """Service keys; of no instance when ``instances`` is empty, of any when it is ``None``."""
        filters = {"type": "key", **filtered(names, labels)}
        if instances is None:
            return listed(self._api, KEYS, ServiceKey, filters)
        portions = in_portions(instance.guid for instance in instances)
        found = (listed(self._api, KEYS, ServiceKey, {**filters, "service_instance_guids": each}) for each in portions)
        return tuple(key for portion in found for key in portion)

    def instance(self, guid: str) -> ServiceInstance:
        """An instance; ``NotFound`` if there is none."""
        return self._one(ServiceInstance, INSTANCES, guid)

    def key(self, guid: str) -> ServiceKey:
        """A service key; ``NotFound`` if there is none."""
        return self._one(ServiceKey, KEYS, guid)

    def create_instance(
        self,
        space: Space,
        plan: Plan,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> ServiceInstance:
        """A new instance, when it is ready; a label of its own recognises it when an answer is lost.

        Raises:
            NameTaken: the space has another of this name.
            JobFailed: the broker has failed; the record of the instance may remain.
            JobTimeout: it was not ready within the deadline.
            ControlError: there is no answer, or it is no.
        """
        return place(
            self._api,
            Placement(
                path=INSTANCES,
                kind="managed",
                name=name,
                related={"space": space.guid, "service_plan": plan.guid},
                parameters=parameters or {},
                labels=labels or {},
                namesakes=lambda: exactly(name, self.instances(space=space, names=[name])),
                read=self.instance,
            ),
            self._pace,
        )

    def create_key(
        self,
        instance: ServiceInstance,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> ServiceKey:
        """A new service key, when it is ready; waits while the instance is busy.

        Raises:
            NameTaken: the instance has another of this name.
            NameBeingDeleted: it is about to lose another of this name.
            JobFailed: the broker has failed.
            JobTimeout: it was not ready within the deadline.
            ControlError: there is no answer, or it is no.
        """
        return place(
            self._api,
            Placement(
                path=KEYS,
                kind="key",
                name=name,
                related={"service_instance": instance.guid},
                parameters=parameters or {},
                labels=labels or {},
                namesakes=lambda: exactly(name, self.keys(instances=[instance], names=[name])),
                read=self.key,
            ),
            self._pace,
        )

    def ready(self, resource: Made) -> Made:
        """An instance or a key that another process has ordered, when it is ready; as :meth:`create_key` otherwise."""
        read_again = self.instance if isinstance(resource, ServiceInstance) else self.key
        waiting = Waiting(f"{type(resource).__name__} {resource.guid}", self._pace)
        return cast("Made", await_resource(lambda: read_again(resource.guid), waiting))

    def credentials(self, key: ServiceKey) -> KeyCredentials:
        """What a service key holds; ``NotFound`` while it is not created, or for who may not read secrets."""
        path = f"{_path(KEYS, key.guid)}/details"
        held = self._api.get(path).get("credentials")
        if not isinstance(held, dict):
            raise BrokenAnswer(f"GET {path}", "no object called credentials")
        return read_credentials(held)

    def delete_key(self, key_guid: str) -> None:
        """Delete a service key and wait until it is gone; a success, too, when it already was."""
        delete(self._api, _path(KEYS, key_guid), f"deletion of service key {key_guid}", self._pace)

    def delete_instance(self, instance_guid: str) -> None:
        """Delete an instance with its keys and wait until it is gone; a success, too, when it already was."""
        delete(self._api, _path(INSTANCES, instance_guid), f"deletion of instance {instance_guid}", self._pace)

    def far_now(self) -> dt.datetime:
        """The time by the clock of the far side; by our own when it never tells the time."""
        if self._connection.far_now() is None:
            self._api.endpoints()
        return self._connection.far_now() or dt.datetime.now(dt.UTC)

    def close(self) -> None:
        """Close the kept connections."""
        self._connection.close()

    def __enter__(self) -> CloudFoundry:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _one(self, model: type[Made], path: str, guid: str) -> Made:
        path = _path(path, guid)
        return read(model, self._api.get(path), f"GET {path}")


def _path(path: str, guid: str) -> str:
    return f"{path}/{quote(guid, safe='')}"
