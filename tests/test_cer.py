"""A certificate as ``.cer``: Windows' export, three files of a chain, and reading what people have made of one."""

from __future__ import annotations

import base64
import codecs
import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, Encryption, dn, fingerprint, one_line, pem, write_pfx
from cpi_conformance.certificates.cer import (
    CertificateProblem,
    CertificateRefused,
    export_chain,
    file_names,
    read_certificate,
    write_cer,
)
from cpi_conformance.certificates.chain_refused import ChainRefused
from cpi_conformance.certificates.p7b import P7bRefused, write_p7b
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.passport import PassportAuthority

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PASSPORT = PassportAuthority(NOW).issue("S0012345678")
LEAF = PASSPORT.certificate
CHAIN = (LEAF, *PASSPORT.issuers)
DER = LEAF.public_bytes(Encoding.DER)
PEM = pem([LEAF]).encode()
ONE = one_line(LEAF)


def body() -> bytes:
    return b"\n".join(PEM.splitlines()[1:-1])


def test_it_is_what_windows_exports() -> None:
    """Lines of 64 characters, each ended by CR and LF."""
    lines = write_cer(LEAF).decode("ascii").split("\r\n")
    assert lines[0] == "-----BEGIN CERTIFICATE-----"
    assert lines[-2:] == ["-----END CERTIFICATE-----", ""]
    assert {len(line) for line in lines[1:-3]} == {64}
    assert 0 < len(lines[-3]) <= 64
    assert "\n" not in "".join(lines)


