"""The tenant API: who is let in, who may do what, and the habits of its OData on the wire."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Iterator

import pytest

from cpi_conformance.simulator.instance_order import API_ROLES
from cpi_conformance.simulator.service_key import Plan
from cpi_conformance.simulator.tenant_api.address import read_address
from cpi_conformance.simulator.tenant_api.model import literal
from tests.flow_archives import archive
from tests.tenant_api_calls import ACTIVE, DEPLOY, FLOW, NOT_FOUND, PACKAGE, RUNNING, ApiTenant, deployed, new_flow

M = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
D = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
ATOM = "{http://www.w3.org/2005/Atom}"

WITHOUT_KEYS = re.compile(r"\(.*?\)")


@pytest.fixture
def it() -> Iterator[ApiTenant]:
    tenant = ApiTenant()
    yield tenant
    tenant.close()


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="nothing"),
        pytest.param("Basic {basic}", id="clientid-and-secret"),
        pytest.param("Bearer {sender}", id="integration-flow-plan"),
        pytest.param("Bearer {other}", id="another-issuer"),
        pytest.param("Bearer nonsense", id="no-token"),
    ],
)
def test_not_authenticated(it: ApiTenant, authorization: str | None) -> None:
    assert it.key.secret
    pair = f"{it.key.clientid}:{it.key.secret.reveal()}".encode()
    sender = it.token_of(it.api_key(["ESBMessaging.send"], Plan.INTEGRATION_FLOW))
    before, it.issuer.issuer = it.issuer.issuer, "https://elsewhere.test"
    other = it.token_of(it.key)
    it.issuer.issuer = before
    given = authorization and authorization.format(basic=base64.b64encode(pair).decode(), sender=sender, other=other)
    assert it.request("GET", "IntegrationPackages", authorization=given).status == 401


def test_token_expires(it: ApiTenant) -> None:
    it.clock.offset = dt.timedelta(seconds=43_199)
    assert it.get("IntegrationPackages").status == 200
    it.clock.offset = dt.timedelta(seconds=43_200)
    assert it.get("IntegrationPackages").status == 401


NEEDED = [
    ("GET", "IntegrationPackages", "WorkspacePackagesRead"),
    ("GET", "IntegrationPackages", "WorkspacePackagesEdit"),
    ("POST", "IntegrationPackages", "WorkspacePackagesEdit"),
    ("GET", f"{PACKAGE}/$value", "WorkspacePackagesEdit"),
    ("PUT", ACTIVE, "WorkspacePackagesEdit"),
    ("PUT", f"{ACTIVE}/$links/Configurations('x')", "WorkspacePackagesConfigure"),
    ("POST", "IntegrationDesigntimeArtifactSaveAsVersion", "WorkspacePackagesEdit"),
    ("POST", "DeployIntegrationDesigntimeArtifact", "WorkspaceArtifactsDeploy"),
    ("GET", "BuildAndDeployStatus('x')", "WorkspaceArtifactsDeploy"),
    ("GET", RUNNING, "MonitoringDataRead"),
    ("DELETE", RUNNING, "WorkspaceArtifactsDeploy"),
    ("DELETE", RUNNING, "MonitoringArtifactsDeploy"),
    ("GET", "ServiceEndpoints", "MonitoringDataRead"),
    ("GET", "MessageProcessingLogs", "MonitoringDataRead"),
    ("GET", "MessageProcessingLogs('x')/Attachments", "MessagePayloadsRead"),
    ("GET", "KeystoreEntries", "MonitoringDataRead"),
    ("DELETE", "KeystoreEntries('00')", "SecurityMaterialEdit"),
    ("POST", "KeyPairResources", "SecurityMaterialEdit"),
    ("POST", "KeyPairResources", "AuthGroup_BusinessExpert"),
    ("PUT", "CertificateResources('00')/$value", "SecurityMaterialEdit"),
    ("GET", "KeystoreResources('system')", "SecurityMaterialDownload"),
]


@pytest.mark.parametrize(
    ("method", "target", "role"), NEEDED, ids=[f"{m}-{WITHOUT_KEYS.sub('', t)}-{r}" for m, t, r in NEEDED]
)
def test_roles(it: ApiTenant, method: str, target: str, role: str) -> None:
    """With the one role the request gets further; with another one it gets 403, in JSON."""
    assert role in API_ROLES
    with_role = it.token_of(it.api_key([role]))
    assert it.request(method, target, authorization=f"Bearer {with_role}").status != 403
    unlike = it.token_of(it.api_key(["TraceConfigurationEdit"]))
    refused = it.request(method, target, authorization=f"Bearer {unlike}", accept=None)
    assert refused.json == {"error": {"code": "Forbidden", "message": {"lang": "en", "value": None}}}
    assert refused.status == 403


CHANGES = sorted({(method, target) for method, target, _ in NEEDED if method != "GET"})


@pytest.mark.parametrize(("method", "target"), CHANGES, ids=[f"{m}-{WITHOUT_KEYS.sub('', t)}" for m, t in CHANGES])
def test_reading_roles_change_nothing(it: ApiTenant, method: str, target: str) -> None:
    reader = it.token_of(it.api_key(["MonitoringDataRead", "WorkspacePackagesRead"]))
    assert it.request(method, target, authorization=f"Bearer {reader}").status == 403


def test_atom_unless_json_is_asked_for(it: ApiTenant) -> None:
    feed = it.get("IntegrationPackages", accept=None)
    assert feed.header("content-type") == "application/atom+xml;type=feed;charset=utf-8"
    entry = feed.xml.find(f"{ATOM}entry")
    assert entry.find(f"{M}properties/{D}Id").text == "MyCPIPkg"
    assert it.get("IntegrationPackages?$format=json", accept=None).results[0]["Id"] == "MyCPIPkg"


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        (None, False),
        ("*/*", False),
        ("application/json", True),
        ("application/json;q=0.5, application/atom+xml", False),
        ("text/html, application/json", True),
    ],
    ids=["nothing", "anything", "json", "rather-atom", "json-too"],
)
def test_accept(it: ApiTenant, accept: str | None, is_json: bool) -> None:
    for target in ("IntegrationPackages", "IntegrationPackages('None')"):
        kind = it.get(target, accept=accept).header("content-type") or ""
        assert kind.startswith("application/json") == is_json


def test_error_in_xml(it: ApiTenant) -> None:
    it.create(archive())
    refused = it.request(
        "POST", f"IntegrationDesigntimeArtifactSaveAsVersion?Id='{FLOW}'&SaveAsVersion='Active'", accept=None
    )
    assert (refused.status, refused.header("content-type")) == (400, "application/xml")
    assert refused.text == (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        '<code>Bad Request</code><message xml:lang="en">CANNOT_UPDATE_BUNDLE</message></error>'
    )


@pytest.mark.parametrize("word", ["Fetch", "fetch"])
def test_csrf_token_is_given_but_not_asked_for(it: ApiTenant, word: str) -> None:
    fetched = it.request("GET", "", headers=(("x-csrf-token", word),), accept=None)
    assert fetched.header("content-type") == "application/atomsvc+xml;charset=utf-8"
    assert fetched.header("x-csrf-token")
    assert (fetched.header("set-cookie") or "").startswith("JSESSIONID=")
    assert it.get("").header("x-csrf-token") is None
    assert "IntegrationPackages" in it.get("").d["EntitySets"]
    assert it.request("POST", "IntegrationDesigntimeArtifacts", new_flow()).status == 201


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "Nothings", (404, "Not Found", "Could not find an entity set or function import for 'Nothings'.")),
        ("GET", f"{PACKAGE}/Nothing", (404, "Not Found", "Could not find property with name: 'Nothing'.")),
        ("GET", "IntegrationPackages(MyCPIPkg)", (400, "Bad Request", "Invalid key predicate: 'MyCPIPkg'.")),
        ("GET", "IntegrationPackages(Name='x')", (400, "Bad Request", "Invalid key predicate: 'Name='x''.")),
        ("GET", "IntegrationPackages?$nothing=1", (400, "Bad Request", "Invalid system query option: '$nothing'. ")),
        ("GET", "IntegrationPackages?$top=-1", (400, "Bad Request", "Invalid value: '$top=-1'.")),
        ("GET", "IntegrationPackages?$inlinecount=allpages", (501, "Not Implemented", "$count is not supported")),
        ("GET", "IntegrationPackages/$count", (501, "Not Implemented", "$count is not supported")),
        ("PATCH", PACKAGE, (501, "Not Implemented", "Not implemented")),
        ("GET", "BuildAndDeployStatus", (501, "Not Implemented", "Not implemented")),
        ("GET", "MessageStoreEntries", (501, "Not Implemented", "Not implemented")),
        ("POST", "IntegrationRuntimeArtifacts", (501, "Not Implemented", "Not implemented")),
        (
            "GET",
            "MessageProcessingLogRuns",
            (500, "Internal Server Error", "Only retrievable via navigation from MessageProcessingLogs entity"),
        ),
        ("GET", "IntegrationPackages('None')", NOT_FOUND),
        ("GET", RUNNING, NOT_FOUND),
        ("DELETE", RUNNING, NOT_FOUND),
        ("GET", "BuildAndDeployStatus('x')", NOT_FOUND),
        ("GET", ACTIVE, (404, "Not Found", "Integration design time artifact not found.")),
        ("POST", f"{DEPLOY}?Id={FLOW}&Version='active'", (400, "Bad Request", "Invalid value for parameter: 'Id'.")),
        ("POST", DEPLOY, (400, "Bad Request", "Missing parameter: 'Id'.")),
    ],
)  # fmt: skip
def test_refusals(it: ApiTenant, method: str, target: str, expected: tuple[int, str, str]) -> None:
    assert it.request(method, target).error == expected


@pytest.mark.parametrize(
    "target",
    ["IntegrationPackages(Id='MyCPIPkg')", "IntegrationPackages(%27MyCPIPkg%27)", "IntegrationPackages('My%43PIPkg')"],
    ids=["named", "quotes-encoded", "content-encoded"],
)
def test_keys(it: ApiTenant, target: str) -> None:
    assert it.get(target).d["Id"] == "MyCPIPkg"


@pytest.mark.parametrize("alias", ["it's", "a/b", "ä (1)", "a''b", "x,Version='y"])
def test_quotes_in_keys(it: ApiTenant, alias: str) -> None:
    """Doubled, then percent-encoded; also in the links that the API gives."""
    assert read_address(f"/api/v1/IntegrationPackages({literal(alias)})").keys == ({"Id": alias},)


def test_metadata_names_what_the_entities_have(it: ApiTenant) -> None:
    deployed(it)
    document = it.get("$metadata").xml
    edm = "{http://schemas.microsoft.com/ado/2008/09/edm}"
    types = {each.get("Name"): each for each in document.iter(f"{edm}EntityType")}
    for target in (PACKAGE, ACTIVE, RUNNING):
        shown = it.get(target).d
        declared = types[shown.pop("__metadata")["type"].removeprefix("com.sap.hci.api.")]
        assert {each.get("Name") for each in declared if each.tag != f"{edm}Key"} == set(shown)
