"""Lists of the Cloud Controller, and labels, which are there to be selected by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.foundry import INSTANCES, KEYS, URLS, Foundry, query_of


@pytest.fixture
def foundry() -> Iterator[Foundry]:
    """One for each test."""
    foundry = Foundry()
    yield foundry
    foundry.close()


@pytest.fixture
def populated(foundry: Foundry) -> Foundry:
    """Three instances of different labels, the second of plan ``api``; each with one key."""
    labels: list[dict[str, str]] = [{"run": "7", "t.example/stage": "a"}, {"run": "8"}, {}]
    for number, (name, plan) in enumerate((("one", "integration-flow"), ("two", "api"), ("three", "integration-flow"))):
        key: tuple[str, str, dict[str, str]] = (f"k{number}", f"key-{name}", {})
        foundry.controller.adopt(f"i{number}", name, plan, [key], labels[number])
    return foundry


def test_a_list_of_nothing_has_one_page(foundry: Foundry) -> None:
    reply = foundry.get(f"{INSTANCES}?names=x")
    link = {"href": f"{URLS.api}{INSTANCES}?names=x&page=1&per_page=50"}
    assert reply.json == {
        "pagination": {
            "total_results": 0,
            "total_pages": 1,
            "first": link,
            "last": link,
            "next": None,
            "previous": None,
        },
        "resources": [],
    }


def test_pages_link_to_each_other_with_sorted_filters(populated: Foundry) -> None:
    reply = populated.get(f"{INSTANCES}?type=managed&per_page=1&page=2&order_by=name")
    pages = reply.json["pagination"]
    assert reply.names == ["three"]
    assert (pages["total_results"], pages["total_pages"]) == (3, 3)
    assert pages["next"]["href"].endswith("?order_by=%2Bname&page=3&per_page=1&type=managed")
    assert query_of(pages["previous"]["href"])["page"] == ["1"]
    assert query_of(pages["last"]["href"])["page"] == ["3"]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", "one three two"),
        ("-name", "two three one"),
        ("%2Bname", "one three two"),
        ("created_at", "one two three"),
    ],
)
def test_order(populated: Foundry, order: str, names: str) -> None:
    assert populated.get(f"{INSTANCES}?order_by={order}").names == names.split()


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("per_page=5001", "Per page must be between 1 and 5000"),
        ("per_page=0", "Per page must be a positive integer"),
        ("per_page=x", "Per page must be a positive integer"),
        ("page=0", "Page must be a positive integer"),
        ("order_by=space", "Order by can only be: 'created_at', 'updated_at', 'name'"),
        ("label_selector=", "Missing label_selector value"),
        ("label_selector=a%3D%3D%3Db", "Invalid label_selector value"),
        ("label_selector=a+in+b", "Invalid label_selector value"),
        ("label_selector=a,,b", "Invalid label_selector value"),
        ("label_selector=a%3D1:2", "Invalid label_selector value"),
        ("label_selector=nodot/a", "prefix 'nodot' must be in valid dns format"),
        ("label_selector=" + ",".join("a" * 51), "Too many label_selector requirements (maximum is 50)"),
    ],
)
def test_impossible_values(foundry: Foundry, query: str, text: str) -> None:
    reply = foundry.get(f"{INSTANCES}?{query}")
    assert reply.error == (400, 10005, "CF-BadQueryParameter", f"The query parameter is invalid: {text}")


@pytest.mark.parametrize("per_page", [1, 5000])
def test_possible_page_sizes(foundry: Foundry, per_page: int) -> None:
    assert foundry.get(f"{INSTANCES}?per_page={per_page}").status == 200


def test_unknown_query_parameters_are_refused(foundry: Foundry) -> None:
    status, code, title, text = foundry.get(f"{KEYS}?service_instance_guid=x&y=1").error
    assert (status, code, title) == (400, 10005, "CF-BadQueryParameter")
    known = "'page', 'per_page', 'order_by', 'created_ats', 'updated_ats', 'guids', 'label_selector', 'names', 'type'"
    assert text.startswith(
        "The query parameter is invalid: Unknown query parameter(s): 'service_instance_guid', 'y'. "
        f"Valid parameters are: {known}, 'service_instance_guids'"
    )


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (f"{INSTANCES}?names=one,three", "one three"),
        (f"{INSTANCES}?guids=i1", "two"),
        (f"{INSTANCES}?type=user-provided", ""),
        (f"{INSTANCES}?service_plan_names=api", "two"),
        (f"{INSTANCES}?space_guids=x", ""),
        (f"{INSTANCES}?names=one,two&service_plan_names=integration-flow", "one"),
        (f"{INSTANCES}?created_ats[gt]=2026-01-15T11:00:00Z", "one two three"),
        (f"{INSTANCES}?created_ats[lt]=2026-01-15T11:00:00Z", ""),
        (f"{INSTANCES}?created_ats=2026-01-15T12:00:00Z", "one two three"),
        (f"{KEYS}?service_instance_guids=i0,i2", "key-one key-three"),
        (f"{KEYS}?service_instance_names=two", "key-two"),
        (f"{KEYS}?service_plan_names=api", "key-two"),
        (f"{KEYS}?service_offering_names=other", ""),
        (f"{KEYS}?type=app", ""),
        (f"{KEYS}?names=key-one&type=key&per_page=1", "key-one"),
        ("/v3/spaces?names=dev", "dev"),
        ("/v3/spaces?organization_guids=x", ""),
        ("/v3/service_plans?service_offering_names=it-rt&names=api", "api"),
        ("/v3/service_plans?service_broker_names=it-broker-rt&available=true", "integration-flow api"),
        ("/v3/service_offerings?names=xsuaa", ""),
        ("/v3/organizations?names=conformance", "conformance"),
    ],
)
def test_filters(populated: Foundry, target: str, names: str) -> None:
    assert populated.get(target).names == names.split()


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("run", "one two"),
        ("!run", "three"),
        ("run=7", "one"),
        ("run==7", "one"),
        ("run!=7", "two three"),
        ("run in (7,8)", "one two"),
        ("run in (8, 9)", "two"),
        ("run notin (7)", "two three"),
        ("run, t.example/stage = a", "one"),
        ("run in (7,8),!t.example/stage", "two"),
        ("run=", ""),
    ],
)
def test_label_selector(populated: Foundry, selector: str, names: str) -> None:
    assert populated.get(f"{INSTANCES}?{urlencode({'label_selector': selector})}").names == names.split()


@pytest.mark.parametrize(
    ("target", "plural", "names"),
    [
        (f"{KEYS}?include=service_instance&names=key-one,key-two", "service_instances", ["one", "two"]),
        ("/v3/spaces?include=organization", "organizations", ["conformance"]),
        ("/v3/service_plans?include=service_offering", "service_offerings", ["it-rt"]),
    ],
)
def test_included(populated: Foundry, target: str, plural: str, names: list[str]) -> None:
    reply = populated.get(target)
    assert [related["name"] for related in reply.json["included"][plural]] == names
    assert "include=" in reply.json["pagination"]["first"]["href"]


def test_unknown_include(foundry: Foundry) -> None:
    assert foundry.get("/v3/spaces?include=x").details == [
        "The query parameter is invalid: Invalid included resource: 'x'. Valid included resources are: 'organization'"
    ]


LONG = "x" * 64


@pytest.mark.parametrize(
    ("metadata", "texts"),
    [
        pytest.param({"labels": {"t.example/run": "1", "a": ""}}, [], id="good"),
        pytest.param({"labels": None, "annotations": None}, [], id="null"),
        pytest.param(None, [], id="all-null"),
        pytest.param(
            {"labels": {"purpose@!": "x"}},
            ["Metadata label key error: 'purpose@!' contains invalid characters"],
            id="characters-of-key",
        ),
        pytest.param({"labels": {"": "x"}}, ["Metadata label key error: key cannot be empty string"], id="empty-key"),
        pytest.param(
            {"labels": {"a.b/": "x"}}, ["Metadata label key error: key cannot be empty string"], id="empty-name"
        ),
        pytest.param(
            {"labels": {"a.b/c/d": "x"}}, ["Metadata label key error: key has more than one '/'"], id="two-slashes"
        ),
        pytest.param(
            {"labels": {"nodot/a": "x"}},
            ["Metadata label key error: prefix 'nodot' must be in valid dns format"],
            id="prefix-without-dot",
        ),
        pytest.param(
            {"labels": {"CloudFoundry.org/a": "x"}},
            ["Metadata label key error: prefix 'cloudfoundry.org' is reserved"],
            id="reserved",
        ),
        pytest.param(
            {"labels": {"a." * 127 + "b/c": "x"}},
            ["Metadata label key error: prefix 'a.a.a.a....' is greater than 253 characters"],
            id="long-prefix",
        ),
        pytest.param(
            {"labels": {"-a": "x"}},
            ["Metadata label key error: '-a' starts or ends with invalid characters"],
            id="start-of-key",
        ),
        pytest.param(
            {"labels": {LONG: "x"}},
            ["Metadata label key error: 'xxxxxxxx...' is greater than 63 characters"],
            id="long-key",
        ),
        pytest.param(
            {"labels": {"at": "2026-08-20T10:00:00Z"}},
            ["Metadata label value error: '2026-08-20T10:00:00Z' contains invalid characters"],
            id="timestamp",
        ),
        pytest.param(
            {"labels": {"a": "x."}},
            ["Metadata label value error: 'x.' starts or ends with invalid characters"],
            id="end-of-value",
        ),
        pytest.param(
            {"labels": {"a": LONG}},
            ["Metadata label value error: 'xxxxxxxx...' is greater than 63 characters"],
            id="long-value",
        ),
        pytest.param(
            {"labels": {"@": "@"}},
            [
                "Metadata label key error: '@' contains invalid characters",
                "Metadata label value error: '@' contains invalid characters",
            ],
            id="several",
        ),
        pytest.param(
            {"annotations": {"a": "x" * 5001}},
            ["Metadata annotation value error: 'xxxxxxxx...' is greater than 5000 characters"],
            id="long-annotation",
        ),
        pytest.param({"annotations": {"a": "any text: at all @ 10:00"}}, [], id="annotation"),
        pytest.param({"labels": []}, ["Metadata 'labels' is not an object"], id="no-object"),
        pytest.param([], ["Metadata must be an object"], id="no-metadata"),
        pytest.param({"tags": {}}, ["Metadata has unexpected field(s): 'tags'"], id="unexpected"),
        pytest.param(
            {"labels": {f"l{number}": "" for number in range(51)}},
            ["Failed to add 51 labels because it would exceed maximum of 50"],
            id="too-many",
        ),
    ],
)
def test_metadata(populated: Foundry, metadata: Any, texts: list[str]) -> None:
    reply = populated.call("PATCH", f"{KEYS}/k2", {"metadata": metadata})
    assert reply.status == (422 if texts else 200)
    assert (reply.details if texts else []) == texts
    if texts:
        assert reply.json["errors"][0]["code"] == (390020 if "exceed" in texts[0] else 10008)


def test_null_deletes_a_label(populated: Foundry) -> None:
    reply = populated.call("PATCH", f"{INSTANCES}/i0", {"metadata": {"labels": {"run": None, "new": "1"}}})
    assert reply.json["metadata"]["labels"] == {"t.example/stage": "a", "new": "1"}
    assert populated.get(f"{INSTANCES}?label_selector=new").names == ["one"]
