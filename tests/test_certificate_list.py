"""Certificate lists in every form in which administrators have them, and what STRUST gives away."""

from __future__ import annotations

import base64
import codecs
import datetime as dt
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.backend.certificate_list import (
    CertificateListProblem,
    CertificateListRefused,
    read_certificate_list,
)
from cpi_conformance.backend.exports import exported_certificates, exported_list, exported_pse
from cpi_conformance.certificates import Authority, one_line, pem, write_pfx
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.certificates.cer import read_certificate, write_cer
from cpi_conformance.certificates.p7b import Armour, write_p7b
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.certificates.pse_refused import PseProblem, PseRefused
from cpi_conformance.secret import Secret
from tests.pse_files import (
    Envelope,
    Sealing,
    der,
    own_certificate,
    own_curve_key,
    own_key,
    own_path,
    own_root,
    sealed_otherwise,
    trusted,
    write_pse,
    written_by_java,
)

pytestmark = pytest.mark.once

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PIN = Secret("kx7-Geheim-42")
SEALING = Sealing(PIN)

ROOT = Authority.root("CN=DigiCert Global Root CA,O=DigiCert Inc,C=US", now=NOW)
CA = ROOT.intermediate("CN=DigiCert SHA2 Secure Server CA,O=DigiCert Inc,C=US", now=NOW)
SAP = Authority.root("CN=SAP Cloud Root CA,O=SAP SE,C=DE", now=NOW)
LISTED = (ROOT.certificate, CA.certificate, SAP.certificate)
OWN = CA.leaf("CN=S0012345678", not_before=NOW - DAY, not_after=NOW + 90 * DAY)
PEM = [pem([each]) for each in LISTED]


def refusal(content: bytes, pin: Secret | None = None) -> CertificateListRefused:
    with pytest.raises(CertificateListRefused) as caught:
        read_certificate_list(content, pin)
    assert caught.value.advice
    assert PIN.reveal() not in str(caught.value)
    return caught.value


def keytool_rfc() -> str:
    """What ``keytool -list -rfc`` of Java 17 prints, with CR and LF as on Windows."""
    head = "Keystore type: JKS\nKeystore provider: SUN\n\nYour keystore contains 3 entries\n\n"
    entry = "Alias name: {}\nCreation date: Nov 26, 2026\nEntry type: trustedCertEntry\n\n{}\n\n{}\n{}\n\n"
    star = "*" * 43
    return (head + "".join(entry.format(n, each, star, star) for n, each in enumerate(PEM))).replace("\n", "\r\n")


def s_client() -> str:
    """What ``openssl s_client -showcerts`` prints; the first certificate stands there twice."""
    shown = "".join(f" {n} s:CN = x\n   i:CN = y\n   a:PKEY: rsaEncryption\n{each}" for n, each in enumerate(PEM))
    session = "-----BEGIN SSL SESSION PARAMETERS-----\nMBoCAQECAgMDBAITAgQABAA=\n-----END SSL SESSION PARAMETERS-----\n"
    head = "CONNECTED(00000003)\n---\nCertificate chain\n"
    return f"{head}{shown}---\nServer certificate\n{PEM[0]}subject=CN = x\n{session}"


def pse(envelope: Envelope = Envelope.OPEN, *held: bytes) -> bytes:
    return write_pse((*held, trusted(*LISTED)), envelope, SEALING)


