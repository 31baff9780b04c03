"""Chains: which CA a trust list lacks, how names are written, and the shapes that the authorities issue."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from itertools import combinations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from OpenSSL import crypto

from cpi_conformance.certificates import (
    Authority,
    Credential,
    Usage,
    common_name,
    dn,
    fingerprint,
    missing_issuer,
    pem,
    read_pem_bundle,
    self_signed,
)
from cpi_conformance.certificates.chain import issued_by
from cpi_conformance.simulator.passport import PASSPORT_CA, PassportAuthority
from cpi_conformance.simulator.server_chains import BY_NAME, CURRENT, ServerAuthority, ServerChain

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

ROOT = "CN=Root,O=Conformance,C=DE"
INTERMEDIATE = "CN=Intermediate,O=Conformance,C=DE"

ROOT_DN = "CN=Root, O=Conformance, C=DE"
INTERMEDIATE_DN = "CN=Intermediate, O=Conformance, C=DE"

X509_V3 = bytes.fromhex("a003020102")
X509_V4 = bytes.fromhex("a003020103")


@pytest.fixture(scope="module")
def certificates() -> Mapping[str, x509.Certificate]:
    """A chain of three, a root of another name, and a root of the same name with another key."""
    root = Authority.root(ROOT, now=NOW)
    intermediate = root.intermediate(INTERMEDIATE, now=NOW)
    return {
        "leaf": intermediate.leaf("CN=host,C=DE", not_before=NOW, not_after=NOW + DAY, usage=Usage.SERVER).certificate,
        "intermediate": intermediate.certificate,
        "root": root.certificate,
        "other-root": Authority.root("CN=Other,O=Conformance,C=DE", now=NOW).certificate,
        "same-name": Authority.root(ROOT, now=NOW).certificate,
    }


SERVED = {
    "leaf": ("leaf",),
    "leaf+intermediate": ("leaf", "intermediate"),
    "leaf+intermediate+root": ("leaf", "intermediate", "root"),
    "leaf+root": ("leaf", "root"),
    "in-disorder": ("leaf", "root", "intermediate"),
}

CANDIDATES = ("root", "intermediate", "leaf", "other-root", "same-name")

TRUSTED = [subset for size in range(len(CANDIDATES) + 1) for subset in combinations(CANDIDATES, size)]


def by_the_rule(served: tuple[str, ...], trusted: tuple[str, ...]) -> str | None:
    """The intermediate must be at hand on either side, and the root must be trusted; nothing else matters."""
    if "intermediate" not in (*served, *trusted):
        return INTERMEDIATE_DN
    return None if "root" in trusted else ROOT_DN


@pytest.mark.parametrize("served", SERVED.values(), ids=SERVED)
def test_every_trust_list_follows_the_rule(
    served: tuple[str, ...], certificates: Mapping[str, x509.Certificate]
) -> None:
    """An intermediate, a leaf, and a root of the same name do not anchor; only the signing root does."""
    chain = [certificates[each] for each in served]
    found = {trusted: missing_issuer(chain, [certificates[each] for each in trusted]) for trusted in TRUSTED}
    assert found == {trusted: by_the_rule(served, trusted) for trusted in TRUSTED}


MET = [
    pytest.param(("leaf", "intermediate"), ("root",), None, id="root-trusted"),
    pytest.param(("leaf", "intermediate"), ("intermediate",), ROOT_DN, id="only-the-intermediate-trusted"),
    pytest.param(("leaf", "intermediate"), ("leaf",), ROOT_DN, id="only-the-leaf-trusted"),
    pytest.param(("leaf", "intermediate"), ("same-name",), ROOT_DN, id="namesake-trusted"),
    pytest.param(("leaf", "intermediate"), ("same-name", "root"), None, id="namesake-and-root-trusted"),
    pytest.param(("leaf", "intermediate", "root"), (), ROOT_DN, id="the-served-root-does-not-anchor-itself"),
    pytest.param(("leaf",), ("root",), INTERMEDIATE_DN, id="the-server-sent-no-intermediate"),
    pytest.param(("leaf",), ("root", "intermediate"), None, id="the-receiver-has-the-intermediate"),
    pytest.param((), ("root",), None, id="nothing-served"),
]


@pytest.mark.parametrize(("served", "trusted", "missing"), MET)
def test_the_cases_that_people_meet(
    served: tuple[str, ...],
    trusted: tuple[str, ...],
    missing: str | None,
    certificates: Mapping[str, x509.Certificate],
) -> None:
    found = missing_issuer([certificates[each] for each in served], [certificates[each] for each in trusted])
    assert found == missing


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not-trusted"])
def test_a_self_signed_certificate_anchors_only_itself(trusted: bool) -> None:
    alone = self_signed("CN=alone,C=DE", not_before=NOW, not_after=NOW + DAY).certificate
    assert missing_issuer([alone], [alone] if trusted else []) == (None if trusted else "CN=alone, C=DE")


def test_two_authorities_that_signed_each_other_end_the_walk() -> None:
    """Cross-signed pairs are in the field; without their roots the walk must not go round for ever."""
    first, second = Authority.root("CN=First", now=NOW), Authority.root("CN=Second", now=NOW)
    crossed = [_crossed(first, second), _crossed(second, first)]
    leaf = first.leaf("CN=host", not_before=NOW, not_after=NOW + DAY).certificate
    assert missing_issuer([leaf, *crossed], []) in {"CN=First", "CN=Second"}
    assert missing_issuer([leaf, *crossed], [first.certificate]) is None


def _crossed(subject: Authority, signer: Authority) -> x509.Certificate:
    """The certificate of one authority, signed by the other."""
    builder = x509.CertificateBuilder(
        issuer_name=signer.certificate.subject,
        subject_name=subject.certificate.subject,
        public_key=subject.credential.key.public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW + DAY,
    )
    return builder.sign(signer.credential.key, SHA256())


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("CN=S0012345678,OU=SAP Service Marketplace,O=SAP Trust Community II,C=DE", None, id="passport"),
        pytest.param("CN=host,O=SAP SE,L=Walldorf,C=DE", None, id="server"),
        pytest.param("CN=alone", None, id="one-part"),
        pytest.param(CURRENT.root, r"CN=DigiCert TLS RSA4096 Root G5, O=DigiCert\, Inc., C=US", id="comma-in-a-part"),
        pytest.param("CN=Jörg Groß,O=Größe,C=DE", None, id="not-ascii"),
        pytest.param("CN=a+OU=b,C=DE", "CN=a+OU=b, C=DE", id="two-values-in-one-part"),
    ],
)
def test_a_name_begins_with_its_most_specific_part(name: str, written: str | None) -> None:
    """As STRUST and the keystore show it, so that it can be compared by eye and copied."""
    assert dn(x509.Name.from_rfc4514_string(name)) == (written or name.replace(",", ", "))


@pytest.mark.parametrize(
    ("name", "called"),
    [("CN=S0012345678,O=SAP,C=DE", "S0012345678"), ("OU=Unit,O=SAP,C=DE", "OU=Unit, O=SAP, C=DE")],
    ids=["by-its-common-name", "by-the-whole-name"],
)
def test_what_a_certificate_is_called(name: str, called: str) -> None:
    assert common_name(x509.Name.from_rfc4514_string(name)) == called


def test_a_fingerprint_is_64_lower_case_digits_and_tells_certificates_apart(
    certificates: Mapping[str, x509.Certificate],
) -> None:
    prints = [fingerprint(each) for each in certificates.values()]
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in prints)
    assert len(set(prints)) == len(prints)
    assert bytes.fromhex(prints[0]) == certificates["leaf"].fingerprint(SHA256())


def test_a_bundle_keeps_its_order(certificates: Mapping[str, x509.Certificate]) -> None:
    order = tuple(certificates.values())
    assert read_pem_bundle(pem(order).encode()) == order


def armoured(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda der: b"", id="empty"),
        pytest.param(lambda der: b"text", id="text"),
        pytest.param(lambda der: der, id="without-armour"),
        pytest.param(lambda der: armoured(b""), id="nothing-in-the-armour"),
        pytest.param(lambda der: armoured(der[:-1]), id="broken-off"),
        pytest.param(lambda der: armoured(der.replace(X509_V3, X509_V4)), id="unknown-version"),
    ],
)
def test_what_is_no_bundle_is_a_value_error(
    spoil: Callable[[bytes], bytes], certificates: Mapping[str, x509.Certificate]
) -> None:
    der = certificates["leaf"].public_bytes(Encoding.DER)
    with pytest.raises(ValueError, match=r".+"):
        read_pem_bundle(spoil(der))


def test_the_passport_ca_has_two_generations_of_one_name() -> None:
    """It was renewed under its name (KBA 3446646): a new key, a later start, and another certificate."""
    passports = PassportAuthority(NOW)
    first, second = passports.first_generation.certificate, passports.second_generation.certificate
    assert dn(first.subject) == dn(second.subject) == PASSPORT_CA.replace(",", ", ")
    assert first.public_key() != second.public_key()
    assert fingerprint(first) != fingerprint(second)
    assert first.not_valid_before_utc < second.not_valid_before_utc
    root = passports.root.certificate
    leaf = passports.issue("S0012345678").certificate
    assert issued_by(leaf, second)
    assert not issued_by(leaf, first)
    assert missing_issuer([leaf, first], [root]) == dn(second.subject)
    assert missing_issuer([leaf, first, second], [root]) is None


@pytest.mark.parametrize("shape", BY_NAME.values(), ids=BY_NAME)
def test_each_server_chain_leads_to_its_root(shape: ServerChain) -> None:
    authority = ServerAuthority(shape, NOW)
    served = authority.leaf("localhost")
    names = [dn(each.subject) for each in served.issuers]
    assert names == [dn(x509.Name.from_rfc4514_string(name)) for name in (shape.intermediate, shape.root)]
    assert served.root == authority.root.certificate
    assert missing_issuer([served.certificate, *served.intermediates], [served.root]) is None


def issued(usage: Usage, hosts: tuple[str, ...] = ()) -> Credential:
    issuer = Authority.root(ROOT, now=NOW).intermediate(INTERMEDIATE, now=NOW)
    return issuer.leaf("CN=leaf,C=DE", not_before=NOW - DAY, not_after=NOW + DAY, usage=usage, hosts=hosts)


def set_bits(usage: x509.KeyUsage) -> set[str]:
    """The bits that are set; two of them may only be asked for with key agreement, which no one here sets."""
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    return {name for name in (*names, "key_agreement", "key_cert_sign", "crl_sign") if getattr(usage, name)}


@pytest.mark.parametrize("usage", Usage, ids=lambda it: it.value)
def test_a_leaf_has_the_key_usage_of_a_passport(usage: Usage) -> None:
    """Critical, with four bits: the shape of the one Passport leaf that SAP has published."""
    extensions = issued(usage).certificate.extensions
    key_usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert key_usage.critical
    assert set_bits(key_usage.value) == {
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
    }
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("usage", "purposes"),
    [
        pytest.param(Usage.CLIENT, [ExtendedKeyUsageOID.CLIENT_AUTH], id="client"),
        pytest.param(Usage.SERVER, [ExtendedKeyUsageOID.SERVER_AUTH], id="server"),
        pytest.param(Usage.UNSTATED, None, id="unstated"),
    ],
)
def test_a_leaf_states_its_purpose_or_none(usage: Usage, purposes: list[x509.ObjectIdentifier] | None) -> None:
    """The published Passport leaf states none, so that shape must exist too."""
    found = [each.value for each in issued(usage).certificate.extensions if each.oid == ExtensionOID.EXTENDED_KEY_USAGE]
    assert found == ([] if purposes is None else [x509.ExtendedKeyUsage(purposes)])


def test_the_names_of_a_server_are_names_and_addresses() -> None:
    leaf = issued(Usage.SERVER, ("localhost", "127.0.0.1", "::1")).certificate
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]


def test_a_client_has_no_alternative_names() -> None:
    with pytest.raises(x509.ExtensionNotFound):
        issued(Usage.CLIENT).certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_authorities_may_sign_certificates_and_the_lower_one_only_leaves() -> None:
    intermediate, root = issued(Usage.CLIENT).issuers
    for authority, length in ((intermediate, 0), (root, None)):
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
        key_usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
        assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=length))
        assert (key_usage.critical, set_bits(key_usage.value)) == (True, {"key_cert_sign", "crl_sign"})


@pytest.mark.parametrize("usage", Usage, ids=lambda it: it.value)
def test_a_chain_stands_before_the_strict_rules_of_openssl(usage: Usage) -> None:
    """Python 3.13 applies them by default; a chain must mean the same on every interpreter."""
    leaf = issued(usage)
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.X509_STRICT)
    store.set_time(NOW)
    store.add_cert(crypto.X509.from_cryptography(leaf.root))
    served = [crypto.X509.from_cryptography(each) for each in leaf.intermediates]
    crypto.X509StoreContext(store, crypto.X509.from_cryptography(leaf.certificate), served).verify_certificate()


@pytest.mark.parametrize(
    ("rsa_bits", "kind"),
    [pytest.param(None, ec.EllipticCurvePublicKey, id="p-256"), pytest.param(2048, rsa.RSAPublicKey, id="rsa")],
)
def test_a_passport_has_the_key_that_was_asked_for(rsa_bits: int | None, kind: type) -> None:
    passport = PassportAuthority(NOW).issue("S0012345678", rsa_bits=rsa_bits)
    assert isinstance(passport.certificate.public_key(), kind)
    assert passport.certificate.public_key() == passport.key.public_key()


def test_a_passport_is_valid_for_a_year_and_names_its_user() -> None:
    passport = PassportAuthority(NOW).issue("S0012345678").certificate
    assert common_name(passport.subject) == "S0012345678"
    assert passport.not_valid_after_utc - passport.not_valid_before_utc == 365 * DAY


def test_the_subject_of_passports_is_a_setting() -> None:
    """Today's subject is not in any public text."""
    passports = PassportAuthority(NOW, subject="CN={user},O=mySAP.com User,C=DE")
    assert dn(passports.issue("S0012345678").certificate.subject) == "CN=S0012345678, O=mySAP.com User, C=DE"