STATES: dict[str, Callable[[], bytes]] = {
    "der": lambda: DER,
    "pem": lambda: PEM,
    "windows-export": lambda: write_cer(LEAF),
    "cr-only": lambda: PEM.replace(b"\n", b"\r"),
    "one-line": lambda: ONE.encode(),
    "one-line-with-line-feed": lambda: f"{ONE}\n".encode(),
    "blanks-instead": lambda: PEM.replace(b"\n", b" "),
    "one-long-line-inside": lambda: PEM.replace(body(), body().replace(b"\n", b"")),
    "literal-line-feeds": lambda: PEM.replace(b"\n", b"\\n"),
    "literal-crlf": lambda: PEM.replace(b"\n", b"\\r\\n"),
    "as-json-text": lambda: json.dumps(PEM.decode()).encode(),
    "byte-order-mark": lambda: codecs.BOM_UTF8 + PEM,
    "byte-order-mark-one-line": lambda: codecs.BOM_UTF8 + ONE.encode(),
    "utf-16": lambda: PEM.decode().encode("utf-16"),
    "bag-attributes": lambda: b"Bag Attributes\n    friendlyName: Gr\xfc\xdfe\n" + PEM,
    "without-markers": body,
    "without-markers-one-line": lambda: body().replace(b"\n", b""),
    "without-markers-literal-line-feeds": lambda: body().replace(b"\n", b"\\n"),
    "indented": lambda: PEM.replace(b"\n", b"\n    "),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_it_is_read_in_every_state(state: Callable[[], bytes]) -> None:
    assert read_certificate(state()) == LEAF


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(LEAF.subject)
    return builder.sign(PASSPORT.key, SHA256()).public_bytes(Encoding.PEM)


def key(*, encrypted: bool = False, encoding: Encoding = Encoding.PEM) -> bytes:
    protection = BestAvailableEncryption(b"kx7") if encrypted else NoEncryption()
    return PASSPORT.key.private_bytes(encoding, PrivateFormat.PKCS8, protection)


def der_request() -> bytes:
    return x509.load_pem_x509_csr(request()).public_bytes(Encoding.DER)


def pfx() -> bytes:
    return write_pfx(PASSPORT, Secret("kx7"), Encryption.TRIPLE_DES).content


def p7b_inside() -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(write_p7b(CHAIN)) + b"-----END CERTIFICATE-----\n"


REFUSED: dict[str, tuple[Callable[[], bytes], CertificateProblem, str]] = {
    "empty": (lambda: b"", CertificateProblem.NOT_A_CERTIFICATE, "empty"),
    "blank": (lambda: b" \r\n", CertificateProblem.NOT_A_CERTIFICATE, "empty"),
    "html": (lambda: b"<!doctype html>", CertificateProblem.NOT_A_CERTIFICATE, "no kind"),
    "pfx": (pfx, CertificateProblem.NOT_A_CERTIFICATE, "PFX"),
    "p7b": (lambda: write_p7b(CHAIN), CertificateProblem.NOT_A_CERTIFICATE, "p7b"),
    "p7b-under-certificate": (p7b_inside, CertificateProblem.NOT_A_CERTIFICATE, "p7b under the label"),
    "request": (request, CertificateProblem.SIGNING_REQUEST, "signing request"),
    "request-der": (der_request, CertificateProblem.SIGNING_REQUEST, "signing request"),
    "key": (key, CertificateProblem.PRIVATE_KEY, "private key"),
    "key-der": (lambda: key(encoding=Encoding.DER), CertificateProblem.PRIVATE_KEY, "private key"),
    "key-encrypted": (lambda: key(encrypted=True), CertificateProblem.PRIVATE_KEY, "encrypted"),
    "key-behind": (lambda: PEM + key(), CertificateProblem.PRIVATE_KEY, "alone"),
    "chain": (lambda: pem(CHAIN).encode(), CertificateProblem.SEVERAL, "3 certificates"),
    "chain-one-line": (lambda: ONE.encode() * 2, CertificateProblem.SEVERAL, "2 certificates"),
    "end-dashes-lost": (lambda: ONE[:-5].encode(), CertificateProblem.DAMAGED, "dashes around END"),
    "end-lost": (lambda: PEM[:-40], CertificateProblem.DAMAGED, "END CERTIFICATE is missing"),
    "begin-lost": (lambda: PEM[5:], CertificateProblem.DAMAGED, "dashes around BEGIN"),
    "long-dashes": (lambda: ONE.replace("-----", "—–").encode(), CertificateProblem.DAMAGED, "typographic"),
    "nothing-inside": (lambda: PEM.replace(body(), b""), CertificateProblem.DAMAGED, "nothing between"),
    "no-base64": (lambda: PEM.replace(body(), b"~" + body()), CertificateProblem.DAMAGED, "base64"),
    "one-character-lost": (lambda: PEM.replace(body(), body()[:-1]), CertificateProblem.DAMAGED, "breaks off"),
    "line-lost": (lambda: PEM.replace(body().splitlines()[3], b""), CertificateProblem.DAMAGED, "broken"),
    "der-cut": (lambda: DER[:-9], CertificateProblem.DAMAGED, "breaks off"),
    "der-cut-early": (lambda: DER[:3], CertificateProblem.DAMAGED, "begins as"),
}


@pytest.mark.parametrize(("content", "problem", "told"), REFUSED.values(), ids=REFUSED)
def test_what_was_wrong_is_named(content: Callable[[], bytes], problem: CertificateProblem, told: str) -> None:
    with pytest.raises(CertificateRefused, match=told) as refusal:
        read_certificate(content())
    assert refusal.value.problem is problem
    assert "MII" not in str(refusal.value)


@given(
    content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode),
    place=st.integers(0, len(PEM)),
    cut=st.integers(0, len(PEM)),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_anything_is_read_or_refused(content: bytes, place: int, cut: int) -> None:
    for tried in (content, PEM[:place] + content + PEM[place:], PEM[:cut] + PEM[place:], DER[:cut] + content):
        with suppress(CertificateRefused):
            read_certificate(tried)


def test_a_chain_becomes_three_files_from_leaf_to_root() -> None:
    """Whatever order the p7b has; the whitepaper exports them by hand, one by one."""
    files = export_chain(write_p7b(CHAIN))
    assert [file.name for file in files] == ["S0012345678.cer", "SAP Passport CA G2.cer", "SAP Cloud Root CA.cer"]
    assert [file.content for file in files] == [write_cer(each) for each in CHAIN]
    assert "CERTIFICATE" not in repr(files)


def test_what_is_no_chain_is_not_exported() -> None:
    with pytest.raises(P7bRefused):
        export_chain(b"text")
    with pytest.raises(ChainRefused, match="SAP Passport CA G2"):
        export_chain(write_p7b((CHAIN[0], CHAIN[2])))


NAMES = {
    "plain": (["S0012345678"], ["S0012345678"]),
    "path": (["../../etc/passwd", "a\\b:c"], ["_.._etc_passwd", "a_b_c"]),
    "device": (["CON", "nul.x", "COM1", "Console"], ["_CON", "_nul.x", "_COM1", "Console"]),
    "twice": (["CA", "ca", "CA"], ["CA", "ca (2)", "CA (3)"]),
    "nothing-left": (["", " . "], ["_", "_ (2)"]),
    "dots-and-blanks-at-the-end": (["name. ."], ["name"]),
    "steering-characters": (["a\x1b[31mb\u202ec\n"], ["a_[31mb_c_"]),
    "umlaut-in-two-parts": (["Gru\u0308n"], ["Grün"]),
    "too-long": (["ä" * 300], ["ä" * 60]),
}


@pytest.mark.parametrize(("given_", "wanted"), NAMES.values(), ids=NAMES)
def test_names_that_every_file_system_takes(given_: list[str], wanted: list[str]) -> None:
    assert [*file_names(given_)] == wanted


@given(st.lists(st.text(max_size=140), max_size=5))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_name_becomes_a_name(names: list[str]) -> None:
    found = [*file_names(names)]
    assert len({each.casefold() for each in found}) == len(names)
    for name in found:
        assert name.strip(" .") == name
        assert not {*'<>:"/\\|?*\n\0'} & {*name}
        assert 0 < len(name.encode()) < 140


def run_tool(tool: str, *arguments: str) -> str:
    """What a program of this machine prints."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=range(3), ids=["leaf", "passport-ca", "root"])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, x509.Certificate]:
    """One of the three files, and the certificate that it must hold."""
    file = export_chain(write_p7b(CHAIN))[request.param]
    (tmp_path / file.name).write_bytes(file.content)
    return str(tmp_path / file.name), CHAIN[request.param]


def test_openssl_agrees(exported: tuple[str, x509.Certificate]) -> None:
    path, certificate = exported
    shown = run_tool(
        "openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256", "-subject", "-nameopt", "RFC2253"
    )
    assert shown.splitlines()[0].split("=")[1].replace(":", "").lower() == fingerprint(certificate)
    assert shown.splitlines()[1].removeprefix("subject=") == certificate.subject.rfc4514_string()


def test_keytool_agrees(exported: tuple[str, x509.Certificate]) -> None:
    path, certificate = exported
    shown = run_tool("keytool", "-printcert", "-file", path, "-J-Duser.language=en")
    assert f"Owner: {dn(certificate.subject)}" in shown
    assert fingerprint(certificate) in shown.replace(":", "").lower()


def test_openssl_and_keytool_agree_about_a_pfx(tmp_path: Path) -> None:
    """Leaf first, then its issuers, and the same certificates."""
    (tmp_path / "s.pfx").write_bytes(write_pfx(PASSPORT, Secret("kx7-Geheim")).content)
    (tmp_path / "passphrase").write_text("kx7-Geheim\n", encoding="ascii")
    path, passphrase = str(tmp_path / "s.pfx"), str(tmp_path / "passphrase")
    shown = run_tool("openssl", "pkcs12", "-in", path, "-passin", f"file:{passphrase}", "-nokeys")
    assert tuple(x509.load_pem_x509_certificates(shown.encode())) == CHAIN
    arguments = ("-list", "-v", "-storetype", "PKCS12", "-keystore", path, "-storepass:file", passphrase)
    listed = run_tool("keytool", *arguments, "-J-Duser.language=en")
    prints = [line.split("SHA256:")[1].strip() for line in listed.splitlines() if "SHA256:" in line]
    assert [each.replace(":", "").lower() for each in prints] == [fingerprint(each) for each in CHAIN]
    assert "Certificate chain length: 3" in listed


def test_what_our_reader_takes_and_no_tool_does() -> None:
    """The one-line form, for which the field of the service key was made."""
    root = Authority.root("CN=Root", now=NOW).certificate
    assert read_certificate(one_line(root).encode()) == root
