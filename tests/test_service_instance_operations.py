"""Creating, changing and deleting service instances and keys, and the jobs behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cpi_conformance.simulator.record import Truth
from tests.foundry import CREDENTIALS, INSTANCES, KEYS, URLS, Foundry

UNPROCESSABLE = (422, 10008, "CF-UnprocessableEntity")
NAME_TAKEN = (
    "The binding name is invalid. Key binding names must be unique. "
    "The service instance already has a key binding with name 'key'."
)
NAME_TAKEN_BY_DELETED = (
    "The binding name is invalid. Key binding names must be unique. The service instance already has a key binding "
    "with the name 'key' that is getting deleted or its deletion failed."
)
BUSY = "There is an operation in progress for the service instance."


@pytest.fixture
def foundry() -> Iterator[Foundry]:
    """One for each test."""
    foundry = Foundry()
    yield foundry
    foundry.close()


def test_accepted_has_no_body(foundry: Foundry) -> None:
    _, reply = foundry.begin_instance()
    assert reply.answer.body == b""
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["location"].startswith(f"{URLS.api}/v3/jobs/")


def test_instance_creation_passes_all_states(foundry: Foundry) -> None:
    guid, reply = foundry.begin_instance(parameters={"roles": ["a"]}, tags=["t"])
    job = foundry.job(reply)
    assert (job["operation"], job["state"]) == ("service_instance.create", "PROCESSING")
    assert job["links"]["service_instances"] == {"href": f"{URLS.api}{INSTANCES}/{guid}"}
    assert foundry.get(f"{INSTANCES}/{guid}").json["last_operation"]["state"] == "initial"
    assert foundry.get(f"{INSTANCES}/{guid}/parameters").error[:2] == (409, 60016)
    foundry.pass_time()
    assert foundry.job(reply)["state"] == "POLLING"
    assert foundry.get(f"{INSTANCES}/{guid}").json["last_operation"]["state"] == "in progress"
    assert foundry.broker.calls == []
    foundry.pass_time()
    assert foundry.job(reply)["state"] == "COMPLETE"
    instance = foundry.get(f"{INSTANCES}/{guid}").json
    operation = {"type": "create", "state": "succeeded", "description": ""}
    assert {**instance["last_operation"], **operation} == instance["last_operation"]
    assert instance["tags"] == ["t"]
    assert foundry.get(f"{INSTANCES}/{guid}/parameters").json == {"roles": ["a"]}
    assert foundry.broker.calls == [("provision", "inbound", "integration-flow", '{"roles": ["a"]}')]


def test_key_creation_never_polls(foundry: Foundry) -> None:
    guid, reply = foundry.begin_key(foundry.instance(), parameters={"key-type": "certificate"})
    states, details = [], []
    for _ in range(3):
        states.append(foundry.job(reply)["state"])
        answer = foundry.get(f"{KEYS}/{guid}/details")
        details.append(answer.error[1:] if answer.status == 404 else answer.json)
        foundry.pass_time()
    assert states == ["PROCESSING", "PROCESSING", "COMPLETE"]
    assert details == [
        (10010, "CF-ResourceNotFound", "Creation of service key initial"),
        (10010, "CF-ResourceNotFound", "Creation of service key in progress"),
        {"credentials": CREDENTIALS},
    ]
    job = foundry.job(reply)
    assert job["operation"] == "service_keys.create"
    assert job["links"]["service_credential_binding"] == {"href": f"{URLS.api}{KEYS}/{guid}"}
    assert foundry.broker.calls[-1] == ("bind", "key", '{"key-type": "certificate"}')


def test_credentials_are_at_details_only(foundry: Foundry) -> None:
    guid = foundry.key(foundry.instance())
    for target in (KEYS, f"{KEYS}/{guid}"):
        assert b"hush-hush" not in foundry.get(target).answer.body
    key = foundry.get(f"{KEYS}/{guid}").json
    assert key["last_operation"]["description"] is None
    assert list(key["links"]) == ["self", "details", "service_instance", "parameters"]
    record = foundry.controller.records.keys.get(guid)
    assert record is not None
    assert record.credentials
    assert "hush-hush" not in repr(record)


def test_key_parameters_are_not_retrievable(foundry: Foundry) -> None:
    reply = foundry.get(f"{KEYS}/{foundry.key(foundry.instance())}/parameters")
    assert reply.error[:3] == (400, 90007, "CF-ServiceFetchBindingParametersNotSupported")


@pytest.mark.parametrize(
    ("method", "detail"),
    [
        ("provision", "provision could not be completed: Service broker error: no luck"),
        ("bind", "bind could not be completed: Service broker error: no luck"),
        (
            "unbind",
            "unbind could not be completed: Service broker failed to delete service binding for instance inbound: "
            "Service broker error: no luck",
        ),
        ("deprovision", "delete could not be completed: Service broker error: no luck"),
    ],
)
def test_refusal_of_the_broker_fails_the_job(foundry: Foundry, method: str, detail: str) -> None:
    target, reply = "", None
    foundry.broker.refuses = {method: "no luck"}
    guid, reply = foundry.begin_instance()
    foundry.pass_time(2)
    target = f"{INSTANCES}/{guid}"
    if method in ("bind", "unbind"):
        key, reply = foundry.begin_key(guid)
        foundry.pass_time(2)
        target = f"{KEYS}/{key}"
    if method in ("unbind", "deprovision"):
        reply = foundry.call("DELETE", target)
        foundry.pass_time(2)
    job = foundry.job(reply)
    assert job["state"] == "FAILED"
    assert job["errors"] == [{"code": 10009, "title": "CF-UnableToPerform", "detail": detail}]
    operation = foundry.get(target).json["last_operation"]
    assert (operation["state"], operation["description"]) == ("failed", detail)
    asked = foundry.get(f"/v3/jobs/{job['guid']}")
    assert asked.status == 200
    assert asked.answer.refused == Truth("broker", "broker-refused", detail)


def test_failed_unbind_stops_the_deletion_of_the_instance(foundry: Foundry) -> None:
    instance = foundry.instance()
    key = foundry.key(instance)
    foundry.broker.refuses = {"unbind": "no luck"}
    reply = foundry.call("DELETE", f"{INSTANCES}/{instance}")
    foundry.pass_time(2)
    assert foundry.job(reply)["state"] == "FAILED"
    inventory = foundry.controller.inventory()
    assert inventory.instances == ((instance, "inbound", "delete failed"),)
    assert inventory.keys == ((key, "key", "delete failed"),)
    assert foundry.get(f"{KEYS}/{key}/details").details == ["Deletion of service key failed"]
    assert "deprovision" not in {call[0] for call in foundry.broker.calls}
    foundry.broker.refuses = {}
    foundry.call("DELETE", f"{INSTANCES}/{instance}")
    foundry.pass_time(2)
    assert foundry.controller.inventory().instances == ()


def test_deleting_an_instance_takes_its_keys_along(foundry: Foundry) -> None:
    instance = foundry.instance()
    key = foundry.key(instance)
    reply = foundry.call("DELETE", f"{INSTANCES}/{instance}")
    assert "service_instances" in foundry.job(reply)["links"]
    assert foundry.call("DELETE", f"{INSTANCES}/{instance}").error == (*UNPROCESSABLE, BUSY)
    foundry.pass_time()
    assert foundry.job(reply)["state"] == "POLLING"
    foundry.pass_time()
    job = foundry.job(reply)
    assert (job["operation"], job["state"], list(job["links"])) == ("service_instance.delete", "COMPLETE", ["self"])
    assert foundry.broker.calls[-2:] == [("unbind", key), ("deprovision", instance)]
    assert foundry.get(f"{INSTANCES}/{instance}").status == foundry.get(f"{KEYS}/{key}").status == 404
    assert foundry.call("DELETE", f"{INSTANCES}/{instance}").status == 404


def test_deleting_a_key(foundry: Foundry) -> None:
    instance = foundry.instance()
    key = foundry.key(instance)
    reply = foundry.call("DELETE", f"{KEYS}/{key}")
    assert foundry.job(reply)["operation"] == "service_keys.delete"
    assert "service_credential_binding" in foundry.job(reply)["links"]
    assert foundry.get(f"{KEYS}/{key}/details").details == ["Deletion of service key in progress"]
    busy = "There is an operation in progress for the service binding."
    assert foundry.call("DELETE", f"{KEYS}/{key}").error == (*UNPROCESSABLE, busy)
    assert foundry.call("PATCH", f"{KEYS}/{key}", {}).details == ["The service binding is being deleted"]
    assert foundry.call("POST", KEYS, foundry.key_body(instance)).error == (*UNPROCESSABLE, NAME_TAKEN_BY_DELETED)
    foundry.pass_time()
    assert foundry.job(reply)["state"] == "COMPLETE"
    assert list(foundry.job(reply)["links"]) == ["self"]
    assert foundry.call("DELETE", f"{KEYS}/{key}").status == 404
    foundry.key(instance)


def test_key_deleted_while_it_is_created(foundry: Foundry) -> None:
    key, creation = foundry.begin_key(foundry.instance())
    deletion = foundry.call("DELETE", f"{KEYS}/{key}")
    foundry.pass_time(2)
    detail = "create could not be completed: delete in progress"
    assert foundry.job(creation)["state"] == "FAILED"
    assert foundry.job(creation)["errors"] == [{"code": 10009, "title": "CF-UnableToPerform", "detail": detail}]
    assert foundry.job(deletion)["state"] == "COMPLETE"
    assert {call[0] for call in foundry.broker.calls} == {"provision"}


def test_instance_deleted_while_it_is_created(foundry: Foundry) -> None:
    instance, creation = foundry.begin_instance()
    assert foundry.call("DELETE", f"{INSTANCES}/{instance}").error == (*UNPROCESSABLE, BUSY)
    foundry.pass_time()
    deletion = foundry.call("DELETE", f"{INSTANCES}/{instance}")
    foundry.pass_time(2)
    assert foundry.job(creation)["state"] == "FAILED"
    assert foundry.job(deletion)["state"] == "COMPLETE"
    assert foundry.broker.calls == []


def test_purging_is_not_for_developers(foundry: Foundry) -> None:
    assert foundry.call("DELETE", f"{INSTANCES}/{foundry.instance()}?purge=true").status == 403


def test_busy_instance_takes_no_keys_and_no_changes(foundry: Foundry) -> None:
    instance, _ = foundry.begin_instance()
    assert foundry.call("POST", KEYS, foundry.key_body(instance)).error == (*UNPROCESSABLE, BUSY.removesuffix("."))
    assert foundry.call("PATCH", f"{INSTANCES}/{instance}", {}).error == (*UNPROCESSABLE, BUSY)


def test_key_of_a_busy_instance_cannot_be_deleted(foundry: Foundry) -> None:
    instance = foundry.instance()
    key = foundry.key(instance)
    foundry.call("DELETE", f"{INSTANCES}/{instance}")
    assert foundry.call("DELETE", f"{KEYS}/{key}").error == (*UNPROCESSABLE, BUSY)


def test_names_are_taken(foundry: Foundry) -> None:
    instance = foundry.instance()
    taken = "The service instance name is taken: inbound."
    assert foundry.call("POST", INSTANCES, foundry.instance_body()).error == (*UNPROCESSABLE, taken)
    foundry.key(instance)
    assert foundry.call("POST", KEYS, foundry.key_body(instance)).error == (*UNPROCESSABLE, NAME_TAKEN)
    foundry.instance("second")
    assert foundry.call("PATCH", f"{INSTANCES}/{instance}", {"name": "second"}).details == [
        taken.replace("inbound", "second")
    ]
    elsewhere = foundry.instance_body()
    elsewhere["relationships"]["space"]["data"]["guid"] = foundry.guid("spaces", "other")
    assert foundry.call("POST", INSTANCES, elsewhere).status == 202


def test_failed_key_makes_room_and_failed_instance_does_not(foundry: Foundry) -> None:
    instance = foundry.instance()
    foundry.broker.refuses = {"bind": "no", "provision": "no"}
    failed, _ = foundry.begin_key(instance)
    broken, _ = foundry.begin_instance("broken")
    foundry.pass_time(2)
    assert foundry.get(f"{KEYS}/{failed}/details").details == ["Creation of service key failed"]
    foundry.broker.refuses = {}
    assert foundry.key(instance) != failed
    assert foundry.get(f"{KEYS}/{failed}").status == 404
    assert foundry.call("POST", KEYS, foundry.key_body(broken)).details == ["Service instance not found"]
    assert foundry.get(f"{INSTANCES}/{broken}/parameters").details == ["Service instance not found"]
    assert foundry.call("POST", INSTANCES, foundry.instance_body("broken")).status == 422


def test_patching_an_instance_is_done_at_once(foundry: Foundry) -> None:
    guid = foundry.instance(metadata={"labels": {"a": "1"}})
    reply = foundry.call("PATCH", f"{INSTANCES}/{guid}", {"name": "new", "tags": ["x"], "metadata": {"labels": {}}})
    assert reply.status == 200
    assert (reply.json["name"], reply.json["tags"], reply.json["metadata"]["labels"]) == ("new", ["x"], {"a": "1"})
    assert foundry.get(f"{INSTANCES}?names=new").names == ["new"]


def test_unknown_job(foundry: Foundry) -> None:
    assert foundry.get("/v3/jobs/x").error == (404, 10010, "CF-ResourceNotFound", "Job not found")


def test_fault_of_the_broker_fails_the_job(foundry: Foundry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foundry.broker, "provision", lambda *_: 1 / 0)
    seen: list[Any] = []
    foundry.loop.set_exception_handler(lambda _, context: seen.append(context))
    _, reply = foundry.begin_instance()
    foundry.pass_time(2)
    assert foundry.job(reply)["errors"] == [
        {"detail": "An unknown error occurred.", "title": "UnknownError", "code": 10001}
    ]


SPACE_SHAPE = 'Relationships Space must be structured like this: "space: {"data": {"guid": "valid-guid"}}"'
INVALID_PLAN = "Invalid service plan. Ensure that the service plan exists, is available, and you have access to it."
INVALID_SPACE = "Invalid space. Ensure that the space exists and you have access to it."


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        pytest.param({"x": 1}, ["Unknown field(s): 'x'"], id="unknown-field"),
        pytest.param({"x": 1, "y": 1}, ["Unknown field(s): 'x', 'y'"], id="unknown-fields"),
        pytest.param({"type": "gift"}, ["Type must be one of 'managed', 'user-provided'"], id="type"),
        pytest.param({"name": 7}, ["Name must be a string"], id="name-is-no-text"),
        pytest.param({"name": " "}, ["Name can't be blank"], id="blank-name"),
        pytest.param({"name": "x" * 256}, ["Name is too long (maximum is 255 characters)"], id="long-name"),
        pytest.param({"parameters": []}, ["Parameters must be an object"], id="parameters"),
        pytest.param({"tags": [1]}, ["Tags must be a list of strings"], id="tags"),
        pytest.param(
            {"relationships": None}, ["Relationships 'relationships' is not an object"], id="no-relationships"
        ),
        pytest.param({"space": {}}, [SPACE_SHAPE], id="shape-of-space"),
        pytest.param({"space": {"data": {"guid": "x"}}}, [INVALID_SPACE], id="unknown-space"),
        pytest.param({"service_plan": {"data": {"guid": "x"}}}, [INVALID_PLAN], id="unknown-plan"),
        pytest.param(
            {"metadata": {"labels": {"@": ""}}},
            ["Metadata label key error: '@' contains invalid characters"],
            id="label",
        ),
    ],
)
def test_unusable_instances(foundry: Foundry, changes: dict[str, Any], texts: list[str]) -> None:
    body = foundry.instance_body()
    for name, value in changes.items():
        (body["relationships"] if name in ("space", "service_plan") else body)[name] = value
    reply = foundry.call("POST", INSTANCES, body)
    assert reply.status == 422
    assert reply.details == texts
    assert foundry.controller.inventory().instances == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        pytest.param({"x": 1}, "Unknown field(s): 'x'", id="unknown-field"),
        pytest.param({"type": "app"}, "Type must be one of 'key', 'app'", id="type"),
        pytest.param({"name": None}, "Name must be a string", id="name"),
        pytest.param({"parameters": "x"}, "Parameters must be an object", id="parameters"),
        pytest.param(
            {"relationships": {"service_instance": {"data": {"guid": "x"}}}},
            "The service instance could not be found: 'x'",
            id="unknown-instance",
        ),
    ],
)
def test_unusable_keys(foundry: Foundry, changes: dict[str, Any], text: str) -> None:
    reply = foundry.call("POST", KEYS, {**foundry.key_body(foundry.instance()), **changes})
    assert reply.error == (*UNPROCESSABLE, text)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"], ids=["broken", "list", "no-text"])
@pytest.mark.parametrize("target", [INSTANCES, KEYS])
def test_broken_json(foundry: Foundry, target: str, body: bytes) -> None:
    status, code, title, text = foundry.call("POST", target, body).error
    assert (status, code, title) == (400, 1001, "CF-MessageParseError")
    assert text.startswith("Request invalid due to parse error: ")


def test_keys_cannot_be_renamed(foundry: Foundry) -> None:
    key = foundry.key(foundry.instance())
    assert foundry.call("PATCH", f"{KEYS}/{key}", {"name": "x"}).error == (*UNPROCESSABLE, "Unknown field(s): 'name'")


def test_links_of_an_instance(foundry: Foundry) -> None:
    guid = foundry.instance()
    links = json.loads(foundry.get(f"{INSTANCES}/{guid}").answer.body)["links"]
    assert links["service_credential_bindings"]["href"] == f"{URLS.api}{KEYS}?service_instance_guids={guid}"
    assert foundry.get(f"{KEYS}?service_instance_guids={guid}").names == []
