"""Basic authentication with the clientid and clientsecret of a service key."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from cpi_conformance.landscape import FlowUnderTest, Landscape
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    TLS_1_2,
    TLS_1_3,
    TLS_ANY,
    Authorization,
    Basic,
    Call,
    Cause,
    CredentialsInQuery,
    NoAuthorization,
    RawAuthorization,
    Sender,
    TlsRange,
)
from cpi_conformance.verdict import Judge, Severity
from fixtures.checks import check, on_profiles, row
from fixtures.service_keys import KeyOf

POSTMAN = ("1.basic.2", "1.basic.2b", "1.basic.2c", "1.basic.2d")
CLIENTID = ("1.instance.15", "1.basic.2b")
CLIENTSECRET = ("1.instance.16", "1.basic.2b")

WRONG_ATTEMPTS = 5
"""After so many in a row locks usually close."""

Change = Callable[[str], str]


@on_profiles("whitepaper", "current", "trial")
@pytest.mark.parametrize(
    "tls",
    [
        row("BASIC-01", "clientid and clientsecret on TLS 1.2", TLS_1_2, steps=POSTMAN, severity=Severity.BLOCKER),
        row("BASIC-02", "clientid and clientsecret on TLS 1.3", TLS_1_3, steps=POSTMAN, severity=Severity.BLOCKER),
    ],
)
def test_accepted(basic_call: Call, tls: TlsRange, judge: Judge) -> None:
    """Accepted: the service key's credentials open the flow, whichever current TLS version is spoken.

    Source: whitepaper, chapter 1; SAP help 7895724 (TLS 1.2 and 1.3 inbound).
    """
    judge.accepted(basic_call.but(tls=tls).call)


@on_profiles("whitepaper", "current", "trial")
@check("BASIC-03", "the flow's answer, to the letter", steps=("1.flow.19", "1.basic.2d"), severity=Severity.BLOCKER)
def test_answer(basic_call: Call, flow: FlowUnderTest, judge: Judge) -> None:
    """Accepted: the body is exactly the flow's, so that a login page or another flow is not taken for it.

    Source: whitepaper, chapter 1, step 19.
    """
    if flow.body is None:
        pytest.skip("configuration: the landscape file does not give flows.body")
    judge.accepted(basic_call)


@check("BASIC-04", "the scheme 'basic' in lower case", steps=POSTMAN, severity=Severity.MINOR)
def test_scheme_in_lower_case(basic_call: Call, oauthcpikey: Basic, judge: Judge) -> None:
    """Accepted: the name of an authentication scheme has no letter case.

    Source: RFC 9110, section 11.1.
    """
    lower = Basic(oauthcpikey.clientid, oauthcpikey.clientsecret, scheme="basic")
    judge.accepted(basic_call.but(authorization=lower).call)


@check("BASIC-05", "credentials that hold ! | $ =", steps=(*CLIENTID, *CLIENTSECRET))
def test_special_characters(basic_call: Call, oauthcpikey: Basic, judge: Judge) -> None:
    """Accepted: the characters of real credentials reach the tenant as they are.

    ``!`` and ``|`` are in every clientid, ``$`` and ``=`` in every clientsecret.

    Source: whitepaper, screens of steps 15 and 16; Cloud Foundry service key JSON.
    """
    if not _holds_the_usual_characters(oauthcpikey):
        pytest.skip("configuration: the clientid or clientsecret of service_keys.sender lacks these characters")
    judge.accepted(basic_call)


def _holds_the_usual_characters(key: Basic) -> bool:
    return set("!|") <= set(key.clientid) and set("$=") <= set(key.clientsecret.reveal())


@check(
    "BASIC-06",
    "the endpoint is the host's /http/ and the channel's address",
    steps=("1.flow.14", "1.basic.1", "1.basic.2a"),
)
def test_endpoint(basic_call: Call, landscape: Landscape, judge: Judge) -> None:
    """Accepted: each flow of the landscape answers under ``/http`` and the address of its channel.

    Source: whitepaper, chapter 1, step 14; SAP help 0ae4a78.
    """
    for flow in landscape.flows:
        assert flow.path == f"/http{flow.address}"
        judge.accepted(basic_call if flow.path == basic_call.path else basic_call.but(path=flow.path).call)


@pytest.mark.parametrize(
    "change",
    [
        row("BASIC-10", "a wrong clientsecret", lambda secret: secret[::-1], steps=CLIENTSECRET),
        row("BASIC-11", "the clientsecret without its last character", lambda secret: secret[:-1], steps=CLIENTSECRET),
        row("BASIC-19", "the clientsecret with a blank in front", lambda secret: f" {secret}", steps=CLIENTSECRET),
        row("BASIC-12", "the clientsecret with a blank behind", lambda secret: f"{secret} ", steps=CLIENTSECRET),
        row("BASIC-13", "the clientsecret with a line feed behind", lambda secret: f"{secret}\n", steps=CLIENTSECRET),
        row("BASIC-14", "the clientsecret with its quotation marks", lambda secret: f'"{secret}"', steps=CLIENTSECRET),
        row("BASIC-15", "the clientsecret URL-encoded", lambda secret: quote(secret, safe=""), steps=CLIENTSECRET),
        row("BASIC-16", "the clientsecret in the other letter case", str.swapcase, steps=CLIENTSECRET),
        row("BASIC-17", "an empty clientsecret", lambda secret: "", steps=CLIENTSECRET),
        row(
            "BASIC-18", "the part of the clientsecret before $", lambda secret: secret.split("$")[0], steps=CLIENTSECRET
        ),
    ],
)
def test_wrong_clientsecret(basic_call: Call, oauthcpikey: Basic, change: Change, judge: Judge) -> None:
    """Refused at authentication: whatever is not the clientsecret to the last character opens nothing.

    Source: whitepaper, chapter 1, step 16; SAP KBA 3592653.
    """
    wrong = oauthcpikey.with_clientsecret(change)
    if wrong == oauthcpikey:
        pytest.skip("configuration: this change leaves the clientsecret of service_keys.sender as it is")
    judge.refused(basic_call.but(authorization=wrong), Cause.UNAUTHENTICATED)


@pytest.mark.parametrize(
    "change",
    [
        row("BASIC-20", "a clientid that no key has", lambda clientid: clientid.replace("sb-", "sb-0"), steps=CLIENTID),
        row(
            "BASIC-21",
            "the clientid without the part behind |",
            lambda clientid: clientid.split("|")[0],
            steps=CLIENTID,
        ),
        row("BASIC-22", "the clientid without sb-", lambda clientid: clientid.removeprefix("sb-"), steps=CLIENTID),
        row("BASIC-23", "the clientid with its quotation marks", lambda clientid: f'"{clientid}"', steps=CLIENTID),
        row("BASIC-24", "the clientid with a blank behind", lambda clientid: f"{clientid} ", steps=CLIENTID),
        row("BASIC-25", "the clientid URL-encoded", lambda clientid: quote(clientid, safe=""), steps=CLIENTID),
        row("BASIC-26", "the clientid in the other letter case", str.swapcase, steps=CLIENTID),
        row("BASIC-27", "an empty clientid", lambda clientid: "", steps=CLIENTID),
    ],
)
def test_wrong_clientid(basic_call: Call, oauthcpikey: Basic, change: Change, judge: Judge) -> None:
    """Refused at authentication: whatever is not the clientid to the last character opens nothing.

    Source: whitepaper, chapter 1, step 15; trailing characters copied along are a known fault in the field.
    """
    wrong = oauthcpikey.with_clientid(change)
    if wrong == oauthcpikey:
        pytest.skip("configuration: this change leaves the clientid of service_keys.sender as it is")
    judge.refused(basic_call.but(authorization=wrong), Cause.UNAUTHENTICATED)


def _pair(key: Basic) -> str:
    return f"{key.clientid}:{key.clientsecret.reveal()}"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "malformed",
    [
        row("BASIC-30", "nothing sent", lambda key: NoAuthorization(), steps=POSTMAN),
        row(
            "BASIC-31",
            "clientid and clientsecret swapped",
            lambda key: RawAuthorization(Secret(f"Basic {_encoded(f'{key.clientsecret.reveal()}:{key.clientid}')}")),
            steps=(*CLIENTID, *CLIENTSECRET),
        ),
        row("BASIC-32", "the credentials in the query", CredentialsInQuery, steps=("1.basic.2b",)),
        row(
            "BASIC-33",
            "an Authorization header that is not base64",
            lambda key: RawAuthorization(Secret(f"Basic {_pair(key)}")),
            steps=("1.basic.2b",),
        ),
        row(
            "BASIC-34",
            "an Authorization header without a colon",
            lambda key: RawAuthorization(Secret(f"Basic {_encoded(_pair(key).replace(':', ''))}")),
            steps=("1.basic.2b",),
        ),
        row(
            "BASIC-35",
            "an Authorization header without a scheme",
            lambda key: RawAuthorization(Secret(_encoded(_pair(key)))),
            steps=("1.basic.2b",),
        ),
        row(
            "BASIC-36",
            "the credentials under the scheme Bearer",
            lambda key: RawAuthorization(Secret(f"Bearer {_encoded(_pair(key))}")),
            steps=("1.basic.2b",),
        ),
    ],
)
def test_not_sent_as_they_must_be(
    basic_call: Call, oauthcpikey: Basic, malformed: Callable[[Basic], Authorization], judge: Judge
) -> None:
    """Refused at authentication: right credentials that are not in a well-formed Basic header count for nothing.

    Source: RFC 7617, section 2; SAP help 0ae4a78.
    """
    judge.refused(basic_call.but(authorization=malformed(oauthcpikey)), Cause.UNAUTHENTICATED)


@pytest.mark.parametrize(
    "part",
    [
        row("BASIC-40", "the credentials of a deleted key", "deleted", steps=CLIENTID),
        row("BASIC-41", "the credentials of a key of the plan api", "api_plan", steps=("1.instance.15",)),
    ],
)
def test_key_that_senders_may_not_use(basic_call: Call, key_of: KeyOf, part: str, judge: Judge) -> None:
    """Refused at authentication: a key must exist, and belong to the plan *integration-flow*.

    Source: SAP help 0fc1446 and 19af5e2.
    """
    judge.refused(basic_call.but(authorization=key_of(part)), Cause.UNAUTHENTICATED)


@check("BASIC-42", "a key whose instance lacks the flow's role", steps=("1.instance.15", "1.basic.2c"))
def test_role_missing(basic_call: Call, landscape: Landscape, judge: Judge) -> None:
    """Refused at authorization: who is known but lacks the user role of the channel gets 403, not 401.

    Source: SAP help 4ec6192; SAP notes 2354728 and 2600568.
    """
    judge.refused(basic_call.but(authorization=landscape.service_key("without_role")), Cause.ROLE_MISSING)


@check("BASIC-50", "no answer over plain HTTP", steps=("1.basic.2a",), severity=Severity.BLOCKER)
def test_plain_http(basic_call: Call, judge: Judge) -> None:
    """Refused at protocol: without TLS nobody answers.

    The sender withholds the credentials on such a connection.
    Source: whitepaper, chapter 1: the endpoint is an https address.
    """
    judge.refused(basic_call.but(scheme="http"), Cause.PLAIN_HTTP)


@pytest.mark.parametrize(
    "tls",
    [
        row("BASIC-51", "a wrong clientsecret on TLS 1.2", TLS_1_2, steps=CLIENTSECRET),
        row("BASIC-52", "a wrong clientsecret on TLS 1.3", TLS_1_3, steps=CLIENTSECRET),
        row("BASIC-53", "a wrong clientsecret on the TLS version that is agreed", TLS_ANY, steps=CLIENTSECRET),
    ],
)
@on_profiles("whitepaper", "current", "trial")
def test_wrong_clientsecret_on_each_tls_version(
    basic_call: Call, oauthcpikey: Basic, tls: TlsRange, judge: Judge
) -> None:
    """Refused at authentication, whichever current TLS version is spoken.

    Source: SAP help 7895724 (TLS 1.2 and 1.3 inbound).
    """
    twin = basic_call.but(tls=tls).call
    judge.refused(
        twin.but(authorization=oauthcpikey.with_clientsecret(lambda secret: secret[::-1])), Cause.UNAUTHENTICATED
    )


@check("BASIC-43", "the clientsecret of another key", steps=CLIENTSECRET)
def test_clientsecret_of_another_key(basic_call: Call, oauthcpikey: Basic, landscape: Landscape, judge: Judge) -> None:
    """Refused at authentication: a clientsecret opens the flow only together with its own clientid.

    Source: whitepaper, chapter 1, steps 15 and 16.
    """
    other = Basic(oauthcpikey.clientid, landscape.service_key("without_role").clientsecret)
    judge.refused(basic_call.but(authorization=other), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current", "trial")
@check("BASIC-60", "the key is still accepted after five wrong clientsecrets in a row", steps=POSTMAN)
def test_still_accepted(basic_call: Call, oauthcpikey: Basic, sender: Sender, judge: Judge) -> None:
    """Accepted: wrong attempts close no lock, so no refusal of this suite came from one.

    Source: a refusal proves something only while its twin is accepted.
    """
    wrong = oauthcpikey.with_clientsecret(lambda secret: secret[::-1])
    for _ in range(WRONG_ATTEMPTS):
        sender.send(basic_call.but(authorization=wrong).call)
    judge.accepted(basic_call)
