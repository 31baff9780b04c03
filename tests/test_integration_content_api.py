"""Integration content by the tenant API: from a package to the log of a message."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.flow_archives import archive, manifest
from tests.tenant_api_calls import (
    ACTIVE,
    DEPLOY,
    FLOW,
    JSON,
    NOT_FOUND,
    PACKAGE,
    ROOT,
    RUNNING,
    ApiTenant,
    content,
    deployed,
    new_flow,
)

M = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
D = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"

ARTIFACTS = f"{PACKAGE}/IntegrationDesigntimeArtifacts"
SPECIAL = "Property 'Id' value cannot have a special character. Enter a valid Id."


@pytest.fixture
def it() -> Iterator[ApiTenant]:
    tenant = ApiTenant()
    yield tenant
    tenant.close()


def test_package_on_the_wire(it: ApiTenant) -> None:
    body = {"Id": "Another", "Name": "Another", "ShortText": "short", "Description": "long"}
    created = it.request("POST", "IntegrationPackages", {"d": body})
    assert created.status == 201
    now = str(int(it.clock.now().timestamp() * 1000))
    expected = {
        "Id": "Another",
        "Description": "<p>long</p>",
        "Mode": "EDIT_ALLOWED",
        "SupportedPlatform": "[SAP Cloud Integration]",
        "CreatedBy": it.key.clientid,
        "CreationDate": now,
        "Products": "[]",
        "IntegrationDesigntimeArtifacts": {
            "__deferred": {"uri": f"{ROOT}IntegrationPackages('Another')/IntegrationDesigntimeArtifacts"}
        },
    }
    assert expected.items() <= created.d.items()
    assert created.d["__metadata"]["type"] == "com.sap.hci.api.IntegrationPackage"
    assert it.get("IntegrationPackages('Another')").d == created.d


def test_packages_in_pages(it: ApiTenant) -> None:
    for number in range(3):
        it.request("POST", "IntegrationPackages", {"Id": f"P{number}", "Name": "n", "ShortText": "s"})
    assert [each["Id"] for each in it.get("IntegrationPackages?$top=2&$skip=1").results] == ["P0", "P1"]
    assert list(it.get("IntegrationPackages?$top=1&$select=Id,Name").results[0]) == ["__metadata", "Id", "Name"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"ShortText": ""}, (400, "Bad Request", "Property 'ShortText' cannot be empty")),
        ({"Id": "My_Pkg"}, (400, "Bad Request", SPECIAL)),
        ({"Id": "MyCPIPkg"}, (409, "Conflict", "Entity with the specified IntegrationPackage id already exist.")),
        ({"Nothing": "x"}, (400, "Bad Request", "Invalid property: 'Nothing'.")),
        ({"Name": 7}, (400, "Bad Request", "Invalid value for property: 'Name'.")),
        ({"PackageContent": "UEs="}, (501, "Not Implemented", "Not implemented")),
    ],
    ids=["short-text", "special-character", "taken", "unknown-property", "number", "import"],
)  # fmt: skip
def test_package_refused(it: ApiTenant, change: dict[str, Any], expected: tuple[int, str, str]) -> None:
    body = {"Id": "Another", "Name": "Another", "ShortText": "short", **change}
    assert it.request("POST", "IntegrationPackages", body).error == expected


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"[" * 100_000, b'{"Id":"\\ud800"}', b"\xff"], ids=repr)
def test_no_json(it: ApiTenant, body: bytes) -> None:
    refused = it.request("POST", "IntegrationPackages", body)
    assert refused.error == (400, "Bad Request", "An exception of type 'MalformedJsonException' occurred.")
    assert it.request("POST", "IntegrationPackages", body, kind="text/plain").status == 415


def test_package_is_changed_and_deleted(it: ApiTenant) -> None:
    changed = it.request("PUT", PACKAGE, {"Name": "New", "ShortText": "other", "Id": "ignored"})
    assert (changed.status, changed.text) == (202, "")
    assert it.get(PACKAGE).d["Name"] == "New"
    it.create(archive())
    deleted = it.request("DELETE", PACKAGE)
    assert (deleted.status, deleted.text) == (202, "")
    assert it.get(PACKAGE).error == NOT_FOUND
    assert it.get(ACTIVE).status == 404


def test_package_export(it: ApiTenant) -> None:
    it.create(archive())
    exported = it.get(f"{PACKAGE}/$value")
    assert exported.header("content-type") == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(exported.answer.body)).namelist() == [f"{FLOW}_content"]
    assert it.request("PUT", ACTIVE, {"Name": "draft"}).status == 200
    assert it.get(f"{PACKAGE}/$value").error[2].startswith("Package export failed. It contains")


def test_artifact_on_the_wire(it: ApiTenant) -> None:
    created = it.request("POST", "IntegrationDesigntimeArtifacts", new_flow())
    assert created.status == 201
    assert set(created.d) == {"__metadata", "Id", "Version", "PackageId", "Name", "Description"}
    shown = it.get(ACTIVE).d
    assert {"Id": FLOW, "Version": "1.0.0", "ArtifactContent": None, "Comment": None}.items() <= shown.items()
    assert len(shown) == 1 + 13 + 2
    assert it.get(f"{ACTIVE}/$value").answer.body == archive()
    assert it.get(f"{ACTIVE}/$value").header("content-type") == "application/zip"


@pytest.mark.parametrize(
    ("version", "status"), [("active", 200), ("Active", 200), ("1.0.0", 200), ("0.9.0", 404), ("ACTIVE", 404)]
)
def test_only_the_current_version(it: ApiTenant, version: str, status: int) -> None:
    it.create(archive())
    assert it.get(f"IntegrationDesigntimeArtifacts(Version='{version}',Id='{FLOW}')").status == status


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {},
            (
                500,
                "Internal Server Error",
                f"An integration flow {FLOW} with the ID {FLOW} already exists in the My CPI Pkg package. "
                "Please rename the artifact ID.",
            ),
        ),
        ({"Id": "x", "PackageId": "None"}, (404, "Not Found", "Integration package None does not exist.")),
        ({"Id": "x", "ArtifactContent": "%"}, (400, "Bad Request", "Invalid value for property: 'ArtifactContent'.")),
    ],
    ids=["taken", "no-package", "no-base64"],
)
def test_artifact_refused(it: ApiTenant, change: dict[str, Any], expected: tuple[int, str, str]) -> None:
    it.create(archive())
    assert it.request("POST", "IntegrationDesigntimeArtifacts", new_flow(**change)).error == expected


def test_empty_navigation(it: ApiTenant) -> None:
    assert (it.get(ARTIFACTS).status, it.get(ARTIFACTS).text) == (204, "")
    assert it.get("IntegrationPackages('None')/IntegrationDesigntimeArtifacts").error == NOT_FOUND


def test_who_turns_pages_of_a_package_gets_the_same_again(it: ApiTenant) -> None:
    for number in range(3):
        it.create(archive(), f"F{number}")
    page = it.get(f"{ARTIFACTS}?$top=2&$skip=2&$inlinecount=allpages")
    assert [each["Id"] for each in page.results] == ["F0", "F1"]
    assert "__count" not in page.d


def test_artifact_is_changed_saved_and_deleted(it: ApiTenant) -> None:
    it.create(archive())
    renamed = it.request("PUT", ACTIVE, {"Name": "New name"})
    assert (renamed.status, renamed.text) == (200, "")
    assert it.get(ACTIVE).d["Version"] == "Active"
    save = f"IntegrationDesigntimeArtifactSaveAsVersion?Id='{FLOW}'&SaveAsVersion='1.0.7'"
    assert (it.request("POST", save).status, it.request("POST", save).text) == (200, "")
    assert it.get(ACTIVE).d["Version"] == "1.0.7"
    newer = archive(manifest=manifest(Bundle_Version="2.0.0"))
    assert it.request("PUT", ACTIVE, {"ArtifactContent": content(newer)}).status == 200
    assert it.get(ACTIVE).d["Version"] == "2.0.0"
    assert (it.request("DELETE", ACTIVE).status, it.get(ACTIVE).status) == (200, 404)


def test_another_symbolic_name(it: ApiTenant) -> None:
    it.create(archive())
    other = archive(manifest=manifest(Bundle_SymbolicName="Other"))
    refused = it.request("PUT", ACTIVE, {"Name": "x", "ArtifactContent": content(other)})
    assert refused.error[:2] == (400, "Bad Request")
    assert "Bundle-symbolicName" in refused.error[2]


def test_configurations_and_resources(it: ApiTenant) -> None:
    definitions = b"<parameters><parameter><name>Sender Endpoint</name></parameter></parameters>"
    it.create(archive(prop=b"Sender\\ Endpoint=/flow\n", propdef=definitions))
    (configuration,) = it.get(f"{ACTIVE}/Configurations").results
    assert (configuration["ParameterKey"], configuration["ParameterValue"]) == ("Sender Endpoint", "/flow")
    assert it.get(f"{ACTIVE}/Configurations/$count").text == "1"
    (resource,) = it.get(f"{ACTIVE}/Resources").results
    assert (resource["Name"], resource["ResourceType"]) == ("respond.groovy", "groovy")
    script = it.get(f"{ACTIVE}/Resources(Name='respond.groovy',ResourceType='groovy')/$value")
    assert b"processData" in script.answer.body
    assert it.get(f"{ACTIVE}/Resources(Name='other',ResourceType='groovy')/$value").error == NOT_FOUND


@pytest.mark.parametrize(("given", "result"), [(archive(), "Passed"), (None, "Failed")], ids=["whole", "empty"])
def test_validation(it: ApiTenant, given: bytes | None, result: str) -> None:
    it.create(given)
    checked = it.request("POST", f"ValidateIntegrationDesigntimeArtifact?Id='{FLOW}'&Version='active'")
    assert (checked.status, checked.text) == (200, f"Check execution result: {result}")


def test_deployment(it: ApiTenant) -> None:
    """Task, then nothing, then starting, then started, then an endpoint."""
    it.create(archive())
    accepted = it.request("POST", f"{DEPLOY}?Id='{FLOW}'&Version='active'")
    assert (accepted.status, accepted.header("content-type")) == (202, "text/plain;charset=utf-8")
    task = accepted.text
    assert it.get(f"BuildAndDeployStatus('{task}')").d["Status"] == "DEPLOYING"
    assert it.get(RUNNING).error == NOT_FOUND
    it.pass_time(1)
    assert it.get(f"BuildAndDeployStatus(TaskId='{task}')").d["Status"] == "SUCCESS"
    assert it.get(RUNNING).error == NOT_FOUND
    it.pass_time(1)
    assert it.get(RUNNING).d["Status"] == "STARTING"
    it.pass_time(1)
    shown = it.get(RUNNING).d
    assert {"Status": "STARTED", "Type": "INTEGRATION_FLOW", "DeployedBy": it.key.clientid}.items() <= shown.items()
    assert shown["DeployedOn"] == f"/Date({int(it.clock.now().timestamp() * 1000)})/"
    assert shown["ErrorInformation"] == {"__deferred": {"uri": f"{ROOT}{RUNNING}/ErrorInformation"}}
    assert it.get("ServiceEndpoints").results == []
    it.pass_time(1)
    assert len(it.get("ServiceEndpoints").results) == 1


def test_endpoint_on_the_wire(it: ApiTenant) -> None:
    deployed(it)
    (endpoint,) = it.get(f"ServiceEndpoints?$expand=EntryPoints&$filter=Name eq '{FLOW}'").results
    assert endpoint["Id"] == f"{FLOW}$endpointAddress=test/clientcert"
    assert (endpoint["Name"], endpoint["Protocol"]) == (FLOW, "REST")
    (point,) = endpoint["EntryPoints"]["results"]
    assert (point["Url"], point["Type"]) == ("https://rt.test/http/test/clientcert", "PROD")
    one = f"ServiceEndpoints('{FLOW}%24endpointAddress%3Dtest%2Fclientcert')"
    assert endpoint["ApiDefinitions"]["__deferred"]["uri"] == f"{ROOT}{one}/ApiDefinitions"
    assert it.get(one).d["EntryPoints"] == {"__deferred": {"uri": f"{ROOT}{one}/EntryPoints"}}
    assert it.get(f"{one}/EntryPoints").results[0]["Url"] == point["Url"]
    assert it.get(f"{one}/ApiDefinitions").status == 204
    assert it.get("ServiceEndpoints?$filter=Name eq 'other'").results == []
    inline = it.get("ServiceEndpoints?$expand=EntryPoints", accept=None).xml.iter(f"{M}inline")
    assert next(inline).find(f".//{D}Url").text == point["Url"]


def test_error_of_a_deployment(it: ApiTenant) -> None:
    value = f"{RUNNING}/ErrorInformation/$value"
    it.create(None)
    it.request("POST", f"{DEPLOY}?Id='{FLOW}'&Version='active'")
    assert it.get(value, accept=None).status == 404
    it.pass_time(3)
    assert it.get(RUNNING).d["Status"] == "ERROR"
    assert it.get(value, accept=None).status == 204
    it.pass_time(1)
    told = it.get(value, accept=None)
    assert told.json["message"] == {
        "subsystemName": "CONTENT",
        "subsytemPartName": "CONTENT_DEPLOY",
        "messageId": "GenerationFailed",
        "messageText": "",
    }
    assert told.json["parameter"][0]
    assert it.get(value, accept=JSON).status == 406
    assert it.get(f"{RUNNING}/ErrorInformation", accept=None).status == 404


def test_undeployment(it: ApiTenant) -> None:
    deployed(it)
    accepted = it.request("DELETE", RUNNING)
    assert (accepted.status, accepted.text) == (202, "")
    assert it.get(RUNNING).d["Status"] == "STOPPING"
    it.pass_time(1)
    assert it.get(RUNNING).error == NOT_FOUND
    it.pass_time(1)
    assert it.get("ServiceEndpoints").results == []


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("$top=1&$skip=1", ["F1"]),
        ("$filter=Id eq 'F0' or Id eq 'F2'", ["F0", "F2"]),
        ("$filter=Status ne 'STARTED'", ["F1", "F2"]),
        ("$filter=startswith(Id,'F') or substringof('x',Id)", ["F0", "F1", "F2"]),
        ("$orderby=Id desc", ["F2", "F1", "F0"]),
        ("$orderby=Status,Id desc", ["F2", "F1", "F0"]),
    ],
)
def test_lists_of_runtime_artifacts(it: ApiTenant, options: str, ids: list[str]) -> None:
    for number in range(3):
        it.create(archive(), f"F{number}")
        it.deploy(it.design_time.artifact(f"F{number}"))
    it.pass_time(5)
    found = it.get(f"IntegrationRuntimeArtifacts?{options}&$inlinecount=allpages")
    assert [each["Id"] for each in found.results] == ids
    assert found.d["__count"] == ("3" if "$filter" not in options else str(len(ids)))
    assert it.get("IntegrationRuntimeArtifacts/$count").text == "3"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("Id eq 'a' and Id eq 'b'", 400),
        ("DeployedOn gt datetime'2021-02-01T00:00:00'", 400),
        ("Id eq", 400),
        ("Id eq 'a", 400),
        ("Nothing eq 'a'", 404),
        ("(" * 100 + "Id eq 'a'" + ")" * 100, 400),
        ("Id eq " + "9" * 5000, 400),
        ("startswith(Id)", 400),
    ],
    ids=["and", "deployed-on", "half", "open-quote", "unknown-property", "deep", "long-number", "arity"],
)
def test_filters_refused(it: ApiTenant, condition: str, status: int) -> None:
    assert it.get(f"IntegrationRuntimeArtifacts?$filter={condition}").status == status


def test_message_logs(it: ApiTenant) -> None:
    deployed(it)
    it.call()
    it.clock.offset = dt.timedelta(minutes=1)
    it.call()
    chosen = f"IntegrationArtifact/Id eq '{FLOW}' and Status ne 'DISCARDED'"
    newest = it.get(f"MessageProcessingLogs?$filter={chosen}&$orderby=LogEnd desc&$top=1&$inlinecount=allpages")
    (log,) = newest.results
    assert newest.d["__count"] == "2"
    assert (log["Status"], log["CustomStatus"]) == ("COMPLETED", "COMPLETED")
    assert log["LogEnd"] == f"/Date({int(it.clock.now().timestamp() * 1000)})/"
    artifact = {name: log["IntegrationArtifact"][name] for name in ("Id", "Name", "Type", "PackageId", "PackageName")}
    assert tuple(artifact.values()) == (FLOW, FLOW, "INTEGRATION_FLOW", "MyCPIPkg", "My CPI Pkg")
    one = f"MessageProcessingLogs('{log['MessageGuid']}')"
    assert it.get(one).d == log
    for link in ("ErrorInformation", "ErrorInformation/$value", "Attachments", "CustomHeaderProperties"):
        assert it.get(f"{one}/{link}").status == 204
    assert it.get("MessageProcessingLogs/$count").text == "2"
    later = it.clock.now().strftime("datetime'%Y-%m-%dT%H:%M:%S'")
    assert len(it.get(f"MessageProcessingLogs?$filter=LogEnd ge {later}").results) == 1


def test_message_log_of_a_failure(it: ApiTenant) -> None:
    script = b"def Message processData(Message message) { throw new RuntimeException('broken on purpose') }"
    it.create(archive(script=b"import com.sap.gateway.ip.core.customdev.util.Message\n" + script))
    it.deploy(it.design_time.artifact(FLOW))
    it.pass_time(5)
    it.call()
    (log,) = it.get("MessageProcessingLogs?$filter=Status eq 'FAILED'").results
    one = f"MessageProcessingLogs('{log['MessageGuid']}')/ErrorInformation"
    assert it.get(one).d["Type"] == "text/plain"
    assert "broken on purpose" in it.get(f"{one}/$value").text


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ("$orderby=LogStart", 200),
        ("$orderby=Status,LogEnd desc", 200),
        ("$orderby=Status", 400),
        ("$orderby=MessageGuid", 400),
        ("$filter=IntegrationArtifact/Id ne 'x'", 400),
        ("$filter=startswith(IntegrationArtifact/Id,'x')", 400),
        ("$filter=LogEnd ge datetime'2021-02-01T00:00:00Z'", 400),
    ],
)
def test_options_of_message_logs(it: ApiTenant, options: str, status: int) -> None:
    assert it.get(f"MessageProcessingLogs?{options}").status == status
