"""The runtime behind the load balancer: what it answers, in which order it looks, and what it never tells."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from cpi_conformance.certificates import Authority, Credential
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.integration.message_logs import MessageLogs
from cpi_conformance.simulator.runtime import SECURITY_HEADERS, Flow, FlowState, Runtime
from cpi_conformance.simulator.service_key import ServiceKey
from cpi_conformance.simulator.service_keys import ServiceKeys

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

MPL_ID = re.compile(
    r"An internal server error occured: (?:.*\n\n)?The MPL ID for the failed message is : (?P<id>A[A-Za-z0-9_-]{27})",
    re.DOTALL,
)
"""The pattern by which public clients find the id (with the words as they are, misspelt)."""

OK = "/http/test/clientcert"
STARTING = "/http/starting"
FAILING = "/http/failing"
POST_ONLY = "/http/post-only"
UNKNOWN = "/http/nobody-home"
GUARDED = "/http/guarded"


class Stopped(Clock):
    """A clock that stands still."""

    def now(self) -> dt.datetime:
        return NOW


@dataclass(frozen=True)
class Tenant:
    """A runtime with flows, two Basic keys, and a certificate that one key holds and one that none holds."""

    keys: ServiceKeys
    sender: ServiceKey
    roleless: ServiceKey
    assigned: Credential
    unassigned: Credential

    def runtime(self, *, message_logs: MessageLogs | None = None, **switches: bool) -> Runtime:
        """A runtime of its own for each test; the switches are those of the runtime."""
        runtime = Runtime(self.keys, Stopped(), message_logs=message_logs, **switches)
        runtime.deploy(Flow("/test/clientcert", "Connected Successfully to CPI!"))
        runtime.deploy(Flow("/starting", "too early", state=FlowState.STARTING))
        runtime.deploy(Flow("/failing", None))
        runtime.deploy(Flow("/guarded", None, state=FlowState.STARTING, csrf_protected=True))
        runtime.deploy(Flow("/post-only", "posted", methods=frozenset({"POST"})))
        return runtime

    def as_caller(self, caller: str) -> Headers:
        """The headers of a caller by its part."""
        return {
            "nobody": (),
            "sender": basic(self.sender),
            "roleless": basic(self.roleless),
            "wrong-secret": basic(self.sender, lambda secret: secret[::-1]),
            "assigned": presented(self.assigned),
            "unassigned": presented(self.unassigned),
        }[caller]


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    keys = ServiceKeys("conformance", Stopped())
    instance = keys.create_instance("instance")
    issuer = Authority.root("CN=CA", now=NOW)
    assigned, unassigned = (issuer.leaf(f"CN={it}", not_before=NOW, not_after=NOW + DAY) for it in ("one", "two"))
    keys.create_key(instance, "certificate", certificate=assigned.certificate)
    return Tenant(
        keys,
        sender=keys.create_key(instance, "basic"),
        roleless=keys.create_key(keys.create_instance("roleless", roles=["Other.role"]), "roleless"),
        assigned=assigned,
        unassigned=unassigned,
    )


def basic(key: ServiceKey, change: Callable[[str], str] = str) -> Headers:
    assert key.secret is not None
    pair = f"{key.clientid}:{key.secret.changed(change).reveal()}".encode()
    return (("authorization", f"Basic {base64.b64encode(pair).decode()}"),)


def presented(credential: Credential, used: str | None = "1", verified: str | None = "0") -> Headers:
    """What the load balancer tells about a client certificate."""
    der = base64.b64encode(credential.certificate.public_bytes(Encoding.DER)).decode()
    told = {"x-forwarded-client-cert": der, "x-ssl-client": used, "x-ssl-client-verify": verified}
    return tuple((name, value) for name, value in told.items() if value is not None)


def ask(runtime: Runtime, headers: Headers = (), path: str = OK, method: str = "GET") -> Answer:
    return asyncio.run(runtime(Exchange(method, path, "", headers)))


def reason(answer: Answer) -> str:
    assert answer.refused is not None, "nothing was refused"
    return answer.refused.why


@pytest.mark.parametrize(
    ("caller", "path", "method", "status", "truth"),
    [
        pytest.param("sender", OK, "GET", 200, None, id="all-is-well"),
        pytest.param("nobody", OK, "GET", 401, ("authentication", "unauthenticated"), id="401"),
        pytest.param("nobody", UNKNOWN, "HEAD", 401, ("authentication", "unauthenticated"), id="401-before-404"),
        pytest.param("wrong-secret", STARTING, "GET", 401, ("authentication", "unauthenticated"), id="401-before-503"),
        pytest.param("sender", UNKNOWN, "GET", 404, ("flow", "no-such-endpoint"), id="404"),
        pytest.param("roleless", UNKNOWN, "GET", 404, ("flow", "no-such-endpoint"), id="404-before-403"),
        pytest.param("roleless", OK, "GET", 403, ("authorization", "role-missing"), id="403"),
        pytest.param("roleless", STARTING, "GET", 403, ("authorization", "role-missing"), id="403-before-503"),
        pytest.param("roleless", OK, "HEAD", 403, ("authorization", "role-missing"), id="403-before-405"),
        pytest.param("roleless", FAILING, "GET", 403, ("authorization", "role-missing"), id="403-before-500"),
        pytest.param("sender", STARTING, "GET", 503, ("flow", "not-started"), id="503"),
        pytest.param("sender", STARTING, "HEAD", 503, ("flow", "not-started"), id="503-before-405"),
        pytest.param("sender", OK, "HEAD", 405, ("flow", "method-not-allowed"), id="405"),
        pytest.param("sender", FAILING, "HEAD", 405, ("flow", "method-not-allowed"), id="405-before-500"),
        pytest.param("sender", FAILING, "GET", 500, ("flow", "flow-failed"), id="500"),
        pytest.param("sender", GUARDED, "POST", 403, ("csrf", "csrf-token-required"), id="csrf"),
        pytest.param("nobody", GUARDED, "POST", 401, ("authentication", "unauthenticated"), id="401-before-csrf"),
        pytest.param("roleless", GUARDED, "POST", 403, ("authorization", "role-missing"), id="403-before-csrf"),
    ],
)
def test_the_first_thing_that_is_wrong_decides(
    caller: str, path: str, method: str, status: int, truth: tuple[str, str] | None, tenant: Tenant
) -> None:
    answer = ask(tenant.runtime(), tenant.as_caller(caller), path, method)
    assert answer.status == status
    assert (answer.refused and (answer.refused.layer, answer.refused.cause)) == truth


def test_the_answer_of_the_flow(tenant: Tenant) -> None:
    answer = ask(tenant.runtime(), tenant.as_caller("sender"))
    assert answer.body == b"Connected Successfully to CPI!"
    assert dict(answer.headers)["content-type"] == "text/plain;charset=utf-8"


@pytest.mark.parametrize(
    ("caller", "path", "method", "status"),
    [
        pytest.param("sender", OK, "GET", "COMPLETED", id="200"),
        pytest.param("sender", FAILING, "GET", "FAILED", id="500"),
        pytest.param("nobody", OK, "GET", None, id="401"),
        pytest.param("roleless", OK, "GET", None, id="403"),
        pytest.param("sender", UNKNOWN, "GET", None, id="404"),
        pytest.param("sender", OK, "HEAD", None, id="405"),
        pytest.param("sender", STARTING, "GET", None, id="503"),
        pytest.param("sender", GUARDED, "POST", None, id="csrf"),
    ],
)
def test_a_message_log_exists_for_what_reached_a_flow(
    caller: str, path: str, method: str, status: str | None, tenant: Tenant
) -> None:
    logs = MessageLogs()
    runtime = tenant.runtime(message_logs=logs)
    ask(runtime, tenant.as_caller(caller), path, method)
    assert [log.status for log in logs.all()] == ([status] if status else [])


@pytest.mark.parametrize(
    ("caller", "path", "title", "size"),
    [
        pytest.param("nobody", OK, "401 – Unauthorized", 437, id="401"),
        pytest.param("roleless", OK, "403 – Forbidden", 431, id="403"),
        pytest.param("sender", UNKNOWN, "404 – Not Found", 431, id="404"),
    ],
)
def test_refusals_are_the_page_that_was_recorded(caller: str, path: str, title: str, size: int, tenant: Tenant) -> None:
    """One line of HTML with an en dash and no reason; clients that look for JSON find none."""
    answer = ask(tenant.runtime(), tenant.as_caller(caller), path)
    assert len(answer.body) == size
    page = answer.body.decode()
    assert "\n" not in page
    assert page.startswith(f'<!doctype html><html lang="en"><head><title>HTTP Status {title}</title>')
    assert page.endswith(f"</head><body><h1>HTTP Status {title}</h1></body></html>")
    assert page.count("\u2013") == 2
    assert [value for name, value in answer.headers if name == "content-type"] == ["text/html;charset=utf-8"]


def test_a_401_never_says_why(tenant: Tenant) -> None:
    """Whoever is wrong in whatever way gets the same bytes, and no challenge."""
    runtime = tenant.runtime()
    answers = [ask(runtime, tenant.as_caller(it)) for it in ("nobody", "wrong-secret", "unassigned")]
    assert len({reason(answer) for answer in answers}) == 3
    assert len({answer.body for answer in answers}) == 1
    assert not [name for answer in answers for name, _ in answer.headers if name == "www-authenticate"]


PATHS = {"200": OK, "404": UNKNOWN, "500": FAILING, "503": STARTING}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize("caller", ["nobody", "sender", "roleless"])
def test_every_answer_has_the_same_security_headers(caller: str, path: str, tenant: Tenant) -> None:
    answer = ask(tenant.runtime(), tenant.as_caller(caller), path)
    headers = dict(answer.headers)
    assert len(headers) == len(answer.headers), "a header stands there twice"
    assert headers.items() >= dict(SECURITY_HEADERS).items()
    assert headers.keys() == {*dict(SECURITY_HEADERS), "content-type", "x-correlationid", "x-vcap-request-id"}


def test_the_security_headers_are_those_that_were_observed() -> None:
    assert dict(SECURITY_HEADERS) == {
        "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
        "expires": "0",
        "pragma": "no-cache",
        "server": "SAP",
        "strict-transport-security": "max-age=31536000; includeSubDomains; preload;",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "x-xss-protection": "1; mode=block",
    }


def test_each_answer_has_an_id_of_its_own_under_both_names(tenant: Tenant) -> None:
    runtime = tenant.runtime()
    answers = [dict(ask(runtime, tenant.as_caller("sender")).headers) for _ in range(2)]
    for headers in answers:
        assert headers["x-correlationid"] == headers["x-vcap-request-id"] == str(uuid.UUID(headers["x-correlationid"]))
    assert answers[0]["x-correlationid"] != answers[1]["x-correlationid"]


def test_a_failed_flow_names_the_message_log(tenant: Tenant) -> None:
    """The id is 21 bytes in base64url: a zero, the second of the start, and 16 bytes of chance."""
    runtime = tenant.runtime()
    answers = [ask(runtime, tenant.as_caller("sender"), FAILING) for _ in range(2)]
    found = [MPL_ID.match(answer.body.decode()) for answer in answers]
    ids = [base64.urlsafe_b64decode(match["id"]) for match in found if match]
    assert [(len(it), it[0], int.from_bytes(it[1:5], "big")) for it in ids] == [(21, 0, int(NOW.timestamp()))] * 2
    assert ids[0][5:] != ids[1][5:]
    assert dict(answers[0].headers)["content-type"] == "text/plain"
    assert b"script" not in answers[0].body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/http/TEST/ClientCert", 200, id="other-letter-case"),
        pytest.param("/http/%74est/clientcert", 200, id="percent-encoded-letter"),
        pytest.param("/http/test/clientcert/", 404, id="slash-behind"),
        pytest.param("/http/test", 404, id="only-the-beginning"),
        pytest.param("/http/test/clientcert/more", 404, id="more-behind"),
        pytest.param("/test/clientcert", 404, id="without-http"),
        pytest.param("/cxf/test/clientcert", 404, id="another-servlet"),
        pytest.param("/httptest/clientcert", 404, id="no-slash-behind-http"),
        pytest.param("/http", 404, id="http-alone"),
        pytest.param("/", 404, id="root"),
        pytest.param("*", 404, id="asterisk"),
        pytest.param("/http/%ff%zz", 404, id="broken-percent-encoding"),
    ],
)
def test_addresses(path: str, status: int, tenant: Tenant) -> None:
    """Help page 0ae4a78: addresses are compared without regard to letter case."""
    assert ask(tenant.runtime(), tenant.as_caller("sender"), path).status == status


@pytest.mark.parametrize("address", ["/Test/ClientCert", "/test/clientcert"], ids=["other-letter-case", "same"])
def test_deploying_replaces_and_undeploying_removes(address: str, tenant: Tenant) -> None:
    runtime = tenant.runtime()
    runtime.deploy(Flow(address, "second version"))
    assert ask(runtime, tenant.as_caller("sender")).body == b"second version"
    runtime.undeploy(address.swapcase())
    assert ask(runtime, tenant.as_caller("sender")).status == 404
    with pytest.raises(KeyError):
        runtime.undeploy(address)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_but_head_reaches_the_flow(method: str, tenant: Tenant) -> None:
    runtime = tenant.runtime()
    assert ask(runtime, tenant.as_caller("sender"), OK, method).status == 200
    assert ask(runtime, tenant.as_caller("sender"), POST_ONLY, method).status == (200 if method == "POST" else 405)


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}:{secret}')}", 200, id="well-formed"),
        pytest.param(lambda name, secret: f"bAsIc {encoded(f'{name}:{secret}')}", 200, id="scheme-in-any-letter-case"),
        pytest.param(lambda name, secret: f"Basic   {encoded(f'{name}:{secret}')}", 200, id="several-blanks"),
        pytest.param(lambda name, secret: "", 401, id="empty"),
        pytest.param(lambda name, secret: "Basic", 401, id="scheme-alone"),
        pytest.param(lambda name, secret: "Basic ", 401, id="scheme-and-a-blank"),
        pytest.param(lambda name, secret: encoded(f"{name}:{secret}"), 401, id="no-scheme"),
        pytest.param(lambda name, secret: str(secret), 401, id="the-bare-secret"),
        pytest.param(lambda name, secret: f"Basic{encoded(f'{name}:{secret}')}", 401, id="no-blank"),
        pytest.param(lambda name, secret: f"Bearer {encoded(f'{name}:{secret}')}", 401, id="another-scheme"),
        pytest.param(lambda name, secret: f"Basic {name}:{secret}", 401, id="not-encoded"),
        pytest.param(lambda name, secret: f"Basic {secret}ü", 401, id="not-ascii"),
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}:{secret}')[:-1]}", 401, id="broken-off"),
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}:{secret}')},", 401, id="comma-behind"),
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}{secret}')}", 401, id="no-colon"),
        pytest.param(lambda name, secret: f"Basic {encoded(f':{name}:{secret}')}", 401, id="colon-first"),
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}:{secret}'.encode('utf-16'))}", 401, id="utf-16"),
        pytest.param(lambda name, secret: f"Basic {encoded(encoded(f'{name}:{secret}'))}", 401, id="encoded-twice"),
        pytest.param(lambda name, secret: f"Basic {encoded(f'{name}:{secret}' + chr(0))}", 401, id="zero-byte-behind"),
    ],
)
def test_authorization_headers(header: Callable[[str, str], str], status: int, tenant: Tenant) -> None:
    """Whatever stands there is answered, and no part of a secret goes into the landscape's record."""
    secret = tenant.sender.secret or Secret("")
    answer = ask(tenant.runtime(), (("authorization", header(tenant.sender.clientid, secret.reveal())),))
    assert answer.status == status
    if status == 401:
        assert not any(part in reason(answer) for part in (secret.reveal()[:12], encoded(secret.reveal())[:12]))


