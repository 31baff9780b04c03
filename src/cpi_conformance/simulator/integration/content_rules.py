"""What packages and artifacts must be like, and the words with which the API refuses them.

Texts and statuses as SAP's specification of the Integration Content API and recorded tenants have
them; that for an archive which cannot be read at all is not public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cpi_conformance.simulator.integration.archive import (
    PARAMETER_DEFINITIONS,
    PARAMETERS,
    manifest_of,
)
from cpi_conformance.simulator.integration.errors import ArchiveBroken, ContentRefused
from cpi_conformance.simulator.integration.manifest import MANIFEST, VERSION
from cpi_conformance.simulator.integration.zip_entries import zip_entries

NOT_FOUND = "Requested entity could not be found."
PACKAGE_NOT_FOUND = "Integration package {id} does not exist."
ARTIFACT_NOT_FOUND = "Integration design time artifact not found."
PACKAGE_EXISTS = "Entity with the specified IntegrationPackage id already exist."
PACKAGE_ID = "Property 'Id' value cannot have a special character. Enter a valid Id."
EMPTY_PROPERTY = "Property '{name}' cannot be empty"
ARTIFACT_EXISTS = (
    "An integration flow {name} with the ID {id} already exists in the {package} package."
    " Please rename the artifact ID."
)
ARTIFACT_NAME = (
    "Name should begin with alphabet or underscore (_) and can also contain numbers, space, period(.) or hyphen(-)."
    " But it should not end with period(.)."
)
SYMBOLIC_NAME = "Could not update artifact of the package; due to change in the Bundle-symbolicName"
NO_DEFINITIONS = "InputStream cannot be null"
CANNOT_UPDATE = "CANNOT_UPDATE_BUNDLE"
INVALID_VERSION = "Property 'SaveAsVersion' is not a valid version."

NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_ .-]*[A-Za-z0-9_ -])?")
NAME_LENGTH = 250


def check_package(package_id: str, name: str, short_text: str) -> None:
    """``ContentRefused`` 400 when one of them is not allowed."""
    for label, value in (("Id", package_id), ("Name", name), ("ShortText", short_text)):
        if not value.strip():
            raise ContentRefused(400, EMPTY_PROPERTY.format(name=label))
    if not (package_id.isascii() and package_id.isalnum()):
        raise ContentRefused(400, PACKAGE_ID)


def check_artifact_name(name: str) -> None:
    """``ContentRefused`` 400 when the name, or the id, of an artifact is not allowed."""
    if len(name) > NAME_LENGTH or not NAME.fullmatch(name):
        raise ContentRefused(400, ARTIFACT_NAME)


def check_version(version: str) -> None:
    """``ContentRefused`` 400 when an artifact cannot be saved as this version."""
    if version.lower() == "active":
        raise ContentRefused(400, CANNOT_UPDATE)
    if not VERSION.fullmatch(version):
        raise ContentRefused(400, INVALID_VERSION)


def readable(content: bytes) -> Mapping[str, bytes]:
    """The entries of an uploaded archive; ``ContentRefused`` 400 when it cannot be read. It may be incomplete."""
    try:
        entries = zip_entries(content)
        if MANIFEST in entries:
            manifest_of(entries)
    except ArchiveBroken as broken:
        raise ContentRefused(400, str(broken)) from None
    return entries


def check_definitions(entries: Mapping[str, bytes]) -> None:
    """``ContentRefused`` 500 when there are parameters without their definitions."""
    if PARAMETERS in entries and PARAMETER_DEFINITIONS not in entries:
        raise ContentRefused(500, NO_DEFINITIONS)