READ: dict[str, tuple[Callable[[], bytes], Secret | None]] = {
    "pem": (lambda: "".join(PEM).encode(), None),
    "pem-crlf": (lambda: b"".join(map(write_cer, LISTED)), None),
    "pem-utf-16": (lambda: "".join(PEM).encode("utf-16"), None),
    "pem-byte-order-mark": (lambda: codecs.BOM_UTF8 + "".join(PEM).encode(), None),
    "pem-without-line-feeds": (lambda: "".join(map(one_line, LISTED)).encode(), None),
    "pem-literal-line-feeds": (lambda: "".join(PEM).replace("\n", "\\n").encode(), None),
    "pem-twice": (lambda: "".join(PEM + PEM[::-1]).encode(), None),
    "pem-and-p7b": (lambda: PEM[0].encode() + write_p7b(LISTED[1:2], Armour.PEM) + PEM[2].encode(), None),
    "cer-binary-in-one-file": (lambda: b"".join(map(der, LISTED)), None),
    "keytool-list-rfc": (lambda: keytool_rfc().encode(), None),
    "keytool-list-rfc-of-powershell": (lambda: keytool_rfc().encode("utf-16"), None),
    "openssl-s-client": (lambda: s_client().encode(), None),
    "pse-without-pin": (pse, None),
    "pse-with-pin": (lambda: pse(Envelope.VERSION_2), PIN),
    "pse-of-version-4": (lambda: pse(Envelope.VERSION_4), PIN),
    "pse-as-base64": (lambda: base64.encodebytes(pse()), None),
    "pse-with-own-certificate": (
        lambda: pse(Envelope.OPEN, own_certificate(OWN.certificate), own_path([CA.certificate]), own_root(LISTED[0])),
        None,
    ),
    "pfx-without-key": (
        lambda: serialize_key_and_certificates(
            None, None, None, LISTED, BestAvailableEncryption(PIN.reveal().encode())
        ),
        PIN,
    ),
}


@pytest.mark.parametrize(("content", "pin"), READ.values(), ids=READ)
def test_a_list_is_read_in_order_and_each_certificate_once(content: Callable[[], bytes], pin: Secret | None) -> None:
    assert read_certificate_list(content(), pin) == LISTED


SETS: dict[str, Callable[[], bytes]] = {
    "p7b": lambda: write_p7b(LISTED),
    "p7b-pem": lambda: write_p7b(LISTED, Armour.PEM),
    "p7b-base64": lambda: base64.encodebytes(write_p7b(LISTED)),
    "p7b-under-another-label": lambda: write_p7b(LISTED, Armour.PEM).replace(b"PKCS7", b"CERTIFICATE"),
}


@pytest.mark.parametrize("content", SETS.values(), ids=SETS)
def test_a_p7b_is_a_set(content: Callable[[], bytes]) -> None:
    assert {*read_certificate_list(content())} == {*LISTED}


ONE: dict[str, Callable[[], bytes]] = {
    "cer-base64": lambda: write_cer(SAP.certificate),
    "cer-binary": lambda: der(SAP.certificate),
    "cer-without-markers": lambda: base64.encodebytes(der(SAP.certificate)),
    "bag-attributes-around": lambda: b"Bag Attributes\n    friendlyName: Gr\xfc\xdfe\n" + PEM[2].encode(),
    "trusted-by-openssl": lambda: (
        b"-----BEGIN TRUSTED CERTIFICATE-----\n"
        + base64.encodebytes(der(SAP.certificate) + bytes.fromhex("300c300a06082b06010505070301"))
        + b"-----END TRUSTED CERTIFICATE-----\n"
    ),
}


@pytest.mark.parametrize("content", ONE.values(), ids=ONE)
def test_a_list_of_one(content: Callable[[], bytes]) -> None:
    assert read_certificate_list(content()) == (SAP.certificate,)


