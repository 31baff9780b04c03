"""The archive of an integration flow: what is in it, read without trust.

Layout (SAP's exports and the public bundles that were deployed): ``META-INF/MANIFEST.MF``, exactly one
``.iflw`` below ``scenarioflows/integrationflow``, scripts, and externalised parameters.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.integration.errors import ArchiveBroken
from cpi_conformance.simulator.integration.guarded_xml import XmlRefused, parse_xml
from cpi_conformance.simulator.integration.manifest import (
    MANIFEST,
    VERSION,
    read_manifest,
    symbolic_name,
    write_manifest,
)
from cpi_conformance.simulator.integration.properties import read_properties
from cpi_conformance.simulator.integration.zip_entries import zip_entries

RESOURCES = "src/main/resources/"
FLOWS = f"{RESOURCES}scenarioflows/integrationflow/"
SCRIPTS = f"{RESOURCES}script/"
PARAMETERS = f"{RESOURCES}parameters.prop"
PARAMETER_DEFINITIONS = f"{RESOURCES}parameters.propdef"

KIND = {"SAP-BundleType": "IntegrationFlow", "SAP-NodeType": "IFLMAP"}
RUNTIME_PROFILE = ("SAP-RuntimeProfile", "iflmap")


@dataclass(frozen=True)
class FlowArchive:
    """A complete archive.

    Attributes:
        symbolic_name: ``Bundle-SymbolicName`` without directives.
        name: ``Bundle-Name``.
        version: ``Bundle-Version``.
        bpmn: the model, as it stands in the ``.iflw``.
        scripts: Groovy sources by their file names.
        parameters: values of the externalised parameters.
    """

    symbolic_name: str
    name: str
    version: str
    bpmn: bytes
    scripts: Mapping[str, str]
    parameters: Mapping[str, str]


def read_archive(content: bytes) -> FlowArchive:
    """A complete archive.

    Raises:
        ArchiveBroken: it is unreadable, or something is missing.
    """
    entries = zip_entries(content)
    headers = manifest_of(entries)
    for header in ("Bundle-SymbolicName", "Bundle-Name", "Bundle-Version"):
        if not headers.get(header, "").strip():
            raise ArchiveBroken(f"{MANIFEST} holds no {header}.")
    if not VERSION.fullmatch(headers["Bundle-Version"]):
        raise ArchiveBroken(f"The Bundle-Version {headers['Bundle-Version'][:40]!r} is not a version.")
    _of_this_kind(headers)
    flows = [name for name in entries if name.startswith(FLOWS) and name.endswith(".iflw")]
    if len(flows) != 1:
        raise ArchiveBroken(f"The archive must hold exactly one .iflw below {FLOWS}, but holds {len(flows)}.")
    return FlowArchive(
        symbolic_name=symbolic_name(headers),
        name=headers["Bundle-Name"],
        version=headers["Bundle-Version"],
        bpmn=entries[flows[0]],
        scripts=_scripts(entries),
        parameters=_parameters(entries),
    )


def manifest_of(entries: Mapping[str, bytes]) -> Mapping[str, str]:
    """The headers of the manifest in an archive; ``ArchiveBroken`` when there is none."""
    if MANIFEST not in entries:
        raise ArchiveBroken(f"The archive holds no {MANIFEST} at its root.")
    return read_manifest(entries[MANIFEST])


def with_version(content: bytes, version: str) -> bytes:
    """The archive with another ``Bundle-Version``; one without a manifest stays as it is.

    Raises:
        ArchiveBroken: it cannot be read.
    """
    entries = zip_entries(content)
    if MANIFEST not in entries:
        return content
    manifest = write_manifest({**read_manifest(entries[MANIFEST]), "Bundle-Version": version})
    return zipped({**entries, MANIFEST: manifest})


def zipped(entries: Mapping[str, bytes]) -> bytes:
    """A zip of these files, the same bytes each time."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, entry in entries.items():
            archive.writestr(zipfile.ZipInfo(name), entry, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _of_this_kind(headers: Mapping[str, str]) -> None:
    for header, value in KIND.items():
        if headers.get(header) != value:
            raise ArchiveBroken(f"{MANIFEST} must hold {header}: {value}.")
    header, profile = RUNTIME_PROFILE
    if headers.get(header, profile) != profile:
        raise ArchiveBroken(f"The runtime profile {headers[header][:40]!r} is not available on this tenant.")


def _scripts(entries: Mapping[str, bytes]) -> Mapping[str, str]:
    names = [name for name in entries if name.startswith(SCRIPTS) and name.endswith((".groovy", ".gsh"))]
    try:
        return {name.removeprefix(SCRIPTS): entries[name].decode("utf-8-sig") for name in names}
    except UnicodeDecodeError:
        raise ArchiveBroken("A script is not in UTF-8.") from None


def _parameters(entries: Mapping[str, bytes]) -> Mapping[str, str]:
    if PARAMETER_DEFINITIONS in entries:
        try:
            parse_xml(entries[PARAMETER_DEFINITIONS])
        except XmlRefused as refused:
            raise ArchiveBroken(f"parameters.propdef cannot be read: {refused}.") from None
    return read_properties(entries.get(PARAMETERS, b""))
