"""The Cloud Controller (v3 API): who asks, how often, what, and what every answer carries."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from email.utils import format_datetime
from functools import partial
from typing import Any

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry import discovery
from cpi_conformance.simulator.cloud_foundry.broker import Broker
from cpi_conformance.simulator.cloud_foundry.catalog import SINGULAR, Catalog
from cpi_conformance.simulator.cloud_foundry.errors import (
    ApiError,
    invalid_token,
    not_authenticated,
    not_found,
    unknown_request,
)
from cpi_conformance.simulator.cloud_foundry.jobs import Operations
from cpi_conformance.simulator.cloud_foundry.json_answer import json_answer
from cpi_conformance.simulator.cloud_foundry.presenting import job_document
from cpi_conformance.simulator.cloud_foundry.rate_limit import EXEMPT, WINDOW, RateLimit
from cpi_conformance.simulator.cloud_foundry.records import Instance, Inventory, Key, LastOperation, Metadata, Records
from cpi_conformance.simulator.cloud_foundry.request import Request
from cpi_conformance.simulator.cloud_foundry.service_credential_bindings import ServiceCredentialBindings
from cpi_conformance.simulator.cloud_foundry.service_instances import ServiceInstances
from cpi_conformance.simulator.cloud_foundry.urls import Urls
from cpi_conformance.simulator.cloud_foundry.users import User
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.routes import Route, Routes
from cpi_conformance.simulator.tokens import TokenInvalid, TokenIssuer

AUDIENCE = "cloud_controller"


class CloudController:
    """One Cloud Controller; set ``urls`` before requests arrive.

    Attributes:
        urls: base URLs for links and ``Location``.
        rate_limit: settings of the rate limit.
        records: what there is.
        service_instances, service_keys: what may be done with either.
    """

    def __init__(
        self,
        broker: Broker,
        issuer: TokenIssuer,
        users: Mapping[str, User],
        clock: Clock,
        *,
        organization: str = "conformance",
        space: str = "dev",
    ) -> None:
        """``users`` by name; ``issuer`` is that of the UAA whose tokens are taken."""
        self.urls = Urls()
        self.rate_limit = RateLimit(clock)
        self._issuer = issuer
        self._users = users
        self._clock = clock
        self.records = Records()
        self._catalog = catalog = Catalog(broker, organization, space, clock.now())
        self._operations = operations = Operations(self.records, broker, clock)
        self.service_instances = ServiceInstances(self.records, catalog, operations, clock)
        self.service_keys = ServiceCredentialBindings(self.records, catalog, operations, clock, broker.offering)
        self._routes = self._all_routes()

    @property
    def operation_seconds(self) -> float:
        """How long each phase of a job takes; an operation has one or two."""
        return self._operations.seconds

    @operation_seconds.setter
    def operation_seconds(self, seconds: float) -> None:
        self._operations.seconds = seconds

    async def close(self) -> None:
        """Abandon the jobs that are under way; call it on the loop that runs them."""
        await self._operations.close()

    def adopt(
        self,
        instance_guid: str,
        name: str,
        plan: str,
        keys: Iterable[tuple[str, str, Mapping[str, Any]]],
        labels: Mapping[str, str] | None = None,
        parameters: Mapping[str, Any] | None = None,
        created: dt.datetime | None = None,
    ) -> None:
        """Enter an instance that the broker already has, and its keys (guid, name, credentials), into the first space.

        Raises:
            KeyError: the broker has no such plan.
        """
        moment = created or self._clock.now()
        metadata = Metadata(dict(labels or {}))
        instance = Instance(
            guid=instance_guid,
            name=name,
            space_guid=self._catalog.space_guid,
            plan_guid=self._catalog.plan_guids[plan],
            created=moment,
            updated=moment,
            last_operation=LastOperation("create", "succeeded", "", moment, moment),
            parameters=dict(parameters or {}),
            metadata=metadata,
            held=True,
        )
        with self.records.lock:
            self.records.instances.put(instance)
            for guid, key_name, credentials in keys:
                key = Key(
                    guid=guid,
                    name=key_name,
                    instance_guid=instance_guid,
                    created=moment,
                    updated=moment,
                    last_operation=LastOperation("create", "succeeded", None, moment, moment),
                    credentials=dict(credentials),
                    metadata=metadata,
                    held=True,
                )
                self.records.keys.put(key)

    def inventory(self) -> Inventory:
        """What exists now; may be called from any thread."""
        return self.records.inventory()

    async def __call__(self, exchange: Exchange) -> Answer:
        """Answer one request, with the headers that every answer carries."""
        started = time.perf_counter()
        answer = self._answer(exchange)
        extra = common_headers(self._clock.now(), time.perf_counter() - started)
        return replace(answer, headers=(*answer.headers, *extra))

    def _answer(self, exchange: Exchange) -> Answer:
        user, limits = self._user(exchange), Headers()
        if user is not None and exchange.path not in EXEMPT:
            limits = self.rate_limit.count(user.guid)
            if refusal := self.rate_limit.refusal(user.guid):
                return replace(refusal, headers=(*refusal.headers, *limits))
        try:
            answer = self._routes(exchange)
        except ApiError as error:
            answer = error.answer()
        return replace(answer, headers=(*answer.headers, *limits))

    def _user(self, exchange: Exchange) -> User | None:
        """Whose token it is; ``None`` without a token that is valid here."""
        try:
            claims = self._issuer.verify(exchange.bearer() or "")
        except TokenInvalid:
            return None
        return self._users.get(str(claims.get("user_name"))) if AUDIENCE in claims.get("aud", ()) else None

    def _secured(self, handler: Callable[..., Answer]) -> Callable[..., Answer]:
        def handle(exchange: Exchange, **variables: str) -> Answer:
            if exchange.header("authorization") is None:
                raise not_authenticated()
            user = self._user(exchange)
            if user is None:
                raise invalid_token()
            return handler(Request(exchange, user, self.urls.api), **variables)

        return handle

    def _all_routes(self) -> Routes:
        instances, keys = self.service_instances, self.service_keys
        secured: list[tuple[str, str, Callable[..., Answer]]] = [("GET", "/v3/jobs/{guid}", self._job)]
        for kind in SINGULAR:
            secured.append(("GET", f"/v3/{kind}", partial(self._list, kind=kind)))
            secured.append(("GET", f"/v3/{kind}/{{guid}}", partial(self._show, kind=kind)))
        for path, resource in (("service_instances", instances), ("service_credential_bindings", keys)):
            secured += _crud(f"/v3/{path}", resource)
        secured.append(("GET", "/v3/service_credential_bindings/{guid}/details", keys.details))
        return Routes(
            (
                Route("GET", "/", lambda _: json_answer(200, discovery.root(self.urls))),
                Route("GET", "/v3", lambda _: json_answer(200, discovery.v3_root(self.urls))),
                Route("GET", "/v3/info", self._info),
                *(Route(method, path, self._secured(handler)) for method, path, handler in secured),
            ),
            lambda _: unknown_request().answer(),
        )

    def _info(self, _: Exchange) -> Answer:
        minutes = int(WINDOW.total_seconds() // 60)
        return json_answer(200, discovery.info(self.urls, rate_limit=self.rate_limit.limit, reset_minutes=minutes))

    def _list(self, request: Request, *, kind: str) -> Answer:
        documents = self._catalog.documents(kind, request.api) if request.user.role.reads else []
        listing = self._catalog.listings(request.api)[kind]
        return json_answer(200, listing.answer(request.exchange.parameters(), documents, request.api))

    def _show(self, request: Request, guid: str, *, kind: str) -> Answer:
        documents = self._catalog.documents(kind, request.api) if request.user.role.reads else []
        for document in documents:
            if document["guid"] == guid:
                return json_answer(200, document)
        raise not_found(f"{SINGULAR[kind]} not found")

    def _job(self, request: Request, guid: str) -> Answer:
        """Jobs belong to nobody, and a failed one is no error of the request that asks for it."""
        job = self.records.jobs.get(guid)
        if job is None:
            raise not_found("Job not found")
        exists = bool(self.records.instances.get(job.resource) or self.records.keys.get(job.resource))
        refused = Truth("broker", "broker-refused", str(job.errors[0]["detail"])) if job.by_broker else None
        return json_answer(200, job_document(job, request.api, resource_exists=exists), refused)


def _crud(path: str, of: ServiceInstances | ServiceCredentialBindings) -> list[tuple[str, str, Callable[..., Answer]]]:
    one = f"{path}/{{guid}}"
    return [
        ("GET", path, of.index),
        ("POST", path, of.create),
        ("GET", one, of.show),
        ("PATCH", one, of.update),
        ("DELETE", one, of.delete),
        ("GET", f"{one}/parameters", of.parameters),
    ]


def common_headers(now: dt.datetime, seconds: float) -> Headers:
    """What every answer carries (recorded on SAP BTP); ``now`` is UTC."""
    return (
        ("date", format_datetime(now, usegmt=True)),
        ("x-vcap-request-id", f"{uuid.uuid4()}::{uuid.uuid4()}"),
        ("x-runtime", f"{seconds:.6f}"),
        ("x-b3-traceid", uuid.uuid4().hex),
        ("x-b3-spanid", uuid.uuid4().hex[:16]),
        ("strict-transport-security", "max-age=31536000; includeSubDomains; preload;"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    )