def printed(*arguments: str, folder: Path) -> bytes:
    program = shutil.which(arguments[0])
    if program is None:
        pytest.skip(f"{arguments[0]} is not installed")
    done = subprocess.run([program, *arguments[1:]], cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trust_store(folder: Path, kind: str) -> None:
    """A real trust store of Java, filled as administrators fill it: one certificate after the other."""
    arguments = ("-importcert", "-noprompt", "-keystore", "t", "-storetype", kind, "-storepass", "changeit")
    for number, each in enumerate(LISTED[:2]):
        (folder / f"{number}.cer").write_bytes(write_cer(each))
        printed("keytool", *arguments, "-alias", f"ca-{number}", "-file", f"{number}.cer", folder=folder)


@pytest.mark.parametrize(("kind", "more"), [("JKS", ()), ("PKCS12", ("-v",))], ids=["jks", "pkcs12"])
def test_what_keytool_really_prints(kind: str, more: tuple[str, ...], tmp_path: Path) -> None:
    """With the certificates it is a list; without, what to do is said."""
    trust_store(tmp_path, kind)
    shown = ("keytool", "-list", "-keystore", "t", "-storepass", "changeit")
    assert {*read_certificate_list(printed(*shown, "-rfc", folder=tmp_path))} == {*LISTED[:2]}
    found = refusal(printed(*shown, *more, folder=tmp_path))
    assert (found.problem, "-rfc" in found.advice) == (CertificateListProblem.NAMES_ONLY, True)
    content = (tmp_path / "t").read_bytes()
    if kind == "JKS":
        found = refusal(content, Secret("changeit"))
        assert (found.problem, "keytool -list -rfc" in found.advice) == (CertificateListProblem.OTHER_FILE, True)
    else:
        assert {*read_certificate_list(content, Secret("changeit"))} == {*LISTED[:2]}


def test_what_programs_really_print_of_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "list.pem").write_bytes("".join(PEM).encode())
    (tmp_path / "list.p7b").write_bytes(write_p7b(LISTED))
    assert (
        read_certificate_list(printed("keytool", "-printcert", "-rfc", "-file", "list.pem", folder=tmp_path)) == LISTED
    )
    text = printed("openssl", "x509", "-in", "list.pem", "-text", folder=tmp_path)
    assert read_certificate_list(text) == LISTED[:1]
    unpacked = printed("openssl", "pkcs7", "-inform", "DER", "-in", "list.p7b", "-print_certs", folder=tmp_path)
    assert {*read_certificate_list(unpacked)} == {*LISTED}
    alone = printed("openssl", "x509", "-in", "list.pem", "-trustout", "-addtrust", "serverAuth", folder=tmp_path)
    assert read_certificate_list(alone) == LISTED[:1]
    for arguments in (
        ("openssl", "x509", "-in", "list.pem", "-noout", "-text"),
        ("keytool", "-printcert", "-file", "list.pem"),
    ):
        assert refusal(printed(*arguments, folder=tmp_path)).problem is CertificateListProblem.NAMES_ONLY


SAPGENPSE = """\
maintain_pk for PSE "/usr/sap/S4H/D00/sec/SAPSSLCPI.pse"
PKList:
 Element #1:
 Version:                      2 (X.509v3)
 Subject :                     CN=DigiCert Global Root CA, OU=www.digicert.com, O=DigiCert Inc, C=US
 Issuer  :                     CN=DigiCert Global Root CA, OU=www.digicert.com, O=DigiCert Inc, C=US
 Serialno:                     08:3B:E0:56:90:42:46:B1:A1:75:6A:C9:59:91:C7:4A
 KeyInfo :                     RSA, 2048-bit
 Validity  -  NotBefore:       Fri Nov 10 00:00:00 2006 (061110000000Z)
              NotAfter:        Mon Nov 10 00:00:00 2031 (311110000000Z)
"""
"""Put together from the lines that wiki.drakos.de shows and those that the Salt module saltext-sap_pse looks for."""


def private(*, encrypted: bool = False) -> bytes:
    protection = BestAvailableEncryption(b"x") if encrypted else NoEncryption()
    return OWN.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def request() -> bytes:
    return x509.CertificateSigningRequestBuilder().subject_name(ROOT.certificate.subject).sign(
        OWN.key, SHA256()
    ).public_bytes(Encoding.PEM)  # fmt: skip


