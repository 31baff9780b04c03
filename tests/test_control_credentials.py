"""What a service key holds, in each of its three types, and the token that it is good for."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pytest_httpx import HTTPXMock

from cpi_conformance.certificates import Authority, Credential, one_line, pem
from cpi_conformance.certificates.authority import new_key
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.credentials import KeyCredentials, read_credentials
from cpi_conformance.control.errors import (
    BrokenAnswer,
    ControlError,
    NotFound,
    RateLimited,
    ServerFailure,
    TokenRefused,
    Unreachable,
)
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.wire import ServiceKey
from cpi_conformance.control.xsuaa import request_token
from cpi_conformance.secret import Secret
from tests.control_plane import API, KEYS, Pauses, errors, key, logged_in

NOW = dt.datetime(2026, 8, 20, tzinfo=dt.UTC)
AUTHORITY = Authority.root("CN=SAP Cloud Root,O=SAP SE", now=NOW).intermediate("CN=Client CA,O=SAP SE", now=NOW)
LEAF = AUTHORITY.leaf("CN=sender", not_before=NOW, not_after=NOW + dt.timedelta(days=365), key=new_key(2048))
CLIENTID = "sb-4f1e!b42|it-rt-sub!b17"
CLIENTSECRET = "9d0c$hush="
TOKENS = "https://sub.authentication.cert.example.test/oauth/token"

COMMON = {"clientid": CLIENTID, "url": "https://sub.it-cpi018-rt.example.test", "tokenurl": TOKENS}
SECRET = {**COMMON, "clientsecret": CLIENTSECRET, "createdate": "2025-07-02T00:17:31.919Z"}
DETAILS = {
    "issuerdn": "CN=Client CA,O=SAP SE",
    "subjectdn": "CN=sender",
    "validuntil": "2027-08-20T00:00:00.000Z",
    "serialnumber": "0xABCD",
}


def key_pem(credential: Credential = LEAF) -> str:
    """The private key as SAP hands it out: PKCS#1."""
    return credential.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


CHAIN = pem([LEAF.certificate, *LEAF.issuers])
CERTIFICATE = {**COMMON, "certificate": CHAIN, "key": key_pem(), "certificatedetails": DETAILS}


def escaped(text: str) -> str:
    r"""Line feeds as the two characters ``\n``."""
    return text.replace("\n", "\\n")


def held(oauth: Any) -> KeyCredentials:
    """The credentials with these fields."""
    return read_credentials({"oauth": oauth})


def test_client_secret() -> None:
    found = held(SECRET)
    assert (found.clientid, found.url, found.tokenurl) == (COMMON["clientid"], COMMON["url"], TOKENS)
    assert found.clientsecret == Secret(CLIENTSECRET)
    assert found.createdate == dt.datetime(2025, 7, 2, 0, 17, 31, 919000, tzinfo=dt.UTC)
    assert (found.certificates, found.key, found.certificate_details) == ((), None, None)
    assert found.fields == set(SECRET)
    assert "hush" not in repr(found)
    with pytest.raises(BrokenAnswer, match="no private key"):
        found.credential()


FORMS: list[Any] = [
    pytest.param(CHAIN, key_pem(), id="line feeds"),
    pytest.param(escaped(CHAIN), escaped(key_pem()), id="literal backslash n"),
    pytest.param(CHAIN.replace("\n", "\r\n"), key_pem().replace("\n", "\\r\\n"), id="carriage returns"),
    pytest.param(CHAIN.replace("\n", ""), key_pem().replace("\n", ""), id="one line"),
    pytest.param(CHAIN.replace("\n", " "), key_pem().replace("\n", " "), id="blanks"),
]


@pytest.mark.parametrize(("chain", "private"), FORMS)
def test_certificate(chain: str, private: str) -> None:
    found = held({**CERTIFICATE, "certificate": chain, "key": private})
    credential = found.credential()
    assert credential.certificate == LEAF.certificate
    assert credential.issuers == LEAF.issuers
    assert credential.key.private_numbers() == LEAF.key.private_numbers()
    assert found.certificate_details is not None
    assert found.certificate_details.validuntil == dt.datetime(2027, 8, 20, tzinfo=dt.UTC)
    assert found.certificate_details.serialnumber == "0xABCD"
    assert (found.clientsecret, found.createdate) == (None, None)
    assert "PRIVATE" not in repr(found)


def test_external_certificate() -> None:
    found = held({**COMMON, "certificate": one_line(LEAF.certificate), "certificatedetails": DETAILS})
    assert found.certificates == (LEAF.certificate,)
    assert (found.key, found.clientsecret) == (None, None)


def test_certificate_with_a_key_of_an_unknown_kind_is_passed_over() -> None:
    """What is no leaf of ours need not be understood."""
    rsa_encryption, unknown = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01017f")
    der = LEAF.certificate.public_bytes(Encoding.DER).replace(rsa_encryption, unknown)
    strange = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE-----\n"
    assert held({**CERTIFICATE, "certificate": strange + CHAIN}).credential().certificate == LEAF.certificate
    with pytest.raises(BrokenAnswer, match="none of the"):
        held({**CERTIFICATE, "certificate": strange}).credential()


