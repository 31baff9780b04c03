"""The tenant's keystore: entries, key pairs, certificates, chains, and what is refused."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pytest_httpx import HTTPXMock

from cpi_conformance.certificates import Authority, Credential, PfxFile, write_pfx
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant import (
    AlreadyThere,
    NotTrusted,
    ReservedAlias,
    Tenant,
    TenantError,
    TenantForbidden,
    TenantNotFound,
)
from cpi_conformance.secret import Secret
from tests.control_plane import Pauses, lost
from tests.tenant_answers import API, client, collection, entity, error, missing, token

ENTRIES = f"{API}KeystoreEntries"
KEY = f"{ENTRIES}('6BC3A4')"
ADD = f"{API}KeyPairResources?fingerprintVerified=false&returnKeystoreEntries=false&update=false"
PASSPHRASE = Secret("Kennwort1")


NOW = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def credential() -> Credential:
    root = Authority.root("CN=Root", now=NOW)
    return root.leaf("CN=qa", not_before=NOW, not_after=NOW + dt.timedelta(days=30))


@pytest.fixture(scope="module")
def pfx(credential: Credential) -> PfxFile:
    return write_pfx(credential, PASSPHRASE)


@pytest.fixture
def tenant(httpx_mock: HTTPXMock) -> Iterator[Tenant]:
    token(httpx_mock)
    with client(Pauses()) as opened:
        yield opened


def entry(credential: Credential, **change: Any) -> dict[str, Any]:
    """A key pair."""
    digest = credential.certificate.fingerprint(hashes.SHA256())
    return {"Hexalias": "6BC3A4", "Alias": "kä", "Type": "Key Pair", "Owner": "Tenant Administrator", "KeyType": "EC",
            "KeySize": 256, "Validity": None, "SubjectDN": "CN=qa", "IssuerDN": "CN=Root", "SerialNumber": "0x1F",
            "ValidNotAfter": "/Date(253402300799000)/", "FingerprintSha256": digest.hex(":").upper(),
            "Status": "unchanged", **change}  # fmt: skip


def refused_with(httpx_mock: HTTPXMock, status: int, text: str | None, url: str = ADD) -> None:
    httpx_mock.add_response(status, url=url, json=error(text))


def test_entries(httpx_mock: HTTPXMock, tenant: Tenant, credential: Credential) -> None:
    httpx_mock.add_response(url=f"{ENTRIES}?keystoreName=system", json=collection(entry(credential)))
    (found,) = tenant.keystore()
    assert (found.alias, found.hexalias, found.type, found.owner) == (
        "kä",
        "6BC3A4",
        "Key Pair",
        "Tenant Administrator",
    )
    assert (found.validity, found.serial_number) == ("", "0x1F")
    assert found.valid_not_after == dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert b"format" not in httpx_mock.get_requests()[-1].url.query


def test_alias_is_the_upper_case_hexadecimal_of_its_utf_8(
    httpx_mock: HTTPXMock, tenant: Tenant, credential: Credential
) -> None:
    httpx_mock.add_response(url=KEY, json=entity(**entry(credential)))
    found = tenant.keystore_entry("kä")
    assert found is not None
    assert found.key_size == 256
    assert httpx_mock.get_requests()[-1].url.path.endswith("('6BC3A4')")
    missing(httpx_mock, KEY)
    assert tenant.keystore_entry("kä") is None


def test_key_pair(httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile) -> None:
    flags = "fingerprintVerified=true&returnKeystoreEntries=false&update=true"
    httpx_mock.add_response(204, method="POST", url=f"{API}KeyPairResources?{flags}")
    tenant.add_key_pair("kä", pfx, update=True, fingerprint_verified=True)
    request = httpx_mock.get_requests()[-1]
    sent = json.loads(request.content)
    assert base64.b64decode(sent.pop("Resource"), validate=True) == pfx.content
    assert sent == {"Hexalias": "6BC3A4", "Alias": "kä", "Password": "Kennwort1"}
    assert request.headers["Content-Type"] == "application/json;charset=utf-8"


REFUSALS: list[Any] = [
    pytest.param(400, 'Entry with alias "kä" already exists in keystore "system"', AlreadyThere, id="on a tenant"),
    pytest.param(400, 'Keystore entry with alias "kä" already exists', AlreadyThere, id="in the specification"),
    pytest.param(409, "The certificate path is not trusted", NotTrusted, id="unknown issuer"),
    pytest.param(403, None, TenantForbidden, id="without the role"),
    pytest.param(400, "keystore password was incorrect", TenantError, id="wrong passphrase"),
    pytest.param(415, "not PKCS#12", TenantError, id="no PFX"),
]


@pytest.mark.parametrize(("status", "text", "kind"), REFUSALS)
def test_refused_key_pair(
    status: int, text: str | None, kind: type[TenantError], httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile
) -> None:
    refused_with(httpx_mock, status, text)
    with pytest.raises(kind) as caught:
        tenant.add_key_pair("kä", pfx)
    assert type(caught.value) is kind
    if isinstance(caught.value, TenantForbidden):
        assert caught.value.role == "SecurityMaterialEdit"


def test_untrusted_entry_as_the_body_of_a_409(
    httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile, credential: Credential
) -> None:
    untrusted = entry(credential, Validity="notTrusted")
    httpx_mock.add_response(409, url=ADD, json=entity(**untrusted))
    with pytest.raises(NotTrusted):
        tenant.add_key_pair("kä", pfx)


def test_passphrase_does_not_come_back(httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile) -> None:
    refused_with(httpx_mock, 400, "password Kennwort1 was incorrect")
    with pytest.raises(TenantError, match="password … was") as caught:
        tenant.add_key_pair("kä", pfx)
    assert "Kennwort1" not in caught.value.text


@pytest.mark.parametrize("alias", ["sap_x", "SAP_x", "hcicertificate", "hcimsgcertificate"])
def test_reserved_alias(alias: str, httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile) -> None:
    refused_with(httpx_mock, 403, None)
    with pytest.raises(ReservedAlias, match="reserved for SAP"):
        tenant.add_key_pair(alias, pfx)
    httpx_mock.add_response(403, method="DELETE", json=error(None)["error"])
    with pytest.raises(ReservedAlias):
        tenant.delete_entry(alias)


def test_key_pair_that_has_arrived_is_not_sent_again(
    httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile, credential: Credential
) -> None:
    httpx_mock.add_exception(lost(), url=ADD)
    httpx_mock.add_response(url=KEY, json=entity(**entry(credential)))
    tenant.add_key_pair("kä", pfx)
    assert len(httpx_mock.get_requests(url=ADD)) == 1


def test_key_pair_that_has_not_arrived_is_sent_again(httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile) -> None:
    httpx_mock.add_response(503, url=ADD, json=error("locked"))
    missing(httpx_mock, KEY)
    httpx_mock.add_response(204, url=ADD)
    tenant.add_key_pair("kä", pfx)


@pytest.mark.parametrize("content", [None, b"no PFX"], ids=["another key pair", "PFX that does not open"])
def test_key_pair_of_somebody_else_is_not_adopted(
    content: bytes | None, httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile, credential: Credential
) -> None:
    httpx_mock.add_exception(lost(), url=ADD)
    other = entry(credential, **({"FingerprintSha256": "00:11"} if content is None else {}))
    httpx_mock.add_response(url=KEY, json=entity(**other))
    with pytest.raises(AlreadyThere):
        tenant.add_key_pair("kä", pfx if content is None else PfxFile(content))


def test_update_without_an_answer_is_sent_again(httpx_mock: HTTPXMock, tenant: Tenant, pfx: PfxFile) -> None:
    url = ADD.replace("update=false", "update=true")
    httpx_mock.add_exception(lost(), url=url)
    httpx_mock.add_response(204, url=url)
    tenant.add_key_pair("kä", pfx, update=True)


def test_certificate(httpx_mock: HTTPXMock, tenant: Tenant, credential: Credential) -> None:
    certificate = credential.certificate
    flags = "fingerprintVerified=true&returnKeystoreEntries=false&update=false"
    url = f"{API}CertificateResources('6BC3A4')/$value?{flags}"
    httpx_mock.add_response(204, method="PUT", url=url)
    tenant.add_certificate("kä", certificate, fingerprint_verified=True)
    request = httpx_mock.get_requests()[-1]
    assert request.content == certificate.public_bytes(Encoding.DER)
    assert request.headers["Content-Type"] == "application/pkix-cert"
    assert request.headers["Accept"] == "application/json"


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_certificate_of_an_entry(
    encoding: Encoding, httpx_mock: HTTPXMock, tenant: Tenant, credential: Credential
) -> None:
    url = f"{KEY}/Certificate/$value?keystoreName=system&rootCA=false"
    httpx_mock.add_response(url=url, content=credential.certificate.public_bytes(encoding))
    assert tenant.certificate("kä") == credential.certificate


def test_certificate_whose_last_byte_looks_like_a_blank(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    """So does that of each fortieth; none of its bytes may be lost."""
    root = Authority.root("CN=Root", now=NOW)
    many = (root.leaf("CN=x", not_before=NOW, not_after=NOW).certificate for _ in range(9999))
    der = next(der for each in many if (der := each.public_bytes(Encoding.DER)) != der.strip())
    httpx_mock.add_response(content=der)
    assert tenant.certificate("kä").public_bytes(Encoding.DER) == der


V3, V4 = bytes.fromhex("a003020102"), bytes.fromhex("a003020103")
OF_VERSION_4 = Authority.root("CN=Root", now=NOW).certificate.public_bytes(Encoding.DER).replace(V3, V4)

NO_CERTIFICATES = {
    "nothing": b"",
    "page": b"<html>",
    "cut": b"-----BEGIN CERTIFICATE-----",
    "unknown-version": OF_VERSION_4,
}


@pytest.mark.parametrize("content", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES)
def test_certificate_that_is_none(content: bytes, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(content=content)
    with pytest.raises(BrokenAnswer, match="no certificate"):
        tenant.certificate("kä")


def test_chain(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    leaf, root = ({"Alias": "kä", "Index": index, "SubjectDN": name} for index, name in ((1, "CN=qa"), (0, "CN=Root")))
    httpx_mock.add_response(url=f"{KEY}/ChainCertificates", json=collection(leaf, root))
    assert [each.subject_dn for each in tenant.chain("kä")] == ["CN=Root", "CN=qa"]


def test_chain_as_p7b(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    url = f"{KEY}/ChainResource/$value"
    httpx_mock.add_response(url=url, content=b"-----BEGIN PKCS7-----\n")
    assert tenant.chain_p7b("kä") == b"-----BEGIN PKCS7-----\n"
    missing(httpx_mock, url)
    with pytest.raises(TenantNotFound):
        tenant.chain_p7b("kä")


@pytest.mark.parametrize("status", [204, 404])
def test_delete(status: int, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(status, method="DELETE", url=KEY)
    tenant.delete_entry("kä")
