"""Inspecting a file: what it is called, what is read from it, who takes it, and what is to be done."""

from __future__ import annotations

import base64
import datetime as dt
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import pkcs12
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
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

from cpi_conformance.certificates import (
    Authority,
    Credential,
    Encryption,
    PfxFile,
    Usage,
    fingerprint,
    one_line,
    pem,
    self_signed,
    write_pfx,
)
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.certificates.consumers import Consumer, Fit
from cpi_conformance.certificates.inspection import Inspection, inspect
from cpi_conformance.certificates.inspection_text import rendered
from cpi_conformance.certificates.kinds import Form, Kind
from cpi_conformance.certificates.p7b import Armour, write_p7b
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.certificates.rc2_pfx import rc2_40
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.passport import PassportAuthority
from tests.pse_files import (
    Envelope,
    Sealing,
    own_certificate,
    own_key,
    own_path,
    own_root,
    sealed_otherwise,
    trusted,
    write_pse,
)

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SECRET = Secret("kx7-Geheim-42")
PASSPORTS = PassportAuthority(NOW)
PASSPORT = PASSPORTS.issue("S0012345678")
CHAIN = (PASSPORT.certificate, *PASSPORT.issuers)
LEAF = CHAIN[0]


def private(*, encrypted: bool = False, form: PrivateFormat = PrivateFormat.PKCS8, der: bool = False) -> bytes:
    protection = BestAvailableEncryption(SECRET.reveal().encode()) if encrypted else NoEncryption()
    return PASSPORT.key.private_bytes(Encoding.DER if der else Encoding.PEM, form, protection)


def pfx(credential: Credential = PASSPORT, encryption: Encryption = Encryption.TRIPLE_DES) -> bytes:
    return write_pfx(credential, SECRET, encryption).content


def without_mac(content: bytes) -> bytes:
    return bytes(pkcs12.Pfx({"version": "v3", "auth_safe": pkcs12.Pfx.load(content)["auth_safe"]}).dump())


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(LEAF.subject)
    return builder.sign(PASSPORT.key, SHA256()).public_bytes(Encoding.PEM)


def service_key(**more: str) -> bytes:
    return json.dumps({"oauth": {"clientid": "sb-1", "clientsecret": "s3cr3t-x", "url": "https://h", **more}}).encode()


PSE_OWNER = PASSPORTS.issue("S0087654321", rsa_bits=2048)
PSE_KEY = own_key(PSE_OWNER.key)  # type: ignore[arg-type]  # it is RSA


def pse(envelope: Envelope, *held: bytes) -> bytes:
    """Of an owner with his chain, who trusts its authorities and one more."""
    path = own_path([PSE_OWNER.issuers[0]]), own_root(PSE_OWNER.root)
    listed = trusted(*PSE_OWNER.issuers, PASSPORTS.first_generation.certificate)
    own = held or (PSE_KEY, own_certificate(PSE_OWNER.certificate), *path)
    return write_pse((*own, listed), envelope, Sealing(SECRET))


def public() -> bytes:
    return LEAF.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


