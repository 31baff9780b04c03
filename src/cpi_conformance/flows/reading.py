"""Reading a flow back, whoever has written it.

An archive comes from a tenant, where anybody may have put it. Only files that are needed are unpacked, none of them
beyond a limit, and nothing is written anywhere.
"""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass

from cpi_conformance.flows.archive import DIAGRAMS, MANIFEST, PARAMETERS, SCRIPTS
from cpi_conformance.flows.diagram import Diagram, read_diagram
from cpi_conformance.flows.manifest import read_manifest
from cpi_conformance.flows.properties import read_properties
from cpi_conformance.flows.refusal import FlowUnreadable

LARGEST_ARCHIVE = 16 * 2**20
LARGEST_FILE = 4 * 2**20
MOST_FILES = 5000

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    LookupError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    OverflowError,
    MemoryError,
)
"""What zipfile raises for archives that are none, that are encrypted, or that claim more than they hold."""

EXTERNALISED = re.compile(r"\{\{([^{}]*)\}\}")


@dataclass(frozen=True)
class FlowDescription:
    """What matters about a flow for those who call it.

    Attributes:
        id: symbolic name of the bundle.
        name, version: of the bundle.
        address: of the one HTTPS sender channel, with the values of externalised parameters.
        role: that a sender needs; empty where the channel asks for a client certificate by its name instead.
        csrf_protected: whether a sender must fetch a token.
        script: the text of the one script; empty where there is none.
    """

    id: str
    name: str
    version: str
    address: str
    role: str
    csrf_protected: bool
    script: str


def read_flow(archive: bytes) -> FlowDescription:
    """The flow in an archive.

    Raises:
        FlowUnreadable: it is no archive of a flow with one HTTPS sender channel; says why, and is the only error.
    """
    if len(archive) > LARGEST_ARCHIVE:
        raise FlowUnreadable(f"an archive of more than {LARGEST_ARCHIVE} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _described(opened)
    except FlowUnreadable:
        raise
    except DAMAGED as error:
        raise FlowUnreadable(f"the archive is damaged ({type(error).__name__})") from None


def _described(archive: zipfile.ZipFile) -> FlowDescription:
    names = [each.filename for each in archive.infolist()]
    if len(names) > MOST_FILES:
        raise FlowUnreadable(f"an archive of more than {MOST_FILES} files")
    headers = read_manifest(_file(archive, MANIFEST))
    drawn = [name for name in names if name.startswith(f"{DIAGRAMS}/") and name.endswith(".iflw")]
    if len(drawn) != 1:
        raise FlowUnreadable(f"{len(drawn)} files below {DIAGRAMS} where one belongs")
    diagram = read_diagram(_file(archive, drawn[0]))
    given = read_properties(_file(archive, PARAMETERS).decode("latin-1")) if PARAMETERS in names else {}
    return FlowDescription(
        id=_header(headers, "Bundle-SymbolicName").partition(";")[0].strip(),
        name=_header(headers, "Bundle-Name"),
        version=_header(headers, "Bundle-Version"),
        address=_resolved(diagram.address, given),
        role=_resolved(diagram.role, given),
        csrf_protected=_resolved(diagram.csrf, given).lower() in {"1", "true"},
        script=_script(archive, diagram, given),
    )


def _header(headers: dict[str, str], name: str) -> str:
    if name not in headers:
        raise FlowUnreadable(f"the manifest has no {name}")
    return headers[name].strip()


def _script(archive: zipfile.ZipFile, diagram: Diagram, given: dict[str, str]) -> str:
    if not diagram.scripts:
        return ""
    if len(diagram.scripts) > 1:
        raise FlowUnreadable(f"{len(diagram.scripts)} scripts where one belongs")
    return _file(archive, f"{SCRIPTS}/{_resolved(diagram.scripts[0], given)}").decode()


def _resolved(value: str, given: dict[str, str]) -> str:
    def known(found: re.Match[str]) -> str:
        if found[1] not in given:
            raise FlowUnreadable("an externalised parameter has no value")
        return given[found[1]]

    return EXTERNALISED.sub(known, value)


def _file(archive: zipfile.ZipFile, name: str) -> bytes:
    entries = [each for each in archive.infolist() if each.filename == name]
    if len(entries) != 1:
        raise FlowUnreadable(f"{len(entries)} files {name} where one belongs")
    with archive.open(entries[0]) as opened:
        content = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise FlowUnreadable(f"{name} has more than {LARGEST_FILE} bytes")
    return content
