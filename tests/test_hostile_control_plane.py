"""Whatever the control plane answers: a result, or a typed error without a secret; and never request upon request."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import unquote, unquote_plus

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from cpi_conformance.certificates import Authority, pem, write_pfx
from cpi_conformance.certificates.armour import blocks
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.credentials import read_credentials
from cpi_conformance.control.errors import BrokenAnswer, ControlError
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.tenant import Package, Tenant
from cpi_conformance.control.wire import Organization, Plan, ServiceInstance, ServiceKey, Space
from cpi_conformance.control.xsuaa import request_token
from cpi_conformance.secret import Secret
from tests.control_plane import (
    API,
    INSTANCES,
    JOB,
    KEYS,
    LOGIN,
    TOKENS,
    Pauses,
    granted,
    instance,
    job,
    key,
    page,
    root,
)
from tests.hostile_documents import answers_like
from tests.tenant_answers import HOST, collection, credentials, entity, error, flow, package, running
from tests.tenant_answers import TOKENS as XSUAA

pytestmark = pytest.mark.once

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)

PATIENCE = Patience(first_pause=1, longest_pause=8, first_rest=1, longest_rest=8, deadline=60, attempts=2, outage=4)

PASSWORD, PASSPHRASE = Secret("a password of the test"), Secret("a passphrase of the test")
SECRETS = (PASSWORD.reveal(), PASSPHRASE.reveal(), "hush-secret", "access-of-the-test", "refresh-of-the-test")
"""What is sent, and what an answer may send back."""

MOST_REQUESTS = 400
"""In one operation: ten waits with two attempts each need far fewer; an answer that leads in a circle, more."""

ROOT = Authority.root("CN=Root", now=NOW)
TRUSTED = (ROOT.certificate,)
"""Reading the public roots for each client would take longer than all the rest."""

CREDENTIAL = ROOT.leaf("CN=S0012345678", not_before=NOW - DAY, not_after=NOW + DAY)
PFX = write_pfx(CREDENTIAL, PASSPHRASE)

SPACE = Space(guid="s-1", name="dev", organization_guid="o-1")
PLAN = Plan(guid="p-1", name="integration-flow")
INSTANCE = ServiceInstance.model_validate(instance())
KEY = ServiceKey.model_validate(key())

DETAILS = {
    "credentials": {
        "oauth": {
            "clientid": "sb-1",
            "clientsecret": "hush-secret",
            "url": HOST,
            "tokenurl": XSUAA,
            "createdate": "2026-08-20T10:00:00Z",
            "certificatedetails": {"issuerdn": "CN=x", "validuntil": "2026-08-20T10:00:00Z", "serialnumber": "0x1"},
        }
    }
}


def named(name: str, **change: Any) -> dict[str, Any]:
    """An organization, a space, an offering or a plan."""
    relations = {"organization": {"data": {"guid": "o-1"}}}
    return {"guid": f"{name}-1", "name": name, "available": True, "relationships": relations, **change}


def answer(status: int = 200, document: Any = None, **headers: str) -> httpx.Response:
    """An answer in JSON, or without a body."""
    content = b"" if document is None else json.dumps(document).encode()
    named_ = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers={"Content-Type": "application/json", **named_}, content=content)


PLACES: dict[tuple[str, str], httpx.Response] = {
    ("GET", f"{API}/"): answer(document=root(login={"href": LOGIN}, uaa={"href": "https://uaa.example.test"})),
    ("POST", TOKENS): answer(
        document=granted(access_token="access-of-the-test", refresh_token="refresh-of-the-test"),
    ),
    ("GET", f"{API}/v3/organizations"): answer(document=page(named("org"))),
    ("GET", f"{API}/v3/spaces"): answer(document=page(named("dev"))),
    ("GET", f"{API}/v3/service_plans"): answer(document=page(named("integration-flow"))),
    ("GET", INSTANCES): answer(document=page(instance(), instance("i-2", "other"))),
    ("POST", INSTANCES): answer(202, Location=JOB, X_Vcap_Request_Id="6dcf"),
    ("GET", f"{INSTANCES}/i-1"): answer(document=instance()),
    ("DELETE", f"{INSTANCES}/i-1"): answer(202, Location=JOB, X_Vcap_Request_Id="6dcf"),
    ("GET", KEYS): answer(document=page(key())),
    ("POST", KEYS): answer(202, Location=f"{API}/v3/jobs/job-2"),
    ("GET", f"{KEYS}/k-1"): answer(document=key()),
    ("GET", f"{KEYS}/k-1/details"): answer(document=DETAILS),
    ("GET", f"{API}/v3/service_offerings"): answer(document=page(named("it-rt"))),
    ("DELETE", f"{KEYS}/k-1"): answer(202, Location=JOB),
    ("GET", JOB): answer(document=job("COMPLETE")),
    ("GET", f"{API}/v3/jobs/job-2"): answer(
        document=job(
            "COMPLETE", "service_bindings.create", links={"service_credential_binding": {"href": f"{KEYS}/k-1"}}
        )
    ),
    ("POST", XSUAA): answer(
        document={"access_token": "access-of-the-test", "token_type": "bearer", "expires_in": 43199, "scope": "a b"},
    ),
}
"""Where what is answered, when all is well."""

CLOUD: dict[str, Callable[[CloudFoundry], object]] = {
    "log-in": lambda cloud: cloud.log_in(),
    "organization": lambda cloud: cloud.organization("org"),
    "space": lambda cloud: cloud.space(Organization(guid="o-1", name="org"), "dev"),
    "plan": lambda cloud: cloud.plan("it-rt", "integration-flow"),
    "instances": lambda cloud: cloud.instances(space=SPACE),
    "keys": lambda cloud: cloud.keys(instances=[INSTANCE]),
    "instance": lambda cloud: cloud.instance("i-1"),
    "create-instance": lambda cloud: cloud.create_instance(SPACE, PLAN, "flow"),
    "create-key": lambda cloud: cloud.create_key(INSTANCE, "sender", {"key-type": "ClientId/Secret"}),
    "ready": lambda cloud: cloud.ready(KEY),
    "credentials": lambda cloud: cloud.credentials(KEY),
    "delete-key": lambda cloud: cloud.delete_key("k-1"),
    "delete-instance": lambda cloud: cloud.delete_instance("i-1"),
    "far-now": lambda cloud: (cloud.instances(), cloud.far_now()),
}


PACKAGE = Package("Pkg", "My CPI Pkg", "Test")

TENANT: dict[str, Callable[[Tenant], object]] = {
    "packages": lambda tenant: tenant.packages(),
    "package": lambda tenant: tenant.package("Pkg"),
    "create-package": lambda tenant: tenant.create_package(PACKAGE),
    "delete-package": lambda tenant: tenant.delete_package("Gone"),
    "artifacts": lambda tenant: tenant.artifacts("Pkg"),
    "artifact": lambda tenant: tenant.artifact("Flow"),
    "download": lambda tenant: tenant.download("Flow"),
    "create-artifact": lambda tenant: tenant.create_artifact("Pkg", "Flow", "Flow", b"PK"),
    "update-artifact": lambda tenant: tenant.update_artifact("Flow", "Flow", b"PK"),
    "save-as-version": lambda tenant: tenant.save_as_version("Flow", "1.0.0"),
    "delete-artifact": lambda tenant: tenant.delete_artifact("Flow"),
    "deploy": lambda tenant: tenant.deploy("Flow"),
    "runtime-artifacts": lambda tenant: tenant.runtime_artifacts(),
    "deployment-error": lambda tenant: tenant.deployment_error("Flow"),
    "undeploy": lambda tenant: tenant.undeploy("Gone"),
    "await-endpoint": lambda tenant: tenant.await_endpoint("Flow"),
    "keystore": lambda tenant: tenant.keystore(),
    "add-key-pair": lambda tenant: tenant.add_key_pair("alias", PFX),
    "add-certificate": lambda tenant: tenant.add_certificate("alias", CREDENTIAL.certificate),
    "certificate": lambda tenant: tenant.certificate("alias"),
    "chain-p7b": lambda tenant: tenant.chain_p7b("alias"),
    "chain": lambda tenant: tenant.chain("alias"),
    "delete-entry": lambda tenant: tenant.delete_entry("alias"),
    "message-logs": lambda tenant: tenant.message_logs("Flow", since=NOW),
    "message-log": lambda tenant: tenant.message_log("AG1"),
    "error-information": lambda tenant: tenant.error_information("AG1"),
    "far-now-of-tenant": lambda tenant: (tenant.packages(), tenant.far_now()),
}


class World:
    """Answers well, but for the requests that ``spoils`` answers instead.

    Attributes:
        spoils: from a request, its number, counted from 0, and its good answer to another one; or ``None``.
    """

    def __init__(self) -> None:
        self.requests, self.deployed = 0, False
        self.spoils: Callable[[httpx.Request, int, httpx.Response], httpx.Response | None] = lambda *of: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        number, self.requests = self.requests, self.requests + 1
        assert self.requests <= MOST_REQUESTS, "it goes on and on"
        good = self._good(request)
        return self.spoils(request, number, good) or good

    def _good(self, request: httpx.Request) -> httpx.Response:
        url = unquote(str(request.url).partition("?")[0])
        if url.endswith("/IntegrationRuntimeArtifacts('Flow')"):
            return answer(document=entity(**running(deployed=3000 if self.deployed else 2000)))
        self.deployed = self.deployed or "/DeployIntegrationDesigntimeArtifact" in url
        found = PLACES.get((request.method, url)) or answer(404, error("Requested entity could not be found."))
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)


def on_cloud_foundry(operation: Callable[[CloudFoundry], object]) -> object:
    """One operation of a client that has just been opened."""
    login = PasswordLogin("qa", PASSWORD)
    with CloudFoundry(API, login, trusted=TRUSTED, patience=PATIENCE, sleep=Pauses()) as cloud:
        return operation(cloud)


def on_tenant(operation: Callable[[Tenant], object]) -> object:
    """Likewise, of a tenant's API."""
    with Tenant(credentials(), trusted=TRUSTED, patience=PATIENCE, sleep=Pauses()) as tenant:
        return operation(tenant)