@pytest.mark.parametrize(
    ("used", "verified", "status"),
    [
        pytest.param("1", "0", 200, id="used-and-verified"),
        pytest.param("1", "20", 401, id="verify-code-20"),
        pytest.param("1", "", 401, id="verify-code-empty"),
        pytest.param("1", None, 401, id="no-verify-code"),
        pytest.param("0", "0", 401, id="not-used"),
        pytest.param(None, "0", 401, id="not-said-to-be-used"),
        pytest.param(None, None, 401, id="the-certificate-alone"),
    ],
)
def test_only_a_verified_certificate_counts(
    used: str | None, verified: str | None, status: int, tenant: Tenant
) -> None:
    """And one that does not count leaves the way open for Basic."""
    runtime, headers = tenant.runtime(), presented(tenant.assigned, used, verified)
    assert ask(runtime, headers).status == status
    assert ask(runtime, (*headers, *tenant.as_caller("sender"))).status == 200


def test_a_verified_nothing_is_nobody(tenant: Tenant) -> None:
    answer = ask(tenant.runtime(), (("x-ssl-client", "1"), ("x-ssl-client-verify", "0")))
    assert (answer.status, reason(answer)) == (401, "neither credentials nor a client certificate arrived")


@pytest.mark.parametrize(
    ("callers", "precedes", "otherwise"),
    [
        pytest.param(("assigned",), 200, 200, id="certificate-alone"),
        pytest.param(("unassigned",), 401, 401, id="unassigned-certificate-alone"),
        pytest.param(("sender",), 200, 200, id="basic-alone"),
        pytest.param(("assigned", "sender"), 200, 200, id="both-good"),
        pytest.param(("assigned", "wrong-secret"), 200, 401, id="good-certificate-wrong-basic"),
        pytest.param(("unassigned", "sender"), 401, 200, id="unassigned-certificate-good-basic"),
        pytest.param(("unassigned", "wrong-secret"), 401, 401, id="both-bad"),
    ],
)
def test_a_certificate_precedes_basic_unless_switched(
    callers: tuple[str, ...], precedes: int, otherwise: int, tenant: Tenant
) -> None:
    """Inferred from KBA 3224701, and therefore a switch."""
    headers = tuple(header for caller in callers for header in tenant.as_caller(caller))
    assert ask(tenant.runtime(), headers).status == precedes
    assert ask(tenant.runtime(certificate_precedes_basic=False), headers).status == otherwise


def test_a_trial_does_not_authenticate_by_certificate(tenant: Tenant) -> None:
    """Help page 4ec6192; Basic works there."""
    trial = tenant.runtime(accepts_certificates=False)
    answer = ask(trial, tenant.as_caller("assigned"))
    assert answer.status == 401
    assert "not enabled for this tenant" in reason(answer)
    assert ask(trial, tenant.as_caller("sender")).status == 200
