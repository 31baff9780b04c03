"""Finding organization, space and plan by their names, and saying what to do about one that is not there."""

from __future__ import annotations

from collections.abc import Mapping

from cpi_conformance.control.api import Api
from cpi_conformance.control.errors import NotVisible
from cpi_conformance.control.listing import any_of, exactly, listed
from cpi_conformance.control.wire import Named, Offering, Organization, Plan, Space

ORGANIZATION = "log in as a member of it, or see cf orgs for its exact name"
SPACE = "have the role Space Developer given in it, or see cf target -o and cf spaces for its exact name"
OFFERING = "assign its entitlement to the subaccount, and activate Integration Suite there; see cf marketplace"
PLAN = "assign the entitlement of this plan to the subaccount; see cf marketplace -e"


def find_organization(api: Api, name: str) -> Organization:
    """An organization by its exact name; ``NotVisible`` if there is none."""
    found = _named(api, "/v3/organizations", Organization, name, {})
    if not found:
        raise NotVisible("organization", name, ORGANIZATION)
    return found[0]


def find_space(api: Api, organization: Organization, name: str) -> Space:
    """A space by its exact name; ``NotVisible`` if there is none."""
    found = _named(api, "/v3/spaces", Space, name, {"organization_guids": organization.guid})
    if not found:
        raise NotVisible("space", name, SPACE)
    return found[0]


def find_plan(api: Api, offering: str, name: str) -> Plan:
    """A plan by its offering's name and its own, an available one if there are several; ``NotVisible`` if none."""
    found = _named(api, "/v3/service_plans", Plan, name, {"service_offering_names": any_of([offering])})
    if found:
        return next((plan for plan in found if plan.available), found[0])
    if not _named(api, "/v3/service_offerings", Offering, offering, {}):
        raise NotVisible("service offering", offering, OFFERING)
    raise NotVisible("service plan", f"{offering} {name}", PLAN)


def _named(api: Api, path: str, model: type[Named], name: str, filters: Mapping[str, str]) -> tuple[Named, ...]:
    return exactly(name, listed(api, path, model, {"names": any_of([name]), **filters}))
