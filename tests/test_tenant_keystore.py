"""The keystore by the tenant API: what it holds, takes, gives and refuses."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import load_pem_pkcs7_certificates, serialize_certificates

from cpi_conformance.certificates import Credential, pem, self_signed, write_pfx
from cpi_conformance.certificates.pfx_writer import write_certificates_only
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.keystore import KEYSTORE_BYTES
from cpi_conformance.simulator.keystore_entry import KeystoreRefused
from tests.tenant_api_calls import ApiTenant, Reply

PASSWORD = "right"
SAP = "7361705F636C6F7564696E746567726174696F6E6365727469666963617465"
TEST = "74657374"
VERIFIED = "fingerprintVerified=true"
EXISTS = 'Entry with alias "{0}" already exists in keystore "system"'
MISSING = 'Entry with alias "{0}" does not exist in keystore "system"'
RESERVED = {"code": "Forbidden", "message": {"lang": "en", "value": None}}


@pytest.fixture
def it() -> Iterator[ApiTenant]:
    tenant = ApiTenant()
    yield tenant
    tenant.close()


@pytest.fixture
def passport(it: ApiTenant) -> Credential:
    return it.passports.issue("S0012345678")


def hexalias(alias: str) -> str:
    return alias.encode().hex().upper()


def pfx_of(credential: Credential) -> bytes:
    return write_pfx(credential, Secret(PASSWORD)).content


def add_pair(it: ApiTenant, pfx: bytes, options: str = VERIFIED, **changes: Any) -> Reply:
    body = {"Hexalias": "00", "Alias": "test", "Password": PASSWORD, "Resource": base64.b64encode(pfx).decode()}
    return it.request("POST", f"KeyPairResources?{options}", {**body, **changes})


def add_certificate(it: ApiTenant, body: bytes, options: str = VERIFIED, alias: str = "test") -> Reply:
    target = f"CertificateResources('{hexalias(alias)}')/$value?{options}"
    return it.request("PUT", target, body, kind="application/pkix-cert")


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def aliases(it: ApiTenant) -> list[str]:
    return [each["Alias"] for each in it.get("KeystoreEntries").results]


def test_sap_key_pair(it: ApiTenant) -> None:
    (entry,) = it.get("KeystoreEntries?keystoreName=system").results
    expected = {"Hexalias": SAP, "Alias": "sap_cloudintegrationcertificate", "Owner": "SAP", "Type": "Key Pair"}
    assert expected.items() <= entry.items()
    assert it.get(f"KeystoreEntries('{SAP.lower()}')").d == entry


def test_none_on_trial() -> None:
    tenant = ApiTenant(trial=True)
    assert tenant.get("KeystoreEntries").results == []
    assert tenant.get(f"KeystoreEntries('{SAP}')").error == (
        404,
        "Not Found",
        "Alias 'sap_cloudintegrationcertificate' not found in the keystore",
    )
    tenant.close()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("7465737", (500, "Internal Server Error", "hexBinary needs to be even-length: 7465737")),
        ("test", (500, "Internal Server Error", "contains illegal character for hexBinary: test")),
        (TEST, (404, "Not Found", "Alias 'test' not found in the keystore")),
        ("FF", (404, "Not Found", "Alias '\ufffd' not found in the keystore")),
    ],
    ids=["odd", "no-hex", "unknown", "no-utf-8"],
)
def test_aliases_that_do_not_exist(it: ApiTenant, key: str, expected: tuple[int, str, str]) -> None:
    assert it.get(f"KeystoreEntries('{key}')").error == expected


def test_format_is_refused(it: ApiTenant) -> None:
    assert it.get("KeystoreEntries?$format=json").status == 400
    assert it.get("KeystoreEntries?$select=Alias").status == 200
    assert it.get("KeystoreEntries?$top=1").status == 501
    assert (it.get("KeystoreEntries", accept=None).header("content-type") or "").startswith("application/atom+xml")


@pytest.mark.parametrize(
    ("name", "status", "count"), [("system", 200, 1), ("KeyHistory", 200, 0), ("KeyRenewal", 200, 0), ("x", 400, None)]
)
def test_keystores(it: ApiTenant, name: str, status: int, count: int | None) -> None:
    answered = it.get(f"KeystoreEntries?keystoreName={name}")
    assert answered.status == status
    assert count is None or len(answered.results) == count


def test_keystore_itself(it: ApiTenant, passport: Credential) -> None:
    before = int(it.get("Keystores('system')/Size/$value").text)
    add_pair(it, pfx_of(passport))
    assert int(it.get("Keystores('system')/Size/$value").text) > before
    expanded = it.get("Keystores('system')?$expand=Entries").d
    assert len(expanded["Entries"]["results"]) == len(it.get("Keystores('system')/Entries").results) == 2
    assert it.get("Keystores('other')").status == 404


def test_key_pair_on_the_wire(it: ApiTenant, passport: Credential) -> None:
    added = add_pair(it, pfx_of(passport))
    assert (added.status, added.text) == (204, "")
    entry = it.get(f"KeystoreEntries('{TEST}')").d
    certificate = passport.certificate
    now = f"/Date({int(it.clock.now().timestamp() * 1000)})/"
    expected = {
        "Hexalias": TEST,
        "Alias": "test",
        "Type": "Key Pair",
        "Owner": "Tenant Administrator",
        "KeyType": "EC",
        "KeySize": 256,
        "EllipticCurve": "secp256r1",
        "SignatureAlgorithm": "SHA256withECDSA",
        "SerialNumber": f"0x{certificate.serial_number:X}",
        "SubjectDN": "CN=S0012345678, OU=SAP Service Marketplace, O=SAP Trust Community II, C=DE",
        "IssuerDN": "CN=SAP Passport CA G2, O=SAP Trust Community, C=DE",
        "Version": 3,
        "Validity": None,
        "ValidNotAfter": f"/Date({int(certificate.not_valid_after_utc.timestamp() * 1000)})/",
        "CreatedBy": it.key.clientid,
        "LastModifiedTime": now,
    }
    assert expected.items() <= entry.items()
    assert len(entry["FingerprintSha1"].split(":")) == 20
    assert entry["FingerprintSha256"] == entry["FingerprintSha256"].upper()
    assert "Resource" not in entry


def test_rsa_key_pair(it: ApiTenant) -> None:
    add_pair(it, pfx_of(it.passports.issue("S0012345678", rsa_bits=2048)))
    entry = it.get(f"KeystoreEntries('{TEST}')").d
    assert (entry["KeyType"], entry["KeySize"], entry["EllipticCurve"]) == ("RSA", 2048, None)


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"Password": "wrong"}, 400, "keystore password was incorrect"),
        ({"Password": "x" * 501}, 400, "The password must not have more than 500 characters"),
        ({"Alias": ""}, 400, "The alias must have 1 to 250 characters"),
        ({"Alias": "a" * 251}, 400, "The alias must have 1 to 250 characters"),
        ({"Alias": "a\x00b"}, 400, "The alias contains an invalid character"),
        ({"Resource": base64.b64encode(b"no pfx").decode()}, 415, "The content is not a PKCS#12 file"),
        ({"Resource": "%"}, 400, "Invalid value for property: 'Resource'."),
        ({"Resource": "A" * 24_580}, 413, "The request body is too large"),
        ({"Resource": "A" * 30_100}, 413, "The request body is too large"),
        ({"Nothing": "x"}, 400, "Invalid property: 'Nothing'."),
    ],
    ids=[
        "wrong-password", "long-password", "no-alias", "long-alias", "zero-byte",
        "no-pfx", "no-base64", "large-resource", "large-body", "unknown-property",
    ],
)  # fmt: skip
def test_key_pair_refused(it: ApiTenant, passport: Credential, change: dict[str, Any], status: int, text: str) -> None:
    refused = add_pair(it, pfx_of(passport), **change)
    assert (refused.status, refused.error[2]) == (status, text)
    assert len(aliases(it)) == 1


def test_files_that_are_no_key_pair(it: ApiTenant, passport: Credential) -> None:
    whole = pfx_of(passport)
    assert add_pair(it, whole[:-40]).status == 415
    without_key = write_certificates_only(passport, Secret(PASSWORD)).content
    assert add_pair(it, without_key).error[:2] == (400, "Bad Request")
    assert add_pair(it, whole, Alias="ok").status == 204


@pytest.mark.parametrize("alias", ["sap_mine", "SAP_mine", "hcicertificate", "hcicertificate1", "hcimsgcertificate"])
def test_reserved_aliases(it: ApiTenant, passport: Credential, alias: str) -> None:
    for refused in (
        add_pair(it, pfx_of(passport), Alias=alias),
        add_certificate(it, der(passport.certificate), alias=alias),
        it.request("DELETE", f"KeystoreEntries('{hexalias(alias)}')"),
        it.request("PUT", f"KeystoreEntries('{hexalias(alias)}')?renameAlias=mine", {"Status": None}),
    ):
        assert (refused.status, refused.json) == (403, RESERVED)


@pytest.mark.parametrize("kind", ["key-pair", "certificate"])
def test_duplicates_and_updates(it: ApiTenant, passport: Credential, kind: str) -> None:
    newer = it.passports.issue("S0012345678")

    def add(credential: Credential, options: str) -> Reply:
        if kind == "key-pair":
            return add_pair(it, pfx_of(credential), options)
        return add_certificate(it, der(credential.certificate), options)

    assert add(passport, f"{VERIFIED}&update=true").error == (400, "Bad Request", MISSING.format("test"))
    assert add(passport, VERIFIED).status == 204
    assert add(newer, VERIFIED).error == (400, "Bad Request", EXISTS.format("test"))
    it.clock.offset = dt.timedelta(hours=1)
    assert add(newer, f"{VERIFIED}&update=true").status == 204
    entry = it.get(f"KeystoreEntries('{TEST}')").d
    assert entry["SerialNumber"] == f"0x{newer.certificate.serial_number:X}"
    assert entry["CreatedTime"] != entry["LastModifiedTime"]


def test_update_does_not_change_the_type(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    refused = add_certificate(it, der(passport.certificate), f"{VERIFIED}&update=true")
    assert refused.error == (400, "Bad Request", 'Alias "test" does not represent a Certificate')


def test_unknown_path(it: ApiTenant, passport: Credential) -> None:
    """409 with the top of the path as an entity, until somebody vouches for it or it is in the keystore."""
    refused = add_pair(it, pfx_of(passport), "fingerprintVerified=false")
    assert refused.status == 409
    assert refused.d["Validity"] == "notTrusted"
    assert refused.d["Status"].startswith("notImported")
    assert refused.d["SubjectDN"] == "CN=SAP Cloud Root CA, O=SAP SE, L=Walldorf, C=DE"
    assert add_certificate(it, der(passport.root), "update=false", "root").status == 409
    assert add_certificate(it, der(passport.root), VERIFIED, "root").status == 204
    assert add_pair(it, pfx_of(passport), "").status == 204
    assert add_certificate(it, der(passport.issuers[0]), "", "ca").status == 204


def test_incomplete_chain_is_completed_by_the_keystore(it: ApiTenant, passport: Credential) -> None:
    alone = Credential(passport.certificate, passport.key)
    add_certificate(it, der(passport.root), alias="root")
    assert add_pair(it, pfx_of(alone), "").status == 409
    add_certificate(it, der(passport.issuers[0]), alias="ca")
    assert add_pair(it, pfx_of(alone), "").status == 204


def test_entries_are_returned_when_asked_for(it: ApiTenant, passport: Credential) -> None:
    returned = f"{VERIFIED}&returnKeystoreEntries=true"
    assert {each["Alias"]: each["Status"] for each in add_pair(it, pfx_of(passport), returned).results} == {
        "sap_cloudintegrationcertificate": "unchanged",
        "test": "new",
    }
    changed = add_pair(it, pfx_of(passport), f"{returned}&update=true").results
    assert [each["Status"] for each in changed if each["Alias"] == "test"] == ["changed"]
    removed = it.request("DELETE", f"KeystoreEntries('{TEST}')?returnKeystoreEntries=true")
    assert [each["Status"] for each in removed.results if each["Alias"] == "test"] == ["removed"]


def test_full_keystore(it: ApiTenant, passport: Credential) -> None:
    """413, and whatever is replaced does not count."""
    one = len(der(passport.certificate))
    large = Credential(passport.certificate, passport.key, (passport.certificate,) * (KEYSTORE_BYTES // one * 2 // 3))
    it.keystore.put_key_pair("large", large, "me", verified=True)
    it.keystore.put_key_pair("large", large, "me", verified=True, update=True)
    with pytest.raises(KeystoreRefused, match="exceeds the limit") as refused:
        it.keystore.put_key_pair("larger", large, "me", verified=True)
    assert refused.value.status == 413


def test_chain(it: ApiTenant, passport: Credential) -> None:
    """The root has the index 0; the p7b is PEM, and holds the same three."""
    add_pair(it, pfx_of(passport))
    chain = it.get(f"KeystoreEntries('{TEST}')/ChainCertificates").results
    assert [each["Index"] for each in chain] == [0, 1, 2]
    assert [each["SubjectDN"].partition(",")[0] for each in chain] == [
        "CN=SAP Cloud Root CA",
        "CN=SAP Passport CA G2",
        "CN=S0012345678",
    ]
    resource = it.get(f"KeystoreEntries('{TEST}')/ChainResource/$value")
    assert resource.header("content-type") == "application/pkcs7-mime"
    assert resource.text.startswith("-----BEGIN PKCS7-----")
    assert set(load_pem_pkcs7_certificates(resource.answer.body)) == {passport.certificate, *passport.issuers}


def test_certificate(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    target = f"KeystoreEntries('{TEST}')/Certificate/$value?keystoreName=system&rootCA="
    leaf, root = it.get(f"{target}false"), it.get(f"{target}true")
    assert leaf.header("content-type") == "application/pkix-cert"
    assert (leaf.text, root.text) == (pem([passport.certificate]), pem([passport.root]))


def test_signing_request(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    request = x509.load_pem_x509_csr(it.get(f"KeystoreEntries('{TEST}')/SigningRequest/$value").answer.body)
    assert request.subject == passport.certificate.subject
    assert request.is_signature_valid


@pytest.mark.parametrize("link", ["ChainCertificates", "ChainResource/$value", "SigningRequest/$value"])
def test_certificates_have_no_chain(it: ApiTenant, passport: Credential, link: str) -> None:
    add_certificate(it, der(passport.root))
    refused = it.get(f"KeystoreEntries('{TEST}')/{link}")
    assert refused.error == (400, "Bad Request", 'Alias "test" does not represent a Key Pair')
    assert it.get(f"KeystoreEntries('{TEST}')/Certificate/$value").text == pem([passport.root])


def test_no_other_downloads(it: ApiTenant) -> None:
    assert it.get("CertificateChainResources").status == 400
    assert it.get(f"CertificateChainResources('{SAP}')/$value").status == 400
    assert it.get(f"KeystoreEntries('{SAP}')/Resource/$value").status == 404


@pytest.mark.parametrize("form", ["der", "base64", "base64-in-lines", "pem"])
def test_forms_of_a_certificate(it: ApiTenant, passport: Credential, form: str) -> None:
    content = der(passport.root)
    forms = {
        "der": content,
        "base64": base64.b64encode(content),
        "base64-in-lines": base64.encodebytes(content),
        "pem": pem([passport.root]).encode(),
    }
    assert add_certificate(it, forms[form]).status == 204
    assert it.get(f"KeystoreEntries('{TEST}')").d["Type"] == "Certificate"


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 415), (b"no certificate", 415), (b"A" * 10_241, 413)], ids=["empty", "text", "large"]
)
def test_no_certificate(it: ApiTenant, body: bytes, status: int) -> None:
    assert add_certificate(it, body).status == status


def replace_chain(it: ApiTenant, body: bytes, alias: str = "test", options: str = VERIFIED) -> Reply:
    target = f"CertificateChainResources('{hexalias(alias)}')/$value?{options}"
    return it.request("PUT", target, body, kind="application/pkcs7-mime")


def test_another_chain_for_a_key_pair(it: ApiTenant, passport: Credential) -> None:
    alone = Credential(passport.certificate, passport.key)
    add_pair(it, pfx_of(alone))
    chain = [passport.root, passport.certificate, passport.issuers[0]]
    assert replace_chain(it, serialize_certificates(chain, Encoding.DER), options="").status == 409
    for body in (serialize_certificates(chain, Encoding.DER), pem(chain).encode()):
        assert replace_chain(it, body).status == 204
    assert len(it.get(f"KeystoreEntries('{TEST}')/ChainCertificates").results) == 3


def test_chain_refused(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    add_certificate(it, der(passport.root), alias="root")
    other = it.passports.issue("S0012345678")
    whole = pem([other.certificate, *other.issuers]).encode()
    assert "does not match the public key" in replace_chain(it, whole).error[2]
    assert replace_chain(it, pem([passport.certificate, passport.root]).encode()).status == 400
    assert replace_chain(it, whole, "none").error == (404, "Not Found", "Alias 'none' not found in the keystore")
    assert replace_chain(it, whole, "root").error[2] == 'Alias "root" does not represent a Key Pair'
    assert replace_chain(it, b"no chain").status == 415


def test_delete(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    deleted = it.request("DELETE", f"KeystoreEntries('{TEST}')")
    assert (deleted.status, deleted.text) == (204, "")
    assert it.request("DELETE", f"KeystoreEntries('{TEST}')").error[0] == 404


def test_rename(it: ApiTenant, passport: Credential) -> None:
    add_pair(it, pfx_of(passport))
    add_pair(it, pfx_of(passport), Alias="other")
    one = f"KeystoreEntries('{TEST}')"
    assert it.request("PUT", f"{one}?renameAlias=other", {"Status": None}).error[2] == EXISTS.format("other")
    assert it.request("PUT", f"{one}?renameAlias=sap_x", {"Status": None}).status == 403
    renamed = it.request("PUT", f"{one}?renameAlias=n%C3%A9w&returnHexAlias=true", {"Status": None})
    assert (renamed.status, renamed.text) == (200, "[6EC3A977]")
    assert it.request("PUT", "KeystoreEntries('6EC3A977')?renameAlias=last", {"Status": None}).status == 204
    assert aliases(it) == ["last", "other", "sap_cloudintegrationcertificate"]
    assert it.request("PUT", f"{one}?renameAlias=x", {"Status": None}).status == 404


def test_delete_several(it: ApiTenant, passport: Credential) -> None:
    for alias in ("a", "b;c", "d"):
        add_pair(it, pfx_of(passport), Alias=alias)
    target = "KeystoreResources('system')?deleteEntries=true"
    assert it.request("PUT", target, {"Aliases": "a;b\\;c;none"}).status == 204
    assert aliases(it) == ["d", "sap_cloudintegrationcertificate"]


def test_self_signed_must_be_vouched_for(it: ApiTenant) -> None:
    now = it.clock.now()
    alone = self_signed("CN=alone", not_before=now, not_after=now + dt.timedelta(days=1))
    assert add_pair(it, pfx_of(alone), "").status == 409
    assert add_pair(it, pfx_of(alone)).status == 204
