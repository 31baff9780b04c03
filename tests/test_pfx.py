"""Opening and writing a PFX: what comes back, and the one reason for each that does not open."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from asn1crypto import pkcs12
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import (
    Authority,
    Credential,
    Encryption,
    PfxFile,
    PfxProblem,
    PfxRefused,
    pem,
    write_pfx,
)
from cpi_conformance.certificates.authority import PrivateKey, new_key
from cpi_conformance.certificates.pfx_encryption import encryption_of
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.passport import PassportAuthority

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

PASSPHRASE = Secret("kx7-Geheim-42")
NOT_ASCII = Secret("Grüße aus Walldorf: ßøΩ€😀")

START = b"\x30\x82\x02\x00\x02\x01\x03"
"""How a PFX begins: a sequence, and the version 3."""

AES_256_CBC = bytes.fromhex("60864801650304012a")
AES_256_OFB = bytes.fromhex("60864801650304012b")
UNKNOWN_CIPHER = bytes.fromhex("608648016503040177")
X509_V3 = bytes.fromhex("a003020102")
X509_V4 = bytes.fromhex("a003020103")
PRINTABLE_CN = bytes.fromhex("06035504030c")
BROKEN_CN = bytes.fromhex("06035504030d")
"""The common name under a tag that names no kind of text."""

IN_THE_FILE = {
    Encryption.AES_256: ("aes256_cbc",),
    Encryption.TRIPLE_DES: ("pkcs12_sha1_tripledes_3key",),
    Encryption.RC2_40: ("pkcs12_sha1_rc2_40", "pkcs12_sha1_tripledes_3key"),
    Encryption.NONE: (),
}

each_encryption = pytest.mark.parametrize("encryption", Encryption, ids=lambda it: it.value)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Three authorities, one below the other, so that there are six orders of the chain."""
    root = Authority.root("CN=Root,O=Conformance,C=DE", now=NOW)
    return root.intermediate("CN=Upper,O=Conformance,C=DE", now=NOW).intermediate(
        "CN=Lower,O=Conformance,C=DE", now=NOW
    )


@pytest.fixture(scope="module")
def credential(authority: Authority) -> Credential:
    return authority.leaf("CN=S0012345678,O=Conformance,C=DE", not_before=NOW, not_after=NOW + DAY)


@pytest.fixture(scope="module")
def files(credential: Credential) -> Mapping[str, PfxFile]:
    """A valid file of each encryption, and one without a MAC: damage to it reaches what is inside."""
    files = {encryption.value: write_pfx(credential, PASSPHRASE, encryption) for encryption in Encryption}
    return {**files, "no-mac": without_mac(files[Encryption.NONE.value])}


def without_mac(pfx: PfxFile) -> PfxFile:
    whole = pkcs12.Pfx.load(pfx.content)
    return replace(pfx, content=pkcs12.Pfx({"version": "v3", "auth_safe": whole["auth_safe"]}).dump())


