"""The resources of Cloud Foundry's API that the suite reads, flat and without what it does not need.

Shapes: cloud_controller_ng, ``app/presenters/v3``; recorded answers of SAP's landscapes:
terraform-provider-cloudfoundry, ``cloudfoundry/provider/fixtures``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cpi_conformance.control.answers import error_entries
from cpi_conformance.control.errors import BrokenAnswer, ErrorEntry

Labels = Annotated[Mapping[str, str | None], BeforeValidator(lambda value: {} if value is None else value)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class Resource(BaseModel):
    """What has a GUID; equal resources are in the same state, the hash is that of the GUID."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    guid: str = Field(min_length=1)

    def __hash__(self) -> int:
        return hash((type(self), self.guid))


class NamedResource(Resource):
    """What has a name."""

    name: str


class Organization(NamedResource):
    """An organization."""


class Space(NamedResource):
    """A space of an organization."""

    organization_guid: str = Field(validation_alias=AliasPath("relationships", "organization", "data", "guid"))


class Offering(NamedResource):
    """A service offering: what ``cf marketplace`` lists."""


class Plan(NamedResource):
    """A plan of a service offering; ``available`` is ``False`` where nobody may create instances of it."""

    available: bool = True


class BrokerResource(NamedResource):
    """What a broker makes: with labels, and with the state of what was last done to it.

    ``state`` is ``initial``, ``in progress``, ``succeeded`` or ``failed``; ``operation`` is ``create``,
    ``update`` or ``delete``; ``description`` is the broker's, empty on success.
    """

    created_at: AwareDatetime
    labels: Labels = Field(default={}, validation_alias=AliasPath("metadata", "labels"))
    operation: Text = Field(default="", validation_alias=AliasPath("last_operation", "type"))
    state: Text = Field(default="", validation_alias=AliasPath("last_operation", "state"))
    description: Text = Field(default="", validation_alias=AliasPath("last_operation", "description"))


class ServiceInstance(BrokerResource):
    """A managed service instance."""

    space_guid: str = Field(validation_alias=AliasPath("relationships", "space", "data", "guid"))
    plan_guid: str = Field(validation_alias=AliasPath("relationships", "service_plan", "data", "guid"))


class ServiceKey(BrokerResource):
    """A service key: a service credential binding of type ``key``."""

    instance_guid: str = Field(validation_alias=AliasPath("relationships", "service_instance", "data", "guid"))


class Job(Resource):
    """What Cloud Foundry does after a 202; ``state`` is ``PROCESSING``, ``POLLING``, ``COMPLETE`` or ``FAILED``."""

    operation: str
    state: str
    errors: Annotated[tuple[ErrorEntry, ...], BeforeValidator(error_entries)] = ()
    links: Mapping[str, Any] = {}

    @property
    def resource_guid(self) -> str | None:
        """Of what the job has made, if that exists; the names of the links follow no rule, so none is relied on."""
        hrefs = (link.get("href") for name, link in self.links.items() if name != "self" and isinstance(link, dict))
        guids = [href.rpartition("/")[2] for href in hrefs if isinstance(href, str)]
        return guids[0] if len(guids) == 1 and guids[0] else None


Model = TypeVar("Model", bound=Resource)
Named = TypeVar("Named", bound=NamedResource)
Made = TypeVar("Made", bound=BrokerResource)


def read(model: type[Model], document: Any, source: str) -> Model:
    """A resource out of a JSON document.

    Raises:
        BrokenAnswer: the document has another shape; names the fields and holds no value.
    """
    try:
        return model.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        wrong = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False)]
    raise BrokenAnswer(source, f"no {model.__name__}: {', '.join(filter(None, wrong)) or 'no object'}")
