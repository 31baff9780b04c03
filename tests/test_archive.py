"""Archives of integration flows: what is read, and what is refused before anything is believed."""

from __future__ import annotations

import io
import stat
import time
import zipfile
from collections.abc import Callable

import pytest

from cpi_conformance.simulator.integration.archive import FlowArchive, read_archive, with_version
from cpi_conformance.simulator.integration.errors import ArchiveBroken, ModelBroken
from cpi_conformance.simulator.integration.guarded_xml import DEPTH
from cpi_conformance.simulator.integration.manifest import read_manifest, write_manifest
from cpi_conformance.simulator.integration.model import Step, read_model
from cpi_conformance.simulator.integration.properties import read_properties
from cpi_conformance.simulator.integration.zip_entries import ENTRIES, ENTRY_BYTES, zip_entries
from tests.flow_archives import (
    HEADERS,
    MANIFEST,
    MODEL,
    RESPOND,
    archive,
    channel,
    entries,
    manifest,
    model,
    step,
    zipped,
)


def test_a_whole_archive() -> None:
    found = read_archive(archive(prop=b"Sender\\ Endpoint=/flow\n", propdef=b"<parameters/>"))
    assert found == FlowArchive(
        symbolic_name="ClientCertTest",
        name="Client Certificate Test",
        version="1.0.0",
        bpmn=model(),
        scripts={"respond.groovy": RESPOND},
        parameters={"Sender Endpoint": "/flow"},
    )


def renamed(name: str) -> bytes:
    return zipped({**entries(), name: b"x"})


