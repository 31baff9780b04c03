"""The trial account: how it is told, and what the whitepaper's fourth error is about."""

from __future__ import annotations

import pytest

from cpi_conformance.control.content import Content
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import TokenOrder
from cpi_conformance.control.shared import Carried
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.landscape import Landscape
from cpi_conformance.landscape.edition import SAP_KEY_PAIR, edition_seen
from cpi_conformance.sender import Bearer, Call, Cause, CertificateInHandshake, Presentation
from cpi_conformance.verdict import Judge, OrderJudge
from fixtures.checks import check, on_profiles
from fixtures.cockpit import carried_key
from fixtures.shown import Shown

TRIAL = ("3.error.4",)


def judge_certificate(landscape: Landscape, twin: Call, certificate: Presentation, judge: Judge) -> None:
    """What the landscape says that a certificate gets at the runtime of a trial tenant."""
    deviation = twin.but(identity=certificate)
    if landscape.expectations.trial_certificate == "accepted":
        judge.accepted(deviation.call)
    else:
        judge.refused(deviation, Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current", "trial")
@check("TRIAL-01", "host name and keystore tell the same edition", steps=TRIAL)
def test_edition(content: Content, landscape: Landscape, shown: Shown) -> None:
    """Accepted: the landscape is what its file says, by the form of its host name and by SAP's own key pair.

    Source: SAP help 4ec6192; host names of trial tenants.
    """
    there = content.tenant.keystore_entry(SAP_KEY_PAIR) is not None
    seen = shown("edition", edition_seen(landscape.host, has_sap_key_pair=there))
    wrong = seen.wrong(landscape.edition)
    assert wrong is None, wrong


@pytest.mark.usefixtures("trial_edition")
@on_profiles("trial")
@check("TRIAL-10", "error 4: the client certificate at the runtime of a trial", steps=TRIAL)
def test_certificate(basic_call: Call, certificate_call: Call, landscape: Landscape, judge: Judge) -> None:
    """Refused at authentication, while Basic is accepted: client certificates are not supported on a trial.

    A trial tenant of August 2026 accepted one all the same; the landscape file says what is expected.

    Source: whitepaper, troubleshooting, error 4; SAP help 4ec6192.
    """
    judge_certificate(landscape, basic_call, certificate_call.certificate, judge)


@pytest.mark.usefixtures("trial_edition")
@on_profiles("trial")
@check("TRIAL-11", "a certificate that the token server of a trial takes, at its runtime", steps=TRIAL)
def test_certificate_that_gets_a_token(
    created_certificate: Carried,
    lifecycle: Lifecycle,
    anonymous_call: Call,
    landscape: Landscape,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication, while the token that the same certificate gets opens the flow.

    Source: SAP tutorial btp-integration-suite-oauth-client-certificate (on trial); whitepaper, error 4.
    """
    key = carried_key(created_certificate, order_judge, lifecycle)
    token = order_judge.granted(TokenOrder(key.credentials, presented=key.credentials.credential())).outcome
    assert isinstance(token, Token)
    twin = anonymous_call.but(authorization=Bearer(token.access_token)).call
    judge_certificate(landscape, twin, CertificateInHandshake(key.pfx), judge)