KINDS: dict[str, tuple[Callable[[], bytes], Kind, Form, int]] = {
    "pfx": (pfx, Kind.PFX, Form.DER, 3),
    "p7b": (lambda: write_p7b(CHAIN), Kind.P7B, Form.DER, 3),
    "p7b-pem": (lambda: write_p7b(CHAIN, Armour.PEM), Kind.P7B, Form.PEM, 3),
    "cer-der": (lambda: LEAF.public_bytes(Encoding.DER), Kind.CERTIFICATE, Form.DER, 1),
    "cer-pem": (lambda: pem([LEAF]).encode(), Kind.CERTIFICATE, Form.PEM, 1),
    "cer-one-line": (lambda: one_line(LEAF).encode(), Kind.CERTIFICATE, Form.ONE_LINE, 1),
    "cer-escaped": (lambda: pem([LEAF]).replace("\n", "\\n").encode(), Kind.CERTIFICATE, Form.ESCAPED, 1),
    "cer-bare": (lambda: base64.encodebytes(LEAF.public_bytes(Encoding.DER)), Kind.CERTIFICATE, Form.BARE, 1),
    "bundle": (lambda: pem(CHAIN).encode(), Kind.CERTIFICATES, Form.PEM, 3),
    "credential": (lambda: private() + pem(CHAIN).encode(), Kind.CREDENTIAL, Form.PEM, 3),
    "request": (request, Kind.SIGNING_REQUEST, Form.PEM, 0),
    "key": (private, Kind.PRIVATE_KEY, Form.PEM, 0),
    "key-der": (lambda: private(der=True), Kind.PRIVATE_KEY, Form.DER, 0),
    "key-of-openssl-1": (lambda: private(form=PrivateFormat.TraditionalOpenSSL), Kind.PRIVATE_KEY, Form.PEM, 0),
    "key-encrypted": (lambda: private(encrypted=True), Kind.ENCRYPTED_PRIVATE_KEY, Form.PEM, 0),
    "key-encrypted-der": (lambda: private(encrypted=True, der=True), Kind.ENCRYPTED_PRIVATE_KEY, Form.DER, 0),
    "key-encrypted-by-openssl-1": (
        lambda: private(encrypted=True, form=PrivateFormat.TraditionalOpenSSL),
        Kind.ENCRYPTED_PRIVATE_KEY,
        Form.PEM,
        0,
    ),
    "pse": (lambda: pse(Envelope.VERSION_4), Kind.PSE, Form.DER, 4),
    "pse-open": (lambda: pse(Envelope.OPEN), Kind.PSE, Form.DER, 4),
    "pse-to-trust-only": (
        lambda: write_pse((trusted(*CHAIN[1:]),), Envelope.BARE, Sealing(SECRET)),
        Kind.PSE,
        Form.DER,
        2,
    ),
    "service-key": (service_key, Kind.SERVICE_KEY, Form.JSON, 0),
    "service-key-with-certificate": (lambda: service_key(certificate=pem(CHAIN)), Kind.SERVICE_KEY, Form.JSON, 3),
}

UNREADABLE: dict[str, tuple[Callable[[], bytes], Kind, str]] = {
    "empty": (lambda: b"", Kind.EMPTY, "nothing in it"),
    "jks": (lambda: b"\xfe\xed\xfe\xed\0\0\0\2", Kind.JAVA_KEYSTORE, "keytool -importkeystore"),
    "pse-locked": (lambda: pse(Envelope.VERSION_2), Kind.PSE, "none is given"),
    "pse-of-a-machine": (lambda: sealed_otherwise(256, bytes.fromhex("0600")), Kind.PSE, "sapgenpse export_p12"),
    "pse-broken": (lambda: bytes.fromhex("3007020102a0020500"), Kind.PSE, "broken"),
    "public-key": (public, Kind.PUBLIC_KEY, "names nobody"),
    "text": (lambda: b"<!doctype html>", Kind.UNKNOWN, "no file that certificates travel in"),
    "bytes": (lambda: bytes(range(256)), Kind.UNKNOWN, "no file that certificates travel in"),
    "json": (lambda: b'{"a": 1}', Kind.UNKNOWN, "no file that certificates travel in"),
    "broken-json": (lambda: b'{"a": ', Kind.UNKNOWN, "none"),
    "broken-pem": (lambda: one_line(LEAF)[:-5].encode(), Kind.CERTIFICATE, "dashes"),
    "service-key-with-broken-certificate": (lambda: service_key(certificate="MII"), Kind.SERVICE_KEY, "certificate"),
}


@pytest.mark.parametrize(("content", "kind", "form", "count"), KINDS.values(), ids=KINDS)
def test_what_it_is(content: Callable[[], bytes], kind: Kind, form: Form, count: int) -> None:
    """By its content; nobody looks at the name."""
    found = inspect(content(), SECRET, now=NOW)
    assert (found.kind, found.form, len(found.tree), found.unreadable) == (kind, form, count, None)
    text = rendered(found, "file")
    assert text.startswith(f"file: {kind.value}")
    assert not any(secret in text for secret in (SECRET.reveal(), "s3cr3t-x", "PRIVATE KEY"))


