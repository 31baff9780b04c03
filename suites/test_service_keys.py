"""Instances of Process Integration Runtime and their service keys, as the cockpit makes them."""

from __future__ import annotations

import pytest

from cpi_conformance.control.cockpit import Denial
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType
from cpi_conformance.control.shared import Carried
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Call, Cause, CertificateInHandshake
from cpi_conformance.verdict import Judge, OrderJudge, Severity
from fixtures.checks import check, on_profiles, row
from fixtures.cockpit import NewKey, carried_key, skip_before_key_types
from fixtures.shared import DAYS

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
    assert (instance.operation, instance.state) == ("create", "succeeded")
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
    assert (key.operation, key.state) == ("create", "succeeded")
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
    assert not held & {"certificate", "key", "certificatedetails"}, "a key of type ClientId/Secret holds a certificate"
    assert credentials.clientid.startswith("sb-"), "the clientid does not begin with sb-"


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-04", "the url of the credentials is the runtime's", steps=("1.basic.1", "1.basic.2a"))
def test_url(created_oauthcpikey: Carried, lifecycle: Lifecycle, landscape: Landscape, order_judge: OrderJudge) -> None:
    """Accepted: url names the host of the runtime, without a path; the path comes from the flow.

    Source: SAP help 0fc1446; whitepaper, chapter 1, Basic authentication in Postman.
    """
    credentials = carried_key(created_oauthcpikey, order_judge, lifecycle).credentials
    port = "" if landscape.port == 443 else f":{landscape.port}"
    assert credentials.url == f"https://{landscape.host}{port}", "url is not that of runtime.host in the landscape file"


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
    lifecycle: Lifecycle,
    basic_call: Call,
    landscape: Landscape,
    judge: Judge,
) -> None:
    """Refused at authentication: a key that was accepted is refused once it is deleted, within the given delay.

    Source: SAP help 19af5e2: who deletes a key takes away the access.
    """
    delay = landscape.expectations.key_delay
    key = new_key(KeyOrder(oauth_instance))
    with_key = basic_call.but(authorization=key.basic)
    judge.accepted(with_key.call, within=delay)
    lifecycle.cloud.delete_key(key.key.guid)
    judge.refused(with_key, Cause.UNAUTHENTICATED, within=delay)


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-07", "a deleted key is gone", steps=KEY)
def test_deleted_key_is_gone(oauth_instance: ServiceInstance, lifecycle: Lifecycle, order_judge: OrderJudge) -> None:
    """Accepted: after a deletion that is reported as done nothing lists the key, and its name is free again.

    Source: Cloud Foundry API v3, service credential bindings.
    """
    first = order_judge.granted(KeyOrder(oauth_instance, name="comes-and-goes")).outcome
    assert isinstance(first, ServiceKey)
    lifecycle.cloud.delete_key(first.guid)
    listed = lifecycle.cloud.keys(instances=[oauth_instance], names=[first.name])
    assert not listed, "the key is listed although its deletion is reported as done"
    second = order_judge.granted(KeyOrder(oauth_instance, name="comes-and-goes")).outcome
    assert isinstance(second, ServiceKey)
    lifecycle.cloud.delete_key(second.guid)


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
    credentials = carried_key(created_certificate, order_judge, lifecycle).credentials
    assert {"certificate", "key", "certificatedetails"} <= credentials.fields, "a field of the credentials is missing"
    assert "clientsecret" not in credentials.fields, "a key of type Certificate holds a clientsecret"
    leaf, details = credentials.certificates[0], credentials.certificate_details
    assert details is not None
    assert credentials.credential().certificate == leaf, "the private key is not that of the certificate"
    assert details.validuntil == leaf.not_valid_after_utc, "validuntil is not that of the certificate"
    assert int(details.serialnumber, 16) == leaf.serial_number, "serialnumber is not that of the certificate"
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
