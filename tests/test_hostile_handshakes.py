"""Handshake messages of a far side that writes what it likes: read as far as they go, and never an error."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, dn, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import TLS_1_2, Call, Cause, CertificateInHandshake, Refused, Sender, Trust
from cpi_conformance.sender.handshake import CERTIFICATE_AUTHORITIES, certificates_in, names_in
from tests.hostile_far_side import NOW, ROOT, YEAR, FarSide, credential, server_context, shaking_hands_with

pytestmark = pytest.mark.once

TLS_1_2_ON_THE_WIRE, TLS_1_3_ON_THE_WIRE = int(ssl.TLSVersion.TLSv1_2), int(ssl.TLSVersion.TLSv1_3)
VERSIONS = st.sampled_from([TLS_1_2_ON_THE_WIRE, TLS_1_3_ON_THE_WIRE])

CERTIFICATE, CERTIFICATE_REQUEST = 11, 13

DERS = [credential(f"CN=Host {number},O=Far Side").certificate.public_bytes(Encoding.DER) for number in range(2)]
NAMES = [x509.Name.from_rfc4514_string(f"CN=Authority {number},C=DE").public_bytes() for number in range(3)]
ORGANIZATION = b"\x0c\x08Far Side"
UNREADABLE_NAME = DERS[0].replace(ORGANIZATION, b"\x16\x08\xffar Side")
"""A certificate whose shape is sound; its subject is no text, which OpenSSL does not mind."""
NO_IDENTIFIER = DERS[0].replace(ORGANIZATION, b"\x03\x08Far Side")
"""Likewise, with bits in the place of a text."""


def vector(content: bytes, size: int) -> bytes:
    """A vector of TLS."""
    return len(content).to_bytes(size, "big") + content


def message(kind: int, content: bytes) -> bytes:
    """A handshake message."""
    return bytes([kind]) + vector(content, 3)


def certificate_message(ders: Sequence[bytes], version: int) -> bytes:
    """A Certificate message."""
    modern = version == TLS_1_3_ON_THE_WIRE
    entries = b"".join(vector(der, 3) + (vector(b"", 2) if modern else b"") for der in ders)
    return message(CERTIFICATE, (vector(b"", 1) if modern else b"") + vector(entries, 3))


def certificate_request(names: Sequence[bytes], version: int) -> bytes:
    """A CertificateRequest, under TLS 1.3 with another extension in front."""
    entries = vector(b"".join(vector(name, 2) for name in names), 2)
    algorithms = vector(bytes.fromhex("0403"), 2)
    if version == TLS_1_3_ON_THE_WIRE:
        extensions = (bytes.fromhex("000d") + vector(algorithms, 2)) + (
            CERTIFICATE_AUTHORITIES.to_bytes(2, "big") + vector(entries, 2)
        )
        return message(CERTIFICATE_REQUEST, vector(b"", 1) + vector(extensions, 2))
    return message(CERTIFICATE_REQUEST, vector(b"\x01\x40", 1) + algorithms + entries)


@given(st.lists(st.sampled_from(DERS), max_size=4), VERSIONS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_certificates_are_read_back(ders: list[bytes], version: int) -> None:
    found = certificates_in(certificate_message(ders, version), version)
    assert [each.public_bytes(Encoding.DER) for each in found] == ders


@given(st.lists(st.sampled_from(NAMES), max_size=5), VERSIONS)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_names_are_read_back(names: list[bytes], version: int) -> None:
    found = names_in(certificate_request(names, version), version)
    assert list(found) == [dn(x509.Name.from_bytes(name)) for name in names]


@pytest.mark.parametrize("version", [TLS_1_2_ON_THE_WIRE, TLS_1_3_ON_THE_WIRE], ids=["TLS 1.2", "TLS 1.3"])
def test_what_cannot_be_read_is_left_out(version: int) -> None:
    """Also a certificate that only shows when its subject is asked for that it is none."""
    served = certificate_message([b"", b"no certificate", UNREADABLE_NAME, NO_IDENTIFIER, DERS[1]], version)
    assert [each.public_bytes(Encoding.DER) for each in certificates_in(served, version)] == [DERS[1]]
    asked = certificate_request([b"", b"no name", NAMES[0].replace(b"\x0c\x0b", b"\x03\x0b"), NAMES[2]], version)
    assert names_in(asked, version) == (dn(x509.Name.from_bytes(NAMES[2])),)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message of either kind with bytes changed, taken out or put in, and cut off somewhere."""
    version = draw(VERSIONS)
    whole = draw(st.sampled_from([certificate_message(DERS, version), certificate_request(NAMES, version)]))
    for place in draw(st.lists(st.integers(0, min(len(whole), 40)) | st.integers(0, len(whole)), max_size=3)):
        taken = draw(st.integers(0, 4))
        whole = whole[:place] + draw(st.binary(max_size=4)) + whole[place + taken :]
    return whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole


