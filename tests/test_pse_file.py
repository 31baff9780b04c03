"""PSE files: what is read of each kind, why one is refused, and that damage is never anything but a refusal."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, Credential, PfxFile, pem, write_pfx
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.certificates.pse_file import PseContent, read_pse
from cpi_conformance.certificates.pse_protection import MOST_ITERATIONS, opened
from cpi_conformance.certificates.pse_refused import PseProblem, PseRefused
from cpi_conformance.secret import Secret
from tests.pse_files import (
    AES_256_CBC,
    PBES2,
    PK_ROOT,
    SALT,
    SIGN_CERT,
    Envelope,
    Sealing,
    children,
    der,
    enclosed,
    holding,
    own_certificate,
    own_certificates,
    own_curve_key,
    own_key,
    own_path,
    own_root,
    sealed_otherwise,
    tlv,
    trusted,
    write_pse,
    written_by_java,
)

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
PIN = Secret("kx7-Geheim-42")
SEALING = Sealing(PIN)

CA_ROOT = Authority.root("CN=SAP Cloud Root CA,O=SAP SE,C=DE", now=NOW)
CA = CA_ROOT.intermediate("CN=SAP Passport CA G2,O=SAP Trust Community,C=DE", now=NOW)
OWN: Credential = CA.leaf("CN=S0012345678", not_before=NOW - DAY, not_after=NOW + 90 * DAY, key=new_key(2048))
OTHER = CA.leaf("CN=S0099999999", not_before=NOW - DAY, not_after=NOW + 90 * DAY, key=new_key(2048))
LISTED = tuple(
    Authority.root(f"CN=DigiCert {name},O=DigiCert Inc,C=US", now=NOW).certificate for name in ("G5", "Global", "G2")
)


@cache
def objects() -> tuple[bytes, ...]:
    """Of an SSL client PSE after the whitepaper's chapter 3."""
    return (
        own_key(OWN.key),  # type: ignore[arg-type]  # it is RSA
        own_root(CA_ROOT.certificate),
        own_certificate(OWN.certificate),
        own_certificates(OWN.certificate),
        own_path([CA.certificate]),
        trusted(*LISTED),
    )


def pse(envelope: Envelope = Envelope.VERSION_2, *held: bytes, sealing: Sealing = SEALING) -> bytes:
    return write_pse(held or objects(), envelope, sealing)


OPEN = (Envelope.OPEN, Envelope.OPEN_4, Envelope.BARE)
SEALED = (Envelope.VERSION_2, Envelope.VERSION_4)


def refusal(content: bytes, pin: Secret | None = PIN) -> PseRefused:
    with pytest.raises(PseRefused) as caught:
        read_pse(content, pin)
    assert PIN.reveal() not in f"{caught.value}{caught.value.detail}{caught.value.advice}"
    return caught.value


@pytest.mark.parametrize(
    ("pin", "iterations", "encrypted"),
    [
        pytest.param("1234", 2048, "826a5c4189e18b67", id="4"),
        pytest.param("12345678", 2048, "4e25e64000fa09dc32b2310a215d246e", id="8"),
        pytest.param("password", 10000, "4b23ac258610078d0ca66620010850b8", id="10000-iterations"),
        pytest.param("1234567890", 2048, "70172e6c0eb85edc6344852fb5fd24f3", id="10"),
    ],
)
def test_the_files_of_these_tests_are_encrypted_as_saps_are(pin: str, iterations: int, encrypted: str) -> None:
    """Known answers, published in issue 3302 of openwall/john: PINs encrypted with themselves, the salt being 0."""
    assert Sealing(Secret(pin), bytes(8), iterations).encrypted(pin.encode()).hex() == encrypted


@pytest.mark.parametrize("envelope", Envelope, ids=lambda it: it.value)
def test_what_it_holds(envelope: Envelope) -> None:
    found = read_pse(pse(envelope), PIN)
    assert (found.certificate, found.holds_key) == (OWN.certificate, True)
    assert found.key is not None
    assert found.key.public_key() == OWN.certificate.public_key()
    assert (found.issuers, found.root) == ((CA.certificate,), CA_ROOT.certificate)
    assert found.certificate_list == LISTED
    assert found.credential is not None
    assert found.credential.issuers == (CA.certificate, CA_ROOT.certificate)


