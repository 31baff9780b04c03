"""The service key that stands for a client certificate: the field X.509, and what it holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cpi_conformance.certificates import Credential, PfxFile, one_line, open_pfx, pem
from cpi_conformance.control.cockpit import Denied, Granted
from cpi_conformance.control.denials import OUTAGES, Denial
from cpi_conformance.control.orders import Deletion, InstanceOrder, KeyOrder, KeyType
from cpi_conformance.control.shared import Carried
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Call, Cause, CertificateInHandshake
from cpi_conformance.verdict import Judge, OrderJudge, Severity
from fixtures.certificates import private_key_pem, signing_request_pem
from fixtures.checks import check, on_profiles, row
from fixtures.cockpit import Attempt, NewKey, granted
from fixtures.shared import disagreements

WIZARD = ("2.mapping.4", "2.mapping.9", "2.mapping.10")
FIELD = ("2.mapping.13", "2.mapping.13a", "2.mapping.13b")
KEY = ("2.mapping.14", "2.mapping.15")


@on_profiles("whitepaper", "current", "trial")
@check("KEYS-40", "the instance clientcertificate reaches create succeeded", steps=WIZARD, severity=Severity.BLOCKER)
def test_instance(clientcertificate: Carried, order_judge: OrderJudge) -> None:
    """Accepted: the instance for certificates is created, with the grant type of the landscape's generation.

    Source: whitepaper, chapter 2, mapping; SAP help 19af5e2.
    """
    instance = order_judge.carried_out(clientcertificate.order, clientcertificate.reply).outcome
    assert isinstance(instance, ServiceInstance)
    assert (instance.operation, instance.state) == ("create", "succeeded"), "the instance is not create succeeded"


@pytest.mark.usefixtures("borrowed")
@on_profiles("whitepaper", "current", "trial")
@check("KEYS-41", "credentials of a key with a certificate from outside", steps=(*FIELD, *KEY))
def test_credentials(one_line_order: KeyOrder, new_key: NewKey, spare: PfxFile, order_judge: OrderJudge) -> None:
    """Accepted: the leaf on one line; the credentials hold that certificate, and no private key and no secret.

    Source: whitepaper, chapter 2, steps 13 to 15; SAP help 0fc1446.
    """
    key = new_key(one_line_order, order_judge)
    held = key.credentials.fields
    assert not held & {"key", "clientsecret"}, "a key with a certificate from outside holds a private key or a secret"
    assert not disagreements(key.credentials), "certificatedetails are not those of the certificate"
    assert key.credentials.certificates == (open_pfx(spare).certificate,), "the credentials hold another certificate"


@pytest.mark.usefixtures("standard_edition", "borrowed")
@on_profiles("whitepaper", "current")
@check("KEYS-42", "the key is what lets the certificate in", steps=("2.mapping.16",), severity=Severity.BLOCKER)
def test_mapping_decides(
    one_line_order: KeyOrder,
    spare: PfxFile,
    certificate_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
    new_key: NewKey,
) -> None:
    """Refused at authentication before the key is created and after it is deleted; accepted in between.

    Source: whitepaper, chapter 2, step 16; SAP help 19af5e2.
    """
    delay = landscape.expectations.key_delay
    with_spare = certificate_call.but(certificate=CertificateInHandshake(spare))
    judge.refused(with_spare, Cause.UNAUTHENTICATED, within=delay)
    key = new_key(one_line_order)
    judge.accepted(with_spare.call, within=delay)
    order_judge.granted(Deletion(key.key))
    judge.refused(with_spare, Cause.UNAUTHENTICATED, within=delay)


Form = Callable[[Credential], str]


@pytest.mark.usefixtures("borrowed_if_taken")
@on_profiles("whitepaper", "current", "trial")
@pytest.mark.parametrize(
    ("name", "form"),
    [
        row("KEYS-43", "the field X.509 with line feeds", "line_feeds", lambda it: pem([it.certificate]), steps=FIELD),
        row(
            "KEYS-44",
            "the field X.509 with line feeds written as two characters",
            "literal_line_feeds",
            lambda it: pem([it.certificate]).replace("\n", "\\n"),
            steps=FIELD,
        ),
        row(
            "KEYS-45",
            "the field X.509 with the whole chain",
            "chain",
            lambda it: "".join(one_line(each) for each in (it.certificate, *it.issuers)),
            steps=FIELD,
        ),
        row(
            "KEYS-46",
            "the field X.509 without the last dashes",
            "lost_dashes",
            lambda it: one_line(it.certificate).removesuffix("-----"),
            steps=FIELD,
        ),
    ],
)
def test_forms_of_the_field(
    one_line_order: KeyOrder,
    spare: PfxFile,
    name: str,
    form: Form,
    landscape: Landscape,
    anonymous_call: Call,
    new_key: NewKey,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at broker, unless the landscape file says that the field takes this form; then the key must work.

    Source: whitepaper, chapter 2, step 13; SAP help ae419b6 (one line, leaf only).
    """
    deviation = one_line_order.but(x509=form(open_pfx(spare)))
    if name not in landscape.expectations.x509_field_takes:
        order_judge.denied(deviation, Denial.BROKER_REFUSED)
        return
    assert isinstance(deviation.order, KeyOrder)
    new_key(deviation.order, order_judge)
    if landscape.edition == "standard":
        call = anonymous_call.but(certificate=CertificateInHandshake(spare)).call
        judge.accepted(call, within=landscape.expectations.key_delay)