@given(st.binary(max_size=80) | damaged(), VERSIONS)
@example(b"", TLS_1_3_ON_THE_WIRE)
@example(b"\x0d\0\0\0", TLS_1_2_ON_THE_WIRE)
@example(b"\x0b\0\0\3\xff\xff\xff", TLS_1_2_ON_THE_WIRE)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_bytes_name_what_they_hold(content: bytes, version: int) -> None:
    """A length of 16 MB in a message of seven bytes names nothing, and takes no time."""
    for certificate in certificates_in(content, version):
        assert certificate.public_bytes(Encoding.DER) in content
        assert dn(certificate.subject) is not None
    assert len(names_in(content, version)) <= len(content) // 2


@pytest.fixture(scope="module")
def far_side() -> Iterator[FarSide]:
    """Who asks for a client certificate under TLS 1.2, where the messages can still be changed on their way."""
    with FarSide().running() as it:
        yield it


CONTEXT = server_context(asks_for_certificate=True)

IDENTITY = CertificateInHandshake(
    write_pfx(ROOT.leaf("CN=S0012345678", not_before=NOW - YEAR, not_after=NOW + YEAR), Secret("a passphrase"))
)


def call_to(far_side: FarSide, trusted: Authority = ROOT) -> Call:
    """A call with a client certificate."""
    return Call("localhost", "/http/x", Trust((trusted.certificate,)), far_side.port, certificate=IDENTITY, tls=TLS_1_2)


def with_message(flight: bytes, kind: int, content: bytes) -> bytes:
    """A flight of TLS 1.2 in which one message has another content, of whatever length."""
    messages, stream = [], b""
    while flight:
        size = int.from_bytes(flight[3:5], "big")
        stream, flight = stream + flight[5 : 5 + size], flight[5 + size :]
    while stream:
        ends = 4 + int.from_bytes(stream[1:4], "big")
        messages.append(message(kind, content) if stream[0] == kind else stream[:ends])
        stream = stream[ends:]
    joined = b"".join(messages)
    parts = [joined[at : at + 16_000] for at in range(0, len(joined), 16_000)]
    return b"".join(b"\x16\x03\x03" + vector(part, 2) for part in parts)


def test_an_untouched_handshake_is_none(far_side: FarSide) -> None:
    """So that what follows is refused for what was changed."""
    far_side.script = shaking_hands_with(CONTEXT, bytes)
    evidence = Sender().send(call_to(far_side)).evidence
    assert "← Finished" in evidence.transcript
    assert evidence.client_chain


WELL_FORMED = {
    CERTIFICATE: certificate_message(DERS, TLS_1_2_ON_THE_WIRE)[4:],
    CERTIFICATE_REQUEST: certificate_request(NAMES, TLS_1_2_ON_THE_WIRE)[4:],
}


@given(kind=st.sampled_from([CERTIFICATE, CERTIFICATE_REQUEST]), data=st.data())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_message_of_another_content_is_a_refusal(kind: int, data: st.DataObject, far_side: FarSide) -> None:
    """What OpenSSL would refuse a moment later has been looked at by then."""
    whole = WELL_FORMED[kind]
    cut = st.integers(0, len(whole) - 1).map(lambda ends: whole[:ends])
    content = data.draw(cut | st.binary(max_size=40) | cut.map(lambda start: start + b"\xff" * 9))
    far_side.script = shaking_hands_with(CONTEXT, lambda flight: with_message(flight, kind, content))
    assert isinstance(Sender().send(call_to(far_side)), Refused)


def test_a_subject_that_is_no_text_is_a_refusal(far_side: FarSide) -> None:
    """The missing CA of such a chain has no name either."""
    content = vector(vector(UNREADABLE_NAME, 3), 3)
    far_side.script = shaking_hands_with(CONTEXT, lambda flight: with_message(flight, CERTIFICATE, content))
    observation = Sender().send(call_to(far_side, trusted=Authority.root("CN=Another Root", now=NOW)))
    assert isinstance(observation, Refused)
    assert observation.cause is Cause.MISSING_CA
    assert (observation.evidence.server_chain, observation.evidence.detail) == ((), None)


@given(bits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_flipped_bits_in_a_handshake_are_a_refusal(bits: list[tuple[float, int]], far_side: FarSide) -> None:
    def tampered(flight: bytes) -> bytes:
        content = bytearray(flight)
        for place, bit in bits:
            content[int(place * len(content))] ^= 1 << bit
        return bytes(content)

    far_side.script = shaking_hands_with(CONTEXT, tampered)
    assert isinstance(Sender().send(call_to(far_side)), Refused)
