"""``$metadata`` (CSDL 2.0 in EDMX 1.0) and the service document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from cpi_conformance.simulator.tenant_api.errors import METADATA_NAMESPACE, json_bytes
from cpi_conformance.simulator.tenant_api.model import (
    NAMESPACE,
    ComplexType,
    EntityType,
    FunctionImport,
    Navigation,
    Property,
)
from cpi_conformance.simulator.tenant_api.schema import BY_SET, COMPLEX_TYPES, ENTITY_TYPES, FUNCTIONS
from cpi_conformance.simulator.tenant_api.xml import Markup, document, element, together

EDMX = "http://schemas.microsoft.com/ado/2007/06/edmx"
EDM = "http://schemas.microsoft.com/ado/2008/09/edm"
SERVICE = "http://www.w3.org/2007/app"
ATOM = "http://www.w3.org/2005/Atom"

CONTAINER = "EntityContainer"


@cache
def metadata_document() -> bytes:
    """The data model as EDMX."""
    types = (*map(_entity_type, ENTITY_TYPES), *map(_complex_type, COMPLEX_TYPES))
    associations = (_association(each, link) for each, link in _links())
    schema = element("Schema", together(*types, *associations, _container()), xmlns=EDM, Namespace=NAMESPACE)
    services = element("edmx:DataServices", schema, **{"m:DataServiceVersion": "1.0", "xmlns:m": METADATA_NAMESPACE})
    return document(element("edmx:Edmx", services, Version="1.0", **{"xmlns:edmx": EDMX}))


def service_document(root: str, *, as_json: bool) -> bytes:
    """The names of all sets; ``root`` is the URL of the service with a trailing slash."""
    if as_json:
        return json_bytes({"d": {"EntitySets": [each.set_name for each in ENTITY_TYPES]}})
    collections = (
        element("collection", element("atom:title", each.set_name), href=each.set_name) for each in ENTITY_TYPES
    )
    workspace = element("workspace", together(element("atom:title", "Default"), *collections))
    return document(element("service", workspace, xmlns=SERVICE, **{"xml:base": root, "xmlns:atom": ATOM}))


def _links() -> Iterator[tuple[EntityType, Navigation]]:
    return ((each, link) for each in ENTITY_TYPES for link in each.navigations)


def _entity_type(of: EntityType) -> Markup:
    key = element("Key", together(*(element("PropertyRef", Name=name) for name in of.key)))
    properties = (_property(each, key=each.name in of.key) for each in of.properties)
    links = (
        element(
            "NavigationProperty",
            Name=link.name,
            Relationship=f"{NAMESPACE}.{_association_name(of, link)}",
            FromRole=_from_role(of),
            ToRole=_to_role(link),
        )
        for link in of.navigations
    )
    stream = {"m:HasStream": "true"} if of.media else {}
    return element("EntityType", together(key, *properties, *links), Name=of.name, **stream)


def _complex_type(of: ComplexType) -> Markup:
    return element("ComplexType", together(*(_property(each, key=False) for each in of.properties)), Name=of.name)


def _property(of: Property, *, key: bool) -> Markup:
    return element("Property", Name=of.name, Type=of.type, Nullable=str(not key).lower())


def _association(of: EntityType, link: Navigation) -> Markup:
    many = "*" if link.many else "0..1"
    ends = (
        element("End", Type=f"{NAMESPACE}.{of.name}", Multiplicity="1", Role=_from_role(of)),
        element("End", Type=f"{NAMESPACE}.{BY_SET[link.target].name}", Multiplicity=many, Role=_to_role(link)),
    )
    return element("Association", together(*ends), Name=_association_name(of, link))


def _container() -> Markup:
    sets = (element("EntitySet", Name=each.set_name, EntityType=f"{NAMESPACE}.{each.name}") for each in ENTITY_TYPES)
    links = (_association_set(each, link) for each, link in _links())
    functions = map(_function_import, FUNCTIONS.values())
    content = together(*sets, *links, *functions)
    return element("EntityContainer", content, Name=CONTAINER, **{"m:IsDefaultEntityContainer": "true"})


def _association_set(of: EntityType, link: Navigation) -> Markup:
    ends = (
        element("End", EntitySet=of.set_name, Role=_from_role(of)),
        element("End", EntitySet=link.target, Role=_to_role(link)),
    )
    name = _association_name(of, link)
    return element("AssociationSet", together(*ends), Name=f"{name}Set", Association=f"{NAMESPACE}.{name}")


def _function_import(of: FunctionImport) -> Markup:
    parameters = (element("Parameter", Name=name, Type="Edm.String", Mode="In") for name in of.parameters)
    returned = {"ReturnType": "Edm.String", "m:HttpMethod": of.method}
    return element("FunctionImport", together(*parameters), Name=of.name, **returned)


def _association_name(of: EntityType, link: Navigation) -> str:
    return f"{of.name}_{link.name}"


def _from_role(of: EntityType) -> str:
    return f"From_{of.name}"


def _to_role(link: Navigation) -> str:
    return f"To_{link.name}"