TENANT_API = f"{HOST}/api/v1/"
FLOW = "IntegrationDesigntimeArtifacts(Id='Flow',Version='active')"
ENTRY = "KeystoreEntries('616C696173')"
CERTIFICATE = CREDENTIAL.certificate.public_bytes(Encoding.DER)


def entry(**change: Any) -> dict[str, Any]:
    """A keystore entry."""
    return {
        "Hexalias": "616C696173",
        "Alias": "alias",
        "Type": "Key Pair",
        "Owner": "Tenant Administrator",
        "KeySize": 2048,
        "ValidNotAfter": "/Date(1800000000000)/",
        "FingerprintSha256": CREDENTIAL.certificate.fingerprint(SHA256()).hex().upper(),
        **change,
    }


def endpoint() -> dict[str, Any]:
    """Where a flow can be called."""
    points = {"results": [{"Name": "Flow", "Url": "https://x-rt.test/http/test"}]}
    return {"Name": "Flow", "Id": "Flow$endpointAddress=test", "EntryPoints": points}


LOG = {"MessageGuid": "AG1", "Status": "COMPLETED", "LogStart": "/Date(1)/", "IntegrationArtifact": {"Id": "Flow"}}

ON_TENANT: dict[tuple[str, str], httpx.Response] = {
    ("GET", "IntegrationPackages"): answer(document=collection(package())),
    ("GET", "IntegrationPackages('Pkg')"): answer(document=entity(**package())),
    ("POST", "IntegrationPackages"): answer(201, entity(**package())),
    ("DELETE", "IntegrationPackages('Gone')"): answer(202),
    ("GET", "IntegrationPackages('Pkg')/IntegrationDesigntimeArtifacts"): answer(document=collection(flow())),
    ("GET", FLOW): answer(document=entity(**flow())),
    ("GET", f"{FLOW}/$value"): httpx.Response(200, content=b"PK"),
    ("PUT", FLOW): answer(),
    ("DELETE", FLOW): answer(),
    ("POST", "IntegrationDesigntimeArtifacts"): answer(201, entity(**flow())),
    ("POST", "IntegrationDesigntimeArtifactSaveAsVersion"): answer(),
    ("POST", "DeployIntegrationDesigntimeArtifact"): httpx.Response(202, content=b"task-1"),
    ("GET", "BuildAndDeployStatus(TaskId='task-1')"): answer(document=entity(TaskId="task-1", Status="SUCCESS")),
    ("GET", "IntegrationRuntimeArtifacts"): answer(document=collection(running())),
    ("GET", "IntegrationRuntimeArtifacts('Flow')/ErrorInformation/$value"): answer(
        document={"message": {"messageId": "x", "messageText": "why"}, "parameter": ["because"]},
    ),
    ("DELETE", "IntegrationRuntimeArtifacts('Gone')"): answer(202),
    ("GET", "ServiceEndpoints"): answer(document=collection(endpoint())),
    ("GET", "KeystoreEntries"): answer(document=collection(entry())),
    ("GET", ENTRY): answer(document=entity(**entry())),
    ("DELETE", ENTRY): answer(),
    ("GET", f"{ENTRY}/Certificate/$value"): httpx.Response(200, content=CERTIFICATE),
    ("GET", f"{ENTRY}/ChainResource/$value"): httpx.Response(200, content=b"-----BEGIN PKCS7-----"),
    ("GET", f"{ENTRY}/ChainCertificates"): answer(document=collection(entry(Index=1), entry(Index=0))),
    ("POST", "KeyPairResources"): answer(201, entity(**entry())),
    ("PUT", "CertificateResources('616C696173')/$value"): answer(201),
    ("GET", "MessageProcessingLogs"): answer(document=collection(LOG)),
    ("GET", "MessageProcessingLogs('AG1')"): answer(document=entity(**LOG)),
    ("GET", "MessageProcessingLogs('AG1')/ErrorInformation/$value"): httpx.Response(200, content=b"java.lang.X"),
    ("GET", ""): answer(document=entity(EntitySets=[]), X_CSRF_Token="t0", Set_Cookie="JSESSIONID=s1"),
}
"""Likewise, below the tenant's service root."""