P = CertificateListProblem
REFUSED: dict[str, tuple[Callable[[], bytes], Secret | None, CertificateListProblem, str]] = {
    "nothing": (lambda: b" \r\n", None, P.EMPTY, "nothing in it"),
    "sapgenpse": (SAPGENPSE.encode, None, P.NAMES_ONLY, "sapgenpse"),
    "text": (lambda: b"<!doctype html>", None, P.OTHER_FILE, "no kind"),
    "other-pem": (
        lambda: b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
        None,
        P.OTHER_FILE,
        "no kind",
    ),
    "signing-request": (request, None, P.OTHER_FILE, "signing request"),
    "public-key": (
        lambda: OWN.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        None,
        P.OTHER_FILE,
        "public key",
    ),
    "service-key": (lambda: b'{"oauth": {"clientid": "a", "certificate": "b"}}', None, P.OTHER_FILE, "service key"),
    "key": (private, None, P.PRIVATE_KEY, "private key"),
    "key-encrypted": (lambda: private(encrypted=True), None, P.PRIVATE_KEY, "private key"),
    "key-and-certificates": (lambda: private() + "".join(PEM).encode(), None, P.PRIVATE_KEY, "private key"),
    "pfx": (lambda: write_pfx(OWN, PIN).content, PIN, P.PRIVATE_KEY, "private key"),
    "pfx-locked": (lambda: write_certificates_only(OWN, PIN).content, None, P.LOCKED, "no passphrase"),
    "pfx-other-passphrase": (lambda: write_pfx(OWN, PIN).content, Secret("other"), P.LOCKED, "does not open"),
    "pfx-cut": (lambda: write_pfx(OWN, PIN).content[:400], PIN, P.DAMAGED, "breaks off"),
    "pse-locked": (lambda: pse(Envelope.VERSION_2), None, P.LOCKED, "none is given"),
    "pse-other-pin": (lambda: pse(Envelope.VERSION_4), Secret("other"), P.LOCKED, "does not open"),
    "pse-cut": (lambda: pse()[:700], None, P.DAMAGED, "breaks off"),
    "pse-with-empty-list": (
        lambda: write_pse((own_certificate(OWN.certificate), trusted()), Envelope.OPEN, SEALING),
        None,
        P.EMPTY,
        "empty",
    ),
    "pse-bound-to-a-machine": (lambda: sealed_otherwise(256, bytes.fromhex("0600")), None, P.UNSUPPORTED, "LPS"),
    "pse-of-an-old-program": (lambda: written_by_java(LISTED), None, P.UNSUPPORTED, "without their signatures"),
    "pem-breaks-off": (lambda: "".join(PEM)[:-5].encode(), None, P.DAMAGED, "END CERTIFICATE"),
    "pem-second-damaged": (
        lambda: (PEM[0] + PEM[1][:200] + "\n-----END CERTIFICATE-----\n" + PEM[2]).encode(),
        None,
        P.DAMAGED,
        "block 2 of 3",
    ),
    "pem-second-is-no-base64": (
        lambda: (PEM[0] + PEM[1].replace("MII", "!!!", 1)).encode(),
        None,
        P.DAMAGED,
        "block 2 of 2",
    ),
    "cer-cut": (lambda: der(SAP.certificate)[:300], None, P.DAMAGED, "breaks off"),
    "cer-second-cut": (lambda: b"".join(map(der, LISTED))[:-20], None, P.DAMAGED, "breaks off"),
    "cer-and-something": (lambda: der(SAP.certificate) + b"0\x03\x02\x01\x00", None, P.DAMAGED, "certificate 2"),
    "p7b-cut": (lambda: write_p7b(LISTED)[:500], None, P.DAMAGED, "breaks off"),
}