def raw(change: Callable[[zipfile.ZipInfo], None], name: str = "extra") -> bytes:
    """An archive with one more entry, of which the directory says something unusual."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as writing:
        for path, content in entries().items():
            writing.writestr(path, content)
        info = zipfile.ZipInfo(name)
        change(info)
        writing.writestr(info, b"extra")
    return target.getvalue()


def symlink(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def twice() -> bytes:
    first = zipped({**entries(), "one": b"1", "two": b"2"})
    return first.replace(b"two", b"one")


def encrypted() -> bytes:
    content = bytearray(archive())
    for at in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[at] |= 1
    return bytes(content)


def lying() -> bytes:
    """Every declared size says 10 bytes."""
    content = bytearray(zipped({"a": b"\0" * 100_000}))
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    content[local + 22 : local + 26] = content[central + 24 : central + 28] = (10).to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(lambda: b"", "cannot be read", id="nothing"),
        pytest.param(lambda: b"<html/>", "cannot be read", id="no-zip"),
        pytest.param(lambda: archive()[:-30], "cannot be read", id="broken-off"),
        pytest.param(lambda: archive()[:200] + b"?" * 40 + archive()[240:], "cannot be read", id="damaged"),
        pytest.param(lying, "cannot be read", id="declared-size-is-wrong"),
        pytest.param(lambda: zipped({"a": b"\0" * (ENTRY_BYTES + 1)}), "'a' ", id="bomb"),
        pytest.param(lambda: zipped({"a": b"\0" * 1_000_000}), "times its size", id="ratio"),
        pytest.param(lambda: zipped({f"{it}": b"" for it in range(ENTRIES + 1)}), "more than", id="many-entries"),
        pytest.param(lambda: zipped({f"{it}": b"" for it in range(5 * ENTRIES)}), "more than", id="very-many-entries"),
        pytest.param(lambda: renamed("../../etc/passwd"), "not allowed", id="path-traversal"),
        pytest.param(lambda: renamed("a/../b"), "not allowed", id="path-traversal-inside"),
        pytest.param(lambda: renamed("/etc/passwd"), "not allowed", id="absolute"),
        pytest.param(lambda: renamed("a\\b"), "not allowed", id="backslash"),
        pytest.param(lambda: renamed("C:/b"), "not allowed", id="drive"),
        pytest.param(lambda: renamed("a//b"), "not allowed", id="empty-part"),
        pytest.param(lambda: renamed("a\nb"), "not allowed", id="control-character"),
        pytest.param(lambda: renamed("a" * 300), "not allowed", id="long-name"),
        pytest.param(lambda: archive().replace(b"script/respond", b"script/\xff\xfe\xfdpond"), "UTF-8", id="not-utf-8"),
        pytest.param(twice, "twice", id="one-name-twice"),
        pytest.param(lambda: raw(symlink), "link", id="symbolic-link"),
        pytest.param(encrypted, "encrypted", id="encrypted"),
        pytest.param(
            lambda: raw(lambda info: setattr(info, "compress_type", zipfile.ZIP_LZMA)), "unknown method", id="lzma"
        ),
        pytest.param(lambda: b"0" * (11 * 1024 * 1024), "exceeds", id="too-large"),
    ],
)
def test_hostile_containers(content: Callable[[], bytes], text: str) -> None:
    """No declared size is believed, and no name leads anywhere."""
    started = time.process_time()
    with pytest.raises(ArchiveBroken, match=text):
        zip_entries(content())
    assert time.process_time() - started < 10


def test_a_zip_inside_stays_closed() -> None:
    inner = zipped({"../evil": b""})
    assert zip_entries(zipped({"folder/": b"", "inner.zip": inner})) == {"inner.zip": inner}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(archive(manifest=None), "no META-INF/MANIFEST.MF at its root", id="no-manifest"),
        pytest.param(
            zipped({f"flow/{name}": it for name, it in entries().items()}), "at its root", id="wrapping-folder"
        ),
        pytest.param(archive(model=None), "exactly one .iflw", id="no-model"),
        pytest.param(zipped({**entries(), MODEL.replace("flow.", "f2."): b""}), "but holds 2", id="two-models"),
        pytest.param(archive(manifest=manifest(Bundle_SymbolicName=None)), "SymbolicName", id="no-symbolic-name"),
        pytest.param(archive(manifest=manifest(Bundle_Name=None)), "Bundle-Name", id="no-name"),
        pytest.param(archive(manifest=manifest(Bundle_Version="one")), "not a version", id="no-version"),
        pytest.param(archive(manifest=manifest(SAP_BundleType="ValueMapping")), "SAP-BundleType", id="another-kind"),
        pytest.param(archive(manifest=manifest(SAP_RuntimeProfile="neo")), "runtime profile", id="another-profile"),
        pytest.param(archive(script=b"\xff"), "not in UTF-8", id="script-is-no-text"),
        pytest.param(archive(prop=b"a=\xff"), "not in UTF-8", id="parameters-are-no-text"),
        pytest.param(archive(prop=b"a=b", propdef=b"<a"), "propdef cannot be read", id="definitions-are-no-xml"),
    ],
)
def test_incomplete_archives(content: bytes, text: str) -> None:
    with pytest.raises(ArchiveBroken, match=text):
        read_archive(content)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"], ids=["crlf", "lf", "cr"])
def test_a_manifest_is_unfolded(end: bytes) -> None:
    written = write_manifest(HEADERS)
    assert max(len(line) for line in written.split(b"\r\n")) == 72
    assert read_manifest(written.replace(b"\r\n", end)) == HEADERS


def test_a_fold_may_part_a_character() -> None:
    headers = {"Manifest-Version": "1.0", "Bundle-Name": "ü" * 100}
    assert read_manifest(write_manifest(headers)) == headers


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"Manifest-Version: 1.0\nA: " + b"x" * 70, "Line 2 .* longer than 72", id="73-bytes"),
        pytest.param(b" folded\n", "continuation", id="continuation-first"),
        pytest.param(b"Manifest-Version: 1.0\nnonsense\n", "no header", id="no-colon"),
        pytest.param(b"Manifest-Version: 1.0\nA:b\n", "no header", id="no-blank"),
        pytest.param(b"Manifest-Version: 1.0\nA: \xff\n", "not in UTF-8", id="not-utf-8"),
        pytest.param(b"A: b\n\nManifest-Version: 1.0\n", "no Manifest-Version", id="only-in-another-section"),
    ],
)
def test_broken_manifests(content: bytes, text: str) -> None:
    with pytest.raises(ArchiveBroken, match=text):
        read_manifest(content)


def test_another_version_goes_into_the_manifest_and_nothing_else() -> None:
    before, after = archive(), with_version(archive(), "1.0.7")
    assert read_archive(after).version == "1.0.7"
    unlike = {name for name, content in zip_entries(before).items() if zip_entries(after)[name] != content}
    assert unlike == {MANIFEST}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("a=b", {"a": "b"}, id="equals"),
        pytest.param("a : b", {"a": "b"}, id="colon"),
        pytest.param("a b", {"a": "b"}, id="blank"),
        pytest.param("a\\ b=c=d", {"a b": "c=d"}, id="escaped-blank"),
        pytest.param("#c\n! c\n\na=1\n", {"a": "1"}, id="comments"),
        pytest.param("a=b\\\n   c", {"a": "bc"}, id="continuation"),
        pytest.param("a=\\u00fc\\n\\q", {"a": "ü\nq"}, id="escapes"),
        pytest.param("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}, id="escaped-backslash"),
        pytest.param("", {}, id="empty"),
    ],
)
def test_parameters(content: str, expected: dict[str, str]) -> None:
    assert read_properties(content.encode()) == expected


def test_a_model() -> None:
    found = read_model(
        model(channel(), channel(urlPath="/b/*", xsrfProtection="1"), settings={"allowedHeaderList": "X-A|X-b"}), {}
    )
    assert [(each.address, each.role, each.csrf_protected) for each in found.channels] == [
        ("/test/clientcert", "ESBMessaging.send", False),
        ("/b/*", "ESBMessaging.send", True),
    ]
    assert found.steps == (Step("Respond", "respond.groovy"),)
    assert found.allowed_headers == {"x-a", "x-b"}


def test_externalised_parameters_are_resolved() -> None:
    found = read_model(model(channel(urlPath="/x/{{Part}}")), {"Part": "y"})
    assert found.channels[0].address == "/x/y"


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def declaring(doctype: str) -> bytes:
    return model(change=lambda text: text.replace("?>", "?>" + doctype, 1))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "not well-formed", id="nothing"),
        pytest.param(b"<a>", "not well-formed", id="not-closed"),
        pytest.param(b'<?xml version="1.0" encoding="nonsense"?><a/>', "not well-formed", id="unknown-encoding"),
        pytest.param(declaring(LAUGHS), "document type", id="entity-expansion"),
        pytest.param(declaring(EXTERNAL), "document type", id="external-entity"),
        pytest.param(b"<a>" * (DEPTH + 1), "deep", id="deep"),
        pytest.param(b"<a>" * 200_000, "deep", id="very-deep"),
        pytest.param(b"<a>" + b"<b/>" * 30_000, "elements", id="many-elements"),
        pytest.param(b'<a b="' + b"x" * 100_000 + b'"/>', "attributes", id="long-attribute"),
        pytest.param(b"<a>" + b" " * 3_000_000, "exceeds", id="large"),
        pytest.param(b"<a/>", "not BPMN", id="another-language"),
        pytest.param(model(steps=(step(script=""),)), "names no script", id="no-script"),
        pytest.param(model(steps=(step(subActivityType="Enricher"),)), "not simulated: Enricher", id="another-step"),
        pytest.param(model(steps=(step(cmdVariantUri="x"),)), "not available", id="version-of-the-step"),
        pytest.param(model(channel("1.6.0")), "Version 1.6.0", id="version-of-the-adapter"),
        pytest.param(model(channel(componentVersion="1.4")), "componentVersion .* does not match", id="trio"),
        pytest.param(model(channel(ComponentType="SOAP")), "adapter 'SOAP'", id="another-adapter"),
        pytest.param(model(channel(userRole="")), "no user role", id="no-role"),
        pytest.param(model(channel(senderAuthType="None")), "authorization", id="no-authorization"),
        pytest.param(model(channel(xsrfProtection="")), "xsrfProtection", id="no-protection"),
        pytest.param(model(channel(urlPath="{{Missing}}")), "'Missing' has no value", id="unresolved"),
        pytest.param(
            model(change=lambda text: text.replace('targetRef="Start"', "")), "no HTTPS sender", id="no-channel"
        ),
        pytest.param(
            model(change=lambda text: text.replace('targetRef="End"', 'targetRef="X"')), "to nothing", id="dangling"
        ),
        pytest.param(
            model(change=lambda text: text.replace('targetRef="End"', 'targetRef="Start"')), "comes twice", id="circle"
        ),
        pytest.param(
            model(change=lambda text: text.replace('sourceRef="Step_0"', "")), "exactly one way out", id="no-way-on"
        ),
        pytest.param(
            model(change=lambda text: text.replace("startEvent", "x")), "exactly one start event", id="no-start"
        ),
        pytest.param(
            model(change=lambda text: text.replace("processRef", "x")),
            "exactly one integration process",
            id="no-process",
        ),
    ],
)
def test_broken_models(content: bytes, text: str) -> None:
    with pytest.raises(ModelBroken, match=text):
        read_model(content, {})


@pytest.mark.parametrize("version", ["1.4.0", "1.4.1", "1.5.0", "1.5.2"])
def test_known_versions_of_the_adapter(version: str) -> None:
    assert read_model(model(channel(version)), {}).channels[0].adapter_version == version


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/a", True),
        ("/a/b_c/D9", True),
        ("/a/*", True),
        ("/a-b.c~d$e", True),
        ("a", False),
        ("/", False),
        ("/a/", False),
        ("//a", False),
        ("/a*", False),
        ("/*/a", False),
        ("/../a", False),
        ("/a b", False),
        ("/ä", False),
        ("/" + "a" * 300, False),
    ],
)
def test_addresses(address: str, allowed: bool) -> None:
    if allowed:
        assert read_model(model(channel(urlPath=address)), {}).channels[0].address == address
    else:
        with pytest.raises(ModelBroken, match="not allowed"):
            read_model(model(channel(urlPath=address)), {})