@pytest.mark.parametrize(("content", "kind", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_why_it_does_not_open(content: Callable[[], bytes], kind: Kind, told: str) -> None:
    found = inspect(content(), now=NOW)
    assert found.kind is kind
    assert found.unreadable is not None
    assert told in found.unreadable
    assert (found.to_do, found.opinions) == ((), ())


def test_the_tree_has_the_root_on_top() -> None:
    found = inspect(pfx(), SECRET, now=NOW)
    assert [(each.depth, each.facts.sha256) for each in found.tree] == [
        (depth, fingerprint(each)) for depth, each in enumerate(reversed(CHAIN))
    ]


def test_the_facts_of_a_certificate() -> None:
    leaf = inspect(pem([LEAF]).encode(), now=NOW).tree[0].facts
    assert leaf.subject.startswith("CN=S0012345678, ")
    assert (leaf.days_left, leaf.days_to_wait) == (364, 0)
    assert (leaf.key, leaf.signature, leaf.authority, leaf.self_signed) == ("EC secp256r1", "sha256", False, False)
    assert leaf.key_usage == ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment")
    assert leaf.extended_key_usage == ("clientAuth",)
    assert int(leaf.serial, 16) == LEAF.serial_number
    root = inspect(pem([CHAIN[2]]).encode(), now=NOW).tree[0].facts
    assert (root.authority, root.self_signed, root.subject_key) == (True, True, root.authority_key)


def test_names_of_a_server() -> None:
    server = PASSPORTS.root.leaf(
        "CN=host", not_before=NOW, not_after=NOW + DAY, usage=Usage.SERVER, hosts=("host.test", "127.0.0.1")
    )
    assert inspect(pem([server.certificate]).encode(), now=NOW).tree[0].facts.names == ("DNS:host.test", "IP:127.0.0.1")


PROTECTED = {
    Encryption.AES_256: ("AES-256", "sha256"),
    Encryption.TRIPLE_DES: ("3DES", "sha1"),
    Encryption.RC2_40: ("RC2-40 and 3DES", "sha1"),
}


@pytest.mark.parametrize(("encryption", "wanted"), PROTECTED.items(), ids=lambda it: getattr(it, "value", ""))
@pytest.mark.parametrize("known", [True, False], ids=["passphrase-known", "passphrase-unknown"])
def test_protection_is_told_even_without_the_passphrase(
    encryption: Encryption, wanted: tuple[str, str], known: bool
) -> None:
    found = inspect(pfx(encryption=encryption), SECRET if known else None, now=NOW)
    assert found.protection is not None
    assert (found.protection.encryption, found.protection.mac) == wanted
    assert (found.protection.mac_iterations, found.protection.iterations) == (2048, (2048,))
    assert found.locked is not known


def mismatched() -> bytes:
    return rc2_40(replace(PASSPORT, key=new_key()), PASSPORT.issuers, SECRET.reveal(), 1)


def key_only() -> bytes:
    return serialize_key_and_certificates(None, PASSPORT.key, None, None, NoEncryption())


def odd_key() -> bytes:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name.from_rfc4514_string("CN=odd")
    odd = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + 90 * DAY).sign(key, None)
    return serialize_key_and_certificates(None, key, odd, None, NoEncryption())


def of(usage: Usage = Usage.CLIENT, starts: dt.timedelta = -DAY, lasts: dt.timedelta = 365 * DAY) -> bytes:
    return pfx(PASSPORTS.issue("S1", usage=usage, starts=starts, lasts=lasts))


def own() -> bytes:
    return pfx(self_signed("CN=own", not_before=NOW, not_after=NOW + 90 * DAY))


TO_DO: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "nothing": (pfx, ()),
    "aes": (lambda: pfx(encryption=Encryption.AES_256), ()),
    "eku-unstated": (lambda: of(Usage.UNSTATED), ()),
    "one-line": (lambda: one_line(LEAF).encode(), ()),
    "p7b": (lambda: write_p7b(CHAIN), ()),
    "rc2": (lambda: pfx(encryption=Encryption.RC2_40), ("-legacy",)),
    "expired": (lambda: of(starts=-9 * DAY, lasts=8 * DAY), ("expired on 2026-01-14",)),
    "not-yet": (lambda: of(starts=3 * DAY), ("not valid before 2026-01-18",)),
    "soon": (lambda: of(lasts=11 * DAY), ("expires in 10 days",)),
    "server": (lambda: of(Usage.SERVER), ("not for clientAuth",)),
    "chain-missing": (lambda: write_pfx(PASSPORT, SECRET, with_chain=False).content, ("add CN=SAP Passport CA G2",)),
    "wrong-generation": (
        lambda: pfx(replace(PASSPORT, issuers=(PASSPORTS.first_generation.certificate, CHAIN[2]))),
        ("add CN=SAP Passport CA G2",),
    ),
    "root-missing": (lambda: pfx(replace(PASSPORT, issuers=CHAIN[1:2])), ("add CN=SAP Cloud Root CA",)),
    "self-signed": (own, ("self-signed",)),
    "mismatch": (mismatched, ("belongs to none", "-legacy")),
    "certificates-only": (lambda: write_certificates_only(PASSPORT, SECRET).content, ("no private key",)),
    "key-only": (key_only, ("no certificate", "without encryption")),
    "open": (lambda: pfx(encryption=Encryption.NONE), ("without encryption",)),
    "odd-key": (odd_key, ("self-signed", "without encryption")),
    "escaped": (lambda: pem([LEAF]).replace("\n", "\\n").encode(), ("literal",)),
    "bare-pfx": (lambda: base64.encodebytes(pfx()), ("base64 -d",)),
    "p7b-with-gap": (lambda: write_p7b((CHAIN[0], CHAIN[2])), ("no chain: CN=SAP Passport CA G2",)),
    "request": (request, ("no certificate",)),
    "key": (private, ("without encryption",)),
    "pse": (lambda: pse(Envelope.VERSION_2), ()),
    "pse-open": (lambda: pse(Envelope.OPEN), ("without encryption",)),
    "pse-bare-text": (lambda: base64.encodebytes(pse(Envelope.VERSION_2)), ("base64 of a PSE",)),
    "pse-to-trust-only": (lambda: write_pse((trusted(*CHAIN[1:]),), Envelope.OPEN, Sealing(SECRET)), ()),
    "pse-chain-missing": (
        lambda: pse(Envelope.VERSION_2, PSE_KEY, own_certificate(PSE_OWNER.certificate)),
        ("add CN=SAP Passport CA G2",),
    ),
    "pse-self-signed": (
        lambda: pse(
            Envelope.VERSION_2,
            own_certificate(self_signed("CN=own", not_before=NOW, not_after=NOW + 90 * DAY).certificate),
        ),
        (),
    ),
    "wrong-key-in-pem": (
        lambda: pem(CHAIN).encode() + new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ("belongs to none",),
    ),
}


