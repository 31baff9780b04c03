"""The archive of the flow, from its sources.

Address, role and CSRF protection are written into the sender channel and not externalised: a tenant keeps the
configured value of a parameter when a new archive arrives, so that an update would not update them, and nobody has
published how the role and the protection of a channel are externalised.
"""

from __future__ import annotations

import io
import re
import zipfile
from importlib.resources import files
from xml.sax.saxutils import escape

from cpi_conformance.flows.groovy import groovy_literal
from cpi_conformance.flows.manifest import read_manifest, write_manifest
from cpi_conformance.flows.settings import FlowSettings

MANIFEST = "META-INF/MANIFEST.MF"
RESOURCES = "src/main/resources"
DIAGRAMS = f"{RESOURCES}/scenarioflows/integrationflow"
SCRIPTS = f"{RESOURCES}/script"
SCRIPT = f"{SCRIPTS}/respond.groovy"
PARAMETERS = f"{RESOURCES}/parameters.prop"

DEFAULT = FlowSettings()

UNCHANGED = ("metainfo.prop", PARAMETERS, f"{RESOURCES}/parameters.propdef")

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip knows; with the real one, the same flow would give other bytes each time."""


def build_archive(settings: FlowSettings = DEFAULT) -> bytes:
    """The zip that the tenant takes; the same settings give the same bytes."""
    content = {
        MANIFEST: _manifest(settings),
        f"{DIAGRAMS}/{settings.id}.iflw": _diagram(settings).encode(),
        SCRIPT: _script(settings).encode(),
        **{name: source(name) for name in UNCHANGED},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, each in content.items():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, each)
    return packed.getvalue()


def source(name: str) -> bytes:
    """One of the source files, by its path in the archive."""
    return files("cpi_conformance.flows").joinpath("clientcert", *name.split("/")).read_bytes()


def _manifest(settings: FlowSettings) -> bytes:
    changed = {
        "Bundle-Name": settings.name,
        "Bundle-SymbolicName": f"{settings.id}; singleton:=true",
        "Bundle-Version": settings.version,
    }
    return write_manifest({**read_manifest(source(MANIFEST)), **changed})


def _diagram(settings: FlowSettings) -> str:
    diagram = source(f"{DIAGRAMS}/{DEFAULT.id}.iflw").decode()
    changed = {
        "urlPath": settings.address,
        "userRole": settings.role,
        "xsrfProtection": "1" if settings.csrf_protected else "0",
    }
    for key, value in changed.items():
        diagram = _once(rf"(?<=<key>{key}</key>)(\s*<value>)[^<]*(?=</value>)", diagram, escape(value))
    return diagram


def _script(settings: FlowSettings) -> str:
    return _once(r"(?<=setBody)(\()'[^']*'(?=\))", source(SCRIPT).decode(), groovy_literal(settings.message))


def _once(pattern: str, text: str, value: str) -> str:
    """The text with one value changed, which the sources hold exactly once."""
    changed, times = re.subn(pattern, lambda found: found[1] + value, text)
    if times != 1:
        raise AssertionError(f"the sources match {pattern} {times} times")
    return changed