@pytest.mark.parametrize("envelope", OPEN, ids=lambda it: it.value)
@pytest.mark.parametrize("pin", [None, Secret("other"), Secret("\udcff")], ids=["none", "other", "no-text"])
def test_a_pin_is_not_looked_at_where_none_is_needed(envelope: Envelope, pin: Secret | None) -> None:
    assert read_pse(pse(envelope), pin).certificate_list == LISTED


def test_a_trust_store_has_no_owner() -> None:
    """The shape of ``required.pse``, which SAP publishes without a PIN."""
    found = read_pse(pse(Envelope.OPEN, trusted(*LISTED)))
    assert found.certificate_list == LISTED
    assert found == PseContent(None, None, False, (), LISTED, None)
    assert (found.chain, found.credential) == ((), None)


HELD: dict[str, tuple[tuple[bytes, ...], Callable[[PseContent], bool]]] = {
    "nothing": ((), lambda it: not it.certificate_list and not it.holds_key),
    "empty-list": ((trusted(),), lambda it: it.certificate_list == ()),
    "one-in-list": ((trusted(LISTED[0]),), lambda it: it.certificate_list == LISTED[:1]),
    "pair-for-signing": (
        (own_certificate(OWN.certificate, SIGN_CERT),),
        lambda it: it.certificate == OWN.certificate,
    ),
    "key-of-a-curve": (
        (own_curve_key(ec.generate_private_key(ec.SECP256R1())), own_certificate(CA.certificate)),
        lambda it: (it.holds_key, it.key, it.credential) == (True, None, None),
    ),
    "key-without-certificate": (
        (objects()[0],),
        lambda it: (it.holds_key, it.key, it.credential) == (True, None, None),
    ),
    "path-with-several-in-a-level": (
        (own_certificate(OWN.certificate), own_path([LISTED[0], CA.certificate], [CA_ROOT.certificate])),
        lambda it: (
            it.issuers == (LISTED[0], CA.certificate, CA_ROOT.certificate)
            and it.chain == (CA.certificate, CA_ROOT.certificate)
        ),
    ),
    "path-from-the-top": (
        (own_certificate(OWN.certificate), own_path([CA_ROOT.certificate], [CA.certificate])),
        lambda it: it.chain == (CA.certificate, CA_ROOT.certificate),
    ),
    "chain-does-not-take-from-the-list": (
        (own_certificate(OWN.certificate), trusted(CA.certificate)),
        lambda it: it.chain == (),
    ),
    "object-of-no-known-kind": (
        (holding("PPolicy", "1.3.36.2.99.1", tlv(0xA5, b"x")), trusted(*LISTED)),
        lambda it: it.certificate_list == LISTED,
    ),
    "first-of-two-lists": ((trusted(*LISTED), trusted()), lambda it: it.certificate_list == LISTED),
}


@pytest.mark.parametrize(("held", "true"), HELD.values(), ids=HELD)
def test_what_others_hold(held: tuple[bytes, ...], true: Callable[[PseContent], bool]) -> None:
    found = read_pse(write_pse(held, Envelope.VERSION_4, SEALING), PIN)
    assert true(found)


