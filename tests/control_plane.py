"""Answers of Cloud Foundry and UAA as they are on the wire, and a sleep that only counts."""

from __future__ import annotations

from typing import Any

import httpx
from pytest_httpx import HTTPXMock

API = "https://api.cf.example.test"
LOGIN = "https://login.cf.example.test"
TOKENS = f"{LOGIN}/oauth/token"
INSTANCES = f"{API}/v3/service_instances"
KEYS = f"{API}/v3/service_credential_bindings"
JOB = f"{API}/v3/jobs/job-1"
REQUEST_ID = "6dcf::1f0a"


class Pauses(list[float]):
    """A sleep that remembers for how long it was asked to sleep."""

    def __call__(self, seconds: float) -> None:
        """Sleep not at all."""
        self.append(seconds)


def root(**links: Any) -> dict[str, Any]:
    """The API's root with links that are not configured, as SAP's is."""
    return {"links": {"self": {"href": API}, "credhub": None, "routing": None, **links}}


def granted(number: int = 1, **change: Any) -> dict[str, Any]:
    """An answer of UAA's token endpoint."""
    document = {
        "access_token": f"access-{number}",
        "token_type": "bearer",
        "refresh_token": f"refresh-{number}-r",
        "expires_in": 1199,
        "scope": "cloud_controller.read openid",
    }
    return {name: value for name, value in {**document, **change}.items() if value is not None}


def errors(code: int | None, title: str, detail: str) -> dict[str, Any]:
    """An error of Cloud Foundry."""
    return {"errors": [{"detail": detail, "title": title, "code": code}]}


INVALID_TOKEN = errors(1000, "CF-InvalidAuthToken", "Invalid Auth Token")
BUSY = errors(10008, "CF-UnprocessableEntity", "There is an operation in progress for the service instance")
NAME_TAKEN = errors(10008, "CF-UnprocessableEntity", "The service instance name is taken: flow.")
GONE = errors(10010, "CF-ResourceNotFound", "Service instance not found")


def page(*resources: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    """A page of a list."""
    return {
        "pagination": {
            "total_results": len(resources),
            "total_pages": 1,
            "next": {"href": following} if following else None,
            "previous": None,
        },
        "resources": list(resources),
    }


def instance(guid: str = "i-1", name: str = "flow", state: str = "succeeded", **change: Any) -> dict[str, Any]:
    """A service instance."""
    return {
        "guid": guid,
        "created_at": "2026-08-20T10:00:00Z",
        "name": name,
        "type": "managed",
        "last_operation": {"type": "create", "state": state, "description": ""},
        "relationships": {"space": {"data": {"guid": "s-1"}}, "service_plan": {"data": {"guid": "p-1"}}},
        "metadata": {"labels": {}, "annotations": {}},
        **change,
    }


def key(guid: str = "k-1", name: str = "sender", state: str = "succeeded", **change: Any) -> dict[str, Any]:
    """A service key; the description of its last operation is ``null`` on success."""
    return {
        "guid": guid,
        "created_at": "2026-08-20T10:00:00Z",
        "name": name,
        "type": "key",
        "last_operation": {"type": "create", "state": state, "description": None},
        "relationships": {"service_instance": {"data": {"guid": "i-1"}}},
        "metadata": {"labels": {}, "annotations": {}},
        **change,
    }


def job(state: str, operation: str = "service_instance.create", **change: Any) -> dict[str, Any]:
    """A job; its link to what it makes is named by no rule."""
    links = {"self": {"href": JOB}, "service_instances": {"href": f"{INSTANCES}/i-1"}}
    return {"guid": "job-1", "operation": operation, "state": state, "errors": [], "links": links, **change}


def accept(httpx_mock: HTTPXMock, method: str, url: str) -> None:
    """A 202 as it is: no body, labelled HTML, and an absolute ``Location``."""
    headers = {"Location": JOB, "Content-Type": "text/html", "X-Vcap-Request-Id": REQUEST_ID}
    httpx_mock.add_response(202, method=method, url=url, headers=headers)


def discovered(httpx_mock: HTTPXMock) -> None:
    """The API says where UAA is, once."""
    httpx_mock.add_response(url=f"{API}/", json=root(login={"href": LOGIN}, uaa={"href": "https://uaa.example.test"}))


def logged_in(httpx_mock: HTTPXMock) -> None:
    """The API says where UAA is, and UAA grants one token."""
    discovered(httpx_mock)
    httpx_mock.add_response(url=TOKENS, json=granted())


def lost() -> httpx.ReadTimeout:
    """The answer to a request that was sent."""
    return httpx.ReadTimeout("timed out")
