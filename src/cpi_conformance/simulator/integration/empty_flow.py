"""The archive of a flow that was created without content: a start and an end, and nobody who calls it."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from cpi_conformance.simulator.integration.archive import FLOWS, zipped
from cpi_conformance.simulator.integration.manifest import MANIFEST, write_manifest

FIRST_VERSION = "1.0.0"

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="Definitions_1">
<bpmn2:collaboration id="Collaboration_1" name="Default Collaboration">
<bpmn2:participant id="Participant_1" ifl:type="EndpointSender" name="Sender"/>
<bpmn2:participant id="Participant_Process_1" ifl:type="IntegrationProcess" name={name} processRef="Process_1"/>
</bpmn2:collaboration>
<bpmn2:process id="Process_1" name={name}>
<bpmn2:startEvent id="StartEvent_2" name="Start"><bpmn2:outgoing>SequenceFlow_1</bpmn2:outgoing></bpmn2:startEvent>
<bpmn2:endEvent id="EndEvent_2" name="End"><bpmn2:incoming>SequenceFlow_1</bpmn2:incoming></bpmn2:endEvent>
<bpmn2:sequenceFlow id="SequenceFlow_1" sourceRef="StartEvent_2" targetRef="EndEvent_2"/>
</bpmn2:process>
</bpmn2:definitions>
"""


def empty_flow(artifact_id: str, name: str) -> bytes:
    """The zip."""
    headers = {
        "Manifest-Version": "1.0",
        "Bundle-ManifestVersion": "2",
        "Bundle-Name": name,
        "Bundle-SymbolicName": f"{artifact_id}; singleton:=true",
        "Bundle-Version": FIRST_VERSION,
        "SAP-BundleType": "IntegrationFlow",
        "SAP-NodeType": "IFLMAP",
        "SAP-RuntimeProfile": "iflmap",
    }
    model = BPMN.format(name=quoteattr(name)).encode()
    return zipped({MANIFEST: write_manifest(headers), f"{FLOWS}{artifact_id}.iflw": model})
