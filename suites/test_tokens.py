"""Access tokens for a service key: by its secret, by its certificate, and what the runtime makes of them."""

from __future__ import annotations

import pytest

from cpi_conformance.certificates import PfxFile, open_pfx
from cpi_conformance.control.cockpit import Denial
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import DEFAULT_ROLE, KeyOrder, TokenOrder
from cpi_conformance.control.shared import Carried
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.sender import Bearer, Call, Cause
from cpi_conformance.verdict import Judge, OrderJudge
from fixtures.checks import check, on_profiles, row
from fixtures.cockpit import CreatedKey, NewKey, carried_key

SECRET = ("1.instance.15", "1.instance.16")
CERTIFICATE = ("2.mapping.15", "2.mapping.16")


@pytest.fixture
def secret_key(created_oauthcpikey: Carried, order_judge: OrderJudge, lifecycle: Lifecycle) -> CreatedKey:
    """The whitepaper's key ``oauthcpikey``."""
    return carried_key(created_oauthcpikey, order_judge, lifecycle)


@pytest.fixture
def by_secret(secret_key: CreatedKey) -> TokenOrder:
    """The order for a token with the key's own secret."""
    return TokenOrder(secret_key.credentials, secret=secret_key.credentials.clientsecret)


@pytest.fixture
def by_certificate(created_certificate: Carried, order_judge: OrderJudge, lifecycle: Lifecycle) -> TokenOrder:
    """The order for a token with the certificate that SAP has made for a key."""
    key = carried_key(created_certificate, order_judge, lifecycle)
    return TokenOrder(key.credentials, presented=key.credentials.credential())


def carries_the_role(token: Token) -> bool:
    """Scopes are prefixed with the application's name."""
    return any(scope.endswith(f".{DEFAULT_ROLE}") for scope in token.scopes)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-01", "a token by clientid and clientsecret", steps=SECRET)
def test_by_secret(by_secret: TokenOrder, order_judge: OrderJudge) -> None:
    """Accepted: the token server issues a token, and it carries the role of the instance as its scope.

    Source: SAP help 0fc1446; XSUAA, client credentials.
    """
    token = order_judge.granted(by_secret).outcome
    assert isinstance(token, Token)
    assert carries_the_role(token), "the token does not carry the role ESBMessaging.send"


@on_profiles("current", "trial")
@check("TOKEN-02", "a token by the certificate that SAP has made", steps=CERTIFICATE)
def test_by_certificate(by_certificate: TokenOrder, order_judge: OrderJudge) -> None:
    """Accepted: the certificate in the handshake and the clientid in the form; also on a trial.

    Source: SAP help 0fc1446; SAP tutorial btp-integration-suite-oauth-client-certificate (on trial).
    """
    token = order_judge.granted(by_certificate).outcome
    assert isinstance(token, Token)
    assert carries_the_role(token), "the token does not carry the role ESBMessaging.send"


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-03", "the token opens the flow", steps=("1.basic.2b", "1.basic.2d"))
def test_token_opens_the_flow(
    by_secret: TokenOrder, anonymous_call: Call, order_judge: OrderJudge, judge: Judge
) -> None:
    """Accepted: the runtime takes the access token in place of the credentials.

    Source: SAP help 4ec6192 (OAuth with client credentials).
    """
    token = order_judge.granted(by_secret).outcome
    assert isinstance(token, Token)
    judge.accepted(anonymous_call.but(authorization=Bearer(token.access_token)).call)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-04", "a token with a letter changed opens nothing", steps=("1.basic.2b",))
def test_damaged_token(by_secret: TokenOrder, anonymous_call: Call, order_judge: OrderJudge, judge: Judge) -> None:
    """Refused at authentication: a token counts only with its issuer's signature.

    Source: RFC 7515, section 5.2.
    """
    token = order_judge.granted(by_secret).outcome
    assert isinstance(token, Token)
    twin = anonymous_call.but(authorization=Bearer(token.access_token)).call
    damaged = Bearer(token.access_token.changed(_with_another_signature))
    judge.refused(twin.but(authorization=damaged), Cause.UNAUTHENTICATED)


def _with_another_signature(token: str) -> str:
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[::-1]}"


@on_profiles("whitepaper", "current", "trial")
@pytest.mark.parametrize(
    "change",
    [
        row("TOKEN-10", "a token by a wrong clientsecret", lambda secret: secret[::-1], steps=SECRET),
        row("TOKEN-11", "a token by the clientsecret without its last character", lambda it: it[:-1], steps=SECRET),
    ],
)
def test_wrong_secret(by_secret: TokenOrder, change: object, order_judge: OrderJudge) -> None:
    """Refused at token: whatever is not the clientsecret to the last character gets no token.

    Source: SAP help fd5865e.
    """
    assert by_secret.secret is not None
    assert callable(change)
    order_judge.denied(by_secret.but(secret=by_secret.secret.changed(change)), Denial.TOKEN_REFUSED)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-12", "a token with the clientid alone", steps=SECRET)
def test_without_secret(by_secret: TokenOrder, order_judge: OrderJudge) -> None:
    """Refused at token: a clientid is no secret.

    Source: RFC 6749, section 4.4.
    """
    order_judge.denied(by_secret.but(secret=None), Denial.TOKEN_REFUSED)


@on_profiles("current", "trial")
@check("TOKEN-13", "a token by the certificate of somebody else", steps=CERTIFICATE)
def test_another_certificate(by_certificate: TokenOrder, spare: PfxFile, order_judge: OrderJudge) -> None:
    """Refused at token: a certificate that the load balancer trusts, but that is not the key's.

    Source: SAP help fd5865e, 0fc1446.
    """
    order_judge.denied(by_certificate.but(presented=open_pfx(spare)), Denial.TOKEN_REFUSED)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-14", "a token for a deleted key", steps=SECRET)
def test_deleted_key(
    oauth_instance: ServiceInstance,
    by_secret: TokenOrder,
    new_key: NewKey,
    lifecycle: Lifecycle,
    order_judge: OrderJudge,
) -> None:
    """Refused at token: a key that got a token gets none once it is deleted.

    Source: SAP help 19af5e2, fd5865e.
    """
    key = new_key(KeyOrder(oauth_instance))
    own = TokenOrder(key.credentials, secret=key.credentials.clientsecret)
    first = order_judge.granted(own)
    lifecycle.cloud.delete_key(key.key.guid)
    order_judge.denied_again(own, first, order_judge.placed(own), Denial.TOKEN_REFUSED)
    order_judge.granted(by_secret)
