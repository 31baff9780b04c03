"""The flow's sources and their archive: layout, manifest, script, diagram by parsers of others, and settings."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from cpi_conformance.flows import FlowSettings, build_archive, read_flow
from cpi_conformance.flows.archive import source
from cpi_conformance.flows.manifest import read_manifest, write_manifest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "cpi_conformance" / "flows" / "clientcert"
DIAGRAM = "src/main/resources/scenarioflows/integrationflow/MyClientCertificateConnection.iflw"
SCRIPT = "src/main/resources/script/respond.groovy"
MODULES = Path(os.environ.get("NODE_PATH", ROOT / ".ci" / "clients" / "node_modules"))

VARIANTS = {
    "default": FlowSettings(),
    "CSRF": FlowSettings(id="Csrf", csrf_protected=True),
    "custom role": FlowSettings(id="Role", role="ESBMessaging.custom", address="/test/role/*", version="2.10.3"),
}
variants = pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)


def unpacked(settings: FlowSettings) -> dict[str, bytes]:
    """The files of an archive, in their order."""
    with zipfile.ZipFile(io.BytesIO(build_archive(settings))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def drawn(settings: FlowSettings) -> bytes:
    """The diagram of an archive."""
    (diagram,) = (content for name, content in unpacked(settings).items() if name.endswith(".iflw"))
    return diagram


def test_sources_are_the_archive_of_the_defaults() -> None:
    written = {path.relative_to(SOURCES).as_posix(): path.read_bytes() for path in SOURCES.rglob("*") if path.is_file()}
    assert unpacked(FlowSettings()) == written


def test_layout() -> None:
    names = list(unpacked(FlowSettings(id="Other")))
    assert names[0] == "META-INF/MANIFEST.MF"
    assert DIAGRAM.replace("MyClientCertificateConnection", "Other") in names
    assert SCRIPT in names
    assert {name.startswith("src/main/resources/parameters.prop") for name in names[-2:]} == {True}


@variants
def test_same_settings_give_the_same_bytes(settings: FlowSettings) -> None:
    assert build_archive(settings) == build_archive(settings)
    with zipfile.ZipFile(io.BytesIO(build_archive(settings))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_manifest() -> None:
    settings = FlowSettings(id="A" * 100, name="N" * 120, version="1.2.3")
    content = unpacked(settings)["META-INF/MANIFEST.MF"]
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(len(line) for line in content.splitlines(keepends=True)) == 72
    headers = read_manifest(content)
    assert headers["Bundle-SymbolicName"] == f"{'A' * 100}; singleton:=true"
    assert (headers["Bundle-Name"], headers["Bundle-Version"]) == ("N" * 120, "1.2.3")
    assert (headers["SAP-BundleType"], headers["SAP-NodeType"]) == ("IntegrationFlow", "IFLMAP")
    assert len(headers["Import-Package"]) == 1761


@given(
    st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,80}", fullmatch=True), st.text("aä€😀 ;:=", max_size=300))
)
def test_folded_manifest_is_read_back(headers: dict[str, str]) -> None:
    content = write_manifest(headers)
    assert all(len(line) <= 72 for line in content.splitlines(keepends=True))
    assert read_manifest(content) == headers
    assert read_manifest(content.replace(b"\r\n", b"\n")) == headers


@pytest.mark.parametrize(
    ("content", "why"),
    [(b" x: y\r\n", "continuation"), (b"no header\r\n", "no header"), (b"a: \xff\r\n", "invalid start byte")],
)
def test_manifest_that_is_none(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_manifest(content)


@variants
def test_sender_channel(settings: FlowSettings) -> None:
    diagram = etree.fromstring(drawn(settings))
    channel = {
        each.findtext("key"): each.findtext("value")
        for each in diagram.iterfind(".//{*}messageFlow/{*}extensionElements/{*}property")
    }
    assert channel["urlPath"] == settings.address
    assert channel["userRole"] == settings.role
    assert channel["xsrfProtection"] == ("1" if settings.csrf_protected else "0")
    assert len(channel) == 20
    assert "{{" not in drawn(settings).decode()


@variants
def test_diagram_is_bpmn_but_for_the_namespace_that_sap_leaves_out(settings: FlowSettings) -> None:
    """SAP writes no ``targetNamespace``, which BPMN requires; nothing else is changed, also no attribute of SAP's."""
    document = etree.ElementTree(etree.fromstring(drawn(settings)))
    schema = BpmnValidator().validator
    assert not schema.validate(document)
    assert [error.message.rpartition(": ")[2] for error in schema.error_log] == [
        "The attribute 'targetNamespace' is required but missing."
    ]
    document.getroot().set("targetNamespace", "http:///com.sap.ifl.model/Ifl.xsd")
    BpmnValidator().validate(document)


def test_validator_sees_what_is_wrong() -> None:
    """Otherwise the test above would prove nothing."""
    document = etree.ElementTree(etree.fromstring(drawn(FlowSettings())))
    document.getroot().set("targetNamespace", "x")
    for event in document.iterfind(".//{*}startEvent"):
        event.tag = event.tag.replace("startEvent", "beginEvent")
    assert not BpmnValidator().validator.validate(document)