PLACES |= {(method, f"{TENANT_API}{path}"): said for (method, path), said in ON_TENANT.items()}

OPERATIONS: dict[str, Callable[[], object]] = {
    **{name: partial(on_cloud_foundry, operation) for name, operation in CLOUD.items()},
    "token": lambda: request_token(credentials(), trusted=TRUSTED, patience=PATIENCE, sleep=Pauses()),
    **{name: partial(on_tenant, operation) for name, operation in TENANT.items()},
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_any_answer_is_a_result_or_a_typed_error(operation: Callable[[], object], httpx_mock: HTTPXMock) -> None:
    world = World()
    httpx_mock.add_callback(lambda request: world(request), is_reusable=True)
    attempt(world, operation)


SERVICE_KEY = {
    "clientid": "sb-1",
    "url": HOST,
    "tokenurl": XSUAA,
    "certificate": pem((CREDENTIAL.certificate, *CREDENTIAL.issuers)),
    "key": CREDENTIAL.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
}


@given(
    name=st.sampled_from(["certificate", "key"]),
    bits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), max_size=3),
    cut=st.none() | st.floats(0, 1),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_damage_to_a_service_key_is_named(name: str, bits: list[tuple[float, int]], cut: float | None) -> None:
    """In the bytes below the base64, where libraries look last."""
    first, *rest = blocks(SERVICE_KEY[name])
    der = bytearray(first.der())
    for place, bit in bits:
        der[int(place * len(der))] ^= 1 << bit
    body = base64.b64encode(der[: None if cut is None else int(cut * len(der))]).decode()
    damaged = f"-----BEGIN {first.label}-----{body}-----END {first.label}-----"
    others = "".join(f"-----BEGIN {each.label}-----{each.body}-----END {each.label}-----" for each in rest)
    with suppress(BrokenAnswer):
        read_credentials({"oauth": {**SERVICE_KEY, name: damaged + others}}).credential()


