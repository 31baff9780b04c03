"""Resources in the shapes of the v3 API; field order and link names as recorded on SAP BTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cpi_conformance.simulator.cloud_foundry.records import Instance, Job, Key, LastOperation, Metadata

JOB_LINKS = {"service_instance": "service_instances", "service_keys": "service_credential_binding"}
"""The name of a job's link to its resource, by the first part of its operation: plural for one, singular for the
other."""

PATHS = {"service_instance": "service_instances", "service_keys": "service_credential_bindings"}


def stamp(moment: dt.datetime) -> str:
    """``YYYY-MM-DDThh:mm:ssZ``."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def related(guid: str | None) -> dict[str, Any]:
    """A relationship to one resource, or to none."""
    return {"data": {"guid": guid} if guid else None}


def metadata_document(metadata: Metadata) -> dict[str, Any]:
    """Labels and annotations."""
    return {"labels": dict(metadata.labels), "annotations": dict(metadata.annotations)}


def instance_document(instance: Instance, api: str) -> dict[str, Any]:
    """A service instance."""
    own = f"{api}/v3/service_instances/{instance.guid}"
    bindings = f"service_instance_guids={instance.guid}"
    return {
        "guid": instance.guid,
        "created_at": stamp(instance.created),
        "updated_at": stamp(instance.updated),
        "name": instance.name,
        "tags": list(instance.tags),
        "last_operation": _last_operation(instance.last_operation, "type", "state", "description"),
        "type": "managed",
        "maintenance_info": {},
        "upgrade_available": False,
        "dashboard_url": None,
        "relationships": {"space": related(instance.space_guid), "service_plan": related(instance.plan_guid)},
        "metadata": metadata_document(instance.metadata),
        "links": {
            "self": {"href": own},
            "space": {"href": f"{api}/v3/spaces/{instance.space_guid}"},
            "service_credential_bindings": {"href": f"{api}/v3/service_credential_bindings?{bindings}"},
            "service_route_bindings": {"href": f"{api}/v3/service_route_bindings?{bindings}"},
            "service_plan": {"href": f"{api}/v3/service_plans/{instance.plan_guid}"},
            "parameters": {"href": f"{own}/parameters"},
            "shared_spaces": {"href": f"{own}/relationships/shared_spaces"},
        },
    }


def key_document(key: Key, api: str) -> dict[str, Any]:
    """A service key; its credentials are never part of this."""
    own = f"{api}/v3/service_credential_bindings/{key.guid}"
    return {
        "guid": key.guid,
        "created_at": stamp(key.created),
        "updated_at": stamp(key.updated),
        "name": key.name,
        "type": "key",
        "last_operation": _last_operation(key.last_operation, "state", "description", "type"),
        "metadata": metadata_document(key.metadata),
        "relationships": {"service_instance": related(key.instance_guid)},
        "links": {
            "self": {"href": own},
            "details": {"href": f"{own}/details"},
            "service_instance": {"href": f"{api}/v3/service_instances/{key.instance_guid}"},
            "parameters": {"href": f"{own}/parameters"},
        },
    }


def job_document(job: Job, api: str, *, resource_exists: bool) -> dict[str, Any]:
    """A job; it is linked to its resource as long as that exists."""
    kind = job.operation.partition(".")[0]
    links = {"self": {"href": f"{api}/v3/jobs/{job.guid}"}}
    if resource_exists:
        links[JOB_LINKS[kind]] = {"href": f"{api}/v3/{PATHS[kind]}/{job.resource}"}
    return {
        "guid": job.guid,
        "created_at": stamp(job.created),
        "updated_at": stamp(job.updated),
        "operation": job.operation,
        "state": job.state,
        "errors": [dict(error) for error in job.errors],
        "warnings": [],
        "links": links,
    }


def _last_operation(operation: LastOperation, *order: str) -> dict[str, Any]:
    """Instances and keys write the same fields in different order."""
    fields = {"type": operation.type, "state": operation.state, "description": operation.description}
    moments = {"updated_at": stamp(operation.updated), "created_at": stamp(operation.created)}
    return {**{name: fields[name] for name in order}, **moments}
