"""Archives of integration flows, whole and with one thing changed; and time that passes only by hand."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from collections.abc import Callable, Coroutine, Mapping
from itertools import pairwise
from typing import Any, TypeVar
from xml.sax.saxutils import escape

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.integration.deployment import Deployments
from cpi_conformance.simulator.integration.design_time import Artifact, DesignTime, Package
from cpi_conformance.simulator.integration.manifest import write_manifest
from cpi_conformance.simulator.integration.message_logs import MessageLogs
from cpi_conformance.simulator.runtime import Runtime
from cpi_conformance.simulator.service_keys import ServiceKeys
from tests.foundry import Stopped, VirtualLoop

T = TypeVar("T")

MANIFEST = "META-INF/MANIFEST.MF"
RESOURCES = "src/main/resources/"
MODEL = f"{RESOURCES}scenarioflows/integrationflow/flow.iflw"
SCRIPT = f"{RESOURCES}script/respond.groovy"
PROP, PROPDEF = f"{RESOURCES}parameters.prop", f"{RESOURCES}parameters.propdef"

RESPOND = """import com.sap.gateway.ip.core.customdev.util.Message

def Message processData(Message message) {
    message.setBody("Connected Successfully to CPI!")
    return message
}
"""

HEADERS = {
    "Manifest-Version": "1.0",
    "Bundle-ManifestVersion": "2",
    "Bundle-Name": "Client Certificate Test",
    "Bundle-SymbolicName": "ClientCertTest; singleton:=true",
    "Bundle-Version": "1.0.0",
    "SAP-BundleType": "IntegrationFlow",
    "SAP-NodeType": "IFLMAP",
    "SAP-RuntimeProfile": "iflmap",
    "Import-Package": ",".join(f"com.sap.example.package{number}" for number in range(9)),
}

VARIANT = "ctype::AdapterVariant/cname::sap:HTTPS/tp::HTTPS/mp::None/direction::Sender/version::"
SCRIPT_VARIANT = "ctype::FlowstepVariant/cname::GroovyScript/version::1.1.2"


def channel(version: str = "1.5.2", **changes: str) -> dict[str, str]:
    """The properties of an HTTPS sender channel."""
    return {
        "ComponentType": "HTTPS",
        "direction": "Sender",
        "componentVersion": version.rpartition(".")[0],
        "TransportProtocolVersion": version,
        "MessageProtocolVersion": version,
        "ComponentSWCVId": version,
        "cmdVariantUri": VARIANT + version,
        "urlPath": "/test/clientcert",
        "xsrfProtection": "0",
        "senderAuthType": "RoleBased",
        "userRole": "ESBMessaging.send",
        **changes,
    }


def step(**changes: str) -> dict[str, str]:
    """The properties of a script step."""
    return {
        "activityType": "Script",
        "subActivityType": "GroovyScript",
        "cmdVariantUri": SCRIPT_VARIANT,
        "script": "respond.groovy",
        "scriptFunction": "",
        **changes,
    }


def properties(values: Mapping[str, str]) -> str:
    """The extension elements of a BPMN element."""
    pairs = "".join(
        f"<ifl:property><key>{key}</key><value>{escape(value)}</value></ifl:property>" for key, value in values.items()
    )
    return f"<bpmn2:extensionElements>{pairs}</bpmn2:extensionElements>"


def model(
    *channels: Mapping[str, str],
    steps: tuple[Mapping[str, str], ...] = (step(),),
    change: Callable[[str], str] = str,
    settings: Mapping[str, str] | None = None,
) -> bytes:
    """The model: a start, the steps, an end."""
    way = ["Start", *(f"Step_{number}" for number in range(len(steps))), "End"]
    flows = "".join(
        f'<bpmn2:messageFlow id="MF_{number}" sourceRef="Sender" targetRef="Start">{properties(each)}'
        "</bpmn2:messageFlow>"
        for number, each in enumerate(channels or (channel(),))
    )
    calls = "".join(
        f'<bpmn2:callActivity id="Step_{number}" name="Respond">{properties(each)}</bpmn2:callActivity>'
        for number, each in enumerate(steps)
    )
    sequence = "".join(
        f'<bpmn2:sequenceFlow id="SF_{one}" sourceRef="{one}" targetRef="{other}"/>' for one, other in pairwise(way)
    )
    return change(
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<bpmn2:definitions xmlns:bpmn2="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:ifl="http:///com.sap.ifl.model/Ifl.xsd" id="D"><bpmn2:collaboration id="C">'
        f'{properties(settings or {})}<bpmn2:participant id="Sender" ifl:type="EndpointSender"/>'
        '<bpmn2:participant id="P" ifl:type="IntegrationProcess" processRef="Process_1"/>'
        f'{flows}</bpmn2:collaboration><bpmn2:process id="Process_1"><bpmn2:startEvent id="Start"/>'
        f'{calls}<bpmn2:endEvent id="End"/>{sequence}</bpmn2:process></bpmn2:definitions>'
    ).encode()


def entries(**changes: bytes | None) -> dict[str, bytes]:
    """The files of a whole archive; ``manifest``, ``model`` and ``script`` can be changed, or left out by ``None``."""
    given: dict[str, bytes | None] = {
        "manifest": write_manifest(HEADERS),
        "model": model(),
        "script": RESPOND.encode(),
        **changes,
    }
    names = {"manifest": MANIFEST, "model": MODEL, "script": SCRIPT, "prop": PROP, "propdef": PROPDEF}
    return {names[part]: content for part, content in given.items() if content is not None}


def manifest(**changes: str | None) -> bytes:
    """A manifest with headers changed; ``_`` in a name stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return write_manifest({name: value for name, value in {**HEADERS, **named}.items() if value is not None})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def archive(**changes: bytes | None) -> bytes:
    """A whole archive, or one with some parts changed."""
    return zipped(entries(**changes))