@on_profiles("whitepaper", "current", "trial")
@pytest.mark.parametrize(
    "form",
    [
        row("KEYS-47", "a signing request in the field X.509", signing_request_pem, steps=FIELD),
        row("KEYS-48", "a private key in the field X.509", private_key_pem, steps=FIELD),
        row(
            "KEYS-53",
            "a private key behind the certificate in the field X.509",
            lambda it: one_line(it.certificate) + private_key_pem(it),
            steps=FIELD,
        ),
        row("KEYS-49", "an empty field X.509", lambda it: "", steps=FIELD),
        row(
            "KEYS-50",
            "a certificate with a letter missing in the field X.509",
            lambda it: _without_a_letter(one_line(it.certificate)),
            steps=FIELD,
        ),
    ],
)
def test_what_is_no_certificate(one_line_order: KeyOrder, spare: PfxFile, form: Form, order_judge: OrderJudge) -> None:
    """Refused at broker: the field takes a certificate; what only looks like one maps nobody.

    Source: SAP help ae419b6.
    """
    order_judge.denied(one_line_order.but(x509=form(open_pfx(spare))), Denial.BROKER_REFUSED)


def _without_a_letter(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + text[middle + 1 :]


@pytest.mark.usefixtures("standard_edition", "borrowed")
@on_profiles("whitepaper", "current")
@check("KEYS-51", "the same certificate in a second key", steps=("2.mapping.14", "2.mapping.16"))
def test_certificate_in_two_keys(
    one_line_order: KeyOrder,
    spare: PfxFile,
    certificate_call: Call,
    landscape: Landscape,
    new_key: NewKey,
    attempt: Attempt,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at broker when the second key is created, or at authentication afterwards: never let in by two keys.

    Source: SAP help 19af5e2 (once across all instances); SAP KBA 3364579 (clones).
    """
    delay = landscape.expectations.key_delay
    with_spare = certificate_call.but(certificate=CertificateInHandshake(spare))
    first = new_key(one_line_order)
    judge.needed(with_spare.call, within=delay)
    second = attempt(one_line_order)
    if isinstance(second, Granted):
        judge.refused(with_spare, Cause.UNAUTHENTICATED, within=delay)
    else:
        order_judge.denied_again(one_line_order, first.granted, Denial.BROKER_REFUSED, again=second)
        judge.accepted(with_spare.call)


@pytest.mark.usefixtures("standard_edition", "borrowed")
@on_profiles("whitepaper", "current")
@check("KEYS-52", "the same certificate in a key of another instance", steps=("2.mapping.14", "2.mapping.16"))
def test_certificate_in_two_instances(
    one_line_order: KeyOrder,
    clientcertificate: Carried,
    spare: PfxFile,
    certificate_call: Call,
    landscape: Landscape,
    new_key: NewKey,
    attempt: Attempt,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at broker when the second key is created, or at authentication afterwards, also across instances.

    Source: SAP help 19af5e2 (once across all instances); SAP KBA 3364579 (clones).
    """
    delay = landscape.expectations.key_delay
    with_spare = certificate_call.but(certificate=CertificateInHandshake(spare))
    assert isinstance(clientcertificate.order, InstanceOrder)
    instance = granted(attempt(replace(clientcertificate.order, name=None))).outcome
    assert isinstance(instance, ServiceInstance)
    first = new_key(one_line_order)
    judge.needed(with_spare.call, within=delay)
    elsewhere = replace(one_line_order, instance=instance)
    second = attempt(elsewhere)
    if isinstance(second, Granted):
        judge.refused(with_spare, Cause.UNAUTHENTICATED, within=delay)
    else:
        order_judge.denied_again(elsewhere, first.granted, Denial.BROKER_REFUSED, again=second)
        judge.accepted(with_spare.call)


@pytest.mark.usefixtures("borrowed")
@on_profiles("whitepaper")
@check("KEYS-60", "client_x509 as the whitepaper uses it", steps=("2.mapping.7", "2.mapping.14"))
def test_client_x509(one_line_order: KeyOrder, new_key: NewKey, landscape: Landscape, order_judge: OrderJudge) -> None:
    """Accepted: an instance with the grant type client_x509 takes a key that has nothing but the field X.509.

    Source: whitepaper, chapter 2, step 7.
    """
    if landscape.expectations.client_x509 == "refused":
        pytest.skip("not applicable: the landscape file says that client_x509 is refused")
    assert one_line_order.key_type is KeyType.CLIENT_X509
    new_key(one_line_order, order_judge)


@on_profiles("current", "trial")
@check("KEYS-61", "client_x509 after its end", steps=("2.mapping.7",))
def test_end_of_client_x509(
    one_line_order: KeyOrder, landscape: Landscape, attempt: Attempt, order_judge: OrderJudge
) -> None:
    """Refused at broker: since January 2026 instances with client_x509 get no new service keys.

    Where not even the instance is created any more, that is the refusal.
    Source: SAP help 0a38373, What's New 72ef31d.
    """
    if landscape.expectations.client_x509 == "accepted":
        pytest.skip("not applicable: the landscape file says that client_x509 is accepted")
    with_client_x509 = InstanceOrder().but(grant_types=("client_x509",))
    instance = attempt(with_client_x509.order)
    if isinstance(instance, Denied) and instance.cause not in OUTAGES:
        order_judge.denied(with_client_x509, Denial.BROKER_REFUSED)
    else:
        order_judge.denied(one_line_order.but(instance=granted(instance).outcome), Denial.BROKER_REFUSED)
