"""Finding and deleting in Cloud Foundry, each of its refusals, and how a token is renewed on the way."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from cpi_conformance.control import errors as kinds
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.errors import BrokenAnswer, ControlError, InvalidToken, JobFailed, JobTimeout, NotVisible
from cpi_conformance.control.listing import MOST_PAGES
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.wire import Organization, ServiceInstance, Space
from cpi_conformance.secret import Secret
from tests.control_plane import (
    API,
    BUSY,
    GONE,
    INSTANCES,
    INVALID_TOKEN,
    JOB,
    KEYS,
    REQUEST_ID,
    TOKENS,
    Pauses,
    accept,
    discovered,
    errors,
    granted,
    instance,
    job,
    key,
    logged_in,
    lost,
    page,
)

LOGIN = PasswordLogin("qa", Secret("hush"))
SPACE = Space(guid="s-1", name="dev", organization_guid="o-1")
ONE = f"{INSTANCES}/i-1"


@pytest.fixture
def pauses() -> Pauses:
    """No sleep."""
    return Pauses()


@pytest.fixture
def cloud(pauses: Pauses) -> Iterator[CloudFoundry]:
    """A client that pauses 1, 2, 4, 4 … seconds, for 20 altogether."""
    patience = Patience(first_pause=1, longest_pause=4, deadline=20, attempts=2)
    with CloudFoundry(API, LOGIN, patience=patience, sleep=pauses) as opened:
        yield opened


def queries(httpx_mock: HTTPXMock, path: str) -> list[dict[str, str]]:
    """With which parameters a list was asked for."""
    return [dict(sent.url.params) for sent in httpx_mock.get_requests() if sent.url.path == path]


def test_nothing_is_sent_before_it_is_needed(cloud: CloudFoundry) -> None:
    assert isinstance(cloud, CloudFoundry)


def test_instance(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    metadata = {"labels": {"cpi-conformance.test/run": "a1"}, "annotations": {}}
    document = instance(state="failed", metadata=metadata, unknown=1)
    document["last_operation"]["description"] = "no quota"
    httpx_mock.add_response(url=ONE, match_headers={"Authorization": "Bearer access-1"}, json=document)
    found = cloud.instance("i-1")
    assert (found.guid, found.name, found.space_guid, found.plan_guid) == ("i-1", "flow", "s-1", "p-1")
    assert (found.operation, found.state, found.description) == ("create", "failed", "no quota")
    assert found.created_at == dt.datetime(2026, 8, 20, 10, tzinfo=dt.UTC)
    assert found.labels == {"cpi-conformance.test/run": "a1"}
    assert {found, found} == {found}


def test_key_with_nulls(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(url=f"{KEYS}/k%2F1", json=key(metadata=None, last_operation=None))
    found = cloud.key("k/1")
    assert (found.instance_guid, found.state, found.description, found.labels) == ("i-1", "", "", {})


def test_pages_are_followed_and_nothing_comes_twice(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    following = f"{INSTANCES}?page=2&per_page=200"
    first = f"{INSTANCES}?type=managed&space_guids=s-1&names=flow,a%252Cb&label_selector=x%2Frun%3D1&per_page=200"
    httpx_mock.add_response(url=first, json=page(instance("i-1"), instance("i-2"), following=following))
    httpx_mock.add_response(url=following, json=page(instance("i-2"), instance("i-3")))
    found = cloud.instances(space=SPACE, names=["flow", "a,b"], labels="x/run=1")
    assert [each.guid for each in found] == ["i-1", "i-2", "i-3"]


PAGES: list[Any] = [
    pytest.param(page(following="https://elsewhere.test/v3/service_instances"), "not its own", id="elsewhere"),
    pytest.param(page(following="http://api.cf.example.test/v3/x"), "not its own", id="in the clear"),
    pytest.param(page(following="https://["), "not its own", id="no URL"),
    pytest.param({"pagination": {"next": {}}, "resources": []}, "no href", id="next without href"),
    pytest.param({"resources": []}, "pagination", id="no pagination"),
    pytest.param({"pagination": {"next": None}}, "resources", id="no resources"),
    pytest.param(page({"guid": "hush"}), "name, created_at", id="another shape: fields are named, values not"),
    pytest.param(page("hush"), "no object", id="no object"),  # type: ignore[arg-type]
    pytest.param([], "where a JSON object belongs", id="a list"),
]


@pytest.mark.parametrize(("document", "what"), PAGES)
def test_broken_page(document: Any, what: str, httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(json=document)
    with pytest.raises(BrokenAnswer, match=what) as caught:
        cloud.instances()
    assert "hush" not in str(caught.value)
    assert caught.value.__context__ is None


def test_pages_that_go_round(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(json=page(following=f"{INSTANCES}?page=2"), is_reusable=True)
    with pytest.raises(BrokenAnswer, match="circle"):
        cloud.instances()


def test_half_a_character_is_told_as_a_question_mark(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    """As brokers leave it that cut a text in the middle of a character; no report could be written with it."""
    logged_in(httpx_mock)
    detail = "Service broker error: no 😀".encode("utf-16-le")[:-2].decode("utf-16-le", "surrogatepass")
    httpx_mock.add_response(202, method="DELETE", url=f"{KEYS}/k-1", headers={"Location": JOB})
    httpx_mock.add_response(url=JOB, text=json.dumps(job("FAILED", errors=errors(None, "x", detail)["errors"])))
    with pytest.raises(JobFailed) as caught:
        cloud.delete_key("k-1")
    assert caught.value.broker_text == "no ?"


def test_pages_without_an_end(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    """Each names another one that has not been read."""
    logged_in(httpx_mock)

    def pages(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        return httpx.Response(200, json=page(instance(f"i-{number}"), following=f"{INSTANCES}?page={number + 1}"))

    httpx_mock.add_callback(pages, is_reusable=True)
    with pytest.raises(BrokenAnswer, match=f"more than {MOST_PAGES} pages"):
        cloud.instances()


def test_keys_of_no_instance_are_not_all_keys(cloud: CloudFoundry) -> None:
    assert cloud.keys(instances=[]) == ()


def test_keys_of_many_instances_are_asked_for_in_portions(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(json=page(key("k-1")))
    httpx_mock.add_response(json=page(key("k-2")))
    many = [ServiceInstance.model_validate(instance(f"i-{number}")) for number in range(150)]
    assert [each.guid for each in cloud.keys(instances=many, labels="run")] == ["k-1", "k-2"]
    asked = queries(httpx_mock, "/v3/service_credential_bindings")
    assert [len(each["service_instance_guids"].split(",")) for each in asked] == [100, 50]
    assert {each["type"] for each in asked} == {"key"}
    assert {each["label_selector"] for each in asked} == {"run"}


def test_all_keys(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(url=f"{KEYS}?type=key&names=sender&per_page=200", json=page(key()))
    assert len(cloud.keys(names=["sender"])) == 1


def test_organization_space_and_plan(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    space = {"guid": "s", "name": "dev", "relationships": {"organization": {"data": {"guid": "o"}}}}
    httpx_mock.add_response(json=page({"guid": "O", "name": "ORG"}, {"guid": "o", "name": "org"}))
    httpx_mock.add_response(url=f"{API}/v3/spaces?names=dev&organization_guids=o&per_page=200", json=page(space))
    plan = f"{API}/v3/service_plans?names=integration-flow&service_offering_names=it-rt&per_page=200"
    off, on = ({"guid": guid, "name": "integration-flow", "available": guid == "on"} for guid in ("off", "on"))
    httpx_mock.add_response(url=plan, json=page(off, on))
    organization = cloud.organization("org")
    assert organization.guid == "o"
    assert cloud.space(organization, "dev").organization_guid == "o"
    assert cloud.plan("it-rt", "integration-flow").guid == "on"


ORGANIZATION = Organization(guid="o", name="org")
INVISIBLE: list[Any] = [
    pytest.param(lambda it: it.organization("org"), [page()], "organization", "cf orgs", id="organization"),
    pytest.param(lambda it: it.space(ORGANIZATION, "dev"), [page()], "space", "Space Developer", id="space"),
    pytest.param(
        lambda it: it.plan("it-rt", "api"), [page(), page()], "service offering", "entitlement", id="offering"
    ),
    pytest.param(
        lambda it: it.plan("it-rt", "api"),
        [page(), page({"guid": "o", "name": "it-rt"})],
        "service plan",
        "entitlement",
        id="plan",
    ),
]


@pytest.mark.parametrize(("find", "pages", "kind", "remedy"), INVISIBLE)
def test_not_visible(
    find: Callable[[CloudFoundry], object],
    pages: list[dict[str, Any]],
    kind: str,
    remedy: str,
    httpx_mock: HTTPXMock,
    cloud: CloudFoundry,
) -> None:
    logged_in(httpx_mock)
    for each in pages:
        httpx_mock.add_response(json=each)
    with pytest.raises(NotVisible, match=remedy) as caught:
        find(cloud)
    assert caught.value.kind == kind


UNPROCESSABLE = "CF-UnprocessableEntity"
KEY_TAKEN = "The binding name is invalid. Key binding names must be unique. The service instance already has a key"
REFUSALS: list[Any] = [
    pytest.param(401, errors(10002, "CF-NotAuthenticated", "Authentication error"), kinds.NotAuthenticated, id="401"),
    pytest.param(403, errors(10003, "CF-NotAuthorized", "You are not authorized"), kinds.NotAuthorized, id="403"),
    pytest.param(403, errors(330002, "CF-FeatureDisabled", "disabled"), kinds.NotAuthorized, id="403 feature"),
    pytest.param(404, GONE, kinds.NotFound, id="404"),
    pytest.param(404, errors(10000, "CF-NotFound", "Unknown request"), kinds.ApiError, id="404 unknown path"),
    pytest.param(400, errors(10005, "CF-BadQueryParameter", "Unknown"), kinds.ApiError, id="400"),
    pytest.param(409, errors(60016, "CF-AsyncServiceInstance", "busy"), kinds.OperationInProgress, id="409 busy"),
    pytest.param(422, errors(10008, UNPROCESSABLE, "Invalid service plan."), kinds.Unprocessable, id="422"),
    pytest.param(
        422, errors(10008, UNPROCESSABLE, "The service instance name is taken: x."), kinds.NameTaken, id="name"
    ),
    pytest.param(422, errors(10008, UNPROCESSABLE, f"{KEY_TAKEN} binding with name 'x'."), kinds.NameTaken, id="key"),
    pytest.param(
        422,
        errors(10008, UNPROCESSABLE, f"{KEY_TAKEN} with the name 'x' that is getting deleted or its deletion failed."),
        kinds.NameBeingDeleted,
        id="key being deleted",
    ),
    pytest.param(422, BUSY, kinds.OperationInProgress, id="422 busy"),
    pytest.param(422, errors(10020, "CF-ResourceBeingDeleted", "deleting"), kinds.OperationInProgress, id="deleting"),
    pytest.param(422, errors(270018, "CF-ConcurrencyError", "busy"), kinds.OperationInProgress, id="broker busy"),
    pytest.param(500, errors(10001, "UnknownError", "An unknown error occurred."), kinds.ServerFailure, id="500"),
    pytest.param(403, None, BrokenAnswer, id="403 of a proxy"),
    pytest.param(404, None, BrokenAnswer, id="404 of the router"),
    pytest.param(422, {"errors": ["?"]}, BrokenAnswer, id="422 of another shape"),
    pytest.param(301, None, BrokenAnswer, id="redirect"),
]


@pytest.mark.parametrize(("status", "document", "kind"), REFUSALS)
def test_refusal(
    status: int, document: Any, kind: type[ControlError], httpx_mock: HTTPXMock, cloud: CloudFoundry
) -> None:
    logged_in(httpx_mock)
    content = {"json": document} if document else {"html": "<html>hush</html>"}
    httpx_mock.add_response(status, **content, headers={"X-Vcap-Request-Id": REQUEST_ID}, is_reusable=status == 500)
    with pytest.raises(ControlError) as caught:
        cloud.instance("i-1")
    assert type(caught.value) is kind
    assert "hush" not in str(caught.value)
    if isinstance(caught.value, kinds.ApiError):
        entry = document["errors"][0]
        assert (caught.value.status, caught.value.request_id) == (status, REQUEST_ID)
        assert (caught.value.code, caught.value.title, caught.value.detail) == (
            entry["code"],
            entry["title"],
            entry["detail"],
        )
        assert entry["detail"] in str(caught.value)


def test_rate_limit_labelled_as_text(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    logged_in(httpx_mock)
    headers = {"Retry-After": "3600", "Content-Type": "text/plain; charset=utf-8"}
    httpx_mock.add_response(429, json=errors(10013, "CF-RateLimitExceeded", "Rate Limit Exceeded"), headers=headers)
    with pytest.raises(kinds.RateLimited, match="Rate Limit Exceeded") as caught:
        cloud.instance("i-1")
    assert caught.value.retry_after == 3600
    assert pauses == []


def test_failure_of_the_router_without_json(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(502, text="502 Bad Gateway", is_reusable=True)
    with pytest.raises(kinds.ServerFailure) as caught:
        cloud.instance("i-1")
    assert (caught.value.code, caught.value.errors) == (None, ())


def test_token_is_renewed_once_and_the_request_replayed(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(401, url=ONE, match_headers={"Authorization": "Bearer access-1"}, json=INVALID_TOKEN)
    httpx_mock.add_response(url=TOKENS, json=granted(2))
    httpx_mock.add_response(url=ONE, match_headers={"Authorization": "Bearer access-2"}, json=instance())
    assert cloud.instance("i-1").name == "flow"


def test_token_that_stays_invalid(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    discovered(httpx_mock)
    httpx_mock.add_response(url=TOKENS, json=granted(), is_reusable=True)
    httpx_mock.add_response(401, url=ONE, json=INVALID_TOKEN, is_reusable=True)
    with pytest.raises(InvalidToken):
        cloud.instance("i-1")
    assert len(httpx_mock.get_requests(url=ONE)) == 2


def test_log_in(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    assert cloud.log_in() == Secret("refresh-1-r")


def test_time_of_the_far_side(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    httpx_mock.add_response(
        url=f"{API}/", json={"links": {"login": {"href": API}}}, headers={"Date": "Thu, 20 Aug 2026 10:00:00 GMT"}
    )
    assert cloud.far_now() - dt.datetime(2026, 8, 20, 10, tzinfo=dt.UTC) < dt.timedelta(seconds=5)


def test_far_side_that_never_tells_the_time(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    discovered(httpx_mock)
    assert abs(cloud.far_now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)


@pytest.mark.parametrize(
    ("delete", "url"),
    [(lambda it: it.delete_key("k-1"), f"{KEYS}/k-1"), (lambda it: it.delete_instance("i-1"), ONE)],
    ids=["key", "instance"],
)
def test_deletion_is_awaited(
    delete: Callable[[CloudFoundry], None], url: str, httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses
) -> None:
    logged_in(httpx_mock)
    accept(httpx_mock, "DELETE", url)
    for state in ("PROCESSING", "POLLING", "COMPLETE"):
        httpx_mock.add_response(url=JOB, json=job(state, "service_keys.delete", links={"self": {"href": JOB}}))
    delete(cloud)
    assert pauses == [1, 2]


def test_deletion_of_what_is_gone(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(404, json=GONE)
    cloud.delete_instance("i-1")


def test_deletion_without_a_job(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(204)
    cloud.delete_instance("i-1")


def test_404_of_the_router_is_no_deletion(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(404, text="404 Not Found: Requested route ('api') does not exist.")
    with pytest.raises(BrokenAnswer):
        cloud.delete_instance("i-1")


def test_deletion_whose_answer_is_lost_is_sent_again(
    httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses
) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_exception(lost(), method="DELETE")
    httpx_mock.add_response(422, method="DELETE", json=BUSY)
    httpx_mock.add_response(404, method="DELETE", json=GONE)
    cloud.delete_key("k-1")
    assert len(pauses) == 2


def test_deletion_of_what_stays_busy(httpx_mock: HTTPXMock, cloud: CloudFoundry, pauses: Pauses) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(422, json=BUSY, is_reusable=True)
    with pytest.raises(kinds.OperationInProgress):
        cloud.delete_key("k-1")
    assert sum(pauses) == 20


def test_deletion_that_fails(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    accept(httpx_mock, "DELETE", ONE)
    detail = "unbind could not be completed: Service broker failed to delete service binding: Service broker error: no"
    failed = job("FAILED", "service_instance.delete", **errors(10009, "CF-UnableToPerform", detail))
    httpx_mock.add_response(url=JOB, json=failed)
    with pytest.raises(JobFailed, match="unbind could not be completed") as caught:
        cloud.delete_instance("i-1")
    assert (caught.value.operation, caught.value.job) == ("service_instance.delete", "job-1")
    assert (caught.value.broker_text, caught.value.request_id) == ("no", REQUEST_ID)


def test_deletion_that_never_ends(httpx_mock: HTTPXMock, pauses: Pauses) -> None:
    logged_in(httpx_mock)
    accept(httpx_mock, "DELETE", ONE)
    httpx_mock.add_response(url=JOB, json=job("POLLING"), is_reusable=True)
    told: list[tuple[str, float]] = []
    patience = Patience(first_pause=6, longest_pause=6, deadline=10)
    cloud = CloudFoundry(API, LOGIN, patience=patience, sleep=pauses, progress=lambda *it: told.append(it))
    with cloud, pytest.raises(JobTimeout, match="POLLING") as caught:
        cloud.delete_instance("i-1")
    assert caught.value.state == "POLLING"
    assert pauses == [6, pytest.approx(4, abs=0.5)]
    assert [what for what, _ in told] == ["deletion of instance i-1"] * 2
    assert told[1][1] >= 6


def test_requests_are_not_sent_to_where_an_answer_points(httpx_mock: HTTPXMock, cloud: CloudFoundry) -> None:
    logged_in(httpx_mock)
    httpx_mock.add_response(202, method="DELETE", headers={"Location": "https://elsewhere.test/v3/jobs/1"})
    with pytest.raises(BrokenAnswer, match="not its own"):
        cloud.delete_key("k-1")
    assert httpx.URL("https://elsewhere.test/v3/jobs/1") not in [each.url for each in httpx_mock.get_requests()]