def root_with(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """A ``PKRoot`` whose parts are others."""
    value = children(own_root(CA_ROOT.certificate))[3]
    return holding("PKRoot", PK_ROOT, tlv(0x30, *change(children(value))))


ROOTS: dict[str, tuple[bytes, x509.Certificate | None]] = {
    "whole": (own_root(CA_ROOT.certificate), CA_ROOT.certificate),
    "extensions-missing": (root_with(lambda parts: parts[:2]), None),
    "former-key-in-their-place": (root_with(lambda parts: [*parts[:2], tlv(0xA0, parts[1])]), None),
    "another-name": (root_with(lambda parts: [tlv(0x30), *parts[1:]]), None),
    "no-parts": (root_with(lambda parts: []), None),
}


@pytest.mark.parametrize(("held", "root"), ROOTS.values(), ids=ROOTS)
def test_a_root_is_put_together_only_when_its_signature_fits(held: bytes, root: x509.Certificate | None) -> None:
    found = read_pse(pse(Envelope.OPEN, held, trusted(*LISTED)))
    assert (found.root, found.certificate_list) == (root, LISTED)


def test_content_of_any_length_is_read_as_it_is() -> None:
    """Also when its length ends in 0x80, which asn1crypto takes for one that is not said."""
    broken, _ = ROOTS["another-name"]
    for size in range(256):
        filler = holding("Filler", "1.2.3.4", tlv(0x04, bytes(size)))
        assert read_pse(pse(Envelope.OPEN, broken, filler, trusted(*LISTED))).certificate_list == LISTED


@pytest.mark.parametrize("code", [lambda it: it, base64.encodebytes], ids=["binary", "base64"])
def test_base64_of_it_is_read(code: Callable[[bytes], bytes]) -> None:
    assert read_pse(code(pse()), PIN).certificate == OWN.certificate


@pytest.mark.parametrize("pin", ["pässword", "1", "12345678", " ", "х" * 40], ids=str)
@pytest.mark.parametrize("envelope", SEALED, ids=lambda it: it.value)
def test_any_text_can_be_a_pin(pin: str, envelope: Envelope) -> None:
    content = pse(envelope, trusted(*LISTED), sealing=Sealing(Secret(pin)))
    assert read_pse(content, Secret(pin)).certificate_list == LISTED
    assert refusal(content, Secret(pin + "x")).problem is PseProblem.WRONG_PIN


def ciphertext(content: bytes) -> tuple[int, int]:
    """Where the encrypted content begins in a file, and where it ends."""
    field = children(children(content)[1])[2]
    end = content.index(field) + len(field)
    return end - len(enclosed(field)), end


def with_first_block_changed() -> bytes:
    """The PIN field is whole, and the content no longer begins as one."""
    start, _ = ciphertext(WHOLE[Envelope.VERSION_2])
    return WHOLE[Envelope.VERSION_2][:start] + bytes(8) + WHOLE[Envelope.VERSION_2][start + 8 :]


def algorithm(salt: bytes, iterations: int) -> bytes:
    return enclosed(Sealing(PIN, salt, iterations).algorithm())


REFUSED: dict[str, tuple[Callable[[], bytes], Secret | None, PseProblem, str]] = {
    "no-pin": (pse, None, PseProblem.WRONG_PIN, "none is given"),
    "no-pin-4": (lambda: pse(Envelope.VERSION_4), None, PseProblem.WRONG_PIN, "none is given"),
    "other-pin": (pse, Secret("other"), PseProblem.WRONG_PIN, "does not open"),
    "other-pin-4": (lambda: pse(Envelope.VERSION_4), Secret("other"), PseProblem.WRONG_PIN, "does not open"),
    "empty-pin": (pse, Secret(""), PseProblem.WRONG_PIN, "does not open"),
    "pin-is-no-text": (pse, Secret("\udcff"), PseProblem.WRONG_PIN, "no text"),
    "certificate": (lambda: der(OWN.certificate), PIN, PseProblem.NOT_A_PSE, "it is: certificate"),
    "pem": (lambda: pem(LISTED).encode(), PIN, PseProblem.NOT_A_PSE, "bundle"),
    "pfx": (lambda: write_pfx(OTHER, PIN).content, PIN, PseProblem.NOT_A_PSE, "PFX"),
    "empty": (lambda: b"", PIN, PseProblem.NOT_A_PSE, "empty file"),
    "cut": (lambda: pse()[:500], PIN, PseProblem.DAMAGED, "breaks off"),
    "first-block": (with_first_block_changed, PIN, PseProblem.DAMAGED, "the PIN is right"),
    "bound-to-a-machine": (
        lambda: sealed_otherwise(256, AES_256_CBC + tlv(0x04, bytes(16))),
        PIN,
        PseProblem.UNSUPPORTED_ENCRYPTION,
        "LPS",
    ),
    "pbes2": (
        lambda: sealed_otherwise(2, PBES2 + tlv(0x30, tlv(0x30), tlv(0x30))),
        PIN,
        PseProblem.UNSUPPORTED_ENCRYPTION,
        "encrypted with",
    ),
    "too-many-iterations": (
        lambda: sealed_otherwise(2, algorithm(SALT, MOST_ITERATIONS + 1)),
        PIN,
        PseProblem.UNSUPPORTED_ENCRYPTION,
        "too long",
    ),
    "no-iterations": (lambda: sealed_otherwise(2, algorithm(SALT, 0)), PIN, PseProblem.DAMAGED, "cannot be"),
    "no-salt": (lambda: sealed_otherwise(2, algorithm(b"", 10)), PIN, PseProblem.DAMAGED, "cannot be"),
    "written-by-java": (lambda: written_by_java(LISTED), None, PseProblem.UNSUPPORTED_FORM, "without their signatures"),
    "keys-of-two": (
        lambda: pse(Envelope.OPEN, objects()[0], own_certificate(OTHER.certificate)),
        None,
        PseProblem.DAMAGED,
        "do not belong together",
    ),
}


@pytest.mark.parametrize(("content", "pin", "problem", "told"), REFUSED.values(), ids=REFUSED)
def test_why_it_is_refused(content: Callable[[], bytes], pin: Secret | None, problem: PseProblem, told: str) -> None:
    found = refusal(content(), pin)
    assert (found.problem, told in found.detail) == (problem, True), found.detail


@pytest.mark.parametrize("name", ["bound-to-a-machine", "pbes2", "too-many-iterations", "written-by-java"])
def test_what_is_not_known_says_how_to_export_instead(name: str) -> None:
    content, pin, *_ = REFUSED[name]
    advice = refusal(content(), pin).advice
    assert all(part in advice for part in ("STRUST", "Base-64", "export_p12", "maintain_pk -l"))


def test_nothing_secret_is_shown() -> None:
    found = read_pse(pse(), PIN)
    assert found.key is not None
    assert "RSAPrivateKey" not in repr(found)
    assert PIN.reveal() not in repr(found)


@pytest.mark.parametrize("envelope", Envelope, ids=lambda it: it.value)
@given(part=st.floats(0, 1, exclude_max=True))
@example(part=0.999999)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_is_cut_off_is_refused(envelope: Envelope, part: float) -> None:
    content = WHOLE[envelope]
    refusal(content[: int(part * len(content))])


@pytest.mark.parametrize("envelope", Envelope, ids=lambda it: it.value)
@given(places=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_is_changed_is_refused_or_read(envelope: Envelope, places: list[float]) -> None:
    """Nothing in a PSE of version 2 tells whether a name or a signature in it has been changed."""
    with suppress(PseRefused):
        read_pse(flipped(WITHOUT_KEY[envelope], places), PIN)


@given(places=st.lists(st.floats(0, 0.2), min_size=1, max_size=3))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_changed_key_is_refused_or_read(places: list[float]) -> None:
    """Its own test, for each RSA key that is read costs 25 ms."""
    with suppress(PseRefused):
        read_pse(flipped(WHOLE[Envelope.OPEN], places))


@given(place=st.floats(0, 1, exclude_max=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_version_4_notices_every_change_of_its_content(place: float) -> None:
    """By the SHA-1 of the content."""
    whole = WHOLE[Envelope.VERSION_4]
    start, end = ciphertext(whole)
    refusal(whole[:start] + flipped(whole[start:end], [place]) + whole[end:])


def flipped(content: bytes, places: list[float]) -> bytes:
    bits = bytearray(content)
    for place in places:
        bit = int(place * len(content) * 8)
        bits[bit // 8] ^= 1 << bit % 8
    return bytes(bits)


WHOLE = {envelope: pse(envelope) for envelope in Envelope}
WITHOUT_KEY = {envelope: pse(envelope, *objects()[1:]) for envelope in Envelope}


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda it: b"\x30\x50\x02\x01\x02\xa0" + it))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_content_is_refused(content: bytes) -> None:
    refusal(content)


def test_deep_nesting_is_refused() -> None:
    for start in (b"\x30\x80\x02\x01\x02", b"\x30\x80\x02\x01\x04\xa3\x80", b"\x30\x80"):
        refusal(start + b"\x30\x80" * 50_000)


def test_the_content_can_be_had_alone() -> None:
    """What an envelope encloses is the same in all of them."""
    assert len({opened(WHOLE[envelope], PIN) for envelope in Envelope}) == 1


def test_a_pfx_and_a_pse_of_one_owner_are_one_credential() -> None:
    """What STRUST imports from a PFX comes back from the PSE."""
    pfx = PfxFile(write_pfx(OWN, PIN).content, PIN).open()
    found = read_pse(pse(), PIN).credential
    assert found is not None
    assert (found.certificate, found.issuers) == (pfx.certificate, pfx.issuers)
    assert found.key.private_numbers() == pfx.key.private_numbers()
