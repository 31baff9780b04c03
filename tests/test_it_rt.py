"""The service broker of Process Integration Runtime: what it takes, what it refuses, what it gives back."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cpi_conformance.certificates import Credential, PfxFile, pem, read_pem_bundle, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, CertificateInHandshake, Sender
from cpi_conformance.simulator.certificate_service import CertificateService
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.broker import Broker, BrokerRefused
from cpi_conformance.simulator.it_rt import CertificateReuse, ItRt, KeyRules
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.passport import PassportAuthority
from cpi_conformance.simulator.profiles import PROFILES
from cpi_conformance.simulator.service_keys import Authenticated, ServiceKeys, Unauthenticated
from tests.conftest import Inhabited

URLS = TenantUrls("https://rt", "https://api", "https://token", "https://cert")
FORMS = ("line_feeds", "literal_line_feeds", "chain", "lost_dashes")
FLOW, API = "integration-flow", "api"
NOW = Clock().now()

CURRENT = KeyRules()
TAKES_NOTHING = replace(CURRENT, x509_field_takes=frozenset())
WHITEPAPER = PROFILES["whitepaper"].key_rules


@pytest.fixture(scope="module")
def passports() -> PassportAuthority:
    return PassportAuthority(NOW)


@pytest.fixture(scope="module")
def credential(passports: PassportAuthority) -> Credential:
    return passports.issue("S0012345678")


class Tenant:
    """A broker with its store."""

    def __init__(self, passports: PassportAuthority, rules: KeyRules) -> None:
        self.keys = ServiceKeys("mytenant", Clock())
        certificates = CertificateService(passports.root, "subaccount", Clock())
        self.broker = ItRt(self.keys, certificates, rules, URLS, custom_roles=("Custom.role",))

    def instance(self, parameters: Mapping[str, Any] | None = None, plan: str = FLOW) -> str:
        guid = str(uuid.uuid4())
        self.broker.provision(guid, "instance", plan, parameters or {})
        return guid

    def oauth(self, instance: str) -> dict[str, Any]:
        """The credentials of a new key with a secret."""
        return dict(self.bind(instance, {})["oauth"])

    def bind(self, instance: str, parameters: Mapping[str, Any], name: str = "key") -> dict[str, Any]:
        return self.broker.bind(str(uuid.uuid4()), instance, name, parameters)


NewTenant = Callable[[KeyRules], Tenant]


@pytest.fixture
def new_tenant(passports: PassportAuthority) -> NewTenant:
    return lambda rules: Tenant(passports, rules)


@pytest.fixture
def tenant(new_tenant: NewTenant) -> Tenant:
    return new_tenant(CURRENT)


def one_line(certificate: x509.Certificate) -> str:
    return pem([certificate]).replace("\n", "")


def external(certificate: x509.Certificate, **more: Any) -> dict[str, Any]:
    return {"key-type": "certificate_external", "X.509": one_line(certificate), **more}


def test_offering(tenant: Tenant) -> None:
    broker: Broker = tenant.broker
    assert (broker.offering, broker.plans) == ("it-rt", ("integration-flow", "api"))


@pytest.mark.parametrize(
    ("plan", "parameters", "roles", "grants", "validity"),
    [
        pytest.param(FLOW, {}, {"ESBMessaging.send"}, {"client_credentials"}, 3600, id="nothing"),
        pytest.param(API, {}, set(), {"client_credentials"}, 43200, id="nothing-for-api"),
        pytest.param(
            FLOW,
            {
                "grant-types": ["client_credentials"],
                "redirect-uris": [],
                "roles": ["ESBMessaging.send"],
                "token-validity": 3600,
            },
            {"ESBMessaging.send"},
            {"client_credentials"},
            3600,
            id="sample-of-sap",
        ),
        pytest.param(
            FLOW,
            {"roles": ["Custom.role", "ESBMessaging.send"], "token-validity": 86400},
            {"Custom.role", "ESBMessaging.send"},
            {"client_credentials"},
            86400,
            id="custom-role-longest-token",
        ),
        pytest.param(
            API, {"roles": ["MonitoringDataRead"]}, {"MonitoringDataRead"}, {"client_credentials"}, 43200, id="api-role"
        ),
        pytest.param(
            FLOW,
            {"grant-types": ["password", "jwt-bearer", "client_x509"]},
            {"ESBMessaging.send"},
            {"password", "jwt-bearer", "client_x509"},
            3600,
            id="other-grants",
        ),
        pytest.param(FLOW, {"roles": None}, {"ESBMessaging.send"}, {"client_credentials"}, 3600, id="null-is-absent"),
    ],
)
def test_an_instance_is_as_ordered(
    plan: str, parameters: Mapping[str, Any], roles: set[str], grants: set[str], validity: int, tenant: Tenant
) -> None:
    guid = tenant.instance(parameters, plan)
    (made,) = tenant.keys.instances()
    assert (made.guid, made.name, made.plan.value) == (guid, "instance", plan)
    assert (set(made.roles), set(made.grant_types), made.token_validity) == (roles, grants, validity)


@pytest.mark.parametrize(
    ("plan", "parameters", "text"),
    [
        pytest.param("standard", {}, "service plan not found or not accessible", id="plan"),
        pytest.param(FLOW, {"grant-types": ["client_secret"]}, "unknown grant type 'client_secret'", id="grant"),
        pytest.param(FLOW, {"roles": ["ESBMessaging.sent"]}, "unknown role 'ESBMessaging.sent'", id="role"),
        pytest.param(FLOW, {"roles": ["MonitoringDataRead"]}, "unknown role", id="role-of-the-api"),
        pytest.param(API, {"roles": ["ESBMessaging.send"]}, "unknown role", id="role-of-senders"),
        pytest.param(FLOW, {"role": ["ESBMessaging.send"]}, "unknown parameter 'role'", id="unknown-parameter"),
        pytest.param(FLOW, {"token-validity": 3599}, "between 3600 and 86400", id="token-too-short"),
        pytest.param(FLOW, {"token-validity": 86401}, "between 3600 and 86400", id="token-too-long"),
        pytest.param(FLOW, {"token-validity": "3600"}, "must be a whole number", id="token-as-text"),
        pytest.param(FLOW, {"token-validity": True}, "must be a whole number", id="token-as-flag"),
        pytest.param(FLOW, {"roles": "ESBMessaging.send"}, "'roles' must be a list of texts", id="role-as-text"),
        pytest.param(FLOW, {"roles": [1]}, "'roles' must be a list of texts", id="role-as-number"),
        pytest.param(FLOW, {"roles": []}, "'roles' must not be empty", id="no-role"),
        pytest.param(FLOW, {"grant-types": []}, "'grant-types' must not be empty", id="no-grant"),
        pytest.param(FLOW, {"redirect-uris": "x"}, "'redirect-uris' must be a list of texts", id="redirect-as-text"),
    ],
)
def test_an_instance_is_refused(plan: str, parameters: Mapping[str, Any], text: str, tenant: Tenant) -> None:
    with pytest.raises(BrokerRefused, match=re.escape(text)):
        tenant.instance(parameters, plan)
    assert tenant.keys.instances() == ()


def test_grant_types_of_the_whitepaper(new_tenant: NewTenant) -> None:
    tenant = new_tenant(WHITEPAPER)
    tenant.instance({"grant-types": ["client_x509", "client_credentials"]})
    with pytest.raises(BrokerRefused, match="unknown grant type 'password'"):
        tenant.instance({"grant-types": ["password"]})


@pytest.mark.parametrize(("plan", "url"), [(FLOW, URLS.runtime), (API, URLS.api)], ids=[FLOW, API])
def test_key_with_a_secret(plan: str, url: str, tenant: Tenant) -> None:
    oauth = tenant.oauth(tenant.instance(plan=plan))
    assert set(oauth) == {"clientid", "clientsecret", "url", "createdate", "tokenurl"}
    assert (oauth["url"], oauth["tokenurl"]) == (url, "https://token/oauth/token")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", oauth["createdate"])
    answer = tenant.keys.holder_of_secret(oauth["clientid"], Secret(oauth["clientsecret"]))
    assert isinstance(answer, Authenticated)


def test_key_with_an_external_certificate(tenant: Tenant, credential: Credential) -> None:
    oauth = tenant.bind(tenant.instance(), external(credential.certificate))["oauth"]
    assert set(oauth) == {"clientid", "certificate", "url", "tokenurl", "certificatedetails"}
    assert oauth["tokenurl"] == "https://cert/oauth/token"
    assert read_pem_bundle(oauth["certificate"].encode()) == (credential.certificate,)
    assert oauth["certificatedetails"] == {
        "issuerdn": "CN=SAP Passport CA G2,O=SAP Trust Community,C=DE",
        "subjectdn": "CN=S0012345678,OU=SAP Service Marketplace,O=SAP Trust Community II,C=DE",
        "validuntil": f"{credential.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}.000Z",
        "serialnumber": f"0x{credential.certificate.serial_number:X}",
    }
    assert isinstance(tenant.keys.authenticate_certificate(credential.certificate), Authenticated)


def test_key_with_a_generated_certificate(tenant: Tenant, passports: PassportAuthority) -> None:
    oauth = tenant.bind(tenant.instance(), {"key-type": "certificate", "validity": 30, "key-length": 2048})["oauth"]
    assert set(oauth) == {"clientid", "certificate", "key", "tokenurl", "url", "createdate", "certificatedetails"}
    assert oauth["tokenurl"] == "https://cert/oauth/token"
    assert oauth["key"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    key = load_pem_private_key(oauth["key"].encode(), None)
    leaf, issuer, root = read_pem_bundle(oauth["certificate"].encode())
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    assert key.public_key() == leaf.public_key()
    assert root == passports.root.certificate
    leaf.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 30
    details = oauth["certificatedetails"]
    expected = "CN=SAP PKI Certificate Service Client CA,OU=SAP BTP Clients,O=SAP SE,L=cf-us10,C=DE"
    assert details["issuerdn"] == expected
    assert details["subjectdn"].endswith(",L=sap-uaa,OU=subaccount,OU=SAP Cloud Platform Clients,O=SAP SE,C=DE")
    assert isinstance(tenant.keys.authenticate_certificate(leaf), Authenticated)


def test_a_generated_certificate_lasts_a_year_unless_told_otherwise(tenant: Tenant) -> None:
    oauth = tenant.bind(tenant.instance(), {"key-type": "certificate"})["oauth"]
    leaf = read_pem_bundle(oauth["certificate"].encode())[0]
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 365


@pytest.mark.parametrize(
    ("more", "plan", "pinned"),
    [
        pytest.param({}, FLOW, True, id="default"),
        pytest.param({}, API, True, id="default-of-api"),
        pytest.param({"pin": True}, FLOW, True, id="pin"),
        pytest.param({"pin": False}, FLOW, False, id="not-pin"),
        pytest.param({"certificate-pinning": False}, FLOW, False, id="not-certificate-pinning"),
        pytest.param({"certificate-pinning": False, "pin": False}, FLOW, False, id="both"),
        pytest.param({"validity": 365, "key-length": 2048}, FLOW, True, id="sample-of-sap"),
    ],
)
def test_pinning(more: dict[str, Any], plan: str, pinned: bool, tenant: Tenant, credential: Credential) -> None:
    tenant.bind(tenant.instance(plan=plan), external(credential.certificate, **more))
    (key,) = tenant.keys.keys()
    assert key.pinned is pinned


X509 = "-----BEGIN CERTIFICATE-----"
"""Stands for a whole certificate where the broker must not come as far as reading it."""


@pytest.mark.parametrize(
    ("parameters", "plan", "text"),
    [
        pytest.param({"key_type": "certificate"}, FLOW, "unknown parameter 'key_type'", id="unknown-parameter"),
        pytest.param({"key-type": "clientsecret"}, FLOW, "unknown key-type 'clientsecret'", id="unknown-key-type"),
        pytest.param({"key-type": ["certificate"]}, FLOW, "unknown key-type", id="key-type-as-list"),
        pytest.param({"key-type": "certificate", "validity": 0}, FLOW, "between 1 and 365", id="no-day"),
        pytest.param({"key-type": "certificate", "validity": 366}, FLOW, "between 1 and 365", id="too-many-days"),
        pytest.param({"key-type": "certificate", "validity": "365"}, FLOW, "whole number", id="days-as-text"),
        pytest.param({"key-type": "certificate", "key-length": 1024}, FLOW, "'key-length' must be", id="key-too-short"),
        pytest.param({"key-type": "certificate", "key-length": 2049}, FLOW, "one of (2048, 4096)", id="odd-key"),
        pytest.param({"key-type": "certificate", "pin": True}, FLOW, "pin cannot be used", id="pin-without-external"),
        pytest.param({"key-type": "certificate", "X.509": X509}, FLOW, "X.509 cannot be used", id="field-not-external"),
        pytest.param({"X.509": X509}, FLOW, "X.509 cannot be used with a key of type ClientId/Secret", id="no-type"),
        pytest.param({"validity": 10}, FLOW, "validity cannot be used", id="validity-without-type"),
        pytest.param({"key-type": "certificate_external"}, FLOW, "'X.509' is missing", id="no-field"),
        pytest.param(
            {"key-type": "certificate_external", "X.509": X509, "pin": "true"}, FLOW, "true or false", id="pin-as-text"
        ),
        pytest.param(
            {"key-type": "certificate_external", "X.509": X509, "pin": True},
            API,
            "plan 'integration-flow'",
            id="pin-api",
        ),
        pytest.param(
            {"key-type": "certificate_external", "X.509": X509, "pin": True, "certificate-pinning": False},
            FLOW,
            "contradict each other",
            id="both-flags",
        ),
    ],
)
def test_a_key_is_refused(parameters: Mapping[str, Any], plan: str, text: str, tenant: Tenant) -> None:
    instance = tenant.instance(plan=plan)
    with pytest.raises(BrokerRefused, match=re.escape(text)):
        tenant.bind(instance, parameters)
    assert tenant.keys.keys() == ()


def test_certificates_need_client_credentials(tenant: Tenant, credential: Credential) -> None:
    instance = tenant.instance({"grant-types": ["password"]})
    for parameters in ({"key-type": "certificate"}, external(credential.certificate)):
        with pytest.raises(BrokerRefused, match="does not have the grant type client_credentials"):
            tenant.bind(instance, parameters)
    tenant.bind(instance, {})


@pytest.mark.parametrize("grants", [["client_x509"], ["client_x509", "client_credentials"]], ids=["alone", "with"])
def test_client_x509_has_ended(grants: list[str], tenant: Tenant, credential: Credential) -> None:
    """The instance can be made, its keys cannot."""
    instance = tenant.instance({"grant-types": grants})
    for parameters in ({}, {"X.509": one_line(credential.certificate)}, external(credential.certificate)):
        with pytest.raises(BrokerRefused, match=r"client_x509 is deprecated .* end of life in January 2026"):
            tenant.bind(instance, parameters)


@pytest.mark.parametrize(
    ("grants", "parameters", "text"),
    [
        pytest.param(["client_x509"], {}, "'X.509' is missing", id="no-field"),
        pytest.param(["client_x509"], {"key-type": "certificate"}, "unknown parameter 'key-type'", id="key-type"),
        pytest.param(["client_credentials"], {"X.509": X509}, "grant type client_x509", id="field-for-a-secret"),
    ],
)
def test_a_key_of_the_whitepaper_is_refused(
    grants: list[str], parameters: Mapping[str, Any], text: str, new_tenant: NewTenant
) -> None:
    tenant = new_tenant(WHITEPAPER)
    instance = tenant.instance({"grant-types": grants})
    with pytest.raises(BrokerRefused, match=re.escape(text)):
        tenant.bind(instance, parameters)


def test_keys_of_the_whitepaper(new_tenant: NewTenant, credential: Credential) -> None:
    """Two instances: one for certificates, one for secrets."""
    tenant = new_tenant(WHITEPAPER)
    field = {"X.509": one_line(credential.certificate)}
    oauth = tenant.bind(tenant.instance({"grant-types": ["client_x509"]}), field)["oauth"]
    assert "clientsecret" not in oauth
    assert isinstance(tenant.keys.authenticate_certificate(credential.certificate), Authenticated)
    assert "clientsecret" in tenant.oauth(tenant.instance({"grant-types": ["client_credentials"]}))


def _lost_all(text: str) -> str:
    return text.replace("-----", "")


FORMED: dict[str, tuple[str, Callable[[Credential], str]]] = {
    "line-feeds": ("line_feeds", lambda it: pem([it.certificate])),
    "windows-line-feeds": ("line_feeds", lambda it: pem([it.certificate]).replace("\n", "\r\n")),
    "line-feed-at-the-end": ("line_feeds", lambda it: one_line(it.certificate) + "\n"),
    "literal": ("literal_line_feeds", lambda it: pem([it.certificate]).replace("\n", "\\n")),
    "literal-windows": ("literal_line_feeds", lambda it: pem([it.certificate]).replace("\n", "\\r\\n")),
    "chain": ("chain", lambda it: one_line(it.certificate) + one_line(it.issuers[0])),
    "last-dashes": ("lost_dashes", lambda it: one_line(it.certificate)[:-5]),
    "last-dash": ("lost_dashes", lambda it: one_line(it.certificate)[:-1]),
    "first-dashes": ("lost_dashes", lambda it: one_line(it.certificate)[3:]),
    "all-dashes": ("lost_dashes", lambda it: _lost_all(one_line(it.certificate))),
}


@pytest.mark.parametrize(("form", "write"), FORMED.values(), ids=FORMED)
def test_forms_of_the_field(
    form: str, write: Callable[[Credential], str], credential: Credential, new_tenant: NewTenant
) -> None:
    """Each is taken with its setting alone, and refused with all settings but its own; of a chain the leaf counts."""
    order = {"key-type": "certificate_external", "X.509": write(credential)}
    taking = new_tenant(replace(CURRENT, x509_field_takes=frozenset({form})))
    taking.bind(taking.instance(), order)
    assert [key.certificate for key in taking.keys.keys()] == [credential.certificate]  # noqa: SIM118
    refusing = new_tenant(replace(CURRENT, x509_field_takes=frozenset(FORMS) - {form}))
    with pytest.raises(BrokerRefused, match=r"the value of X\.509"):
        refusing.bind(refusing.instance(), order)


def test_one_line_is_always_taken(credential: Credential, new_tenant: NewTenant) -> None:
    tenant = new_tenant(TAKES_NOTHING)
    tenant.bind(tenant.instance(), external(credential.certificate))


def _request(credential: Credential) -> str:
    name = x509.Name.from_rfc4514_string("CN=one")
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(credential.key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode().replace("\n", "")


def _private_key(credential: Credential) -> str:
    text = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode().replace("\n", "")


def _without_middle(certificate: x509.Certificate) -> str:
    return one_line(certificate)[:100] + one_line(certificate)[200:]


def _with_blanks(credential: Credential) -> str:
    return pem([credential.certificate]).strip().replace("\n", " ")


UNREADABLE: dict[str, tuple[Callable[[Credential], Any], str]] = {
    "certificate-request": (_request, "is a certificate request"),
    "private-key": (_private_key, "contains a private key"),
    "key-behind-the-certificate": (lambda it: one_line(it.certificate) + _private_key(it), "contains a private key"),
    "nothing": (lambda it: "", "contains no certificate"),
    "base64-alone": (lambda it: one_line(it.certificate)[27:-25], "contains no certificate"),
    "cut": (lambda it: one_line(it.certificate)[:200], "contains no certificate"),
    "middle-lost": (lambda it: _without_middle(it.certificate), "is damaged"),
    "blanks-for-line-feeds": (_with_blanks, "is damaged"),
    "text-in-front": (lambda it: "subject=CN=one" + one_line(it.certificate), "something besides"),
    "no-text": (lambda it: 1, "is not a text"),
    "list": (lambda it: [one_line(it.certificate)], "is not a text"),
    "null": (lambda it: None, "is not a text"),
    "damaged-issuer": (lambda it: one_line(it.certificate) + _without_middle(it.issuers[0]), "is damaged"),
}


@pytest.mark.parametrize(("write", "text"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_no_setting_lets_through(
    write: Callable[[Credential], Any], text: str, credential: Credential, new_tenant: NewTenant
) -> None:
    tenant = new_tenant(replace(CURRENT, x509_field_takes=frozenset(FORMS)))
    with pytest.raises(BrokerRefused, match=text):
        tenant.bind(tenant.instance(), {"key-type": "certificate_external", "X.509": write(credential)})


def test_profiles_take_different_sides() -> None:
    """What is public about each generation, and what is not: forms of the field, reuse."""
    whitepaper, current, trial = (PROFILES[name].key_rules for name in ("whitepaper", "current", "trial"))
    assert (whitepaper.client_x509, current.client_x509, trial.client_x509) == (True, False, False)
    assert whitepaper.x509_field_takes == frozenset()
    assert current.x509_field_takes == trial.x509_field_takes == {"line_feeds"}
    assert whitepaper.certificate_reuse is CertificateReuse.REFUSED_AT_CREATION
    assert current.certificate_reuse is CertificateReuse.AMBIGUOUS_AT_RUN_TIME


def test_reuse_is_refused_at_creation(new_tenant: NewTenant, credential: Credential) -> None:
    """In any instance, and not any more once the other key has gone."""
    tenant = new_tenant(replace(CURRENT, certificate_reuse=CertificateReuse.REFUSED_AT_CREATION))
    order = external(credential.certificate)
    tenant.bind(tenant.instance(), order)
    (first,) = tenant.keys.keys()
    for instance in (first.instance.guid, tenant.instance()):
        with pytest.raises(BrokerRefused, match="already used in another service key"):
            tenant.bind(instance, order)
    tenant.broker.unbind(first.guid)
    tenant.bind(tenant.instance(), order)


def test_reuse_is_ambiguous_at_run_time(new_tenant: NewTenant, credential: Credential) -> None:
    tenant = new_tenant(replace(CURRENT, certificate_reuse=CertificateReuse.AMBIGUOUS_AT_RUN_TIME))
    for _ in range(2):
        tenant.bind(tenant.instance(), external(credential.certificate))
    answer = tenant.keys.authenticate_certificate(credential.certificate)
    assert isinstance(answer, Unauthenticated)
    assert answer.why.startswith("Multiple clones found")


def test_of_simultaneous_orders_for_one_certificate_one_is_filled(
    new_tenant: NewTenant, credential: Credential
) -> None:
    tenant = new_tenant(replace(CURRENT, certificate_reuse=CertificateReuse.REFUSED_AT_CREATION))
    instance, together = tenant.instance(), threading.Barrier(8)

    def order() -> None:
        together.wait()
        try:
            tenant.bind(instance, external(credential.certificate))
        except BrokerRefused:
            return

    threads = [threading.Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tenant.keys.keys()) == 1


def test_guids_are_those_of_cloud_foundry(tenant: Tenant) -> None:
    tenant.broker.provision("instance-guid", "my-instance", FLOW, {})
    tenant.broker.bind("key-guid", "instance-guid", "my-key", {})
    (key,) = tenant.keys.keys()
    assert (key.guid, key.name, key.instance.guid, key.instance.name) == (
        "key-guid",
        "my-key",
        "instance-guid",
        "my-instance",
    )


def test_what_was_taken_back_authenticates_nobody(tenant: Tenant) -> None:
    instance = tenant.instance()
    first, second = tenant.oauth(instance), tenant.oauth(instance)
    tenant.broker.unbind(tenant.keys.keys()[0].guid)
    assert isinstance(_holder(tenant, first), Unauthenticated)
    assert isinstance(_holder(tenant, second), Authenticated)
    tenant.broker.deprovision(instance)
    assert isinstance(_holder(tenant, second), Unauthenticated)
    assert not tenant.keys.instances()
    assert not tenant.keys.keys()
    with pytest.raises(BrokerRefused, match="the service instance does not exist"):
        tenant.oauth(instance)
    tenant.broker.unbind("gone")
    tenant.broker.deprovision(instance)


def _holder(tenant: Tenant, oauth: Mapping[str, Any]) -> Authenticated | Unauthenticated:
    return tenant.keys.holder_of_secret(oauth["clientid"], Secret(oauth["clientsecret"]))


def test_senders_cannot_use_certificates_of_the_api_plan(tenant: Tenant, credential: Credential) -> None:
    tenant.bind(tenant.instance(plan=API), external(credential.certificate))
    answer = tenant.keys.authenticate_certificate(credential.certificate)
    assert isinstance(answer, Unauthenticated)
    assert "plan 'api'" in answer.why
    assert isinstance(tenant.keys.holder_of_certificate(credential.certificate), Authenticated)


def test_no_repr_shows_a_generated_key(tenant: Tenant) -> None:
    oauth = tenant.bind(tenant.instance(), {"key-type": "certificate"})["oauth"]
    numbers = load_pem_private_key(oauth["key"].encode(), None)
    assert isinstance(numbers, rsa.RSAPrivateKey)
    shown = repr(tenant.keys) + repr(tenant.keys.keys())
    assert str(numbers.private_numbers().d) not in shown
    assert "PRIVATE KEY" not in shown


def test_the_load_balancer_and_the_runtime_take_a_generated_certificate(fresh: Inhabited) -> None:
    """The whole way: the chain of the key is presented in the handshake, and the flow answers."""
    landscape = fresh.landscape
    landscape.broker.provision("guid", "generated", FLOW, {})
    oauth = landscape.broker.bind("key", "guid", "key", {"key-type": "certificate", "validity": 1})["oauth"]
    assert oauth["url"] == landscape.url
    assert oauth["tokenurl"] == f"{landscape.token_cert_url}/oauth/token"
    leaf, *issuers = read_pem_bundle(oauth["certificate"].encode())
    key = load_pem_private_key(oauth["key"].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    pfx: PfxFile = write_pfx(Credential(leaf, key, tuple(issuers)), Secret("passphrase"))
    call = replace(fresh.anonymous, certificate=CertificateInHandshake(pfx))
    assert isinstance(Sender().send(call), Accepted)
    landscape.broker.unbind("key")
    assert not isinstance(Sender().send(call), Accepted)
