"""Instances of Process Integration Runtime and their service keys, as the cockpit makes them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from cpi_conformance.control.denials import Denial
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import Deletion, InstanceOrder, KeyOrder, KeyType
from cpi_conformance.control.shared import Carried
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Basic, Call, Cause, CertificateInHandshake
from cpi_conformance.verdict import Judge, OrderJudge, Severity
from cpi_conformance.verdict.model import NOT_APPLICABLE
from fixtures.checks import check, on_profiles, row
from fixtures.cockpit import Attempt, NewKey, carried_key, granted, skip_before_key_types
from fixtures.shared import DAYS, disagreements

WIZARD = ("1.instance.5", "1.instance.8", "1.instance.9")
KEY = ("1.instance.11", "1.instance.12")
CREDENTIALS = ("1.instance.15", "1.instance.16")
SECOND_WIZARD = ("2.mapping.4", "2.mapping.9", "2.mapping.10")


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-01", "the instance reaches create succeeded", steps=WIZARD, severity=Severity.BLOCKER)
def test_instance(oauth: Carried, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: Process Integration Runtime, plan integration-flow, is created and listed under its name.

    Source: whitepaper, chapter 1; Cloud Foundry API v3, last_operation.
    """
    instance = order_judge.carried_out(oauth.order, oauth.reply).outcome
    assert isinstance(instance, ServiceInstance)
    assert (instance.operation, instance.state) == ("create", "succeeded"), "the instance is not create succeeded"
    listed = lifecycle.cloud.instances(space=lifecycle.space, names=[instance.name])
    assert [each.guid for each in listed] == [instance.guid], "the instance is not listed once under its name"


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-02", "the service key oauthcpikey reaches create succeeded", steps=KEY, severity=Severity.BLOCKER)
def test_key(created_oauthcpikey: Carried, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: the key is created and listed under its instance.

    Source: whitepaper, chapter 1; Cloud Foundry API v3, service credential bindings.
    """
    key = order_judge.carried_out(created_oauthcpikey.order, created_oauthcpikey.reply).outcome
    assert isinstance(key, ServiceKey)
    assert (key.operation, key.state) == ("create", "succeeded"), "the key is not create succeeded"
    listed = lifecycle.cloud.keys(instances=[lifecycle.cloud.instance(key.instance_guid)], names=[key.name])
    assert [each.guid for each in listed] == [key.guid], "the key is not listed once under its instance"


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-03", "credentials of the type ClientId/Secret", steps=CREDENTIALS)
def test_credentials(created_oauthcpikey: Carried, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: the credentials hold clientid, clientsecret, url and tokenurl, and no certificate or key.

    Source: whitepaper, chapter 1, steps 15 and 16; SAP help 0fc1446.
    """
    credentials = carried_key(created_oauthcpikey, order_judge, lifecycle).credentials
    held = credentials.fields
    assert {"clientid", "clientsecret", "url", "tokenurl"} <= held, "a field of the credentials is missing"
    assert credentials.clientsecret is not None, "the clientsecret is empty"
    assert credentials.tokenurl.startswith("https://"), "tokenurl would carry the secret over plain HTTP"
    assert credentials.tokenurl.endswith("/oauth/token"), "tokenurl is not the one of a token server"
    assert not held & {"certificate", "key", "certificatedetails"}, "a key of type ClientId/Secret holds a certificate"
    assert credentials.clientid.startswith("sb-"), "the clientid does not begin with sb-"


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-04", "the url of the credentials is the runtime's", steps=("1.basic.1", "1.basic.2a"))
def test_url(created_oauthcpikey: Carried, lifecycle: Lifecycle, landscape: Landscape, order_judge: OrderJudge) -> None:
    """Accepted: url names the host of the runtime, without a path; the path comes from the flow.

    Source: SAP help 0fc1446; whitepaper, chapter 1, Basic authentication in Postman.
    """
    credentials = carried_key(created_oauthcpikey, order_judge, lifecycle).credentials
    url = urlsplit(credentials.url)
    assert url.scheme == "https", "url is not an https address"
    assert url.path in ("", "/"), "url has a path"
    there = (landscape.host.lower(), landscape.port)
    assert (url.hostname, url.port or 443) == there, "url is not that of runtime.host in the landscape file"


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-05", "a new key opens the flow", steps=(*KEY, *CREDENTIALS), severity=Severity.BLOCKER)
def test_new_key_is_accepted(
    created_oauthcpikey: Carried,
    lifecycle: Lifecycle,
    anonymous_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Accepted: what the run has just created is good for Basic authentication.

    Source: whitepaper, chapter 1, Basic authentication in Postman.
    """
    key = carried_key(created_oauthcpikey, order_judge, lifecycle)
    judge.accepted(anonymous_call.but(authorization=key.basic).call, within=landscape.expectations.key_delay)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-06", "a deleted key opens nothing", steps=CREDENTIALS, severity=Severity.BLOCKER)
def test_deleted_key_is_refused(
    oauth_instance: ServiceInstance,
    new_key: NewKey,
    basic_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication: a key that was accepted is refused once it is deleted, within the given delay.

    Source: SAP help 19af5e2: who deletes a key takes away the access.
    """
    delay = landscape.expectations.key_delay
    key = new_key(KeyOrder(oauth_instance))
    with_key = basic_call.but(authorization=key.basic)
    judge.needed(with_key.call, within=delay)
    order_judge.granted(Deletion(key.key))
    judge.refused(with_key, Cause.UNAUTHENTICATED, within=delay)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-07", "a deleted key is gone", steps=KEY)
def test_deleted_key_is_gone(oauth_instance: ServiceInstance, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: after its deletion the key is listed nowhere, its name is free, and what others have is still there.

    Source: Cloud Foundry API v3, service credential bindings.
    """
    order = KeyOrder(oauth_instance, name="comes-and-goes")
    first = order_judge.needed(order).outcome
    assert isinstance(first, ServiceKey)
    others = lifecycle.foreign()
    order_judge.granted(Deletion(first))
    listed = lifecycle.cloud.keys(instances=[oauth_instance], names=[first.name])
    assert not listed, "the key is listed although its deletion is reported as done"
    assert others <= lifecycle.foreign(), "with the key something has gone that is not of this run"
    second = order_judge.granted(order).outcome
    assert isinstance(second, ServiceKey)
    order_judge.granted(Deletion(second))


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-08", "a deleted instance takes its keys with it", steps=WIZARD, severity=Severity.BLOCKER)
def test_deleted_instance(
    attempt: Attempt,
    new_key: NewKey,
    lifecycle: Lifecycle,
    basic_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication: once its instance is deleted, a key that was accepted opens nothing.

    Source: Cloud Foundry API v3 (deletion cascades to the keys); SAP help 19af5e2.
    """
    delay = landscape.expectations.key_delay
    instance = granted(attempt(InstanceOrder())).outcome
    assert isinstance(instance, ServiceInstance)
    with_key = basic_call.but(authorization=new_key(KeyOrder(instance)).basic)
    judge.needed(with_key.call, within=delay)
    order_judge.granted(Deletion(instance))
    listed = lifecycle.cloud.instances(space=lifecycle.space, names=[instance.name])
    assert not listed, "the instance is listed although its deletion is reported as done"
    judge.refused(with_key, Cause.UNAUTHENTICATED, within=delay)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-09", "the clientid of a key with the clientsecret of its sibling", steps=CREDENTIALS)
def test_secret_of_sibling(
    oauth_instance: ServiceInstance, new_key: NewKey, basic_call: Call, landscape: Landscape, judge: Judge
) -> None:
    """Refused at authentication: each key of an instance has a secret of its own.

    Source: SAP help 0fc1446, 19af5e2.
    """
    one, other = new_key(KeyOrder(oauth_instance)), new_key(KeyOrder(oauth_instance))
    if one.credentials.clientid == other.credentials.clientid:
        pytest.skip(f"{NOT_APPLICABLE}: the keys of an instance share their clientid")
    call = basic_call.but(authorization=one.basic).call
    judge.needed(call, within=landscape.expectations.key_delay)
    mixed = Basic(one.credentials.clientid, other.basic.clientsecret)
    judge.refused(call.but(authorization=mixed), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-10", "an instance under a name that is taken", steps=WIZARD, severity=Severity.NORMAL)
def test_name_of_instance_taken(oauth_instance: ServiceInstance, order_judge: OrderJudge) -> None:
    """Refused at controller: names of instances are unique in a space.

    Source: cloud_controller_ng, recorded answers ("The service instance name is taken").
    """
    order_judge.denied(InstanceOrder().but(name=oauth_instance.name), Denial.NAME_TAKEN)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-11", "a key under a name that is taken", steps=KEY, severity=Severity.NORMAL)
def test_name_of_key_taken(
    created_oauthcpikey: Carried, oauth_instance: ServiceInstance, order_judge: OrderJudge, lifecycle: Lifecycle
) -> None:
    """Refused at controller: names of keys are unique in their instance.

    Source: cloud_controller_ng, service_credential_binding_key_create.rb.
    """
    taken = carried_key(created_oauthcpikey, order_judge, lifecycle).key.name
    order_judge.denied(KeyOrder(oauth_instance).but(name=taken), Denial.NAME_TAKEN)


@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    "change",
    [
        row(
            "KEYS-20",
            "an instance with a grant type that does not exist",
            {"grant_types": ("client_credentials", "client_conformance")},
            steps=WIZARD,
        ),
        row(
            "KEYS-21",
            "an instance with a role that does not exist",
            {"roles": ("ESBMessaging.send", "Conformance.never")},
            steps=WIZARD,
        ),
        row("KEYS-22", "an instance with tokens of one minute", {"token_validity": 60}, steps=WIZARD),
        row("KEYS-23", "an instance with tokens of a week", {"token_validity": 604_800}, steps=WIZARD),
    ],
)
def test_parameters_of_instance(change: dict[str, object], order_judge: OrderJudge) -> None:
    """Refused at broker: an instance takes the documented grant types and token validity, and roles that exist.

    Source: SAP help 19af5e2 (token validity 3600 to 86400 seconds).
    """
    order_judge.denied(InstanceOrder().but(**change), Denial.BROKER_REFUSED)


@on_profiles("current", "trial")
@check("KEYS-30", "credentials of the type Certificate", steps=("2.mapping.15",))
def test_generated_certificate(created_certificate: Carried, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: SAP makes the key pair; the credentials hold its certificate, its key and details that agree.

    Source: SAP help ae419b6 and 0fc1446.
    """
    order_judge.carried_out(created_certificate.order, created_certificate.reply)
    credentials = carried_key(created_certificate, order_judge, lifecycle).credentials
    assert {"certificate", "key", "certificatedetails"} <= credentials.fields, "a field of the credentials is missing"
    assert "clientsecret" not in credentials.fields, "a key of type Certificate holds a clientsecret"
    assert credentials.certificates, "the field certificate holds no certificate"
    leaf = credentials.certificates[0]
    assert getattr(leaf.public_key(), "key_size", 0) == 2048, "the key has not the length that was asked for"
    assert credentials.credential().certificate == leaf, "the private key is not that of the certificate"
    assert not disagreements(credentials), f"certificatedetails disagree: {', '.join(disagreements(credentials))}"
    days = (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days
    assert DAYS <= days <= DAYS + 1, "the certificate is not valid for the days that were asked for"


@pytest.mark.usefixtures("standard_edition")
@on_profiles("current")
@check("KEYS-31", "the certificate that SAP has made opens the flow", steps=("2.mapping.16",))
def test_generated_certificate_is_accepted(
    created_certificate: Carried,
    lifecycle: Lifecycle,
    anonymous_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Accepted: key and certificate out of the credentials are a client certificate for the runtime.

    Source: SAP help 0fc1446, 4ec6192.
    """
    key = carried_key(created_certificate, order_judge, lifecycle)
    call = anonymous_call.but(certificate=CertificateInHandshake(key.pfx)).call
    judge.accepted(call, within=landscape.expectations.key_delay)


@on_profiles("current", "trial")
@pytest.mark.parametrize(
    "change",
    [
        row("KEYS-32", "a certificate of SAP for 366 days", {"validity": 366}, steps=("2.mapping.14",)),
        row("KEYS-33", "a certificate of SAP with a key of 512 bits", {"key_length": 512}, steps=("2.mapping.14",)),
        row("KEYS-34", "a certificate of SAP for no day", {"validity": 0}, steps=("2.mapping.14",)),
        row("KEYS-35", "a certificate of SAP with a key of 1024 bits", {"key_length": 1024}, steps=("2.mapping.14",)),
    ],
)
def test_parameters_of_generated_certificate(
    oauth_instance: ServiceInstance, change: dict[str, object], landscape: Landscape, order_judge: OrderJudge
) -> None:
    """Refused at broker: SAP makes certificates for 1 to 365 days, and with keys that are still in use.

    Source: SAP help ae419b6.
    """
    skip_before_key_types(landscape)
    order_judge.denied(KeyOrder(oauth_instance, KeyType.CERTIFICATE).but(**change), Denial.BROKER_REFUSED)


@on_profiles("current", "trial")
@pytest.mark.parametrize(
    "extra",
    [
        row("KEYS-36", "a key type that does not exist", {"key-type": "conformance"}, steps=KEY),
        row("KEYS-37", "a parameter that does not exist", {"conformance": 1}, steps=KEY),
    ],
)
def test_unknown_parameters_of_key(
    oauth_instance: ServiceInstance, extra: dict[str, object], landscape: Landscape, order_judge: OrderJudge
) -> None:
    """Refused at broker: a misspelt parameter must not be passed over, or the key is not what was ordered.

    Source: SAP help ae419b6.
    """
    skip_before_key_types(landscape)
    order_judge.denied(KeyOrder(oauth_instance).but(extra=extra), Denial.BROKER_REFUSED)


@on_profiles("current", "trial")
@check("KEYS-38", "a certificate of SAP without the grant type client_credentials", steps=("2.mapping.14",))
def test_certificate_without_client_credentials(
    oauth_instance: ServiceInstance, attempt: Attempt, landscape: Landscape, order_judge: OrderJudge
) -> None:
    """Refused at broker: the type Certificate needs an instance with client_credentials.

    Source: SAP help 19af5e2.
    """
    skip_before_key_types(landscape)
    without = granted(attempt(InstanceOrder(grant_types=("password",)))).outcome
    order_judge.denied(KeyOrder(oauth_instance, KeyType.CERTIFICATE).but(instance=without), Denial.BROKER_REFUSED)