class Tenant:
    """Content, deployments and runtime without sockets; phases take ten seconds of a time that is set by hand."""

    PHASE = 10.0

    def __init__(self) -> None:
        self.clock = Stopped()
        self.logs = MessageLogs()
        self.keys = ServiceKeys("conformance", self.clock)
        self.runtime = Runtime(self.keys, self.clock, message_logs=self.logs)
        self.design_time = DesignTime(self.clock)
        self.deployments = Deployments(self.clock, self.runtime)
        self.deployments.phase_seconds = self.deployments.endpoint_lag = self.PHASE
        self.design_time.create_package(Package("MyCPIPkg", "My CPI Pkg", "short", created_by="me"))
        self.loop = VirtualLoop()
        key = self.keys.create_key(self.keys.create_instance("instance"), "sender")
        self._caller = (key.clientid, key.secret or Secret(""))

    def close(self) -> None:
        """Abandon what runs."""
        self.loop.run_until_complete(self.deployments.close())
        self.loop.close()

    def create(self, content: bytes | None, artifact_id: str = "ClientCertTest", name: str = "") -> Artifact:
        """An artifact in the package."""
        return self.design_time.create_artifact("MyCPIPkg", artifact_id, name or artifact_id, content, "me")

    def deploy(self, artifact: Artifact) -> str:
        """Begin to deploy; the task."""

        async def begin() -> str:
            return self.deployments.deploy(artifact, "me")

        return self.run(begin())

    def undeploy(self, artifact_id: str) -> None:
        """Begin to undeploy."""

        async def begin() -> None:
            self.deployments.undeploy(artifact_id)

        self.run(begin())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Let something happen without time passing."""
        return self.loop.run_until_complete(work)

    def pass_time(self, phases: int = 1) -> None:
        """Let what is under way go on by some phases."""
        for _ in range(phases):
            self.run(asyncio.sleep(0))
            self.loop.moment += self.PHASE
            for _ in range(5):
                self.run(asyncio.sleep(0))

    def settle(self, artifact: Artifact) -> tuple[str, str | None]:
        """Deploy and wait until nothing changes any more; status and error."""
        self.deploy(artifact)
        self.pass_time(5)
        deployed = self.deployments.runtime_artifact(artifact.id)
        return deployed.status, deployed.error

    def call(
        self, method: str = "GET", path: str = "/http/test/clientcert", *headers: tuple[str, str], query: str = ""
    ) -> Answer:
        """A call of an authenticated sender."""
        return self.ask(Exchange(method, path, query, (self._authorization(), *headers)))

    def ask(self, exchange: Exchange) -> Answer:
        """Any request to the runtime."""
        return self.run(self.runtime(exchange))

    def _authorization(self) -> tuple[str, str]:
        clientid, secret = self._caller
        pair = f"{clientid}:{secret.reveal()}".encode()
        return "authorization", f"Basic {base64.b64encode(pair).decode()}"


def values(headers: Headers, name: str) -> list[str]:
    """All values of a header."""
    return [value for key, value in headers if key == name]
