"""A channel with CSRF protection: the token is fetched first, and belongs to its session and flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cpi_conformance.sender import FETCH_CSRF_TOKEN, Call, Cause, CsrfToken, Expected
from cpi_conformance.verdict import Judge, NotProven
from fixtures.checks import check, on_profiles, row
from fixtures.flows import CallOf, OwnFlow

pytestmark = on_profiles("whitepaper", "current", "trial")

CHANNEL = ("1.flow.14",)
"""Where the whitepaper's channel has the tick for CSRF protection, which its flow goes without."""


@pytest.fixture
def fetch_call(csrf_flow: OwnFlow, call_of: CallOf) -> Call:
    """The call that fetches a token; the answer has no body, because the flow does not run."""
    return replace(call_of(csrf_flow), csrf=FETCH_CSRF_TOKEN, expects=Expected(200, ""))


@pytest.fixture
def token(fetch_call: Call, judge: Judge) -> CsrfToken:
    """A token with the cookies of its session, whatever else the answer to the fetch holds."""
    brought = judge.needed(replace(fetch_call, expects=Expected(200))).response.csrf
    if brought is None:
        raise NotProven("what the check needs was not there: the answer to a fetch brings no CSRF token")
    return brought


@pytest.fixture
def writing_call(csrf_flow: OwnFlow, call_of: CallOf, token: CsrfToken) -> Call:
    """A POST with token and cookies. It must be accepted."""
    return replace(call_of(csrf_flow), method="POST", csrf=token)


@check("CSRF-01", "a token is fetched without running the flow", steps=CHANNEL)
def test_fetch(fetch_call: Call, judge: Judge) -> None:
    """Accepted: GET with X-CSRF-Token: Fetch brings token and cookies, and the flow is not executed.

    Source: SAP help 0ae4a78.
    """
    answer = judge.accepted(fetch_call).response
    assert answer.csrf is not None, "the answer brings no CSRF token"
    assert answer.csrf.cookies is not None, "the answer brings no cookie for the session of the token"


@check("CSRF-02", "a POST with the token that was fetched", steps=CHANNEL)
def test_with_token(writing_call: Call, judge: Judge) -> None:
    """Accepted: token and cookies together open the flow.

    Source: SAP help 0ae4a78.
    """
    judge.accepted(writing_call)


@check("CSRF-03", "a GET without a token", steps=CHANNEL)
def test_reading(csrf_flow: OwnFlow, call_of: CallOf, judge: Judge) -> None:
    """Accepted: what only reads needs no token.

    Source: observed on a tenant, August 2026.
    """
    judge.accepted(call_of(csrf_flow))


Change = Callable[[CsrfToken], CsrfToken]


@pytest.mark.parametrize(
    "change",
    [
        row("CSRF-10", "a POST without a token", lambda it: CsrfToken(), steps=CHANNEL),
        row("CSRF-11", "a POST with the token but without its cookies", lambda it: CsrfToken(it.token), steps=CHANNEL),
        row(
            "CSRF-12",
            "a POST with the cookies but without the token",
            lambda it: CsrfToken(None, it.cookies),
            steps=CHANNEL,
        ),
        row(
            "CSRF-13",
            "a POST with another token",
            lambda it: CsrfToken(it.token and it.token.changed(lambda text: text[::-1]), it.cookies),
            steps=CHANNEL,
        ),
    ],
)
def test_without(writing_call: Call, change: Change, judge: Judge) -> None:
    """Refused at csrf: right credentials alone do not write to a protected channel.

    Source: SAP help 0ae4a78; observed on a tenant, August 2026.
    """
    judge.refused(writing_call.but(csrf=change(writing_call.csrf)), Cause.CSRF_TOKEN_REQUIRED)


@check("CSRF-14", "the whitepaper's flow takes a POST without a token", steps=CHANNEL)
def test_unprotected(own_flow: OwnFlow, call_of: CallOf, judge: Judge) -> None:
    """Accepted: without the tick in its channel a flow asks for no token.

    Source: whitepaper, chapter 1, step 14; SAP help 0ae4a78.
    """
    judge.accepted(replace(call_of(own_flow), method="POST"))
