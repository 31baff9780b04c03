"""The HTTPS sender channel and the scripts in a flow's diagram, which is BPMN 2.0 with properties of SAP's."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from cpi_conformance.flows.refusal import FlowUnreadable


@dataclass(frozen=True)
class Diagram:
    """Values as they stand there, externalised ones as ``{{name}}``; ``csrf`` is ``1`` or ``0``."""

    address: str
    role: str
    csrf: str
    scripts: tuple[str, ...]


def read_diagram(content: bytes) -> Diagram:
    """What a caller of the flow needs to know.

    Raises:
        FlowUnreadable: this is no XML, declares entities, or has not exactly one HTTPS sender channel.
    """
    try:
        root = ElementTree.fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise FlowUnreadable("the diagram is no XML, or declares entities") from None
    flows = (_properties(each) for each in root.iter() if _local(each) == "messageFlow")
    channels = [each for each in flows if each.get("ComponentType") == "HTTPS" and each.get("direction") == "Sender"]
    if len(channels) != 1:
        raise FlowUnreadable(f"{len(channels)} HTTPS sender channels where one belongs")
    steps = (_properties(each) for each in root.iter() if _local(each) == "callActivity")
    channel = channels[0]
    return Diagram(
        address=channel.get("urlPath", ""),
        role=channel.get("userRole", "") if channel.get("senderAuthType", "RoleBased") == "RoleBased" else "",
        csrf=channel.get("xsrfProtection", ""),
        scripts=tuple(each.get("script", "") for each in steps if each.get("activityType") == "Script"),
    )


def _properties(element: Element) -> dict[str, str]:
    """The properties in the element's own ``extensionElements``."""
    found: dict[str, str] = {}
    extensions = (each for each in element if _local(each) == "extensionElements")
    for each in (each for extension in extensions for each in extension if _local(each) == "property"):
        parts = {_local(part): part.text or "" for part in each}
        found[parts.get("key", "").strip()] = parts.get("value", "").strip()
    return found


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
