"""``/v3/service_instances``.

Order of evaluation: cloud_controller_ng, ``app/controllers/v3/service_instances_controller.rb``.
"""

from __future__ import annotations

from dataclasses import replace

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.bodies import instance_request, patch_request
from cpi_conformance.simulator.cloud_foundry.catalog import Catalog, named, relationship
from cpi_conformance.simulator.cloud_foundry.errors import (
    INSTANCE_BUSY,
    INSTANCE_NOT_FOUND,
    INVALID_PLAN,
    INVALID_SPACE,
    NAME_TAKEN,
    ApiError,
    not_authorized,
    not_found,
    unprocessable,
)
from cpi_conformance.simulator.cloud_foundry.jobs import Operations
from cpi_conformance.simulator.cloud_foundry.json_answer import accepted, json_answer
from cpi_conformance.simulator.cloud_foundry.labels import changed_metadata
from cpi_conformance.simulator.cloud_foundry.listing import Listing
from cpi_conformance.simulator.cloud_foundry.presenting import instance_document
from cpi_conformance.simulator.cloud_foundry.records import Instance, Metadata, Records
from cpi_conformance.simulator.cloud_foundry.request import Request
from cpi_conformance.simulator.exchange import Answer


class ServiceInstances:
    """Lists, shows, creates, changes and deletes service instances."""

    def __init__(self, records: Records, catalog: Catalog, operations: Operations, clock: Clock) -> None:
        self._records = records
        self._catalog = catalog
        self._operations = operations
        self._clock = clock
        self._listing = Listing(
            "/v3/service_instances",
            {
                "names": named,
                "type": lambda document: (document["type"],),
                "space_guids": relationship("space"),
                "organization_guids": lambda _: (catalog.organization_guid,),
                "service_plan_guids": relationship("service_plan"),
                "service_plan_names": lambda document: (
                    catalog.plan_name(document["relationships"]["service_plan"]["data"]["guid"]) or "",
                ),
            },
            ("created_at", "updated_at", "name"),
        )

    def index(self, request: Request) -> Answer:
        """``GET``: those that the caller may read."""
        rows = self._records.instances.all() if request.user.role.reads else ()
        documents = [instance_document(row, request.api) for row in rows]
        return json_answer(200, self._listing.answer(request.exchange.parameters(), documents, request.api))

    def show(self, request: Request, guid: str) -> Answer:
        """``GET …/{guid}``."""
        return json_answer(200, instance_document(self._readable(request, guid), request.api))

    def parameters(self, request: Request, guid: str) -> Answer:
        """``GET …/{guid}/parameters``: it-rt tells them (the cockpit shows them, help page 0a38373)."""
        instance = self._readable(request, guid)
        if instance.last_operation.name == "create failed":
            raise not_found(INSTANCE_NOT_FOUND)
        if instance.last_operation.running:
            text = f"An operation for service instance {instance.name} is in progress."
            raise ApiError(409, 60016, "AsyncServiceInstanceOperationInProgress", text)
        return json_answer(200, dict(instance.parameters))

    def create(self, request: Request) -> Answer:
        """``POST``: 202 and a job."""
        wanted = instance_request(request.exchange)
        metadata = changed_metadata(Metadata(), wanted.metadata)
        if not request.user.role.reads or wanted.space_guid not in self._catalog.space_guids:
            raise unprocessable(INVALID_SPACE)
        if not request.user.role.writes:
            raise not_authorized()
        plan = self._catalog.plan_name(wanted.plan_guid)
        if plan is None:
            raise unprocessable(INVALID_PLAN)
        self.check_name(wanted.name, wanted.space_guid)
        now = self._clock.now()
        instance = Instance(
            name=wanted.name,
            space_guid=wanted.space_guid,
            plan_guid=wanted.plan_guid,
            created=now,
            updated=now,
            last_operation=self._operations.begun("create", "initial"),
            parameters=wanted.parameters,
            tags=wanted.tags,
            metadata=metadata,
        )
        self._records.instances.put(instance)
        return accepted(request.job_url(self._operations.create_instance(instance, plan)))

    def update(self, request: Request, guid: str) -> Answer:
        """``PATCH …/{guid}``: what the broker need not be asked about, so the answer is 200 at once."""
        instance = self._writable(request, guid)
        body = patch_request(request.exchange, "name", "tags", "metadata")
        metadata = changed_metadata(instance.metadata, body.get("metadata"))
        if instance.last_operation.running:
            raise unprocessable(INSTANCE_BUSY)
        name = body.get("name", instance.name)
        if name != instance.name:
            self.check_name(name, instance.space_guid)
        tags = instance.tags if body.get("tags") is None else tuple(body["tags"])
        changed = replace(instance, name=name, tags=tags, metadata=metadata, updated=self._clock.now())
        return json_answer(200, instance_document(self._records.instances.put(changed), request.api))

    def delete(self, request: Request, guid: str) -> Answer:
        """``DELETE …/{guid}``: 202 and a job; an instance that is being created may be deleted, a queued one not."""
        instance = self._writable(request, guid)
        if request.exchange.parameters().get("purge") == "true":
            raise not_authorized()  # purging needs write permission on the broker, which no developer has here
        if instance.last_operation.running and instance.last_operation.name != "create in progress":
            raise unprocessable(INSTANCE_BUSY)
        return accepted(request.job_url(self._operations.delete_instance(instance)))

    def _readable(self, request: Request, guid: str) -> Instance:
        instance = self._records.instances.get(guid)
        if instance is None or not request.user.role.reads:
            raise not_found(INSTANCE_NOT_FOUND)
        return instance

    def _writable(self, request: Request, guid: str) -> Instance:
        instance = self._readable(request, guid)
        if not request.user.role.writes:
            raise not_authorized()
        return instance

    def check_name(self, name: str, space_guid: str) -> None:
        """``ApiError`` 422 for a name that another instance of the space has."""
        if any(row.name == name and row.space_guid == space_guid for row in self._records.instances.all()):
            raise unprocessable(NAME_TAKEN.format(name=name))
