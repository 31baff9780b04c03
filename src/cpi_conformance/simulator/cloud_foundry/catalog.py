"""What is there before anybody creates anything: an organization, two spaces, one offering and its plans."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from cpi_conformance.simulator.cloud_foundry.broker import Broker
from cpi_conformance.simulator.cloud_foundry.listing import Document, Listing
from cpi_conformance.simulator.cloud_foundry.presenting import metadata_document, related, stamp
from cpi_conformance.simulator.cloud_foundry.records import Metadata

OTHER_SPACE = "other"
AGE = dt.timedelta(days=365)

SINGULAR = {
    "organizations": "Organization",
    "spaces": "Space",
    "service_offerings": "Service offering",
    "service_plans": "Service plan",
}
"""How a resource is called in "… not found"."""


def named(document: Document) -> tuple[str]:
    """The value that the filter ``names`` compares with."""
    return (document["name"],)


def relationship(name: str) -> Callable[[Document], tuple[str]]:
    """The guid of a related resource, which the filter ``<name>_guids`` compares with."""
    return lambda document: (document["relationships"][name]["data"]["guid"],)


class Catalog:
    """The fixed resources, in presented form; the URLs of their links are filled in for each answer."""

    def __init__(self, broker: Broker, organization: str, space: str, now: dt.datetime) -> None:
        self._created = stamp(now - AGE)
        self._broker = broker
        self.organization_guid = _guid("organization", organization)
        self.space_guid = _guid("space", organization, space)
        self.offering_guid = _guid("offering", broker.offering)
        self.plan_guids = {name: _guid("plan", broker.offering, name) for name in broker.plans}
        self._organization = organization
        self._spaces = {self.space_guid: space, _guid("space", organization, OTHER_SPACE): OTHER_SPACE}

    @property
    def space_guids(self) -> tuple[str, ...]:
        """Of all spaces."""
        return tuple(self._spaces)

    def plan_name(self, guid: str) -> str | None:
        """The plan, or ``None``."""
        return next((name for name, plan in self.plan_guids.items() if plan == guid), None)

    def documents(self, kind: str, api: str) -> list[Document]:
        """All resources of a kind, such as ``spaces``."""
        make: dict[str, Callable[[str], list[Document]]] = {
            "organizations": self._organizations,
            "spaces": self._spaces_of,
            "service_offerings": self._offerings,
            "service_plans": self._plans,
        }
        return make[kind](api)

    def listings(self, api: str) -> dict[str, Listing]:
        """What the list of each kind can be asked for."""
        order = ("created_at", "updated_at", "name")
        offered: dict[str, Callable[[Document], tuple[str, ...]]] = {
            "names": named,
            "available": lambda document: (str(document["available"]).lower(),),
            "space_guids": lambda _: self.space_guids,
            "organization_guids": lambda _: (self.organization_guid,),
            "service_broker_guids": lambda _: (_guid("broker", self._broker.offering),),
            "service_broker_names": lambda _: (self.broker_name,),
        }
        plans = {
            "broker_catalog_ids": lambda document: (document["broker_catalog"]["id"],),
            "service_offering_guids": relationship("service_offering"),
            "service_offering_names": lambda _: (self._broker.offering,),
        }
        in_organization = {"names": named, "organization_guids": relationship("organization")}
        return {
            "organizations": Listing("/v3/organizations", {"names": named}, order),
            "spaces": Listing(
                "/v3/spaces",
                in_organization,
                order,
                {"organization": ("organizations", lambda _: self._organizations(api)[0])},
            ),
            "service_offerings": Listing("/v3/service_offerings", offered, order),
            "service_plans": Listing(
                "/v3/service_plans",
                {**offered, **plans},
                order,
                {"service_offering": ("service_offerings", lambda _: self._offerings(api)[0])},
            ),
        }

    @property
    def broker_name(self) -> str:
        """``it-broker-rt`` for ``it-rt``, as seen in an error text of SAP BTP."""
        service, _, suffix = self._broker.offering.partition("-")
        return f"{service}-broker-{suffix}"

    def _common(self, guid: str, name: str) -> Document:
        return {"guid": guid, "created_at": self._created, "updated_at": self._created, "name": name}

    def _organizations(self, api: str) -> list[Document]:
        own = f"{api}/v3/organizations/{self.organization_guid}"
        quota = _guid("quota", self._organization)
        document = {
            **self._common(self.organization_guid, self._organization),
            "suspended": False,
            "relationships": {"quota": related(quota)},
            "metadata": metadata_document(Metadata()),
            "links": {
                "self": {"href": own},
                "domains": {"href": f"{own}/domains"},
                "default_domain": {"href": f"{own}/domains/default"},
                "quota": {"href": f"{api}/v3/organization_quotas/{quota}"},
            },
        }
        return [document]

    def _spaces_of(self, api: str) -> list[Document]:
        return [self._space(guid, name, api) for guid, name in self._spaces.items()]

    def _space(self, guid: str, name: str, api: str) -> Document:
        own = f"{api}/v3/spaces/{guid}"
        return {
            **self._common(guid, name),
            "relationships": {"organization": related(self.organization_guid), "quota": related(None)},
            "metadata": metadata_document(Metadata()),
            "links": {
                "self": {"href": own},
                "organization": {"href": f"{api}/v3/organizations/{self.organization_guid}"},
                "features": {"href": f"{own}/features"},
                "apply_manifest": {"href": f"{own}/actions/apply_manifest", "method": "POST"},
            },
        }

    def _offerings(self, api: str) -> list[Document]:
        own = f"{api}/v3/service_offerings/{self.offering_guid}"
        broker = _guid("broker", self._broker.offering)
        features = {
            "plan_updateable": False,
            "bindable": True,
            "instances_retrievable": True,
            "bindings_retrievable": False,
            "allow_context_updates": False,
        }
        document = {
            **self._common(self.offering_guid, self._broker.offering),
            "description": "Process Integration Runtime",
            "available": True,
            "tags": [],
            "requires": [],
            "shareable": False,
            "documentation_url": None,
            "broker_catalog": {"id": self.offering_guid, "metadata": {}, "features": features},
            "relationships": {"service_broker": related(broker)},
            "metadata": metadata_document(Metadata()),
            "links": {
                "self": {"href": own},
                "service_plans": {"href": f"{api}/v3/service_plans?service_offering_guids={self.offering_guid}"},
                "service_broker": {"href": f"{api}/v3/service_brokers/{broker}"},
            },
        }
        return [document]

    def _plans(self, api: str) -> list[Document]:
        return [self._plan(guid, name, api) for name, guid in self.plan_guids.items()]

    def _plan(self, guid: str, name: str, api: str) -> Document:
        own = f"{api}/v3/service_plans/{guid}"
        nothing: dict[str, Any] = {"parameters": {}}
        return {
            **self._common(guid, name),
            "description": name,
            "visibility_type": "organization",
            "available": True,
            "free": True,
            "costs": [],
            "maintenance_info": {},
            "broker_catalog": {
                "id": guid,
                "metadata": {},
                "maximum_polling_duration": None,
                "features": {"bindable": True, "plan_updateable": False},
            },
            "schemas": {
                "service_instance": {"create": nothing, "update": nothing},
                "service_binding": {"create": nothing},
            },
            "relationships": {"service_offering": related(self.offering_guid)},
            "metadata": metadata_document(Metadata()),
            "links": {
                "self": {"href": own},
                "service_offering": {"href": f"{api}/v3/service_offerings/{self.offering_guid}"},
                "visibility": {"href": f"{own}/visibility"},
            },
        }


def _guid(*names: str) -> str:
    """The same in every run, so that a landscape file may name it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("cloud-foundry", *names))))
