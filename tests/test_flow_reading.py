"""Reading flows that others have written: externalised values, other tools, damage, and ill will."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cpi_conformance.flows import FlowSettings, FlowUnreadable, build_archive, read_flow
from cpi_conformance.flows import reading as limits
from cpi_conformance.flows.properties import read_properties

MANIFEST = "META-INF/MANIFEST.MF"
DIAGRAM = "src/main/resources/scenarioflows/integrationflow/Flow.iflw"
SCRIPT = "src/main/resources/script/respond.groovy"
PARAMETERS = "src/main/resources/parameters.prop"
ARCHIVE = build_archive(FlowSettings(id="Flow"))


def files() -> dict[str, bytes]:
    """The files of a good archive."""
    with zipfile.ZipFile(io.BytesIO(ARCHIVE)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(change: dict[str, bytes | None], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A good archive with some files changed, or left out."""
    content = {name: each for name, each in {**files(), **change}.items() if each is not None}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, each in content.items():
            archive.writestr(name, each)
    return packed.getvalue()


def diagram(*changes: tuple[str, str]) -> dict[str, bytes | None]:
    """The diagram with some texts changed, each of which it must have."""
    text = files()[DIAGRAM].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return {DIAGRAM: text.encode()}


def test_externalised_values() -> None:
    change = diagram((">/test/clientcert<", ">{{My Address}}<"), (">ESBMessaging.send<", ">{{a}}.{{b}}<"))
    change[PARAMETERS] = b"#c\nMy\\ Address=/other/\\\n  path\na: x\nb y\n"
    found = read_flow(packed(change))
    assert (found.address, found.role) == ("/other/path", "x.y")


def test_externalised_value_that_is_not_given() -> None:
    with pytest.raises(FlowUnreadable, match="no value"):
        read_flow(packed(diagram((">/test/clientcert<", ">{{x}}<"))))


def test_flow_without_a_script() -> None:
    change = diagram(("<value>Script</value>", "<value>Enricher</value>"))
    assert read_flow(packed({**change, SCRIPT: None})).script == ""


def test_channel_that_asks_for_a_certificate_has_no_role() -> None:
    change = diagram(("<value>RoleBased</value>", "<value>ClientCertificate</value>"))
    assert read_flow(packed(change)).role == ""


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_tools(method: int) -> None:
    manifest = files()[MANIFEST].replace(b"\r\n", b"\n")
    assert read_flow(packed({MANIFEST: manifest}, method)) == read_flow(ARCHIVE)


BOMB = b"\0" * (limits.LARGEST_FILE + 1)
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
BROKEN: list[Any] = [
    pytest.param({MANIFEST: None}, "0 files", id="no manifest"),
    pytest.param({MANIFEST: b"Bundle-Name: x\r\n"}, "Bundle-SymbolicName", id="no symbolic name"),
    pytest.param({MANIFEST: b"\xff\xfe"}, "damaged", id="no text"),
    pytest.param({DIAGRAM: None}, "0 files", id="no diagram"),
    pytest.param({DIAGRAM.replace("Flow.", "Other."): b"<x/>"}, "2 files", id="two diagrams"),
    pytest.param({DIAGRAM: b"<x>"}, "no XML", id="no XML"),
    pytest.param({DIAGRAM: b"<x/>"}, "0 HTTPS sender channels", id="no channel"),
    pytest.param({DIAGRAM: b'<?xml version="1.0" encoding="rot13"?><x/>'}, "no XML", id="unknown encoding"),
    pytest.param({DIAGRAM: LAUGHS}, "entities", id="entity expansion"),
    pytest.param({DIAGRAM: EXTERNAL}, "entities", id="external entity"),
    pytest.param({DIAGRAM: b"<a>" * 100_000 + b"</a>" * 100_000}, "0 HTTPS", id="deep nesting"),
    pytest.param({SCRIPT: None}, "0 files", id="no script"),
    pytest.param({SCRIPT: b"\xff"}, "damaged", id="script that is no text"),
    pytest.param({SCRIPT: BOMB}, "more than", id="zip bomb"),
    pytest.param({DIAGRAM: BOMB}, "more than", id="bomb of a diagram"),
    pytest.param(diagram(("respond.groovy", "../../../../../etc/passwd")), "0 files", id="path traversal"),
    pytest.param({f"n{number}": b"" for number in range(5001)}, "5000 files", id="many files"),
]


@pytest.mark.parametrize(("change", "why"), BROKEN)
def test_unreadable(change: dict[str, bytes | None], why: str) -> None:
    with pytest.raises(FlowUnreadable, match=why):
        read_flow(packed(change))


def test_file_that_is_there_twice() -> None:
    twice = io.BytesIO(ARCHIVE)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as archive:
        archive.writestr(SCRIPT, b"other")
    with pytest.raises(FlowUnreadable, match="2 files"):
        read_flow(twice.getvalue())


def test_encrypted_archive() -> None:
    """The flag alone makes zipfile ask for a password."""
    encrypted = bytearray(ARCHIVE)
    start = encrypted.index(b"PK\x01\x02")
    encrypted[6] |= 1
    encrypted[start + 8] |= 1
    with pytest.raises(FlowUnreadable, match="RuntimeError"):
        read_flow(bytes(encrypted))


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>", b"\0" * (limits.LARGEST_ARCHIVE + 1)], ids=len)
def test_no_archive(content: bytes) -> None:
    with pytest.raises(FlowUnreadable):
        read_flow(content)


@given(st.integers(0, 2**32))
@example(0)
def test_damaged_archives_raise_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(ARCHIVE[: chance.choice([len(ARCHIVE), chance.randrange(len(ARCHIVE))])])
    for _ in range(chance.randrange(1, 8)):
        if content:
            content[chance.randrange(len(content))] = chance.randrange(256)
    with contextlib.suppress(FlowUnreadable):
        read_flow(bytes(content))


@given(st.binary(max_size=400), st.sampled_from([MANIFEST, DIAGRAM, SCRIPT, PARAMETERS]))
def test_any_content_raises_nothing_else(content: bytes, name: str) -> None:
    with contextlib.suppress(FlowUnreadable):
        read_flow(packed({name: content}))


PROPERTIES = {
    "a=b": {"a": "b"},
    "a = b ": {"a": "b "},
    "a:b=c": {"a": "b=c"},
    "a b c": {"a": "b c"},
    "a": {"a": ""},
    "# x\n! y\n\n  a=b": {"a": "b"},
    "a\\=b\\:c=d": {"a=b:c": "d"},
    "a=\\u00fc\\n\\x": {"a": "ü\nx"},
    "a=b\\\r\n   c\r\nd=e": {"a": "bc", "d": "e"},
    "a=b\\\\\nc=d": {"a": "b\\", "c": "d"},
    "a=1\na=2": {"a": "2"},
    "a=b\\": {"a": "b"},
}


@pytest.mark.parametrize(("text", "found"), PROPERTIES.items())
def test_java_properties(text: str, found: dict[str, str]) -> None:
    assert read_properties(text) == found
