"""A chain as p7b: what is written comes back, in every state that a file gets into, and in the order of a chain."""

from __future__ import annotations

import base64
import codecs
import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import permutations
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, fingerprint, pem
from cpi_conformance.certificates.chain import ordered
from cpi_conformance.certificates.chain_refused import ChainProblem, ChainRefused
from cpi_conformance.certificates.der_values import inside
from cpi_conformance.certificates.p7b import Armour, P7bProblem, P7bRefused, read_p7b, write_p7b
from cpi_conformance.simulator.passport import PassportAuthority

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PASSPORTS = PassportAuthority(NOW)
PASSPORT = PASSPORTS.issue("S0012345678")
CHAIN = (PASSPORT.certificate, *PASSPORT.issuers)
DER = write_p7b(CHAIN)
PEM = write_p7b(CHAIN, Armour.PEM)
EDWARDS = Ed25519PrivateKey.generate()
"""Its signatures all have the same length."""


def indefinite(content: bytes) -> bytes:
    """The outer length left open, as BER allows."""
    return b"\x30\x80" + content[4:] + b"\x00\x00"


def unsorted(content: bytes) -> bytes:
    """The set in an order that DER forbids, as ``openssl crl2pkcs7`` writes it."""
    information = cms.ContentInfo.load(content)
    certificates = information["content"]["certificates"]
    turned = b"".join(each.chosen.dump() for each in reversed(list(certificates)))
    return content.replace(certificates.contents, turned)


def relabelled(content: bytes, label: str) -> bytes:
    return content.replace(b"PKCS7", label.encode())


STATES: dict[str, Callable[[], bytes]] = {
    "der": lambda: DER,
    "pem": lambda: PEM,
    "pem-crlf": lambda: PEM.replace(b"\n", b"\r\n"),
    "pem-old-mac": lambda: PEM.replace(b"\n", b"\r"),
    "pem-without-line-feeds": lambda: PEM.replace(b"\n", b""),
    "pem-with-literal-line-feeds": lambda: PEM.replace(b"\n", b"\\n"),
    "pem-with-mark": lambda: codecs.BOM_UTF8 + PEM,
    "pem-utf-16": lambda: PEM.decode().encode("utf-16"),
    "pem-with-text-in-front": lambda: b"subject=Gr\xfc\xdfe\n" + PEM,
    "label-cms": lambda: relabelled(PEM, "CMS"),
    "label-signed-data": lambda: relabelled(PEM, "PKCS #7 SIGNED DATA"),
    "base64-alone": lambda: base64.encodebytes(DER),
    "ber-open-length": lambda: indefinite(DER),
    "ber-unsorted": lambda: unsorted(DER),
    "zeros-behind": lambda: DER + b"\0\0\0",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_was_written_comes_back(state: Callable[[], bytes]) -> None:
    """No warning either: all of them are errors here."""
    found = read_p7b(state())
    assert len(found) == 3
    assert ordered(found) == CHAIN


def test_ber_keeps_the_order_of_the_file() -> None:
    assert read_p7b(unsorted(DER)) == read_p7b(DER)[::-1]


def with_a_default_spelled_out(size: int) -> x509.Certificate:
    """Valid, but not as DER would write it, so that nobody may write it anew; some bytes longer than others."""
    not_ca = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.19"), bytes.fromhex("3003010100"))
    filler = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(size))
    name = x509.Name.from_rfc4514_string("CN=Root")
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=EDWARDS.public_key(),
        serial_number=7,
        not_valid_before=NOW,
        not_valid_after=NOW + DAY,
    )
    return builder.add_extension(not_ca, critical=False).add_extension(filler, critical=False).sign(EDWARDS, None)


def test_certificates_of_any_length_are_read_as_they_are() -> None:
    """Also when the length ends in 0x80, which asn1crypto takes for one that is not said."""
    for certificate in map(with_a_default_spelled_out, range(256)):
        assert read_p7b(write_p7b([certificate])) == (certificate,)


def test_all_lengths_left_open() -> None:
    """BER down to the certificate, whose signature is about its DER."""

    def left_open(tag: int, *parts: bytes) -> bytes:
        return bytes((tag, 0x80)) + b"".join(parts) + bytes(2)

    certificate = left_open(0x30, inside(CHAIN[0].public_bytes(Encoding.DER)))
    data = bytes.fromhex("300b06092a864886f70d010701")
    signed = left_open(0x30, bytes.fromhex("0201013100"), data, left_open(0xA0, certificate), bytes.fromhex("3100"))
    content = left_open(0x30, bytes.fromhex("06092a864886f70d010702"), left_open(0xA0, signed))
    assert read_p7b(content) == (CHAIN[0],)