@pytest.mark.parametrize(("content", "pin", "problem", "told"), REFUSED.values(), ids=REFUSED)
def test_why_it_is_no_list(
    content: Callable[[], bytes], pin: Secret | None, problem: CertificateListProblem, told: str
) -> None:
    found = refusal(content(), pin)
    assert (found.problem, told in found.detail) == (problem, True), found


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("sapgenpse", "give the .pse itself", id="sapgenpse"),
        pytest.param("pse-with-empty-list", "STRUST", id="empty-list"),
        pytest.param("pse-bound-to-a-machine", "sapgenpse export_p12", id="machine"),
        pytest.param("pse-of-an-old-program", "Base-64", id="old-program"),
        pytest.param("pse-locked", "PIN", id="locked"),
        pytest.param("key-and-certificates", "the certificates alone", id="key"),
    ],
)
def test_what_to_do_about_it(name: str, advice: str) -> None:
    content, pin, *_ = REFUSED[name]
    assert advice in refusal(content(), pin).advice


@given(
    name=st.sampled_from([*READ, *SETS, *ONE]),
    places=st.lists(st.floats(0, 1, exclude_max=True), max_size=3),
    cut=st.none() | st.floats(0, 1),
)
@settings(max_examples=250, deadline=None, derandomize=True)
def test_damage_is_refused_or_read(name: str, places: list[float], cut: float | None) -> None:
    content = bytearray(WHOLE[name])
    for place in places:
        bit = int(place * len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
    with suppress(CertificateListRefused):
        read_certificate_list(bytes(content if cut is None else content[: int(cut * len(content))]), PIN)


WHOLE = {
    **{name: content() for name, (content, _) in READ.items()},
    **{name: content() for name, content in {**SETS, **ONE}.items()},
}


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_anything_else_is_refused(content: bytes) -> None:
    refusal(content)


def test_what_strust_gives_away_is_read_again() -> None:
    exported = exported_certificates(LISTED)
    assert [each.name for each in exported] == [
        "DigiCert Global Root CA.cer",
        "DigiCert SHA2 Secure Server CA.cer",
        "SAP Cloud Root CA.cer",
    ]
    assert tuple(read_certificate(each.content) for each in exported) == LISTED
    assert all(each.content.startswith(b"-----BEGIN CERTIFICATE-----\r\n") for each in exported)
    assert read_certificate_list(exported_list(LISTED)) == LISTED
    assert read_certificate_list(b"".join(each.content for each in exported)) == LISTED


def test_two_of_one_name_become_two_files() -> None:
    renewed = Authority.root("CN=SAP Cloud Root CA,O=SAP SE,C=DE", now=NOW)
    names = [each.name for each in exported_certificates((SAP.certificate, renewed.certificate))]
    assert names == ["SAP Cloud Root CA.cer", "SAP Cloud Root CA (2).cer"]


def test_an_exported_pse_identifies_its_owner_and_knows_whom_it_trusts() -> None:
    key = new_key(2048)
    own = CA.leaf("CN=S0012345678", not_before=NOW - DAY, not_after=NOW + 90 * DAY, key=key)
    held = own_key(key), own_certificate(own.certificate), own_path([CA.certificate]), own_root(ROOT.certificate)  # type: ignore[arg-type]  # it is RSA
    found = exported_pse(pse(Envelope.VERSION_2, *held), PIN)
    assert found.certificate_list == LISTED
    assert found.own is not None
    assert (found.own.certificate, found.own.issuers) == (own.certificate, (CA.certificate, ROOT.certificate))


def test_an_exported_pse_that_only_trusts_has_no_owner() -> None:
    found = exported_pse(pse())
    assert (found.own, found.certificate_list) == (None, LISTED)


def test_an_owner_who_cannot_be_read_is_not_taken_for_none() -> None:
    held = own_curve_key(ec.generate_private_key(ec.SECP256R1())), own_certificate(OWN.certificate)
    with pytest.raises(PseRefused) as caught:
        exported_pse(pse(Envelope.OPEN, *held))
    assert (caught.value.problem, "export_p12" in caught.value.advice) == (PseProblem.UNSUPPORTED_FORM, True)