def sent_in(request: httpx.Request) -> list[str]:
    """What of a request its answer may send back to harm."""
    authorization = request.headers.get("Authorization", "")
    carried = f"{authorization} {unquote_plus(request.content.decode('latin-1'))}"
    return [secret for secret in SECRETS if secret in carried] + [authorization.rpartition(" ")[2] or "nothing"]


def attempt(world: World, operation: Callable[[], object]) -> None:
    """The operation well answered, and with one, some or all of its answers spoilt."""
    operation()

    @given(data=st.data())
    @settings(max_examples=12, deadline=None, derandomize=True)
    def spoilt(data: st.DataObject) -> None:
        first, each = data.draw(st.integers(0, 4)), data.draw(st.booleans())
        kept: list[httpx.Response] = []

        def spoils(request: httpx.Request, number: int, good: httpx.Response) -> httpx.Response | None:
            if number < first or (number > first and not each):
                return None
            if len(kept) < 3:
                kept.append(data.draw(answers_like(good, data.draw(st.sampled_from(sent_in(request))))))
            said = kept[-1]
            assert isinstance(said.stream, httpx.ByteStream)
            return httpx.Response(
                said.status_code, headers=said.headers, stream=httpx.ByteStream(b"".join(said.stream))
            )

        world.requests, world.deployed, world.spoils = 0, False, spoils
        try:
            operation()
        except ControlError as error:
            shown = f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
            assert not [secret for secret in SECRETS if secret in shown]
            assert shown.encode()

    spoilt()
