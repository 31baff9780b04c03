"""What an artifact's archive holds, as the API shows it: externalised parameters, and resources."""

from __future__ import annotations

from pathlib import PurePosixPath

from cpi_conformance.simulator.integration.archive import PARAMETERS, RESOURCES
from cpi_conformance.simulator.integration.content_rules import readable
from cpi_conformance.simulator.integration.design_time import Artifact
from cpi_conformance.simulator.integration.properties import read_properties
from cpi_conformance.simulator.tenant_api.errors import not_found
from cpi_conformance.simulator.tenant_api.integration_content_schema import CONFIGURATION, RESOURCE
from cpi_conformance.simulator.tenant_api.model import Entity

RESOURCE_TYPES = frozenset({"edmx", "groovy", "jar", "js", "mmap", "opmap", "wsdl", "xsd", "xslt"})


def configurations(artifact: Artifact) -> tuple[Entity, ...]:
    """The externalised parameters; ``ContentRefused`` when the archive cannot be read."""
    parameters = read_properties(readable(artifact.content).get(PARAMETERS, b""))
    return tuple(
        Entity(
            CONFIGURATION,
            {"ParameterKey": name, "ParameterValue": value, "DataType": "xsd:string", "Description": ""},
        )
        for name, value in parameters.items()
    )


def resources(artifact: Artifact) -> tuple[Entity, ...]:
    """Scripts, mappings, schemas; ``ContentRefused`` when the archive cannot be read."""
    return tuple(Entity(RESOURCE, {"Name": name, "ResourceType": kind}) for name, kind in _resources(artifact))


def resource_content(artifact: Artifact, name: str, kind: str) -> bytes:
    """The content of one of them; ``ODataError`` 404 when there is none."""
    found = _resources(artifact)
    if (name, kind) not in found:
        raise not_found()
    return found[name, kind]


def _resources(artifact: Artifact) -> dict[tuple[str, str], bytes]:
    found = {}
    for path, content in readable(artifact.content).items():
        name = PurePosixPath(path).name
        kind = name.rpartition(".")[2].lower()
        if path.startswith(RESOURCES) and kind in RESOURCE_TYPES:
            found[name, kind] = content
    return found
