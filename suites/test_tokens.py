"""Access tokens for a service key: by its secret, by its certificate, and what the runtime makes of them."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from cpi_conformance.certificates import PfxFile, open_pfx
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import DEFAULT_ROLE, Deletion, InstanceOrder, KeyOrder, KeyType, TokenOrder
from cpi_conformance.control.shared import Carried, SharedCreations
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Bearer, Call, Cause
from cpi_conformance.verdict import Judge, OrderJudge
from cpi_conformance.verdict.model import NOT_APPLICABLE
from fixtures.checks import check, on_profiles, row
from fixtures.cockpit import Attempt, CreatedKey, NewKey, carried_key, created, granted

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
    assert 3500 <= token.expires_in <= 3600, "the token is not valid for the hour that is the default"


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
    token = order_judge.needed(by_secret).outcome
    assert isinstance(token, Token)
    judge.accepted(anonymous_call.but(authorization=Bearer(token.access_token)).call)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-04", "a token with a letter changed opens nothing", steps=("1.basic.2b",))
def test_damaged_token(by_secret: TokenOrder, anonymous_call: Call, order_judge: OrderJudge, judge: Judge) -> None:
    """Refused at authentication: a token counts only with its issuer's signature, however well-formed another is.

    Source: RFC 7515, section 5.2.
    """
    token = order_judge.needed(by_secret).outcome
    assert isinstance(token, Token)
    twin = anonymous_call.but(authorization=Bearer(token.access_token)).call
    damaged = Bearer(token.access_token.changed(_with_another_signature))
    judge.refused(twin.but(authorization=damaged), Cause.UNAUTHENTICATED)


def _with_another_signature(token: str) -> str:
    head, _, signature = token.rpartition(".")
    middle = len(signature) // 2
    letter = "A" if signature[middle] != "A" else "B"  # at the end it might be no base64 any more
    return f"{head}.{signature[:middle]}{letter}{signature[middle + 1 :]}"


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-05", "the token is valid for as long as the instance says", steps=("1.instance.5",))
def test_validity(attempt: Attempt, new_key: NewKey, order_judge: OrderJudge) -> None:
    """Accepted: a token of an instance with a validity of two hours, with the roles of the instance and no others.

    Source: SAP help 19af5e2 (token-validity, roles).
    """
    instance = granted(attempt(InstanceOrder(token_validity=7200))).outcome
    assert isinstance(instance, ServiceInstance)
    credentials = new_key(KeyOrder(instance)).credentials
    token = order_judge.needed(TokenOrder(credentials, secret=credentials.clientsecret)).outcome
    assert isinstance(token, Token)
    assert 7100 <= token.expires_in <= 7200, "expires_in is not the token validity of the instance"
    roles = {scope.partition(".")[2] for scope in token.scopes if scope != "uaa.resource"}
    assert roles == {DEFAULT_ROLE}, "the token carries other roles than the instance"


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-06", "a token without a signature opens nothing", steps=("1.basic.2b",))
def test_unsigned_token(by_secret: TokenOrder, anonymous_call: Call, order_judge: OrderJudge, judge: Judge) -> None:
    """Refused at authentication: a token that says that it needs no signature is not believed.

    Source: RFC 8725, section 3.2.
    """
    token = order_judge.needed(by_secret).outcome
    assert isinstance(token, Token)
    twin = anonymous_call.but(authorization=Bearer(token.access_token)).call
    unsigned = Bearer(token.access_token.changed(_without_signature))
    judge.refused(twin.but(authorization=unsigned), Cause.UNAUTHENTICATED)


def _without_signature(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-20", "a token of an instance without the flow's role", steps=("1.basic.2b",))
def test_role_missing(
    by_secret: TokenOrder, landscape: Landscape, anonymous_call: Call, order_judge: OrderJudge, judge: Judge
) -> None:
    """Refused at authorization: the token is good, but its scopes lack the role of the channel.

    Source: SAP help 4ec6192.
    """
    lacking = landscape.service_key("without_role")
    own = order_judge.needed(by_secret).outcome
    there = replace(by_secret.credentials, clientid=lacking.clientid, clientsecret=lacking.clientsecret)
    other = order_judge.needed(TokenOrder(there, secret=lacking.clientsecret)).outcome
    assert isinstance(own, Token)
    assert isinstance(other, Token)
    twin = anonymous_call.but(authorization=Bearer(own.access_token)).call
    judge.refused(twin.but(authorization=Bearer(other.access_token)), Cause.ROLE_MISSING)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-21", "a token of a key of the plan api", steps=("1.basic.2b",))
def test_token_of_the_plan_api(
    by_secret: TokenOrder,
    shared: SharedCreations,
    lifecycle: Lifecycle,
    anonymous_call: Call,
    order_judge: OrderJudge,
    judge: Judge,
) -> None:
    """Refused at authentication: a token for the tenant API is issued for another application.

    Source: SAP help 0fc1446; observed scopes of both plans.
    """
    own = order_judge.needed(by_secret).outcome
    api = created(shared.carried("api-key").reply, lifecycle).credentials
    other = order_judge.needed(TokenOrder(api, secret=api.clientsecret)).outcome
    assert isinstance(own, Token)
    assert isinstance(other, Token)
    twin = anonymous_call.but(authorization=Bearer(own.access_token)).call
    judge.refused(twin.but(authorization=Bearer(other.access_token)), Cause.UNAUTHENTICATED)


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


@on_profiles("current", "trial")
@check("TOKEN-15", "a token by the certificate of another key", steps=CERTIFICATE)
def test_certificate_of_another_key(
    by_certificate: TokenOrder, oauth_instance: ServiceInstance, new_key: NewKey, order_judge: OrderJudge
) -> None:
    """Refused at token: a certificate opens only its own key, also when another key of the instance holds it.

    Source: SAP help fd5865e, 0fc1446.
    """
    other = new_key(KeyOrder(oauth_instance, KeyType.CERTIFICATE)).credentials
    if other.clientid == by_certificate.credentials.clientid:
        pytest.skip(f"{NOT_APPLICABLE}: the keys of an instance share their clientid")
    order_judge.denied(by_certificate.but(presented=other.credential()), Denial.TOKEN_REFUSED)


@on_profiles("current", "trial")
@check("TOKEN-16", "the clientid of a certificate key without its certificate", steps=CERTIFICATE)
def test_without_certificate(by_certificate: TokenOrder, order_judge: OrderJudge) -> None:
    """Refused at token: without a certificate in the handshake a clientid proves nothing.

    Source: RFC 8705, section 2.
    """
    order_judge.denied(by_certificate.but(presented=None), Denial.TOKEN_REFUSED)


@on_profiles("whitepaper", "current", "trial")
@check("TOKEN-14", "a token for a deleted key", steps=SECRET)
def test_deleted_key(
    oauth_instance: ServiceInstance,
    by_secret: TokenOrder,
    new_key: NewKey,
    landscape: Landscape,
    order_judge: OrderJudge,
) -> None:
    """Refused at token: a key that got a token gets none once it is deleted.

    Source: SAP help 19af5e2, fd5865e.
    """
    key = new_key(KeyOrder(oauth_instance))
    own = TokenOrder(key.credentials, secret=key.credentials.clientsecret)
    delay = landscape.expectations.key_delay
    first = order_judge.needed(own, within=delay)
    order_judge.granted(Deletion(key.key))
    order_judge.denied_again(own, first, Denial.TOKEN_REFUSED, within=delay)
    order_judge.needed(by_secret)