def private(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def outcome(pfx: PfxFile) -> PfxProblem | None:
    """Why it does not open; ``None`` when it does. Any other exception is a defect and comes through."""
    try:
        assert isinstance(pfx.open(), Credential)
    except PfxRefused as refusal:
        return refusal.problem
    return None


@pytest.mark.parametrize("order", [*permutations(range(3))], ids=lambda it: "".join(map(str, it)))
@each_encryption
def test_what_was_written_comes_back_in_order(
    encryption: Encryption, order: tuple[int, ...], credential: Credential
) -> None:
    """Key and leaf are the same, and the chain goes upwards whatever order the file has."""
    shuffled = replace(credential, issuers=tuple(credential.issuers[each] for each in order))
    pfx = write_pfx(shuffled, NOT_ASCII, encryption)
    opened = pfx.open()
    assert opened.certificate == credential.certificate
    assert private(opened.key) == private(credential.key)
    assert opened.issuers == credential.issuers
    assert encryption_of(pfx.content) == IN_THE_FILE[encryption]


@each_encryption
def test_an_rsa_key_comes_back(encryption: Encryption, authority: Authority, rsa_key: rsa.RSAPrivateKey) -> None:
    """The key of a real Passport is RSA."""
    written = authority.leaf("CN=rsa", not_before=NOW, not_after=NOW + DAY, key=rsa_key)
    assert private(write_pfx(written, PASSPHRASE, encryption).open().key) == private(rsa_key)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    key = new_key(2048)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@each_encryption
def test_without_its_chain_it_has_no_issuers(encryption: Encryption, credential: Credential) -> None:
    assert write_pfx(credential, PASSPHRASE, encryption, with_chain=False).open().issuers == ()


@each_encryption
def test_without_a_passphrase_nothing_is_encrypted(encryption: Encryption, credential: Credential) -> None:
    pfx = write_pfx(credential, None, encryption)
    assert pfx.passphrase is None
    assert encryption_of(pfx.content) == ()
    assert pfx.open().certificate == credential.certificate


def test_of_two_issuers_with_one_name_the_signer_is_taken() -> None:
    """The Passport CA was renewed under its name (KBA 3446646), and a file may hold both."""
    passports = PassportAuthority(NOW)
    issued = passports.issue("S0012345678")
    old, new = passports.first_generation.certificate, passports.second_generation.certificate
    root = passports.root.certificate
    assert write_pfx(replace(issued, issuers=(old, new, root)), PASSPHRASE).open().issuers == (new, root)
    assert write_pfx(replace(issued, issuers=(old, root)), PASSPHRASE).open().issuers == ()


def test_its_repr_shows_neither_bytes_nor_passphrase(files: Mapping[str, PfxFile]) -> None:
    assert repr(files["AES-256"]) == "PfxFile(passphrase=Secret(…))"


def with_passphrase(change: Callable[[str], str]) -> Callable[[PfxFile], PfxFile]:
    return lambda pfx: replace(pfx, passphrase=pfx.passphrase and pfx.passphrase.changed(change))


def with_content(change: Callable[[bytes], bytes]) -> Callable[[PfxFile], PfxFile]:
    return lambda pfx: replace(pfx, content=change(pfx.content))


def key_only(pfx: PfxFile) -> PfxFile:
    return PfxFile(serialize_key_and_certificates(None, pfx.open().key, None, None, NoEncryption()))


def long_lengths(content: bytes) -> bytes:
    """The outer length in four bytes, which BER allows and DER does not."""
    return b"\x30\x84" + (len(content) - 4).to_bytes(4, "big") + content[4:]


def indefinite_length(content: bytes) -> bytes:
    """The outer length left open, as BER allows and some programs write it."""
    return b"\x30\x80" + content[4:] + b"\x00\x00"


def traces(secret: Secret | None) -> list[str]:
    """A secret as itself, and as the list of bytes that some libraries print."""
    if secret is None or not secret.reveal():
        return []
    return [secret.reveal(), str([*secret.reveal().encode("utf-8", "surrogateescape")])]


SPOILT: dict[str, tuple[Callable[[PfxFile], PfxFile], PfxProblem]] = {
    "wrong-passphrase": (with_passphrase(lambda it: it[::-1]), PfxProblem.WRONG_PASSPHRASE),
    "other-letter-case": (with_passphrase(str.swapcase), PfxProblem.WRONG_PASSPHRASE),
    "blank-behind": (with_passphrase(lambda it: f"{it} "), PfxProblem.WRONG_PASSPHRASE),
    "line-feed-behind": (with_passphrase(lambda it: f"{it}\n"), PfxProblem.WRONG_PASSPHRASE),
    "empty-passphrase": (with_passphrase(lambda it: ""), PfxProblem.WRONG_PASSPHRASE),
    "no-passphrase": (lambda pfx: replace(pfx, passphrase=None), PfxProblem.WRONG_PASSPHRASE),
    "passphrase-with-a-zero-byte": (with_passphrase(lambda it: f"{it}\0"), PfxProblem.WRONG_PASSPHRASE),
    "passphrase-that-is-not-unicode": (with_passphrase(lambda it: f"{it}\udcff"), PfxProblem.WRONG_PASSPHRASE),
    "indefinite-length-wrong-passphrase": (
        lambda pfx: with_passphrase(str.swapcase)(with_content(indefinite_length)(pfx)),
        PfxProblem.WRONG_PASSPHRASE,
    ),
    "length-of-four-bytes-wrong-passphrase": (
        lambda pfx: with_passphrase(str.swapcase)(with_content(long_lengths)(pfx)),
        PfxProblem.WRONG_PASSPHRASE,
    ),
    "cut-after-the-version": (with_content(lambda it: it[:7]), PfxProblem.DAMAGED),
    "cut-after-20-bytes": (with_content(lambda it: it[:20]), PfxProblem.DAMAGED),
    "cut-in-half": (with_content(lambda it: it[: len(it) // 2]), PfxProblem.DAMAGED),
    "last-byte-missing": (with_content(lambda it: it[:-1]), PfxProblem.DAMAGED),
    "cut-before-the-version": (with_content(lambda it: it[:3]), PfxProblem.NOT_A_PFX),
    "empty": (with_content(lambda it: b""), PfxProblem.NOT_A_PFX),
    "other-bytes": (with_content(lambda it: bytes(range(256))), PfxProblem.NOT_A_PFX),
    "text": (with_content(lambda it: b"<!doctype html><title>Sign in</title>"), PfxProblem.NOT_A_PFX),
    "pem": (lambda pfx: replace(pfx, content=pem([pfx.open().certificate]).encode()), PfxProblem.NOT_A_PFX),
    "der-certificate": (
        lambda pfx: replace(pfx, content=pfx.open().certificate.public_bytes(Encoding.DER)),
        PfxProblem.NOT_A_PFX,
    ),
    "only-certificates": (lambda pfx: write_certificates_only(pfx.open(), PASSPHRASE), PfxProblem.NO_PRIVATE_KEY),
    "only-the-key": (key_only, PfxProblem.NO_CERTIFICATE),
    "another-cipher": (
        with_content(lambda it: it.replace(AES_256_CBC, AES_256_OFB)),
        PfxProblem.UNSUPPORTED_ENCRYPTION,
    ),
    "unknown-cipher": (
        with_content(lambda it: it.replace(AES_256_CBC, UNKNOWN_CIPHER)),
        PfxProblem.UNSUPPORTED_ENCRYPTION,
    ),
}


@pytest.mark.parametrize(("spoil", "problem"), SPOILT.values(), ids=SPOILT)
def test_the_reason_is_named_and_holds_no_passphrase(
    spoil: Callable[[PfxFile], PfxFile],
    problem: PfxProblem,
    files: Mapping[str, PfxFile],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not even a library may write the passphrase to the terminal on its way."""
    spoilt = spoil(files["AES-256"])
    with pytest.raises(PfxRefused) as refusal:
        spoilt.open()
    assert refusal.value.problem is problem
    told = "".join(traceback.format_exception(refusal.value)) + "".join(capfd.readouterr())
    for secret in (PASSPHRASE, spoilt.passphrase):
        assert not any(trace in told for trace in traces(secret))


def test_every_place_to_break_off_is_named_as_damage(files: Mapping[str, PfxFile]) -> None:
    whole = files["AES-256"]
    found = {outcome(replace(whole, content=whole.content[:size])) for size in range(len(START), len(whole.content))}
    assert found == {PfxProblem.DAMAGED}


@pytest.mark.parametrize("encode", [indefinite_length, long_lengths], ids=["indefinite-length", "length-of-four-bytes"])
def test_ber_opens_as_der_does(
    encode: Callable[[bytes], bytes], files: Mapping[str, PfxFile], credential: Credential
) -> None:
    """RFC 7292 asks for BER, and programs other than OpenSSL make use of that; no warning is due."""
    whole = files["AES-256"]
    assert replace(whole, content=encode(whole.content)).open().certificate == credential.certificate


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(X509_V3, X509_V4, id="certificate-version-4"),
        pytest.param(PRINTABLE_CN, BROKEN_CN, id="name-that-cannot-be-read"),
    ],
)
def test_a_certificate_that_cannot_be_read_is_refused(old: bytes, new: bytes, files: Mapping[str, PfxFile]) -> None:
    """In a file without encryption and MAC nothing stands between the damage and the certificate."""
    whole = files["no-mac"]
    assert old in whole.content
    assert outcome(replace(whole, content=whole.content.replace(old, new))) is not None


def test_a_key_of_another_kind_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name.from_rfc4514_string("CN=S0012345678")
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + DAY)
    content = serialize_key_and_certificates(None, key, builder.sign(key, None), None, NoEncryption())
    with pytest.raises(PfxRefused, match="Ed25519"):
        PfxFile(content).open()


@given(content=st.binary(max_size=400) | st.binary(max_size=400).map(START.__add__), known=st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_open_or_are_refused(content: bytes, known: bool) -> None:
    outcome(PfxFile(content, PASSPHRASE if known else None))


@given(
    kind=st.sampled_from([*(encryption.value for encryption in Encryption), "no-mac"]),
    cut=st.none() | st.floats(0, 1),
    bits=st.lists(st.floats(0, 1, exclude_max=True), max_size=3),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_damage_opens_or_is_refused(
    kind: str, cut: float | None, bits: list[float], files: Mapping[str, PfxFile]
) -> None:
    content = bytearray(files[kind].content)
    for bit in bits:
        place = int(bit * len(content) * 8)
        content[place // 8] ^= 1 << place % 8
    kept = bytes(content if cut is None else content[: int(cut * len(content))])
    outcome(replace(files[kind], content=kept))


def run_tool(tool: str, *arguments: str) -> str:
    """What a program of this machine prints, whatever the environment says about trust or language."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"{tool} is not installed")
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def on_disk(tmp_path: Path, credential: Credential) -> Callable[[Encryption, Secret], tuple[str, str]]:
    """Writes a PFX and its passphrase; gives their paths."""

    def write(encryption: Encryption, passphrase: Secret) -> tuple[str, str]:
        pfx = write_pfx(credential, passphrase, encryption)
        (tmp_path / "s.pfx").write_bytes(pfx.content)
        line = f"{pfx.passphrase.reveal() if pfx.passphrase else ''}\n"
        (tmp_path / "passphrase").write_text(line, encoding="utf-8")
        return str(tmp_path / "s.pfx"), str(tmp_path / "passphrase")

    return write


@pytest.mark.parametrize("passphrase", [PASSPHRASE, NOT_ASCII], ids=["ascii", "not-ascii"])
@each_encryption
def test_openssl_opens_it(
    encryption: Encryption, passphrase: Secret, on_disk: Callable[[Encryption, Secret], tuple[str, str]]
) -> None:
    pfx, file = on_disk(encryption, passphrase)
    if not run_tool("openssl", "version").startswith("OpenSSL 3"):
        pytest.skip("openssl is not OpenSSL 3")
    shown = run_tool("openssl", "pkcs12", "-legacy", "-in", pfx, "-passin", f"file:{file}", "-nokeys")
    assert shown.count("BEGIN CERTIFICATE") == 4


@pytest.mark.parametrize("encryption", [it for it in Encryption if it is not Encryption.NONE], ids=lambda it: it.value)
def test_keytool_opens_it(encryption: Encryption, on_disk: Callable[[Encryption, Secret], tuple[str, str]]) -> None:
    """Java shows no entry of a file that is not encrypted, so that one is left out."""
    pfx, file = on_disk(encryption, PASSPHRASE)
    arguments = ("-list", "-storetype", "PKCS12", "-keystore", pfx, "-storepass:file", file)
    assert "PrivateKeyEntry" in run_tool("keytool", *arguments, "-J-Duser.language=en")
