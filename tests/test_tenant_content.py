"""Packages and integration flows at design time, endpoints and message logs."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.errors import BrokenAnswer, JobTimeout, Unreachable
from cpi_conformance.control.tenant import AlreadyThere, Package, Tenant, TenantError, TenantFailure
from tests.control_plane import Pauses, lost
from tests.tenant_answers import (
    API,
    FLOW,
    FLOWS,
    PACKAGE,
    PACKAGES,
    RUNNING,
    client,
    collection,
    entity,
    error,
    flow,
    missing,
    package,
    running,
    token,
)

NEW = Package("Pkg", "My CPI Pkg", "Test", "d")
EXISTS = "An integration flow Flow with the ID Flow already exists in the My CPI Pkg package. Please rename it."
SAVE = f"{API}IntegrationDesigntimeArtifactSaveAsVersion?Id='Flow'&SaveAsVersion='1.0.1'"
ENDPOINTS = f"{API}ServiceEndpoints?$expand=EntryPoints&$filter=Name eq 'Flow'"
LOGS = f"{API}MessageProcessingLogs"


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def tenant(httpx_mock: HTTPXMock, pauses: Pauses) -> Iterator[Tenant]:
    token(httpx_mock)
    with client(pauses) as opened:
        yield opened


def test_package(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(url=PACKAGE, json=entity(**package(Keywords="[]")))
    found = tenant.package("Pkg")
    assert found == Package("Pkg", "My CPI Pkg", "Test", "<p>d</p>", mode="EDIT_ALLOWED")


def test_packages_in_pages(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    for skip, count in ((0, 100), (100, 3)):
        found = [package(number) for number in range(skip, skip + count)]
        httpx_mock.add_response(url=f"{PACKAGES}?$top=100&$skip={skip}", json=collection(*found))
    assert [each.id for each in tenant.packages()] == [str(number) for number in range(103)]


def test_list_that_ignores_skip_ends(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    same = collection(*(package(number) for number in range(150)))
    httpx_mock.add_response(json=same, is_reusable=True)
    assert len(tenant.packages()) == 150


def test_list_that_never_ends(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    pages = iter(range(10_000))
    for _ in range(100):
        page = next(pages)
        httpx_mock.add_response(json=collection(*(package(page * 100 + each) for each in range(100))))
    assert len(tenant.packages()) == 10_000


def test_artifacts_are_asked_for_once_because_skip_is_ignored_there(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    found = collection(*(flow(Id=f"f{number}") for number in range(250)))
    httpx_mock.add_response(url=f"{PACKAGE}/IntegrationDesigntimeArtifacts", json=found)
    assert len(tenant.artifacts("Pkg")) == 250


def test_empty_navigation(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(204, url=f"{PACKAGE}/IntegrationDesigntimeArtifacts")
    assert tenant.artifacts("Pkg") == ()


def test_create_package(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(201, method="POST", url=PACKAGES, json=entity(**package()))
    assert tenant.create_package(NEW).id == "Pkg"
    sent = json.loads(httpx_mock.get_requests()[-1].content)
    assert sent == {"Id": "Pkg", "Name": "My CPI Pkg", "ShortText": "Test", "Description": "d"}


def test_create_artifact(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(201, method="POST", url=FLOWS, json=entity(**flow()))
    assert tenant.create_artifact("Pkg", "Flow", "Flow", b"PK\xff").package_id == "Pkg"
    sent = json.loads(httpx_mock.get_requests()[-1].content)
    assert base64.b64decode(sent.pop("ArtifactContent"), validate=True) == b"PK\xff"
    assert sent == {"Name": "Flow", "Id": "Flow", "PackageId": "Pkg"}


Creation = tuple[str, str, dict[str, Any], Callable[[Tenant], Any]]
CREATIONS: list[Any] = [
    pytest.param(PACKAGES, PACKAGE, package(), lambda it: it.create_package(NEW), id="package"),
    pytest.param(FLOWS, FLOW, flow(), lambda it: it.create_artifact("Pkg", "Flow", "Flow", b"PK"), id="flow"),
]
FATES: list[Any] = [
    pytest.param({"status_code": 500, "json": error("oops", "Internal Server Error")}, id="500"),
    pytest.param({"status_code": 503}, id="503"),
    pytest.param(None, id="no answer"),
]


def fate(httpx_mock: HTTPXMock, url: str, answer: dict[str, Any] | None, method: str = "POST") -> None:
    """A request that may have been executed."""
    if answer is None:
        httpx_mock.add_exception(lost(), method=method, url=url)
    else:
        httpx_mock.add_response(method=method, url=url, **answer)


@pytest.mark.parametrize(("place", "one", "document", "create"), CREATIONS)
@pytest.mark.parametrize("answer", FATES)
def test_creation_that_has_arrived_is_not_sent_again(
    place: str, one: str, document: dict[str, Any], create: Callable[[Tenant], Any], answer: dict[str, Any] | None,
    httpx_mock: HTTPXMock, tenant: Tenant,
) -> None:  # fmt: skip
    fate(httpx_mock, place, answer)
    httpx_mock.add_response(url=one, json=entity(**document))
    assert create(tenant).id == document["Id"]
    assert len(httpx_mock.get_requests(method="POST", url=place)) == 1


@pytest.mark.parametrize(("place", "one", "document", "create"), CREATIONS)
@pytest.mark.parametrize("answer", FATES)
def test_creation_that_has_not_arrived_is_sent_again(
    place: str, one: str, document: dict[str, Any], create: Callable[[Tenant], Any], answer: dict[str, Any] | None,
    httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses,
) -> None:  # fmt: skip
    fate(httpx_mock, place, answer)
    missing(httpx_mock, one)
    httpx_mock.add_response(201, method="POST", url=place, json=entity(**document))
    assert create(tenant).id == document["Id"]
    assert pauses == [1]


@pytest.mark.parametrize(("place", "one", "document", "create"), CREATIONS)
def test_creation_that_arrives_late(
    place: str, one: str, document: dict[str, Any], create: Callable[[Tenant], Any],
    httpx_mock: HTTPXMock, tenant: Tenant,
) -> None:  # fmt: skip
    fate(httpx_mock, place, None)
    missing(httpx_mock, one)
    httpx_mock.add_response(500, method="POST", url=place, json=error(EXISTS, "Internal Server Error"))
    httpx_mock.add_response(url=one, json=entity(**document))
    assert create(tenant).id == document["Id"]


@pytest.mark.parametrize(("place", "one", "document", "create"), CREATIONS)
def test_what_somebody_else_has_made_is_not_adopted(
    place: str, one: str, document: dict[str, Any], create: Callable[[Tenant], Any],
    httpx_mock: HTTPXMock, tenant: Tenant,
) -> None:  # fmt: skip
    fate(httpx_mock, place, None)
    httpx_mock.add_response(url=one, json=entity(**{**document, "Name": "Another"}))
    with pytest.raises(AlreadyThere, match="another"):
        create(tenant)


@pytest.mark.parametrize(("place", "one", "document", "create"), CREATIONS)
@pytest.mark.parametrize(("status", "text"), [(500, EXISTS), (409, "id already exist."), (409, "")])
def test_creation_of_what_is_there(
    status: int, text: str, place: str, one: str, document: dict[str, Any], create: Callable[[Tenant], Any],
    httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses,
) -> None:  # fmt: skip
    httpx_mock.add_response(status, method="POST", url=place, json=error(text))
    with pytest.raises(AlreadyThere):
        create(tenant)
    assert len(httpx_mock.get_requests()) == 2
    assert pauses == []


def test_creation_without_an_answer_at_all(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_exception(lost(), method="POST", url=PACKAGES, is_reusable=True)
    missing(httpx_mock, PACKAGE, is_reusable=True)
    with pytest.raises(Unreachable):
        tenant.create_package(NEW)
    assert len(httpx_mock.get_requests(method="POST", url=PACKAGES)) == 2


def test_refused_package_id(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    text = "Property 'Id' value cannot have a special character. Enter a valid Id."
    httpx_mock.add_response(400, method="POST", url=PACKAGES, json=error(text))
    with pytest.raises(TenantError, match="special character"):
        tenant.create_package(Package("My_Pkg", "x", "x", ""))


def test_delete_package_waits_until_it_is_gone(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    httpx_mock.add_response(202, method="DELETE", url=PACKAGE)
    httpx_mock.add_response(method="GET", url=PACKAGE, json=entity(**package()))
    missing(httpx_mock, PACKAGE, method="GET")
    tenant.delete_package("Pkg")
    assert pauses == [1]


Removal = Callable[[Tenant], None]
REMOVALS: list[Any] = [
    pytest.param(PACKAGE, lambda it: it.delete_package("Pkg"), id="package"),
    pytest.param(FLOW, lambda it: it.delete_artifact("Flow"), id="flow"),
    pytest.param(RUNNING, lambda it: it.undeploy("Flow"), id="deployment"),
]


@pytest.mark.parametrize(("url", "remove"), REMOVALS)
def test_removal_of_what_is_gone(url: str, remove: Removal, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, url, is_reusable=True)
    remove(tenant)


@pytest.mark.parametrize(("url", "remove"), REMOVALS)
@pytest.mark.parametrize("answer", [pytest.param({"status_code": 503}, id="503"), pytest.param(None, id="no answer")])
def test_removal_is_sent_again(
    url: str, remove: Removal, answer: dict[str, Any] | None, httpx_mock: HTTPXMock, tenant: Tenant
) -> None:
    fate(httpx_mock, url, answer, "DELETE")
    missing(httpx_mock, url, is_reusable=True)
    remove(tenant)


@pytest.mark.parametrize(("url", "remove"), REMOVALS)
def test_removal_that_fails_is_not_repeated_blindly(
    url: str, remove: Removal, httpx_mock: HTTPXMock, tenant: Tenant
) -> None:
    httpx_mock.add_response(500, method="DELETE", url=url, json=error("locked"))
    with pytest.raises(TenantFailure, match="locked"):
        remove(tenant)


def test_update(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    fate(httpx_mock, FLOW, None, "PUT")
    httpx_mock.add_response(method="PUT", url=FLOW)
    tenant.update_artifact("Flow", "Flow", b"PK")
    sent = json.loads(httpx_mock.get_requests()[-1].content)
    assert sent == {"Name": "Flow", "ArtifactContent": "UEs="}


def test_update_with_another_symbolic_name(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    text = "Could not update artifact of the package; due to change in the Bundle-symbolicName"
    httpx_mock.add_response(400, method="PUT", url=FLOW, json=error(text))
    with pytest.raises(TenantError, match="Bundle-symbolicName"):
        tenant.update_artifact("Flow", "Flow", b"PK")


def test_save_as_version(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(method="POST", url=SAVE)
    tenant.save_as_version("Flow", "1.0.1")
    assert b"SaveAsVersion='1.0.1'" in httpx_mock.get_requests()[-1].url.query


@pytest.mark.parametrize(("version", "posts"), [("1.0.1", 1), ("Active", 2)])
def test_save_as_version_without_an_answer(version: str, posts: int, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    fate(httpx_mock, SAVE, None)
    httpx_mock.add_response(url=FLOW, json=entity(**flow(Version=version)))
    if posts == 2:
        httpx_mock.add_response(method="POST", url=SAVE)
    tenant.save_as_version("Flow", "1.0.1")
    assert len(httpx_mock.get_requests(method="POST", url=SAVE)) == posts


def test_download(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(406, url=f"{FLOW}/$value", match_headers={"Accept": "application/json"})
    httpx_mock.add_response(url=f"{FLOW}/$value", match_headers={"Accept": "*/*"}, content=b"PK")
    assert tenant.download("Flow") == b"PK"
    httpx_mock.add_response(url=f"{FLOW}/$value")
    with pytest.raises(BrokenAnswer, match="archive"):
        tenant.download("Flow")


def endpoint(name: str = "Flow", url: str = "https://x-rt.test/http/test/clientcert") -> dict[str, Any]:
    return {"Name": name, "Id": f"{name}$endpointAddress=test/clientcert", "Protocol": "REST",
            "EntryPoints": {"results": [{"Name": "x", "Url": url, "Type": "PROD"}]}}  # fmt: skip


def test_endpoints(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(url=ENDPOINTS, json=collection(endpoint("Other", "https://o.test"), endpoint()))
    assert tenant.endpoints("Flow") == ("https://x-rt.test/http/test/clientcert",)
    query = httpx_mock.get_requests()[-1].url.query
    assert query == b"$expand=EntryPoints&$filter=Name%20eq%20'Flow'"


def test_endpoints_lag(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    httpx_mock.add_response(url=ENDPOINTS, json=collection())
    httpx_mock.add_response(url=ENDPOINTS, json=collection(endpoint()))
    assert tenant.await_endpoint("Flow")
    assert pauses == [1]


def test_endpoint_that_never_comes(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    httpx_mock.add_response(url=ENDPOINTS, json=collection(), is_reusable=True)
    with pytest.raises(JobTimeout, match="endpoint of Flow"):
        tenant.await_endpoint("Flow")
    assert sum(pauses) == 40


def test_endpoints_that_were_not_expanded(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    deferred = {**endpoint(), "EntryPoints": {"__deferred": {"uri": "x"}}}
    httpx_mock.add_response(url=ENDPOINTS, json=collection(deferred))
    with pytest.raises(BrokenAnswer, match="EntryPoints"):
        tenant.endpoints("Flow")


def test_runtime_artifacts(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    url = f"{API}IntegrationRuntimeArtifacts?$top=100&$skip=0"
    httpx_mock.add_response(url=url, json=collection(running(DeployedOn="2026-08-20T10:00:00.5"), running(Id="b")))
    one, other = tenant.runtime_artifacts()
    assert one.deployed_on == dt.datetime(2026, 8, 20, 10, 0, 0, 500_000, tzinfo=dt.UTC)
    assert other.deployed_on == dt.datetime(1970, 1, 1, 0, 0, 2, tzinfo=dt.UTC)


def test_message_logs(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    log = {"MessageGuid": "AG1", "Status": "COMPLETED", "LogStart": "/Date(1522069440000)/", "LogEnd": None,
           "CorrelationId": "AG2", "IntegrationArtifact": {"Id": "Flow", "Name": "Flow"}}  # fmt: skip
    httpx_mock.add_response(json=collection(log))
    cairo = dt.timezone(dt.timedelta(hours=2))
    (found,) = tenant.message_logs("Flow", since=dt.datetime(2026, 8, 20, 12, 0, 0, 900_000, tzinfo=cairo), top=7)
    assert (found.message_guid, found.status, found.artifact_id) == ("AG1", "COMPLETED", "Flow")
    assert found.log_start == dt.datetime.fromtimestamp(1522069440, dt.UTC)
    assert dict(httpx_mock.get_requests()[-1].url.params) == {
        "$filter": "IntegrationArtifact/Id eq 'Flow' and LogEnd ge datetime'2026-08-20T10:00:00'",
        "$orderby": "LogEnd desc",
        "$top": "7",
    }


def test_message_log(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, f"{LOGS}('AG1')")
    assert tenant.message_log("AG1") is None
    httpx_mock.add_response(204, url=f"{LOGS}('AG1')/ErrorInformation/$value")
    assert tenant.error_information("AG1") is None
    httpx_mock.add_response(406, url=f"{LOGS}('AG1')/ErrorInformation/$value")
    httpx_mock.add_response(url=f"{LOGS}('AG1')/ErrorInformation/$value", text="java.lang.X: é")
    assert tenant.error_information("AG1") == "java.lang.X: é"


@pytest.mark.parametrize("date", ["/Date(x)/", "yesterday", 7.5, "/Date(999999999999999)/"])
def test_date_that_is_none(date: Any, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(url=RUNNING, json=entity(**running(DeployedOn=date)))
    with pytest.raises(BrokenAnswer, match="DeployedOn"):
        tenant.runtime_artifact("Flow")
