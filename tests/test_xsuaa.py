"""XSUAA over real TLS: who gets a token, what is in it, and what the runtime and SAP's own library make of it."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from cpi_conformance.certificates import Credential, pem, present
from cpi_conformance.simulator.landscape import OTHER_ROLE, SUBACCOUNT, SimulatedLandscape
from cpi_conformance.simulator.service_key import Plan, ServiceKey
from cpi_conformance.simulator.tokens import TokenIssuer

GRANT = {"grant_type": "client_credentials"}


class Tenant:
    """A running landscape with a key of each kind, and a caller of it."""

    def __init__(self, landscape: SimulatedLandscape, folder: Path) -> None:
        self.landscape = landscape
        self.bundle = folder / "ca.pem"
        self.bundle.write_text(pem([landscape.trusted_root]))
        keys = landscape.keys
        sender = keys.create_instance("sender")
        self.credentials = {name: landscape.passports.issue(f"S000000000{at}") for at, name in enumerate(NAMES)}
        self.keys: dict[str, ServiceKey] = {
            "secret": keys.create_key(sender, "secret"),
            "api": keys.create_key(keys.create_instance("api", Plan.API, ["MonitoringDataRead"]), "api"),
            "without-role": keys.create_key(keys.create_instance("other", roles=[OTHER_ROLE]), "without-role"),
            "without-grant": keys.create_key(
                keys.create_instance("no-grant", grant_types=["password"]), "without-grant"
            ),
            "two-hours": keys.create_key(keys.create_instance("two-hours", token_validity=7200), "two-hours"),
            "external": keys.create_key(sender, "external", certificate=self.credentials["external"].certificate),
            "unpinned": keys.create_key(
                sender, "unpinned", certificate=self.credentials["unpinned"].certificate, pinned=False
            ),
            "generated": keys.create_key(sender, "generated", generated=self.credentials["generated"]),
        }

    def client(self, credential: Credential | None = None) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.bundle))
        if credential:
            present(context, credential)
        return httpx.Client(verify=context, trust_env=False)

    def ask(self, url: str, credential: Credential | None = None, **request: Any) -> httpx.Response:
        with self.client(credential) as client:
            return client.post(f"{url}/oauth/token", **request)

    def by_secret(self, part: str, **form: str) -> httpx.Response:
        return self.ask(self.landscape.token_url, data={**GRANT, **form}, auth=pair(self.keys[part]))

    def by_certificate(self, credential: Credential | None, clientid: str | None) -> httpx.Response:
        form = GRANT | ({"client_id": clientid} if clientid else {})
        return self.ask(self.landscape.token_cert_url, credential, data=form)

    def token(self, part: str = "secret") -> str:
        return str(self.by_secret(part).json()["access_token"])

    def call(self, authorization: str, credential: Credential | None = None) -> httpx.Response:
        with self.client(credential) as client:
            url = f"{self.landscape.url}/http/test/clientcert"
            return client.get(url, headers={"authorization": authorization})

    def get(self, path: str, url: str | None = None) -> httpx.Response:
        with self.client() as client:
            return client.get(f"{url or self.landscape.token_url}{path}")


NAMES = ("external", "unpinned", "generated", "unassigned")


def pair(key: ServiceKey) -> tuple[str, str]:
    assert key.secret is not None
    return key.clientid, key.secret.reveal()


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with SimulatedLandscape("current") as landscape:
        yield Tenant(landscape, tmp_path_factory.mktemp("xsuaa"))


@pytest.fixture
def own_tenant(tmp_path: Path) -> Iterator[Tenant]:
    """For a test that deletes, or moves the clock."""
    with SimulatedLandscape("current") as landscape:
        yield Tenant(landscape, tmp_path)


@pytest.fixture
def later(own_tenant: Tenant) -> Callable[[int], None]:
    """Moves the clock of the landscape by seconds."""

    def move(seconds: int) -> None:
        own_tenant.landscape.clock.offset += dt.timedelta(seconds=seconds)

    return move


def test_a_token_and_what_is_in_it(tenant: Tenant) -> None:
    answer = tenant.by_secret("secret")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    document, key = answer.json(), tenant.keys["secret"]
    scopes = ["it-rt-conformance!b26655.ESBMessaging.send", "uaa.resource"]
    token = document.pop("access_token")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert document == {
        "token_type": "bearer",
        "expires_in": 3599,
        "scope": " ".join(scopes),
        "jti": claims["jti"],
    }
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert header["jku"] == f"{tenant.landscape.token_url}/token_keys"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["ext_attr"] == {
        "enhancer": "XSUAA",
        "subaccountid": SUBACCOUNT,
        "zdn": "conformance",
        "serviceinstanceid": key.instance.guid,
    }
    assert {claims[name] for name in ("sub", "client_id", "cid", "azp")} == {key.clientid}
    assert claims["scope"] == claims["authorities"] == scopes
    assert claims["aud"] == ["uaa", key.clientid, "it-rt-conformance!b26655"]
    assert claims["iss"] == f"{tenant.landscape.token_url}/oauth/token"
    assert (claims["zid"], claims["grant_type"]) == (SUBACCOUNT, "client_credentials")
    assert claims["rev_sig"]


@pytest.mark.parametrize(
    ("part", "validity", "scope"),
    [
        pytest.param("api", 43200, "it!b26655.MonitoringDataRead uaa.resource", id="api"),
        pytest.param("two-hours", 7200, "it-rt-conformance!b26655.ESBMessaging.send uaa.resource", id="two-hours"),
        pytest.param("without-role", 3600, "it-rt-conformance!b26655.Conformance.other uaa.resource", id="other-role"),
    ],
)
def test_validity_and_scopes_are_those_of_the_instance(part: str, validity: int, scope: str, tenant: Tenant) -> None:
    document = tenant.by_secret(part).json()
    assert (document["expires_in"], document["scope"]) == (validity - 1, scope)


def _in_the_form(key: ServiceKey) -> Mapping[str, Any]:
    clientid, secret = pair(key)
    return {"data": {**GRANT, "client_id": clientid, "client_secret": secret}}


def _encoded(key: ServiceKey) -> Mapping[str, Any]:
    clientid, secret = (quote(each, safe="") for each in pair(key))
    return {"data": GRANT, "auth": (clientid, secret), "headers": {"X-CF-ENCODED-CREDENTIALS": "true"}}


@pytest.mark.parametrize("request_of", [_in_the_form, _encoded], ids=["form", "encoded-basic"])
def test_other_ways_to_send_a_secret(request_of: Callable[[ServiceKey], Mapping[str, Any]], tenant: Tenant) -> None:
    assert tenant.ask(tenant.landscape.token_url, **request_of(tenant.keys["secret"])).status_code == 200


@pytest.mark.parametrize("part", ["external", "unpinned", "generated"])
def test_certificates_get_a_token_at_the_host_for_certificates(part: str, tenant: Tenant) -> None:
    answer = tenant.by_certificate(tenant.credentials[part], tenant.keys[part].clientid)
    assert answer.status_code == 200
    assert tenant.call(f"Bearer {answer.json()['access_token']}").status_code == 200


def test_a_renewed_certificate_gets_a_token_for_an_unpinned_key(own_tenant: Tenant) -> None:
    passports = own_tenant.landscape.passports
    renewed = passports.issue("S0000000001", starts=-dt.timedelta(hours=1))
    old, clientid = own_tenant.credentials["unpinned"], own_tenant.keys["unpinned"].clientid
    statuses = [own_tenant.by_certificate(each, clientid).status_code for each in (old, renewed, old)]
    assert statuses == [200, 200, 401]


def test_a_trial_gives_tokens_for_certificates(tmp_path: Path) -> None:
    """Only the direct call of the runtime is refused there."""
    with SimulatedLandscape("trial") as landscape:
        trial = Tenant(landscape, tmp_path)
        credential = trial.credentials["external"]
        token = trial.by_certificate(credential, trial.keys["external"].clientid).json()["access_token"]
        assert trial.call(f"Bearer {token}").status_code == 200
        assert trial.call(f"Bearer {token}", credential).status_code == 401


@pytest.mark.parametrize(
    ("credential", "part", "error", "text"),
    [
        pytest.param(None, "external", "invalid_client", "Client authentication failed", id="no-certificate"),
        pytest.param("external", None, "unauthorized", "An Authentication object was not found", id="no-clientid"),
        pytest.param(
            "unassigned", "external", "invalid_client", "Client authentication failed", id="other-certificate"
        ),
        pytest.param("external", "generated", "invalid_client", "Client authentication failed", id="of-another-key"),
        pytest.param("external", "secret", "invalid_client", "Client authentication failed", id="key-with-a-secret"),
    ],
)
def test_refusals_of_the_host_for_certificates(
    credential: str | None, part: str | None, error: str, text: str, tenant: Tenant
) -> None:
    clientid = tenant.keys[part].clientid if part else None
    answer = tenant.by_certificate(tenant.credentials[credential] if credential else None, clientid)
    assert (answer.status_code, answer.json()["error"]) == (401, error)
    assert answer.json()["error_description"].startswith(text)


def test_a_secret_is_no_use_at_the_host_for_certificates(tenant: Tenant) -> None:
    request = _in_the_form(tenant.keys["secret"])
    for more in ({}, {"auth": pair(tenant.keys["secret"])}):
        assert tenant.ask(tenant.landscape.token_cert_url, **{**request, **more}).status_code == 401


Change = Callable[[Tenant], dict[str, Any]]

REFUSED: dict[str, tuple[Change, int, str, str]] = {
    "nothing": (
        lambda it: {"data": GRANT},
        401,
        "unauthorized",
        "An Authentication object was not found in the SecurityContext",
    ),
    "bearer": (
        lambda it: {"data": GRANT, "headers": {"authorization": f"Bearer {it.token()}"}},
        401,
        "unauthorized",
        "An Authentication object was not found in the SecurityContext",
    ),
    "wrong-secret": (
        lambda it: {"data": GRANT, "auth": (it.keys["secret"].clientid, "wrong")},
        401,
        "unauthorized",
        "Bad credentials",
    ),
    "secret-of-another-key": (
        lambda it: {"data": GRANT, "auth": (it.keys["secret"].clientid, pair(it.keys["api"])[1])},
        401,
        "unauthorized",
        "Bad credentials",
    ),
    "clientid-of-a-certificate": (
        lambda it: {"data": GRANT | {"client_id": it.keys["external"].clientid}},
        401,
        "unauthorized",
        "Bad credentials",
    ),
    "unknown-clientid": (
        lambda it: {"data": GRANT, "auth": ("sb-unknown", "x")},
        401,
        "invalid_client",
        "Client with requested ID sb-unknown does not exist",
    ),
    "grant-missing": (
        lambda it: {"data": {}, "auth": pair(it.keys["secret"])},
        400,
        "invalid_request",
        "Missing grant type",
    ),
    "grant-unknown": (
        lambda it: {"data": {"grant_type": "implicit"}, "auth": pair(it.keys["secret"])},
        400,
        "unsupported_grant_type",
        "Unsupported grant type: implicit",
    ),
    "grant-not-given": (
        lambda it: {"data": {"grant_type": "password"}, "auth": pair(it.keys["secret"])},
        401,
        "invalid_client",
        "Unauthorized grant type",
    ),
    "client-credentials-not-given": (
        lambda it: {"data": GRANT, "auth": pair(it.keys["without-grant"])},
        401,
        "invalid_client",
        "Unauthorized grant type",
    ),
    "user-unknown": (
        lambda it: {
            "data": {"grant_type": "password", "username": "a", "password": "b"},
            "auth": pair(it.keys["without-grant"]),
        },
        401,
        "unauthorized",
        "Bad credentials",
    ),
}


@pytest.mark.parametrize(("request_of", "status", "error", "text"), REFUSED.values(), ids=REFUSED)
def test_refusals(request_of: Change, status: int, error: str, text: str, tenant: Tenant) -> None:
    answer = tenant.ask(tenant.landscape.token_url, **request_of(tenant))
    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": text}


def test_a_wrong_secret_is_challenged(tenant: Tenant) -> None:
    answer = tenant.ask(tenant.landscape.token_url, data=GRANT, auth=(tenant.keys["secret"].clientid, "wrong"))
    expected = 'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"'
    assert answer.headers["www-authenticate"] == expected


def test_other_paths_and_methods(tenant: Tenant) -> None:
    assert tenant.get("/oauth/token").status_code == 404
    assert tenant.get("/nowhere").json()["error"] == "not_found"


def test_a_deleted_key_gets_no_token_and_its_token_outlives_it(own_tenant: Tenant) -> None:
    token = own_tenant.token()
    credential, clientid = own_tenant.credentials["external"], own_tenant.keys["external"].clientid
    for part in ("secret", "external"):
        own_tenant.landscape.keys.delete_key(own_tenant.keys[part].guid)
    assert own_tenant.by_secret("secret").status_code == 401
    assert own_tenant.by_certificate(credential, clientid).status_code == 401
    assert own_tenant.call(f"Bearer {token}").status_code == 200


@pytest.mark.parametrize(
    ("part", "status"), [("secret", 200), ("without-role", 403), ("api", 401)], ids=["role", "no-role", "api"]
)
def test_the_runtime_reads_the_scopes_of_a_token(part: str, status: int, tenant: Tenant) -> None:
    answer = tenant.call(f"Bearer {tenant.token(part)}")
    assert answer.status_code == status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_letter_case(scheme: str, tenant: Tenant) -> None:
    assert tenant.call(f"{scheme} {tenant.token()}").status_code == 200


def _foreign(it: Tenant) -> str:
    """Signed with the same key, by its own account issued by somebody else."""
    claims = jwt.decode(it.token(), options={"verify_signature": False})
    return TokenIssuer("https://elsewhere/oauth/token", it.landscape.clock).issue(
        {name: value for name, value in claims.items() if name != "iss"}, seconds=60
    )


UNUSABLE: dict[str, Callable[[Tenant], str]] = {
    "no-token": lambda it: "abc",
    "basic-credentials": lambda it: base64.b64encode(":".join(pair(it.keys["secret"])).encode()).decode(),
    "foreign": _foreign,
    "signature-cut": lambda it: it.token()[:-8],
    "unsigned": lambda it: jwt.encode(
        jwt.decode(it.token(), options={"verify_signature": False}), key="", algorithm="none"
    ),
}


@pytest.mark.parametrize("token_of", UNUSABLE.values(), ids=UNUSABLE)
def test_tokens_that_the_runtime_refuses(token_of: Callable[[Tenant], str], tenant: Tenant) -> None:
    assert tenant.call(f"Bearer {token_of(tenant)}").status_code == 401


def test_a_token_expires(own_tenant: Tenant, later: Callable[[int], None]) -> None:
    token = own_tenant.token()
    later(3500)
    assert own_tenant.call(f"Bearer {token}").status_code == 200
    later(200)
    assert own_tenant.call(f"Bearer {token}").status_code == 401


def test_a_presented_certificate_decides_although_a_token_comes_along(tenant: Tenant) -> None:
    token = tenant.token()
    assert tenant.call(f"Bearer {token}", tenant.credentials["external"]).status_code == 200
    assert tenant.call(f"Bearer {token}", tenant.credentials["unassigned"]).status_code == 401
    assert tenant.call("Bearer wrong", tenant.credentials["external"]).status_code == 200


@pytest.mark.parametrize("path", ["/token_keys", f"/token_keys?zid={SUBACCOUNT}"], ids=["bare", "zid"])
def test_key_set(path: str, tenant: Tenant) -> None:
    """Whoever reads it verifies tokens with it, by ``value`` and by ``n`` and ``e``."""
    (key,) = tenant.get(path).json()["keys"]
    token = tenant.token()
    assert set(key) == {"kty", "e", "use", "kid", "alg", "value", "n"}
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    for public in (key["value"], jwt.PyJWK(key).key):
        jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})


def test_configuration_names_both_hosts(tenant: Tenant) -> None:
    landscape = tenant.landscape
    for url in (landscape.token_url, landscape.token_cert_url):
        document = tenant.get("/.well-known/openid-configuration", url).json()
        assert document["issuer"] == f"{landscape.token_url}/oauth/token"
        assert document["token_endpoint"] == f"{landscape.token_url}/oauth/token"
        assert document["mtls_endpoint_aliases"] == {"token_endpoint": f"{landscape.token_cert_url}/oauth/token"}
        assert document["jwks_uri"] == f"{landscape.token_url}/token_keys"


def test_only_the_host_for_certificates_asks_for_one(tenant: Tenant) -> None:
    """A certificate that its callers have at hand is not even asked for at the other."""
    credential, clientid = tenant.credentials["external"], tenant.keys["external"].clientid
    before = len(tenant.landscape.record.entries())
    tenant.ask(tenant.landscape.token_url, credential, data=GRANT | {"client_id": clientid})
    tenant.by_certificate(credential, clientid)
    plain, cert = tenant.landscape.record.entries()[before:]
    assert (plain.host, plain.certificate, plain.status) == ("authentication", None, 401)
    assert (cert.host, cert.status, cert.refused) == ("authentication.cert", 200, None)
    assert cert.certificate


def test_the_record_says_why(tenant: Tenant) -> None:
    tenant.by_certificate(tenant.credentials["unassigned"], tenant.keys["external"].clientid)
    refused = tenant.landscape.record.entries()[-1].refused
    assert refused is not None
    assert (refused.layer, refused.cause) == ("authentication", "invalid-client")
    assert refused.why == "no service key holds this certificate"


xssec = pytest.mark.filterwarnings("ignore:datetime.datetime.utcfromtimestamp:DeprecationWarning")


def _security_context(token: str, it: Tenant, application: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """SAP's own library: it fetches the key set over TLS and verifies the token."""
    from sap import xssec

    monkeypatch.setenv("SSL_CERT_FILE", str(it.bundle))
    configuration = {
        "clientid": f"sb-{application}",
        "clientsecret": "x",
        "url": it.landscape.token_url,
        "uaadomain": it.landscape.token_url.removeprefix("https://"),
        "xsappname": application,
    }
    return xssec.create_security_context(token, configuration)


@xssec
def test_saps_library_accepts_a_token(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    context = _security_context(tenant.token(), tenant, "it-rt-conformance!b26655", monkeypatch)
    key = tenant.keys["secret"]
    assert context.check_local_scope("ESBMessaging.send")
    assert not context.check_local_scope("Conformance.other")
    assert context.get_clientid() == key.clientid
    assert context.get_grant_type() == "client_credentials"
    assert context.get_clone_service_instance_id() == key.instance.guid
    assert context.get_subaccount_id() == SUBACCOUNT


@xssec
def test_saps_library_refuses_a_token_for_another_application(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="Audience Validation Failed"):
        _security_context(tenant.token("api"), tenant, "it-rt-conformance!b26655", monkeypatch)


@xssec
def test_saps_library_refuses_an_expired_token(
    own_tenant: Tenant,
    later: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The library logs the reason, then complains that it has no other key to try."""
    later(-3700)
    with pytest.raises(RuntimeError, match="Cannot validate token"):
        _security_context(own_tenant.token(), own_tenant, "it-rt-conformance!b26655", monkeypatch)
    assert "Signature has expired" in caplog.text