@pytest.mark.parametrize(("content", "wanted"), TO_DO.values(), ids=TO_DO)
def test_what_is_to_be_done(content: Callable[[], bytes], wanted: tuple[str, ...]) -> None:
    found = inspect(content(), SECRET, now=NOW)
    assert found.unreadable is None
    assert len(found.to_do) == len(wanted), found.to_do
    assert all(part in told for part, told in zip(wanted, found.to_do, strict=True)), found.to_do


def fits(found: Inspection) -> dict[Consumer, Fit]:
    return {each.consumer: each.fit for each in found.opinions}


TAKES, REFUSES, OTHER, UNSURE = Fit.TAKES, Fit.REFUSES, Fit.OTHER_FORM, Fit.UNSURE
COLUMNS = (
    *(Consumer.POSTMAN, Consumer.CURL, Consumer.OPENSSL, Consumer.NODE, Consumer.JAVA),
    *(Consumer.STRUST, Consumer.SERVICE_KEY, Consumer.WINDOWS),
)
TAKEN: dict[str, tuple[Callable[[], bytes], tuple[Fit, ...]]] = {
    "aes": (lambda: pfx(encryption=Encryption.AES_256), (*(TAKES,) * 5, REFUSES, OTHER, TAKES)),
    "3des": (pfx, (*(TAKES,) * 5, OTHER, OTHER, TAKES)),
    "rc2": (lambda: pfx(encryption=Encryption.RC2_40), (*(REFUSES,) * 4, TAKES, OTHER, OTHER, TAKES)),
    "open": (lambda: pfx(encryption=Encryption.NONE), (*(TAKES,) * 4, REFUSES, OTHER, OTHER, TAKES)),
    "no-mac": (lambda: without_mac(pfx()), (REFUSES, REFUSES, TAKES, REFUSES, TAKES, OTHER, OTHER, TAKES)),
    "pem": (lambda: pem([LEAF]).encode(), (*(TAKES,) * 6, OTHER, TAKES)),
    "der": (lambda: LEAF.public_bytes(Encoding.DER), (OTHER, OTHER, TAKES, OTHER, TAKES, TAKES, OTHER, TAKES)),
    "one-line": (lambda: one_line(LEAF).encode(), (*(REFUSES,) * 5, UNSURE, TAKES, UNSURE)),
    "bundle": (lambda: pem(CHAIN).encode(), (*(TAKES,) * 6, REFUSES, TAKES)),
    "p7b": (lambda: write_p7b(CHAIN), (OTHER, OTHER, TAKES, OTHER, TAKES, OTHER, OTHER, TAKES)),
}


