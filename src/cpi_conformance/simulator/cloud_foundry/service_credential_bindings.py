"""``/v3/service_credential_bindings``, of which only those of type ``key`` exist here.

Order of evaluation: cloud_controller_ng, ``app/controllers/v3/service_credential_bindings_controller.rb``
and ``app/actions/service_credential_binding_key_create.rb``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.bodies import key_request, patch_request
from cpi_conformance.simulator.cloud_foundry.catalog import Catalog, named, relationship
from cpi_conformance.simulator.cloud_foundry.errors import (
    INSTANCE_BUSY,
    INSTANCE_BUSY_FOR_NEW_KEY,
    INSTANCE_NOT_FOUND,
    INSTANCE_UNKNOWN,
    KEY_BEING_DELETED,
    KEY_BUSY,
    KEY_NAME_TAKEN,
    KEY_NAME_TAKEN_BY_DELETED,
    ApiError,
    not_authorized,
    not_found,
    unprocessable,
)
from cpi_conformance.simulator.cloud_foundry.jobs import Operations
from cpi_conformance.simulator.cloud_foundry.json_answer import accepted, json_answer
from cpi_conformance.simulator.cloud_foundry.labels import changed_metadata
from cpi_conformance.simulator.cloud_foundry.listing import Document, Listing
from cpi_conformance.simulator.cloud_foundry.presenting import instance_document, key_document
from cpi_conformance.simulator.cloud_foundry.records import Instance, Key, Metadata, Records
from cpi_conformance.simulator.cloud_foundry.request import Request
from cpi_conformance.simulator.exchange import Answer

KEY_NOT_FOUND = "Service credential binding not found"
NO_PARAMETERS = "This service does not support fetching service binding parameters."


class ServiceCredentialBindings:
    """Lists, shows, creates, labels and deletes keys; the credentials are shown at ``/details`` only."""

    def __init__(self, records: Records, catalog: Catalog, operations: Operations, clock: Clock, offering: str) -> None:
        self._records = records
        self._catalog = catalog
        self._operations = operations
        self._clock = clock
        self._offering = offering

    def index(self, request: Request) -> Answer:
        """``GET``: those that the caller may read."""
        rows = self._records.keys.all() if request.user.role.reads else ()
        documents = [key_document(row, request.api) for row in rows]
        listing = self._listing(request.api)
        return json_answer(200, listing.answer(request.exchange.parameters(), documents, request.api))

    def show(self, request: Request, guid: str) -> Answer:
        """``GET …/{guid}``."""
        return json_answer(200, key_document(self._readable(request, guid), request.api))

    def details(self, request: Request, guid: str) -> Answer:
        """``GET …/{guid}/details``: not found as well for whom may not read secrets, and before there are any."""
        key = self._readable(request, guid)
        if not request.user.role.writes:
            raise not_found(KEY_NOT_FOUND)
        if key.last_operation.name != "create succeeded":
            noun = {"create": "Creation", "delete": "Deletion"}[key.last_operation.type]
            raise not_found(f"{noun} of service key {key.last_operation.state}")
        return json_answer(200, {"credentials": dict(key.credentials)})

    def parameters(self, request: Request, guid: str) -> Answer:
        """``GET …/{guid}/parameters``: the offering does not retrieve bindings."""
        self._readable(request, guid)
        raise ApiError(400, 90007, "ServiceFetchBindingParametersNotSupported", NO_PARAMETERS)

    def create(self, request: Request) -> Answer:
        """``POST``: 202 and a job."""
        wanted = key_request(request.exchange)
        metadata = changed_metadata(Metadata(), wanted.metadata)
        instance = self._records.instances.get(wanted.instance_guid)
        if instance is None or not request.user.role.reads:
            raise unprocessable(INSTANCE_UNKNOWN.format(guid=wanted.instance_guid))
        if not request.user.role.writes:
            raise not_authorized()
        self._check_instance(instance)
        self.free_name(instance, wanted.name)
        now = self._clock.now()
        key = Key(
            name=wanted.name,
            instance_guid=instance.guid,
            created=now,
            updated=now,
            last_operation=self._operations.begun("create", "initial"),
            parameters=wanted.parameters,
            metadata=metadata,
        )
        self._records.keys.put(key)
        return accepted(request.job_url(self._operations.create_key(key)))

    def update(self, request: Request, guid: str) -> Answer:
        """``PATCH …/{guid}``: metadata, and nothing else; there is no update of a key."""
        key = self._writable(request, guid)
        if key.last_operation.name == "delete in progress":
            raise unprocessable(KEY_BEING_DELETED)
        body = patch_request(request.exchange, "metadata")
        metadata = changed_metadata(key.metadata, body.get("metadata"))
        changed = self._records.keys.put(replace(key, metadata=metadata, updated=self._clock.now()))
        return json_answer(200, key_document(changed, request.api))

    def delete(self, request: Request, guid: str) -> Answer:
        """``DELETE …/{guid}``: 202 and a job; also while the key is being created, whose job then fails."""
        key = self._writable(request, guid)
        if key.last_operation.running and key.last_operation.type != "create":
            raise unprocessable(KEY_BUSY)
        instance = self._records.instances.get(key.instance_guid)
        if instance is not None and instance.last_operation.running:
            raise unprocessable(INSTANCE_BUSY)
        return accepted(request.job_url(self._operations.delete_key(key)))

    def _check_instance(self, instance: Instance) -> None:
        if instance.last_operation.running:
            raise unprocessable(INSTANCE_BUSY_FOR_NEW_KEY)
        if instance.last_operation.name == "create failed":
            raise unprocessable(INSTANCE_NOT_FOUND)

    def free_name(self, instance: Instance, name: str) -> None:
        """A key whose creation failed makes room; any other key keeps its name, which is ``ApiError`` 422."""
        for key in self._records.keys_of(instance.guid):
            if key.name != name:
                continue
            if key.last_operation.type == "delete":
                raise unprocessable(KEY_NAME_TAKEN_BY_DELETED.format(name=name))
            if key.last_operation.state != "failed":
                raise unprocessable(KEY_NAME_TAKEN.format(name=name))
            self._records.keys.remove(key.guid)

    def _readable(self, request: Request, guid: str) -> Key:
        key = self._records.keys.get(guid)
        if key is None or not request.user.role.reads:
            raise not_found(KEY_NOT_FOUND)
        return key

    def _writable(self, request: Request, guid: str) -> Key:
        key = self._readable(request, guid)
        if not request.user.role.writes:
            raise not_authorized()
        return key

    def _listing(self, api: str) -> Listing:
        def instance_of(document: Document) -> Instance | None:
            return self._records.instances.get(document["relationships"]["service_instance"]["data"]["guid"])

        def of_instance(value: Callable[[Instance], str]) -> Callable[[Document], tuple[str, ...]]:
            return lambda document: tuple(value(found) for found in (instance_of(document),) if found)

        def included(document: Document) -> Document | None:
            instance = instance_of(document)
            return instance_document(instance, api) if instance else None

        return Listing(
            "/v3/service_credential_bindings",
            {
                "names": named,
                "type": lambda document: (document["type"],),
                "service_instance_guids": relationship("service_instance"),
                "service_instance_names": of_instance(lambda instance: instance.name),
                "service_plan_guids": of_instance(lambda instance: instance.plan_guid),
                "service_plan_names": of_instance(lambda instance: self._catalog.plan_name(instance.plan_guid) or ""),
                "service_offering_guids": lambda _: (self._catalog.offering_guid,),
                "service_offering_names": lambda _: (self._offering,),
                "app_guids": lambda _: (),
                "app_names": lambda _: (),
            },
            includes={"service_instance": ("service_instances", included)},
        )