def test_references_of_the_diagram_are_resolved() -> None:
    diagram = etree.fromstring(drawn(FlowSettings()))
    ids = [str(each.get("id")) for each in diagram.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    names = ("sourceRef", "targetRef", "processRef", "bpmnElement", "sourceElement", "targetElement")
    assert {str(each.get(name)) for each in diagram.iter() for name in names if each.get(name)} <= set(ids)


@variants
def test_diagram_by_bpmn_moddle(settings: FlowSettings, tmp_path: Path) -> None:
    """The parser of bpmn.io, which follows references and knows which element may stand where."""
    if not shutil.which("node") or not (MODULES / "bpmn-moddle").is_dir():
        pytest.skip("needs node, and bpmn-moddle in .ci/clients/node_modules or NODE_PATH")
    file = tmp_path / "flow.bpmn"
    file.write_bytes(drawn(settings))
    script = ROOT / "tests" / "bpmn_moddle.cjs"
    done = subprocess.run(["node", script, MODULES, file], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""


def test_script() -> None:
    assert "message.setBody('Connected Successfully to CPI!')" in source(SCRIPT).decode()


LITERALS = {
    "It's": r"It\'s",
    'say "x"': 'say "x"',
    "$x ${y}": "$x ${y}",
    "a\\b": r"a\\b",
    "\\u0041": r"\\u0041",
    "a\nb\r\tc": r"a\nb\r\tc",
    "ü€": r"\u00fc\u20ac",
    "😀": r"\ud83d\ude00",
    r"\1 \g<0>": r"\\1 \\g<0>",
    "": "",
}


@pytest.mark.parametrize(("message", "literal"), LITERALS.items())
def test_message_as_a_literal(message: str, literal: str) -> None:
    script = unpacked(FlowSettings(message=message))[SCRIPT].decode()
    assert f"    message.setBody('{literal}')\n" in script
    assert script.isascii()
    assert script.count("\n") == source(SCRIPT).decode().count("\n")


def literal_of(script: str) -> str:
    r"""What the literal in a script means, read by the rules of Groovy: ``\u`` first, then the rest."""
    found = re.search(r"setBody\('((?:[^'\\\n]|\\.)*)'\)\n", script)
    assert found
    units = re.sub(r"(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})", lambda it: it[1] + chr(int(it[2], 16)), found[1])
    while (
        again := re.sub(r"(?<!\\)((?:\\\\)*)\\u([0-9a-f]{4})", lambda it: it[1] + chr(int(it[2], 16)), units)
    ) != units:
        units = again
    named = {"n": "\n", "r": "\r", "t": "\t"}
    plain = re.sub(r"\\(.)", lambda it: named.get(it[1], it[1]), units)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16")


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=50)


@given(TEXT | st.text("'\"$\\un\n\t {}/", max_size=30))
def test_any_message_means_itself(message: str) -> None:
    assert literal_of(read_flow(build_archive(FlowSettings(message=message))).script) == message


SEGMENTS = st.lists(st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_~.$-]{0,8}[A-Za-z0-9_])?", fullmatch=True), min_size=1)


@given(SEGMENTS.map(lambda parts: "/" + "/".join(parts)).filter(lambda it: len(it) <= 190), st.booleans())
def test_any_address_is_read_back(address: str, csrf: bool) -> None:
    settings = FlowSettings(id="Flow-1", name="My Flow", address=address, csrf_protected=csrf, role="a.b")
    found = read_flow(build_archive(settings))
    assert (found.id, found.name, found.version) == ("Flow-1", "My Flow", "1.0.0")
    assert (found.address, found.role, found.csrf_protected) == (address, "a.b", csrf)


BAD: list[Any] = [
    *(("id", value) for value in ("1a", "a b", "a.", "ä", "a\n", "a/b", "a" * 121)),
    *(("name", value) for value in ("1a", "a.", "a:b", "a\r\nX: y", "a ")),
    *(("address", value) for value in ("", "x", "/", "//", "/a/", "/a//b", "/*", "/a/*/b", "/a b", "/a\n", "/ä", "/..",
                                       "/{{x}}", "/<", "/a?b", "/" + "a" * 200)),
    *(("role", value) for value in ("", "a b", "</value>", "{{x}}", "1")),
    *(("version", value) for value in ("", "1.0", "1.0.0.q", "01.0.0", "Active")),
    *(("message", value) for value in ("\0", "\x1b", "\x85", "\ud800", "\uffff", "x" * 10_001)),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD, ids=[f"{field} {value[:20]!a}" for field, value in BAD])
def test_setting_that_is_refused(field: str, value: str) -> None:
    change: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=r"of an integration flow|too long|control characters"):
        FlowSettings(**change)


def test_name_is_the_id_unless_given() -> None:
    assert FlowSettings(id="Flow").name == "Flow"
    assert json.dumps(FlowSettings(id="Flow", name="My Flow").name) == '"My Flow"'