@pytest.mark.parametrize(("content", "wanted"), TAKEN.values(), ids=TAKEN)
def test_who_takes_it(content: Callable[[], bytes], wanted: tuple[Fit, ...]) -> None:
    found = inspect(content(), SECRET, now=NOW)
    assert [fits(found)[each] for each in COLUMNS] == [*wanted]
    assert all(each.source for each in found.opinions)
    assert all(each.why for each in found.opinions if each.fit is not TAKES)


BALANCED: dict[str, tuple[Callable[[], bytes], Fit, str]] = {
    "good": (pfx, TAKES, "2801396"),
    "eku-unstated": (lambda: of(Usage.UNSTATED), UNSURE, "clientAuth"),
    "server": (lambda: of(Usage.SERVER), REFUSES, "handshake"),
    "expired": (lambda: of(starts=-9 * DAY, lasts=8 * DAY), REFUSES, "certificate_expired"),
    "not-yet": (lambda: of(starts=3 * DAY), REFUSES, "bad_certificate"),
    "self-signed": (own, REFUSES, "unknown_ca"),
    "chain-missing": (lambda: write_pfx(PASSPORT, SECRET, with_chain=False).content, REFUSES, "unknown_ca"),
}


def test_of_a_pse_it_says_whose_it_is_and_whom_it_trusts() -> None:
    found = inspect(pse(Envelope.VERSION_2), SECRET, now=NOW)
    text = rendered(found, "SAPSSLCPI.pse").splitlines()
    assert "encryption    3DES, 20 iterations" in text
    assert "own           CN=S0087654321, OU=SAP Service Marketplace, O=SAP Trust Community II, C=DE" in text
    assert "private key   RSA 2048, belongs to the certificate" in text
    assert "chain         complete" in text
    assert "list          3 certificates" in text
    assert not [line for line in text if line.startswith("MAC")]
    assert (fits(found)[Consumer.STRUST], fits(found)[Consumer.OPENSSL]) == (TAKES, OTHER)
    assert fits(found)[Consumer.LOAD_BALANCER] is TAKES


def test_a_pse_to_trust_only_has_no_owner() -> None:
    found = inspect(write_pse((trusted(CHAIN[2]),), Envelope.OPEN, Sealing(SECRET)), now=NOW)
    assert (found.owner, found.listed, found.holds_key, found.chain_complete) == (None, 1, False, None)
    assert "list          1 certificate" in rendered(found, "required.pse").splitlines()
    assert Consumer.LOAD_BALANCER not in fits(found)


