"""Creating exactly one thing: jobs, lost answers, late arrivals, busy instances."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import (
    BrokenAnswer,
    JobFailed,
    JobTimeout,
    NameBeingDeleted,
    NameTaken,
    NotFound,
    OperationInProgress,
    ServerFailure,
    Unprocessable,
    Unreachable,
)
from cpi_conformance.control.labels import ORDER, RUN
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.wire import Plan, ServiceInstance, Space
from cpi_conformance.secret import Secret
from tests.control_plane import (
    API,
    BUSY,
    GONE,
    INSTANCES,
    JOB,
    KEYS,
    NAME_TAKEN,
    REQUEST_ID,
    Pauses,
    accept,
    errors,
    instance,
    job,
    key,
    logged_in,
    lost,
    page,
)

SPACE = Space(guid="s-1", name="dev", organization_guid="o-1")
PLAN = Plan(guid="p-1", name="integration-flow")
INSTANCE = ServiceInstance.model_validate(instance())
ONE = f"{INSTANCES}/i-1"
NAMESAKES = f"{INSTANCES}?type=managed&space_guids=s-1&names=flow&per_page=200"


@pytest.fixture
def pauses() -> Pauses:
    """No sleep."""
    return Pauses()


@pytest.fixture
def cloud(pauses: Pauses, httpx_mock: HTTPXMock) -> Iterator[CloudFoundry]:
    """A client that pauses 1, 2, 4, 4 … seconds, for 20 altogether, and sends at most three times."""
    logged_in(httpx_mock)
    patience = Patience(first_pause=1, longest_pause=4, deadline=20, attempts=3)
    with CloudFoundry(API, PasswordLogin("qa", Secret("hush")), patience=patience, sleep=pauses) as opened:
        yield opened


def create(cloud: CloudFoundry) -> ServiceInstance:
    """The instance of all these tests."""
    return cloud.create_instance(SPACE, PLAN, "flow", {"roles": ["ESBMessaging.send"]}, {RUN: "a1"})


def orders(httpx_mock: HTTPXMock) -> list[dict[str, Any]]:
    """The bodies of all creations that were sent."""
    posts = httpx_mock.get_requests(method="POST")
    return [json.loads(post.content) for post in posts if post.url.path.startswith("/v3/")]


def found_with_our_label(httpx_mock: HTTPXMock, **change: Any) -> None:
    """The list of namesakes holds what the first request has created."""

    def answer(request: httpx.Request) -> httpx.Response:
        labels = orders(httpx_mock)[0]["metadata"]["labels"]
        return httpx.Response(200, json=page(instance(metadata={"labels": labels}, **change)))

    httpx_mock.add_callback(answer, url=NAMESAKES)


def test_instance_is_awaited_and_read_again(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    for state in ("PROCESSING", "POLLING", "SOMETHING NEW", "COMPLETE"):
        httpx_mock.add_response(url=JOB, json=job(state))
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"
    assert pauses == [1, 2, 4]
    (order,) = orders(httpx_mock)
    labels = order.pop("metadata")["labels"]
    assert labels.pop(ORDER).isalnum()
    assert labels == {RUN: "a1"}
    assert order == {
        "type": "managed",
        "name": "flow",
        "relationships": {"space": {"data": {"guid": "s-1"}}, "service_plan": {"data": {"guid": "p-1"}}},
        "parameters": {"roles": ["ESBMessaging.send"]},
    }


def test_key_without_parameters(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    accept(httpx_mock, "POST", KEYS)
    links = {"self": {"href": JOB}, "service_credential_binding": {"href": f"{KEYS}/k-1"}}
    httpx_mock.add_response(url=JOB, json=job("COMPLETE", "service_keys.create", links=links))
    httpx_mock.add_response(url=f"{KEYS}/k-1", json=key())
    assert cloud.create_key(INSTANCE, "sender", {}, {}).instance_guid == "i-1"
    (order,) = orders(httpx_mock)
    assert list(order.pop("metadata")["labels"]) == [ORDER]
    assert order == {
        "type": "key",
        "name": "sender",
        "relationships": {"service_instance": {"data": {"guid": "i-1"}}},
    }


def test_job_that_does_not_say_what_it_has_made(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(url=JOB, json=job("COMPLETE", links={"self": {"href": JOB}}))
    found_with_our_label(httpx_mock)
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"


FAILED_JOBS: list[Any] = [
    pytest.param(
        errors(10009, "CF-UnableToPerform", "provision could not be completed: Service broker error: bad: roles")[
            "errors"
        ],
        "bad: roles",
        id="broker",
    ),
    pytest.param(errors(10009, "CF-UnableToPerform", "delete in progress")["errors"], None, id="controller"),
    pytest.param([], None, id="without a reason"),
]


@pytest.mark.parametrize(("entries", "broker_text"), FAILED_JOBS)
def test_failed_job(entries: list[Any], broker_text: str | None, httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(url=JOB, json=job("FAILED", errors=entries))
    with pytest.raises(JobFailed, match=r"service_instance\.create has failed") as caught:
        create(cloud)
    failure = caught.value
    assert (failure.job, failure.request_id, failure.broker_text) == ("job-1", REQUEST_ID, broker_text)
    assert len(failure.errors) == len(entries)


def test_job_that_is_unknown(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(404, url=JOB, json=errors(10010, "CF-ResourceNotFound", "Job not found"))
    with pytest.raises(NotFound, match="Job not found"):
        create(cloud)


def test_job_that_does_not_end(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(url=JOB, json=job("PROCESSING"), is_reusable=True)
    with pytest.raises(JobTimeout, match="creation of flow is still 'PROCESSING'"):
        create(cloud)
    assert sum(pauses) == pytest.approx(20, abs=0.5)


def test_outage_while_the_job_runs_is_waited_out(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    accept(httpx_mock, "POST", INSTANCES)
    for _ in range(4):  # one more than the attempts of one request
        httpx_mock.add_response(503, url=JOB)
    httpx_mock.add_response(url=JOB, json=job("COMPLETE"))
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"


LOST: list[Any] = [
    pytest.param({"exception": lost()}, id="no answer"),
    pytest.param({"exception": httpx.RemoteProtocolError("closed")}, id="closed kept connection"),
    pytest.param({"status_code": 502, "text": "Bad Gateway"}, id="502"),
    pytest.param({"status_code": 500, "json": errors(10001, "UnknownError", "?")}, id="500"),
]


def lose(httpx_mock: HTTPXMock, answer: dict[str, Any]) -> None:
    """A creation that ends as ``answer`` says."""
    if "exception" in answer:
        httpx_mock.add_exception(answer["exception"], method="POST", url=INSTANCES)
    else:
        httpx_mock.add_response(**answer, method="POST", url=INSTANCES)


@pytest.mark.parametrize("answer", LOST)
def test_lost_answer_is_looked_up_first(
    answer: dict[str, Any], httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses
) -> None:
    lose(httpx_mock, answer)
    found_with_our_label(httpx_mock, state="initial")
    for state in ("initial", "in progress", "succeeded"):
        httpx_mock.add_response(url=ONE, json=instance(state=state))
    assert create(cloud).state == "succeeded"
    assert len(orders(httpx_mock)) == 1
    assert pauses == [1, 2]


def test_lost_answer_to_what_has_failed(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    found_with_our_label(httpx_mock)
    operation = {"type": "create", "state": "failed", "description": "Service broker error: no"}
    httpx_mock.add_response(url=ONE, json=instance(last_operation=operation))
    with pytest.raises(JobFailed) as caught:
        create(cloud)
    assert (caught.value.operation, caught.value.broker_text) == ("ServiceInstance.create", "no")


def test_lost_answer_and_a_namesake_of_somebody_else(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    httpx_mock.add_response(url=NAMESAKES, json=page(instance("theirs")))
    with pytest.raises(NameTaken, match="without the label of this creation"):
        create(cloud)


def test_lost_answer_to_what_never_arrived(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    httpx_mock.add_response(url=NAMESAKES, json=page(instance("other", name="FLOW")))
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(url=JOB, json=job("COMPLETE"))
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"
    first, second = orders(httpx_mock)
    assert first == second


def test_first_request_arrives_late(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    httpx_mock.add_response(url=NAMESAKES, json=page())
    httpx_mock.add_response(422, method="POST", url=INSTANCES, json=NAME_TAKEN)
    found_with_our_label(httpx_mock)
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"


def test_somebody_else_was_faster_than_the_second_request(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    httpx_mock.add_response(url=NAMESAKES, json=page())
    httpx_mock.add_response(422, method="POST", url=INSTANCES, json=NAME_TAKEN)
    httpx_mock.add_response(url=NAMESAKES, json=page(instance("theirs")))
    with pytest.raises(NameTaken, match="The service instance name is taken"):
        create(cloud)


def test_requests_are_bounded(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(500, method="POST", url=INSTANCES, is_reusable=True)
    httpx_mock.add_response(url=NAMESAKES, json=page(), is_reusable=True)
    with pytest.raises(ServerFailure):
        create(cloud)
    assert len(orders(httpx_mock)) == 3


def test_creation_that_never_arrived_is_not_looked_up(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_exception(httpx.ConnectError("refused"), method="POST", url=INSTANCES, is_reusable=True)
    with pytest.raises(Unreachable, match="has not arrived"):
        create(cloud)


def test_nobody_answers_the_question_what_became_of_it(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    httpx_mock.add_exception(httpx.ConnectError("refused"), url=NAMESAKES, is_reusable=True)
    with pytest.raises(Unreachable):
        create(cloud)
    assert len(orders(httpx_mock)) == 1


def test_busy_instance_is_waited_for(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    httpx_mock.add_response(422, method="POST", url=KEYS, json=BUSY)
    httpx_mock.add_response(422, method="POST", url=KEYS, json=BUSY)
    accept(httpx_mock, "POST", KEYS)
    links = {"self": {"href": JOB}, "service_credential_binding": {"href": f"{KEYS}/k-1"}}
    httpx_mock.add_response(url=JOB, json=job("COMPLETE", links=links))
    httpx_mock.add_response(url=f"{KEYS}/k-1", json=key())
    assert cloud.create_key(INSTANCE, "sender").guid == "k-1"
    assert pauses == [1, 2]


def test_instance_that_stays_busy(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    httpx_mock.add_response(422, method="POST", url=KEYS, json=BUSY, is_reusable=True)
    with pytest.raises(OperationInProgress):
        cloud.create_key(INSTANCE, "sender")
    assert sum(pauses) == pytest.approx(20, abs=0.5)


def test_rate_limit_is_waited_for(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    httpx_mock.add_response(429, method="POST", url=INSTANCES, headers={"Retry-After": "7"})
    accept(httpx_mock, "POST", INSTANCES)
    httpx_mock.add_response(url=JOB, json=job("COMPLETE"))
    httpx_mock.add_response(url=ONE, json=instance())
    create(cloud)
    assert pauses == [7]


DELETING = "Key binding names must be unique. … that is getting deleted or its deletion failed."
REFUSED: list[Any] = [
    pytest.param(NAME_TAKEN, NameTaken, id="name taken"),
    pytest.param(errors(10008, "CF-UnprocessableEntity", DELETING), NameBeingDeleted, id="name being deleted"),
    pytest.param(errors(10008, "CF-UnprocessableEntity", "Invalid space."), Unprocessable, id="space invisible"),
]


@pytest.mark.parametrize(("document", "kind"), REFUSED)
def test_refused(document: Any, kind: type[Unprocessable], httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(422, method="POST", url=INSTANCES, json=document)
    with pytest.raises(Unprocessable) as caught:
        create(cloud)
    assert type(caught.value) is kind


def test_accepted_without_a_job(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(201, method="POST", url=INSTANCES, json=instance())
    found_with_our_label(httpx_mock)
    httpx_mock.add_response(url=ONE, json=instance())
    assert create(cloud).guid == "i-1"


def test_success_that_is_none(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(200, method="POST", url=INSTANCES, html="<html>Sign in to the proxy</html>")
    httpx_mock.add_response(url=NAMESAKES, json=page())
    with pytest.raises(BrokenAnswer, match="nothing was created"):
        create(cloud)


def test_adopted_and_then_gone(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    lose(httpx_mock, {"exception": lost()})
    found_with_our_label(httpx_mock)
    httpx_mock.add_response(404, url=ONE, json=GONE)
    with pytest.raises(NotFound):
        create(cloud)