def test_nothing_is_no_p7b() -> None:
    with pytest.raises(ValueError, match="at least one"):
        write_p7b(())


def enveloped() -> bytes:
    return bytes(cms.ContentInfo({"content_type": "data", "content": b"text"}).dump())


def without_certificates() -> bytes:
    data = {
        "version": "v1",
        "digest_algorithms": [],
        "encap_content_info": {"content_type": "data"},
        "signer_infos": [],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def under_certificate() -> bytes:
    return relabelled(PEM, "CERTIFICATE")


REFUSED: dict[str, tuple[Callable[[], bytes], P7bProblem, str]] = {
    "empty": (lambda: b"", P7bProblem.NOT_A_P7B, "empty"),
    "text": (lambda: b"<!doctype html><title>Sign in</title>", P7bProblem.NOT_A_P7B, "no kind"),
    "bundle": (lambda: pem(CHAIN).encode(), P7bProblem.NOT_A_P7B, "bundle of 3 certificates"),
    "certificate": (lambda: CHAIN[0].public_bytes(Encoding.DER), P7bProblem.NOT_A_P7B, "certificate"),
    "p7b-under-certificate": (under_certificate, P7bProblem.OTHER_LABEL, "certutil"),
    "data": (enveloped, P7bProblem.NOT_SIGNED_DATA, "data"),
    "no-certificate": (without_certificates, P7bProblem.NO_CERTIFICATE, "no certificate"),
    "cut-in-half": (lambda: DER[: len(DER) // 2], P7bProblem.DAMAGED, "breaks off"),
    "cut-at-once": (lambda: DER[:12], P7bProblem.DAMAGED, "breaks off"),
    "no-end": (lambda: PEM.replace(b"-----END PKCS7-----", b""), P7bProblem.DAMAGED, "END PKCS7 is missing"),
    "no-dashes": (lambda: PEM.replace(b"END PKCS7-----", b"END PKCS7"), P7bProblem.DAMAGED, "dashes"),
    "no-base64": (lambda: PEM.replace(b"M", b"?"), P7bProblem.DAMAGED, "base64"),
    "nothing-inside": (lambda: b"-----BEGIN PKCS7-----\n-----END PKCS7-----\n", P7bProblem.DAMAGED, "nothing"),
}


@pytest.mark.parametrize(("content", "problem", "told"), REFUSED.values(), ids=REFUSED)
def test_the_reason_is_named(content: Callable[[], bytes], problem: P7bProblem, told: str) -> None:
    with pytest.raises(P7bRefused, match=told) as refusal:
        read_p7b(content())
    assert refusal.value.problem is problem


@given(
    bits=st.lists(st.floats(0, 1, exclude_max=True), max_size=3), cut=st.none() | st.floats(0, 1), text=st.booleans()
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_damage_is_read_or_refused(bits: list[float], cut: float | None, text: bool) -> None:
    content = bytearray(PEM if text else DER)
    for bit in bits:
        place = int(bit * len(content) * 8)
        content[place // 8] ^= 1 << place % 8
    kept = bytes(content if cut is None else content[: int(cut * len(content))])
    with suppress(P7bRefused):
        assert read_p7b(kept)


@pytest.mark.parametrize("order", [*permutations(range(3))], ids=lambda it: "".join(map(str, it)))
def test_a_chain_is_ordered_whatever_order_it_comes_in(order: tuple[int, ...]) -> None:
    assert ordered(CHAIN[each] for each in order) == CHAIN


def crossed(subject: Authority, signer: Authority) -> x509.Certificate:
    """The certificate of one authority, signed by the other."""
    builder = x509.CertificateBuilder(
        issuer_name=signer.certificate.subject,
        subject_name=subject.certificate.subject,
        public_key=subject.credential.key.public_key(),
        serial_number=7,
        not_valid_before=NOW,
        not_valid_after=NOW + DAY,
    ).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(signer.credential.key, SHA256())


@pytest.fixture(scope="module")
def parts() -> Mapping[str, x509.Certificate]:
    """A chain of three, both generations of a CA, and roots that signed each other."""
    first, second = Authority.root("CN=First", now=NOW), Authority.root("CN=Second", now=NOW)
    old, new = first.intermediate("CN=CA", now=NOW), first.intermediate("CN=CA", now=NOW)
    return {
        "first": first.certificate,
        "second": second.certificate,
        "first-by-second": crossed(first, second),
        "second-by-first": crossed(second, first),
        "old": old.certificate,
        "ca": new.certificate,
        "leaf": new.leaf("CN=leaf", not_before=NOW, not_after=NOW + DAY).certificate,
        "other-leaf": new.leaf("CN=other", not_before=NOW, not_after=NOW + DAY).certificate,
    }


CHAINS = {
    "without-its-root": ("leaf ca", "leaf ca"),
    "one": ("leaf", "leaf"),
    "root-alone": ("first", "first"),
    "authorities-only": ("first ca", "ca first"),
    "twice-the-same": ("leaf ca ca first leaf", "leaf ca first"),
    "both-generations": ("first old ca leaf", "leaf ca first"),
    "cross-signed-with-both-roots": ("second first-by-second first ca leaf", "leaf ca first"),
    "cross-signed-to-the-other-root": ("second ca first-by-second leaf", "leaf ca first-by-second second"),
    "in-a-circle-with-a-way-out": ("second-by-first first-by-second first ca leaf", "leaf ca first"),
}


@pytest.mark.parametrize(("given_", "wanted"), CHAINS.values(), ids=CHAINS)
def test_signatures_decide(given_: str, wanted: str, parts: Mapping[str, x509.Certificate]) -> None:
    """A CA renewed under its name (KBA 3446646), and one that has a second issuer."""
    assert ordered(parts[each] for each in given_.split()) == tuple(parts[each] for each in wanted.split())


NO_CHAINS = {
    "nothing": ("", ChainProblem.NO_CERTIFICATE, "no certificate"),
    "gap": ("first leaf", ChainProblem.GAP, "CN=CA is missing above leaf"),
    "the-wrong-generation": ("first old leaf", ChainProblem.GAP, "CN=CA is missing above leaf"),
    "two-leaves": ("leaf other-leaf ca first", ChainProblem.SEVERAL_LEAVES, "leaf and other"),
    "two-roots": ("first second", ChainProblem.SEVERAL_LEAVES, "First and Second"),
    "circle": ("leaf ca first-by-second second-by-first", ChainProblem.LOOP, "only each other"),
    "circle-without-a-leaf": ("first-by-second second-by-first", ChainProblem.LOOP, "no leaf"),
    "stranger": ("leaf ca first second", ChainProblem.UNRELATED, "CN=Second"),
}


@pytest.mark.parametrize(("given_", "problem", "told"), NO_CHAINS.values(), ids=NO_CHAINS)
def test_what_is_no_chain(given_: str, problem: ChainProblem, told: str, parts: Mapping[str, x509.Certificate]) -> None:
    with pytest.raises(ChainRefused, match=told) as refusal:
        ordered(parts[each] for each in given_.split())
    assert refusal.value.problem is problem


def run_tool(tool: str, *arguments: str) -> str:
    """What a program of this machine prints."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("armour", Armour, ids=lambda it: it.value)
def test_openssl_prints_the_same_certificates(armour: Armour, tmp_path: Path) -> None:
    """In the file's order, which is ours."""
    path = tmp_path / "chain.p7b"
    path.write_bytes(write_p7b(CHAIN, armour))
    shown = run_tool("openssl", "pkcs7", "-inform", armour.name, "-in", str(path), "-print_certs")
    assert tuple(x509.load_pem_x509_certificates(shown.encode())) == read_p7b(path.read_bytes())


def test_what_openssl_writes_is_read(tmp_path: Path) -> None:
    """It does not sort the set, which DER would demand."""
    bundle, chain = tmp_path / "chain.pem", tmp_path / "chain.p7b"
    bundle.write_text(pem(CHAIN), encoding="ascii")
    run_tool("openssl", "crl2pkcs7", "-nocrl", "-certfile", str(bundle), "-outform", "DER", "-out", str(chain))
    assert ordered(read_p7b(chain.read_bytes())) == CHAIN


@pytest.mark.parametrize("armour", Armour, ids=lambda it: it.value)
def test_keytool_prints_the_same_certificates(armour: Armour, tmp_path: Path) -> None:
    path = tmp_path / "chain.p7b"
    path.write_bytes(write_p7b(CHAIN, armour))
    shown = run_tool("keytool", "-printcert", "-file", str(path), "-J-Duser.language=en")
    prints = [line.split("SHA256:")[1].strip() for line in shown.splitlines() if "SHA256:" in line]
    assert [each.replace(":", "").lower() for each in prints] == [fingerprint(each) for each in read_p7b(DER)]
