"""A Cloud Foundry without sockets: Cloud Controller and UAA on a loop whose time passes only when a test says so."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.cloud_foundry.controller import CloudController
from cpi_conformance.simulator.cloud_foundry.uaa import Uaa
from cpi_conformance.simulator.cloud_foundry.urls import Urls
from cpi_conformance.simulator.cloud_foundry.users import Role, User
from cpi_conformance.simulator.exchange import Answer, Exchange
from cpi_conformance.simulator.tokens import TokenIssuer

URLS = Urls("https://api.cf.test", "https://login.cf.test", "https://uaa.cf.test")
NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
PHASE = 10.0
INSTANCES = "/v3/service_instances"
KEYS = "/v3/service_credential_bindings"
CREDENTIALS = {"oauth": {"clientid": "sb-1!b1|it-rt-x!b2", "clientsecret": "hush-hush"}}

USERS = {
    user.name: user
    for user in (
        User("developer", Secret("right")),
        User("auditor", Secret("right"), role=Role.AUDITOR),
        User("stranger", Secret("right"), role=Role.STRANGER),
        User("colleague", Secret("right"), origin="tenant-platform"),
    )
}


class Stopped(Clock):
    """A clock that moves only by its offset."""

    def now(self) -> dt.datetime:
        return NOW + self.offset


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time is set by hand."""

    moment = 0.0

    def time(self) -> float:
        return self.moment


@dataclass
class FakeBroker:
    """Does as it is told, unless the name of a method is in ``refuses``."""

    offering: str = "it-rt"
    plans: tuple[str, ...] = ("integration-flow", "api")
    refuses: dict[str, str] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def provision(self, guid: str, name: str, plan: str, parameters: Mapping[str, Any]) -> None:
        self._called("provision", name, plan, json.dumps(dict(parameters)))

    def bind(self, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._called("bind", name, json.dumps(dict(parameters)))
        return CREDENTIALS

    def unbind(self, guid: str) -> None:
        self._called("unbind", guid)

    def deprovision(self, instance_guid: str) -> None:
        self._called("deprovision", instance_guid)

    def _called(self, method: str, *arguments: str) -> None:
        self.calls.append((method, *arguments))
        if method in self.refuses:
            raise BrokerRefused(self.refuses[method])


@dataclass(frozen=True)
class Reply:
    """An answer, read."""

    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.answer.headers)

    @property
    def json(self) -> Any:
        return json.loads(self.answer.body)

    @property
    def details(self) -> list[str]:
        """The texts of the errors."""
        return [error["detail"] for error in self.json["errors"]]

    @property
    def error(self) -> tuple[int, int, str, str]:
        """Status, code, title and detail of the only error."""
        (error,) = self.json["errors"]
        return self.status, error["code"], error["title"], error["detail"]

    @property
    def names(self) -> list[str]:
        """The names in a list."""
        return [resource["name"] for resource in self.json["resources"]]


class Foundry:
    """The two systems with four users, and a broker for each test."""

    def __init__(self) -> None:
        self.clock = Stopped()
        self.broker = FakeBroker()
        self.issuer = TokenIssuer("https://uaa.cf.test/oauth/token", self.clock)
        self.uaa = Uaa(self.issuer, self.clock, USERS)
        self.controller = CloudController(self.broker, self.issuer, USERS, self.clock)
        self.controller.operation_seconds = PHASE
        self.uaa.urls = self.controller.urls = URLS
        self.loop = VirtualLoop()
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        """Abandon what runs."""
        self.loop.run_until_complete(self.controller.close())
        self.loop.close()

    def pass_time(self, phases: int = 1) -> None:
        """Let the running jobs go on by some phases."""
        for _ in range(phases):
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.moment += PHASE
            for _ in range(5):
                self.loop.run_until_complete(asyncio.sleep(0))

    def token(self, user: str) -> str:
        """An access token; one for each user."""
        if user not in self._tokens:
            form = {"grant_type": "password", "username": user, "password": "right"}
            self._tokens[user] = self.login(form).json["access_token"]
        return self._tokens[user]

    def login(self, form: Mapping[str, str], *, client: str | None = "cf:", query: str = "", **headers: str) -> Reply:
        """``POST /oauth/token``."""
        basic = {} if client is None else {"authorization": f"Basic {base64.b64encode(client.encode()).decode()}"}
        sent = {**basic, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.ask_uaa("POST", "/oauth/token", query=query, headers=sent, body=urlencode(form).encode())

    def ask_uaa(
        self, method: str, path: str, *, query: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """Any request to UAA."""
        exchange = Exchange(method, path, query, tuple((headers or {}).items()), body)
        return Reply(self.loop.run_until_complete(self.uaa(exchange)))

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        user: str | None = "developer",
        authorization: str | None = None,
    ) -> Reply:
        """A request to the Cloud Controller; ``target`` may hold a query, bytes are sent as they are."""
        path, _, query = target.partition("?")
        sent = authorization or (f"Bearer {self.token(user)}" if user else None)
        headers = (("authorization", sent),) if sent else ()
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Reply(self.loop.run_until_complete(self.controller(Exchange(method, path, query, headers, content))))

    def get(self, target: str, *, user: str | None = "developer") -> Reply:
        """``GET``."""
        return self.call("GET", target, user=user)

    def guid(self, kind: str, name: str) -> str:
        """The guid of a resource, by its name."""
        (found,) = self.get(f"/v3/{kind}?names={name}").json["resources"]
        return str(found["guid"])

    def instance_body(self, name: str = "inbound", **changes: Any) -> dict[str, Any]:
        """What creates an instance."""
        relationships = {
            "space": {"data": {"guid": self.guid("spaces", "dev")}},
            "service_plan": {"data": {"guid": self.guid("service_plans", "integration-flow")}},
        }
        return {"type": "managed", "name": name, "relationships": relationships, **changes}

    def key_body(self, instance: str, name: str = "key", **changes: Any) -> dict[str, Any]:
        """What creates a key."""
        relationships = {"service_instance": {"data": {"guid": instance}}}
        return {"type": "key", "name": name, "relationships": relationships, **changes}

    def job(self, reply: Reply) -> Any:
        """The job behind a 202."""
        assert reply.status == 202, reply.answer.body
        return self.get(urlsplit(reply.headers["location"]).path).json

    def begin_instance(self, name: str = "inbound", **changes: Any) -> tuple[str, Reply]:
        """An instance that has just been asked for; its guid, and the 202."""
        reply = self.call("POST", INSTANCES, self.instance_body(name, **changes))
        return self.job(reply)["links"]["service_instances"]["href"].rpartition("/")[2], reply

    def instance(self, name: str = "inbound", **changes: Any) -> str:
        """An instance that exists."""
        guid, reply = self.begin_instance(name, **changes)
        self.pass_time(2)
        assert self.job(reply)["state"] == "COMPLETE"
        return guid

    def begin_key(self, instance: str, name: str = "key", **changes: Any) -> tuple[str, Reply]:
        """A key that has just been asked for; its guid, and the 202."""
        reply = self.call("POST", KEYS, self.key_body(instance, name, **changes))
        return self.job(reply)["links"]["service_credential_binding"]["href"].rpartition("/")[2], reply

    def key(self, instance: str, name: str = "key", **changes: Any) -> str:
        """A key that exists."""
        guid, reply = self.begin_key(instance, name, **changes)
        self.pass_time(2)
        assert self.job(reply)["state"] == "COMPLETE"
        return guid


def query_of(href: str) -> dict[str, list[str]]:
    """The query of a link."""
    return parse_qs(urlsplit(href).query, strict_parsing=True)