@pytest.mark.parametrize(("content", "fit", "told"), BALANCED.values(), ids=BALANCED)
def test_what_the_load_balancer_says(content: Callable[[], bytes], fit: Fit, told: str) -> None:
    (found,) = (
        each for each in inspect(content(), SECRET, now=NOW).opinions if each.consumer is Consumer.LOAD_BALANCER
    )
    assert found.fit is fit
    assert told in found.why


@pytest.mark.parametrize("passphrase", [None, Secret(""), Secret("other"), Secret("a\0b"), Secret("\udcff")])
@pytest.mark.parametrize("content", [pfx, lambda: private(encrypted=True)], ids=["pfx", "key"])
def test_another_passphrase_is_no_accident(content: Callable[[], bytes], passphrase: Secret | None) -> None:
    found = inspect(content(), passphrase, now=NOW)
    assert found.locked
    assert "other" not in (found.unreadable or "")


def test_a_name_does_not_steer_the_terminal() -> None:
    hostile = Authority.root("CN=a\x1b[31m\u202eb\rc", now=NOW)
    text = rendered(inspect(pem([hostile.certificate]).encode(), now=NOW), "f\x1b.cer")
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[31m\\u202eb" in text


PROGRAMS: dict[Consumer, tuple[str, ...]] = {
    Consumer.OPENSSL: ("openssl", "pkcs12", "-in", "FILE", "-passin", f"pass:{SECRET.reveal()}", "-nodes"),
    Consumer.NODE: (
        "node",
        "-e",
        "require('tls').createSecureContext({pfx: require('fs').readFileSync(process.argv[1]), "
        f"passphrase: '{SECRET.reveal()}'}})",
        "FILE",
    ),
    Consumer.JAVA: ("keytool", "-list", "-storetype", "PKCS12", "-keystore", "FILE", "-storepass", SECRET.reveal()),
}


@pytest.mark.parametrize("consumer", PROGRAMS, ids=lambda it: it.value)
@pytest.mark.parametrize("name", ["aes", "3des", "rc2", "no-mac"])
def test_what_is_said_of_a_program_is_what_it_does(consumer: Consumer, name: str, tmp_path: Path) -> None:
    """Opinions go stale when programs change; this one tells."""
    content = TAKEN[name][0]()
    (tmp_path / "s.pfx").write_bytes(content)
    program, *arguments = (str(tmp_path / "s.pfx") if each == "FILE" else each for each in PROGRAMS[consumer])
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    if consumer is Consumer.OPENSSL and b"OpenSSL 3" not in subprocess.check_output([found, "version"]):
        pytest.skip("openssl is not OpenSSL 3")
    done = subprocess.run([found, *arguments], capture_output=True, timeout=60, check=False)
    assert (fits(inspect(content, SECRET, now=NOW))[consumer] is TAKES) == (done.returncode == 0)


@given(
    kind=st.sampled_from([*KINDS]),
    bits=st.lists(st.floats(0, 1, exclude_max=True), max_size=3),
    cut=st.none() | st.floats(0, 1),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_damage_is_inspected(kind: str, bits: list[float], cut: float | None) -> None:
    content = bytearray(WHOLE[kind])
    for bit in bits:
        place = int(bit * len(content) * 8)
        content[place // 8] ^= 1 << place % 8
    kept = bytes(content if cut is None else content[: int(cut * len(content))])
    assert SECRET.reveal() not in rendered(inspect(kept, SECRET, now=NOW), "file")


WHOLE = {name: content() for name, (content, *_) in KINDS.items()}


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_content_is_inspected(content: bytes) -> None:
    assert rendered(inspect(content, PfxFile(b"").passphrase, now=NOW), "file")


def test_deep_nesting_is_inspected() -> None:
    for start in (b"", b"\x02\x01\x03", bytes.fromhex("06092a864886f70d010702")):
        assert inspect(b"\x30\x80" + start + b"\x30\x80" * 50_000, now=NOW).unreadable
    assert inspect(b'{"a":' * 50_000, now=NOW).unreadable