def test_markers_without_an_end_are_read_once() -> None:
    """Not once for each of them: that would take minutes."""
    with pytest.raises(BrokenAnswer, match="no PEM"):
        held({**CERTIFICATE, "certificate": "-----BEGIN CERTIFICATE-----" * 20_000})


def test_leaf_is_found_wherever_it_stands() -> None:
    found = held({**CERTIFICATE, "certificate": pem([*LEAF.issuers, LEAF.certificate])})
    assert found.credential().certificate == LEAF.certificate
    assert found.credential().issuers == LEAF.issuers


STRANGE_KEYS: list[Any] = [
    pytest.param("-----BEGIN RSA PRIVATE KEY-----hush-----END RSA PRIVATE KEY-----", "no RSA or EC key", id="damaged"),
    pytest.param("hush", "no RSA or EC key", id="no PEM"),
    pytest.param(
        ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "no RSA or EC key",
        id="of another kind",
    ),
    pytest.param(key_pem(AUTHORITY.leaf("CN=x", not_before=NOW, not_after=NOW)), "none of the", id="of another"),
]


@pytest.mark.parametrize(("private", "why"), STRANGE_KEYS)
def test_strange_key(private: str, why: str) -> None:
    with pytest.raises(BrokenAnswer, match=why) as caught:
        held({**CERTIFICATE, "key": private}).credential()
    assert "hush" not in str(caught.value)


DAMAGED: list[Any] = [
    pytest.param({}, "no object called oauth", id="nothing"),
    pytest.param({"oauth": "hush"}, "no object called oauth", id="oauth is a text"),
    *(
        pytest.param({"oauth": {**SECRET, name: value}}, rf"oauth\.{name} {why}", id=f"{name} {value!r}")
        for name in ("clientid", "url", "tokenurl")
        for value, why in ((None, "is missing"), ("", "is missing"), (["hush"], "is no text"))
    ),
    pytest.param({"oauth": {**SECRET, "clientsecret": {"hush": 1}}}, r"oauth\.clientsecret is no text", id="secret"),
    pytest.param({"oauth": {**SECRET, "key": 1}}, r"oauth\.key is no text", id="key"),
    pytest.param({"oauth": {**SECRET, "createdate": "hush"}}, r"oauth\.createdate is no date", id="createdate"),
    pytest.param({"oauth": {**SECRET, "certificate": "hush"}}, r"oauth\.certificate is no PEM", id="certificate"),
    pytest.param({"oauth": {**SECRET, "certificatedetails": "hush"}}, "is no object", id="details"),
    pytest.param(
        {"oauth": {**SECRET, "certificatedetails": {"validuntil": "hush"}}},
        r"oauth\.certificatedetails\.validuntil is no date",
        id="validuntil",
    ),
    pytest.param(
        {"oauth": {**SECRET, "certificatedetails": {"issuerdn": ["hush"]}}},
        r"oauth\.certificatedetails\.issuerdn is no text",
        id="issuerdn",
    ),
]


@pytest.mark.parametrize(("document", "what"), DAMAGED)
def test_damaged(document: dict[str, Any], what: str) -> None:
    with pytest.raises(BrokenAnswer, match=what) as caught:
        read_credentials(document)
    assert "hush" not in str(caught.value)


@pytest.fixture
def cloud(httpx_mock: HTTPXMock) -> CloudFoundry:
    """A client that has logged in."""
    logged_in(httpx_mock)
    return CloudFoundry(API, PasswordLogin("qa", Secret("password")), sleep=Pauses())


SERVICE_KEY = ServiceKey.model_validate(key())


