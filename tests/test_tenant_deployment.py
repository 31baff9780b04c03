"""Deploying: task, runtime, whose state it is, explanations, deadlines, and requests without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.errors import BrokenAnswer, JobTimeout, Unreachable
from cpi_conformance.control.tenant import (
    DeploymentFailed,
    DeploymentTimeout,
    Tenant,
    TenantError,
    TenantFailure,
    TenantForbidden,
)
from tests.control_plane import Pauses, lost
from tests.tenant_answers import DEPLOY, EXPLANATION, RUNNING, TASK, client, entity, error, missing, running, token

TEXT = "The generation and build of the artifact were unsuccessful. …"
INFORMATION = {
    "message": {"subsystemName": "CONTENT", "subsytemPartName": "CONTENT_DEPLOY", "messageText": ""},
    "parameter": [TEXT],
}
Heard = list[tuple[str, float]]


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def tenant(httpx_mock: HTTPXMock, pauses: Pauses, heard: Heard) -> Iterator[Tenant]:
    token(httpx_mock)
    with client(pauses, progress=lambda what, seconds: heard.append((what, seconds))) as opened:
        yield opened


def triggered(httpx_mock: HTTPXMock, *states: str) -> None:
    """The tenant accepts a deployment, whose task goes through these states."""
    httpx_mock.add_response(202, method="POST", url=DEPLOY, text="task-1")
    for state in states:
        httpx_mock.add_response(url=TASK, json=entity(TaskId="task-1", Status=state))


def shown(httpx_mock: HTTPXMock, **change: Any) -> None:
    """The runtime shows the flow, once."""
    httpx_mock.add_response(method="GET", url=RUNNING, json=entity(**running(**change)))


def posts(httpx_mock: HTTPXMock) -> int:
    return len(httpx_mock.get_requests(method="POST", url=DEPLOY))


def test_first_deployment(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses, heard: Heard) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock, "DEPLOYING", "SUCCESS")
    missing(httpx_mock, RUNNING)
    shown(httpx_mock, status="STARTING")
    shown(httpx_mock)
    deployment = tenant.deploy("Flow")
    assert (deployment.task_id, deployment.runtime.status) == ("task-1", "STARTED")
    assert pauses == [1, 2, 4]
    assert [what for what, _ in heard] == ["deployment of Flow"] * 3
    assert [round(seconds) for _, seconds in heard] == [0, 1, 3]
    assert round(deployment.seconds) == 7


def test_state_of_the_deployment_before_does_not_count(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    shown(httpx_mock, deployed=1000)
    triggered(httpx_mock, "SUCCESS")
    shown(httpx_mock, deployed=1000)
    shown(httpx_mock, deployed=1000, status="STOPPING")
    missing(httpx_mock, RUNNING)
    shown(httpx_mock, deployed=3000)
    assert round(tenant.deploy("Flow").seconds) == 7


def test_old_error_does_not_count(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    shown(httpx_mock, deployed=1000, status="ERROR")
    triggered(httpx_mock, "SUCCESS")
    shown(httpx_mock, deployed=1000, status="ERROR")
    shown(httpx_mock, deployed=1000, Version="1.0.1")
    assert tenant.deploy("Flow").runtime.version == "1.0.1"


@pytest.mark.parametrize("end", ["SUCCESS", "FAIL"])
def test_error_is_explained(end: str, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock, end)
    httpx_mock.add_response(method="GET", url=RUNNING, json=entity(**running("ERROR")), is_reusable=True)
    httpx_mock.add_response(204, url=EXPLANATION)
    httpx_mock.add_response(406, url=EXPLANATION, match_headers={"Accept": "application/json"})
    httpx_mock.add_response(url=EXPLANATION, match_headers={"Accept": "*/*"}, json=INFORMATION)
    with pytest.raises(DeploymentFailed) as caught:
        tenant.deploy("Flow")
    assert (caught.value.text, caught.value.task_status, caught.value.artifact) == (TEXT, end, "Flow")


def test_error_without_an_explanation(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    missing(httpx_mock, RUNNING, is_reusable=True)
    triggered(httpx_mock, "FAIL")
    with pytest.raises(DeploymentFailed, match="without a reason"):
        tenant.deploy("Flow")
    assert sum(pauses) == 7


def test_missing_license_is_not_waited_for(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    missing(httpx_mock, RUNNING, is_reusable=True)
    triggered(httpx_mock, "FAIL_ON_LICENSE_ERROR")
    with pytest.raises(DeploymentFailed, match="FAIL_ON_LICENSE_ERROR"):
        tenant.deploy("Flow")
    assert pauses == []


EXPLANATIONS: list[Any] = [
    pytest.param({"json": INFORMATION}, TEXT, id="parameter"),
    pytest.param({"json": {"message": {"messageText": "a"}, "parameter": []}}, "a", id="messageText"),
    pytest.param({"text": "plain"}, "plain", id="no JSON"),
    pytest.param({"json": {"other": 1}}, '{"other":1}', id="other JSON"),
    pytest.param({"content": b"\xff"}, "\ufffd", id="no text"),
    pytest.param({"status_code": 204}, None, id="not yet"),
]


@pytest.mark.parametrize(("answer", "text"), EXPLANATIONS)
def test_explanation(answer: dict[str, Any], text: str | None, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(url=EXPLANATION, **answer)
    assert tenant.deployment_error("Flow") == text


def test_never_listed(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    missing(httpx_mock, RUNNING, is_reusable=True)
    triggered(httpx_mock, "SUCCESS")
    with pytest.raises(DeploymentTimeout, match="not deployed yet") as caught:
        tenant.deploy("Flow")
    assert sum(pauses) == 40
    assert isinstance(caught.value, JobTimeout)


def test_stuck_in_starting(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock, "SUCCESS")
    httpx_mock.add_response(method="GET", url=RUNNING, json=entity(**running("STARTING")), is_reusable=True)
    with pytest.raises(DeploymentTimeout, match="STARTING"):
        tenant.deploy("Flow")


def test_build_that_never_ends(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    httpx_mock.add_response(202, method="POST", url=DEPLOY, text="task-1")
    httpx_mock.add_response(url=TASK, json=entity(Status="DEPLOYING"), is_reusable=True)
    with pytest.raises(DeploymentTimeout, match="DEPLOYING"):
        tenant.deploy("Flow")


def test_task_that_nobody_knows(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock)
    missing(httpx_mock, TASK)
    shown(httpx_mock)
    assert tenant.deploy("Flow").task_id == "task-1"


def test_outage_while_waiting(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock)
    httpx_mock.add_response(503, url=TASK)
    httpx_mock.add_response(503, url=TASK)
    httpx_mock.add_response(url=TASK, json=entity(Status="SUCCESS"))
    httpx_mock.add_exception(lost(), method="GET", url=RUNNING)
    httpx_mock.add_exception(lost(), method="GET", url=RUNNING)
    shown(httpx_mock)
    assert tenant.deploy("Flow").runtime.status == "STARTED"


def test_outage_that_lasts(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    triggered(httpx_mock)
    httpx_mock.add_response(503, url=TASK, is_reusable=True)
    with pytest.raises(TenantFailure):
        tenant.deploy("Flow")


LOST: list[Any] = [
    pytest.param({"status_code": 502}, id="502"),
    pytest.param({"status_code": 500}, id="500"),
    pytest.param(None, id="no answer"),
]


def lose(httpx_mock: HTTPXMock, answer: dict[str, Any] | None) -> None:
    if answer is None:
        httpx_mock.add_exception(lost(), method="POST", url=DEPLOY)
    else:
        httpx_mock.add_response(method="POST", url=DEPLOY, **answer)


@pytest.mark.parametrize("answer", LOST)
def test_deployment_that_has_arrived_is_not_sent_again(
    answer: dict[str, Any] | None, httpx_mock: HTTPXMock, tenant: Tenant
) -> None:
    shown(httpx_mock, deployed=1000)
    lose(httpx_mock, answer)
    shown(httpx_mock, deployed=1000)
    shown(httpx_mock, status="STARTING")
    shown(httpx_mock)
    deployment = tenant.deploy("Flow")
    assert deployment.task_id is None
    assert posts(httpx_mock) == 1


@pytest.mark.parametrize("answer", LOST)
def test_deployment_that_has_not_arrived_is_sent_again(
    answer: dict[str, Any] | None, httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses
) -> None:
    lose(httpx_mock, answer)
    for _ in range(5):
        missing(httpx_mock, RUNNING)
    triggered(httpx_mock, "SUCCESS")
    shown(httpx_mock)
    assert tenant.deploy("Flow").task_id == "task-1"
    assert pauses == [1, 2, 4]


def test_deployment_without_an_answer_at_all(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_exception(lost(), method="POST", url=DEPLOY, is_reusable=True)
    missing(httpx_mock, RUNNING, is_reusable=True)
    with pytest.raises(Unreachable):
        tenant.deploy("Flow")
    assert posts(httpx_mock) == 2


@pytest.mark.parametrize("body", ["", "<html>", "two words", '{"d":{}}', "x" * 101])
def test_task_id_that_is_none(body: str, httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING)
    httpx_mock.add_response(202, method="POST", url=DEPLOY, text=body)
    with pytest.raises(BrokenAnswer, match="no task id"):
        tenant.deploy("Flow")


def test_refused_deployment(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    missing(httpx_mock, RUNNING, is_reusable=True)
    httpx_mock.add_response(403, method="POST", url=DEPLOY)
    with pytest.raises(TenantForbidden) as caught:
        tenant.deploy("Flow")
    assert caught.value.role == "WorkspaceArtifactsDeploy"
    httpx_mock.add_response(400, method="POST", url=DEPLOY, json=error("wrong runtime profile"))
    with pytest.raises(TenantError, match="profile"):
        tenant.deploy("Flow")
    assert posts(httpx_mock) == 2


def test_undeploy(httpx_mock: HTTPXMock, tenant: Tenant, pauses: Pauses) -> None:
    httpx_mock.add_response(202, method="DELETE", url=RUNNING)
    shown(httpx_mock, status="STOPPING")
    missing(httpx_mock, RUNNING)
    tenant.undeploy("Flow")
    assert pauses == [1]


def test_undeploy_that_never_ends(httpx_mock: HTTPXMock, tenant: Tenant) -> None:
    httpx_mock.add_response(202, method="DELETE", url=RUNNING)
    httpx_mock.add_response(method="GET", url=RUNNING, json=entity(**running("STOPPING")), is_reusable=True)
    with pytest.raises(JobTimeout, match="STOPPING"):
        tenant.undeploy("Flow")
