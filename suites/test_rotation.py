"""Rotation: a new key takes over from an old one while an interface goes on calling."""

from __future__ import annotations

import pytest

from cpi_conformance.control.orders import Deletion, KeyOrder, KeyType
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Call, Cause, CertificateInHandshake, Sender
from cpi_conformance.verdict import InBetween, Judge, OrderJudge, Severity
from fixtures.checks import check, on_profiles
from fixtures.cockpit import NewKey, skip_before_key_types
from fixtures.traffic import flowing


@on_profiles("whitepaper", "current", "trial")
@check(
    "ROTATE-01",
    "rotation of a clientsecret without a refused call",
    steps=("1.instance.11", "1.instance.12", "1.basic.2b"),
    severity=Severity.CRITICAL,
)
def test_clientsecret(
    oauth_instance: ServiceInstance,
    new_key: NewKey,
    anonymous_call: Call,
    landscape: Landscape,
    sender: Sender,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication: the old key, once deleted; no call before, with the old or the new one, is refused.

    Source: SAP help 19af5e2: a service key cannot be changed, so rotation is a new key, then the deletion of the old.
    """
    delay = landscape.expectations.key_delay

    def rotation() -> InBetween:
        old = new_key(KeyOrder(oauth_instance))
        with_old = anonymous_call.but(authorization=old.basic).call
        judge.accepted(with_old, within=delay)
        with flowing(sender, with_old) as traffic:
            new = new_key(KeyOrder(oauth_instance))
            traffic.wait_for_another()
            with_new = anonymous_call.but(authorization=new.basic).call
            judge.accepted(with_new, within=delay)
            traffic.switch_to(with_new)
            order_judge.granted(Deletion(old.key))
            traffic.wait_for_another()
            judge.refused(with_new.but(authorization=old.basic), Cause.UNAUTHENTICATED, within=delay)
        return traffic.seen()

    judge.undisturbed(rotation)


@pytest.mark.usefixtures("standard_edition")
@on_profiles("current")
@check(
    "ROTATE-02",
    "rotation of a client certificate without a refused call",
    steps=("2.mapping.14", "2.mapping.16"),
    severity=Severity.CRITICAL,
)
def test_certificate(
    oauth_instance: ServiceInstance,
    new_key: NewKey,
    anonymous_call: Call,
    landscape: Landscape,
    sender: Sender,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication: the old certificate, once its key is deleted; no call before is refused.

    Source: SAP help 19af5e2, ae419b6.
    """
    skip_before_key_types(landscape)
    delay = landscape.expectations.key_delay

    def rotation() -> InBetween:
        old = new_key(KeyOrder(oauth_instance, KeyType.CERTIFICATE))
        from_old = CertificateInHandshake(old.pfx)
        with_old = anonymous_call.but(certificate=from_old).call
        judge.accepted(with_old, within=delay)
        with flowing(sender, with_old) as traffic:
            new = new_key(KeyOrder(oauth_instance, KeyType.CERTIFICATE))
            traffic.wait_for_another()
            with_new = anonymous_call.but(certificate=CertificateInHandshake(new.pfx)).call
            judge.accepted(with_new, within=delay)
            traffic.switch_to(with_new)
            order_judge.granted(Deletion(old.key))
            traffic.wait_for_another()
            judge.refused(with_new.but(certificate=from_old), Cause.UNAUTHENTICATED, within=delay)
        return traffic.seen()

    judge.undisturbed(rotation)