def test_credentials_are_in_the_details(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(url=f"{KEYS}/k-1/details", json={"credentials": {"oauth": SECRET}})
    assert cloud.credentials(SERVICE_KEY).clientid == CLIENTID


def test_credentials_of_a_key_in_the_making(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    text = "Creation of service key in progress"
    httpx_mock.add_response(404, json=errors(10010, "CF-ResourceNotFound", text))
    with pytest.raises(NotFound, match=text):
        cloud.credentials(SERVICE_KEY)


@pytest.mark.parametrize("content", ['{"credentials": "hush"}', '{"credentials": {"hush', '"hush"'])
def test_details_of_another_shape(content: str, httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(text=content)
    with pytest.raises(BrokenAnswer) as caught:
        cloud.credentials(SERVICE_KEY)
    assert "hush" not in str(caught.value)
    assert caught.value.__context__ is None


BASIC = "Basic " + base64.b64encode(f"{CLIENTID}:{CLIENTSECRET}".encode()).decode()
GRANTED = {
    "access_token": "jwt",
    "token_type": "bearer",
    "expires_in": 3599,
    "scope": "it-rt-sub!b17.send uaa.resource",
}
WAYS: list[Any] = [
    pytest.param(SECRET, {}, True, id="the key's own secret"),
    pytest.param(CERTIFICATE, {}, False, id="the key's own certificate"),
    pytest.param(SECRET, {"presented": LEAF}, False, id="certificate given"),
    pytest.param(CERTIFICATE, {"secret": Secret(CLIENTSECRET)}, True, id="secret given"),
    pytest.param(SECRET, {"presented": LEAF, "secret": Secret(CLIENTSECRET)}, True, id="both given"),
    pytest.param(SECRET, {"presented": None, "secret": None}, False, id="nothing, on purpose"),
]


@pytest.mark.parametrize(("oauth", "way", "basic"), WAYS)
def test_token(oauth: dict[str, Any], way: dict[str, Any], basic: bool, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=TOKENS, json=GRANTED)
    token = request_token(held(oauth), sleep=Pauses(), **way)
    assert (token.access_token, token.expires_in) == (Secret("jwt"), 3599)
    assert token.scopes == ("it-rt-sub!b17.send", "uaa.resource")
    assert "jwt" not in repr(token)
    (request,) = httpx_mock.get_requests()
    form = parse_qs(request.content.decode())
    assert request.headers.get("Authorization") == (BASIC if basic else None)
    assert form.get("client_id") == (None if basic else [CLIENTID])
    assert form["grant_type"] == ["client_credentials"]
    assert "client_secret" not in form


def issued(**claims: object) -> str:
    """A token with these claims; its signature is somebody else's affair."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


def nested(depth: int) -> str:
    """A token whose claims are lists within lists."""
    return f"e30.{base64.urlsafe_b64encode(b'[' * depth).decode().rstrip('=')}.x"


APART: list[Any] = [
    pytest.param(lambda now: issued(iat=now), None, id="now"),
    pytest.param(lambda now: issued(iat=now - 240.0), None, id="four minutes before"),
    pytest.param(lambda now: issued(iat=now + 240.0), None, id="four minutes after"),
    pytest.param(lambda now: issued(), None, id="no moment told"),
    pytest.param(lambda now: issued(iat="today"), None, id="no moment but a text"),
    pytest.param(lambda now: issued(iat=float("nan")), None, id="no number"),
    pytest.param(lambda now: issued(iat=float("inf")), None, id="no end"),
    pytest.param(lambda now: issued(iat=10**400), None, id="no time that could be"),
    pytest.param(lambda now: nested(100_000), None, id="nothing but nesting"),
    pytest.param(lambda now: "a.b.c", None, id="no token of JSON"),
    pytest.param(lambda now: issued(iat=now - 3600), "60 minutes before now", id="an hour before"),
    pytest.param(lambda now: issued(iat=now + 7200), "120 minutes after now", id="two hours after"),
]


@pytest.mark.parametrize(("token", "apart"), APART)
def test_token_of_another_time(
    token: Callable[[float], str], apart: str | None, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is taken depends on whose clock is right, so it proves nothing about the key."""
    monkeypatch.setattr(time, "time", lambda: NOW.timestamp())
    httpx_mock.add_response(json={**GRANTED, "access_token": token(NOW.timestamp())})
    if apart is None:
        request_token(held(SECRET), sleep=Pauses())
        return
    with pytest.raises(BrokenAnswer, match=apart):
        request_token(held(SECRET), sleep=Pauses())


def test_token_for_a_key_that_holds_nothing() -> None:
    with pytest.raises(BrokenAnswer, match="no private key"):
        request_token(held(COMMON))


REFUSAL = {"error": "unauthorized", "error_description": f"Bad credentials {CLIENTSECRET}"}
OUTCOMES: list[Any] = [
    pytest.param({"status_code": 401, "json": REFUSAL}, TokenRefused, 1, id="refused"),
    pytest.param({"status_code": 400, "json": {"error": "invalid_scope"}}, TokenRefused, 1, id="400"),
    pytest.param({"status_code": 401, "html": "<html>hush</html>"}, BrokenAnswer, 1, id="page"),
    pytest.param({"json": {**GRANTED, "expires_in": None}}, BrokenAnswer, 1, id="without an end"),
    pytest.param({"text": '{"access_token": "jwt", "expires_in": Infinity}'}, BrokenAnswer, 1, id="end in infinity"),
    pytest.param({"text": '{"access_token": "jwt", "expires_in": NaN}'}, BrokenAnswer, 1, id="end that is no number"),
    pytest.param({"json": {"expires_in": 1}}, BrokenAnswer, 1, id="without a token"),
    pytest.param({"status_code": 429}, RateLimited, 3, id="429"),
    pytest.param({"status_code": 503}, ServerFailure, 3, id="503"),
    pytest.param(httpx.ReadError("tlsv13 alert certificate required"), Unreachable, 3, id="connection lost"),
]


@pytest.mark.parametrize(("answer", "kind", "requests"), OUTCOMES)
def test_no_token(answer: Any, kind: type[ControlError], requests: int, httpx_mock: HTTPXMock) -> None:
    if isinstance(answer, Exception):
        httpx_mock.add_exception(answer, is_reusable=True)
    else:
        httpx_mock.add_response(**answer, is_reusable=True)
    with pytest.raises(ControlError) as caught:
        request_token(held(SECRET), patience=Patience(attempts=3), sleep=Pauses())
    assert type(caught.value) is kind
    assert "hush" not in str(caught.value)
    assert len(httpx_mock.get_requests()) == requests
