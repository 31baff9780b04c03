"""The model of an integration flow (BPMN 2.0 with SAP's properties), as far as it is simulated.

That is: HTTPS sender channels, one integration process, and in it one way from start to end through
Groovy scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from cpi_conformance.simulator.integration.channel import Channel, read_channel
from cpi_conformance.simulator.integration.errors import ModelBroken
from cpi_conformance.simulator.integration.guarded_xml import XmlRefused, parse_xml

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
IFL = "{http:///com.sap.ifl.model/Ifl.xsd}"
EXTERNALISED = re.compile(r"\{\{([^{}]{1,200})\}\}")
SCRIPT_VARIANT = re.compile(r"ctype::FlowstepVariant/cname::GroovyScript/version::1\.[01]\.\d{1,3}")


@dataclass(frozen=True)
class Step:
    """A Groovy script step; an empty ``function`` means ``processData``."""

    name: str
    script: str
    function: str = ""


@dataclass(frozen=True)
class FlowModel:
    """What a flow does.

    Attributes:
        channels: where it is called; at least one.
        steps: what happens to a message, in this order.
        allowed_headers: the names of HTTP headers that reach the flow, in lower case; ``*`` for all.
        returns_exception: whether the caller is told the text of an exception.
    """

    channels: tuple[Channel, ...]
    steps: tuple[Step, ...]
    allowed_headers: frozenset[str] = frozenset()
    returns_exception: bool = False


def read_model(bpmn: bytes, parameters: Mapping[str, str]) -> FlowModel:
    """The model with its externalised parameters resolved.

    Raises:
        ModelBroken: it cannot be read, it is incomplete, or it uses what is not simulated.
    """
    try:
        root = parse_xml(bpmn)
    except XmlRefused as refused:
        raise ModelBroken(f"The model of the integration flow cannot be read: {refused}.") from None
    if root.tag != f"{BPMN}definitions":
        raise ModelBroken("The model of the integration flow is not BPMN 2.0.")
    collaboration = root.find(f"{BPMN}collaboration")
    if collaboration is None:
        raise ModelBroken("The model holds no collaboration.")
    process = _integration_process(root, collaboration)
    start = _only(process.findall(f"{BPMN}startEvent"), "start event")
    channels = tuple(
        read_channel(_properties(flow, parameters))
        for flow in collaboration.findall(f"{BPMN}messageFlow")
        if flow.get("targetRef") == start.get("id")
    )
    if not channels:
        raise ModelBroken("The integration flow has no HTTPS sender channel.")
    settings = _properties(collaboration, parameters)
    allowed = settings.get("allowedHeaderList", "").lower().split("|")
    return FlowModel(
        channels,
        tuple(_step(element, parameters) for element in _way(process, start)),
        frozenset(name.strip() for name in allowed if name.strip()),
        settings.get("returnExceptionToSender") == "true",
    )


def _integration_process(root: Element, collaboration: Element) -> Element:
    processes = {process.get("id"): process for process in root.findall(f"{BPMN}process")}
    named = [
        participant.get("processRef")
        for participant in collaboration.findall(f"{BPMN}participant")
        if participant.get(f"{IFL}type") == "IntegrationProcess"
    ]
    found = [processes[name] for name in named if name in processes]
    return _only(found, "integration process")


def _only(found: list[Element], what: str) -> Element:
    if len(found) != 1:
        raise ModelBroken(f"The model must hold exactly one {what}, but holds {len(found)}.")
    return found[0]


def _way(process: Element, start: Element) -> Iterable[Element]:
    """The steps between start and end, in their order."""
    elements = {element.get("id"): element for element in process if element.tag != f"{BPMN}sequenceFlow"}
    following: dict[str | None, list[str | None]] = {}
    for flow in process.findall(f"{BPMN}sequenceFlow"):
        following.setdefault(flow.get("sourceRef"), []).append(flow.get("targetRef"))
    passed = {start.get("id")}
    here = start
    while here.tag != f"{BPMN}endEvent":
        ahead = following.get(here.get("id"), [])
        if len(ahead) != 1:
            raise ModelBroken(f"The element {_label(here)} must have exactly one way out, but has {len(ahead)}.")
        if ahead[0] not in elements:
            raise ModelBroken(f"The way out of the element {_label(here)} leads to nothing.")
        if ahead[0] in passed:
            raise ModelBroken(f"The way from start to end comes twice to the element {_label(elements[ahead[0]])}.")
        passed.add(ahead[0])
        here = elements[ahead[0]]
        if here.tag != f"{BPMN}endEvent":
            yield here


def _step(element: Element, parameters: Mapping[str, str]) -> Step:
    properties = _properties(element, parameters)
    kind = properties.get("subActivityType") or properties.get("activityType") or element.tag.removeprefix(BPMN)
    if element.tag != f"{BPMN}callActivity" or kind != "GroovyScript":
        raise ModelBroken(f"The step {_label(element)} is of a kind that is not simulated: {kind[:40]}.")
    if not SCRIPT_VARIANT.fullmatch(properties.get("cmdVariantUri", "")):
        raise ModelBroken(f"The version of the script step {_label(element)} is not available on this tenant.")
    script = properties.get("script", "")
    if not script:
        raise ModelBroken(f"The script step {_label(element)} names no script.")
    return Step(element.get("name") or element.get("id") or "", script, properties.get("scriptFunction", ""))


def _properties(element: Element, parameters: Mapping[str, str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in element.iterfind(f"{BPMN}extensionElements/{IFL}property"):
        key = (each.findtext("key") or "").strip()
        found[key] = _resolved(each.findtext("value") or "", parameters)
    return found


def _resolved(value: str, parameters: Mapping[str, str]) -> str:
    def parameter(match: re.Match[str]) -> str:
        if match[1] not in parameters:
            raise ModelBroken(f"The externalised parameter {match[1][:60]!r} has no value.")
        return parameters[match[1]]

    return EXTERNALISED.sub(parameter, value)


def _label(element: Element) -> str:
    return repr((element.get("name") or element.get("id") or "")[:60])
