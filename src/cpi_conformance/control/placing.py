"""Creating exactly one thing, although the answer to the request may be lost.

A creation is no repeatable request: sent twice it creates twice, or fails because of its own first success.
So each carries a label of its own, and what has become of a request without an answer is looked up first.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

import httpx

from cpi_conformance.control.api import Api
from cpi_conformance.control.errors import (
    BrokenAnswer,
    ControlError,
    ErrorEntry,
    NameTaken,
    OperationInProgress,
    ServerFailure,
    Unreachable,
)
from cpi_conformance.control.jobs import await_job, await_resource
from cpi_conformance.control.labels import ORDER
from cpi_conformance.control.waiting import Pace, Waiting
from cpi_conformance.control.wire import Made


@dataclass(frozen=True)
class Placement(Generic[Made]):
    """A creation.

    Attributes:
        path: of the list that it adds to.
        kind: ``managed`` or ``key``.
        name: of what is made.
        related: the GUIDs of what it belongs to, by the names of the relationships.
        parameters: for the broker; left out when there are none.
        labels: besides the one of the creation itself.
        namesakes: asks for the resources of the same name below the same parent.
        read: asks for one by its GUID.
    """

    path: str
    kind: str
    name: str
    related: Mapping[str, str]
    parameters: Mapping[str, Any]
    labels: Mapping[str, str]
    namesakes: Callable[[], tuple[Made, ...]]
    read: Callable[[str], Made]

    def body(self, order: str) -> dict[str, Any]:
        """What is sent."""
        body: dict[str, Any] = {
            "type": self.kind,
            "name": self.name,
            "relationships": {name: {"data": {"guid": guid}} for name, guid in self.related.items()},
            "metadata": {"labels": {**self.labels, ORDER: order}},
        }
        return {**body, "parameters": dict(self.parameters)} if self.parameters else body


def place(api: Api, placement: Placement[Made], pace: Pace) -> Made:
    """What was created, when it is ready, as Cloud Foundry shows it then.

    Raises:
        NameTaken: somebody else's has this name.
        JobFailed: Cloud Foundry or the broker has failed to make it; its record may remain.
        JobTimeout: it was not ready within the deadline; it may become so.
        ControlError: there is no answer, or it is no.
    """
    return _Placing(api, placement, pace).done()


class _Placing(Generic[Made]):
    def __init__(self, api: Api, placement: Placement[Made], pace: Pace) -> None:
        self._api = api
        self._placement = placement
        self._attempts = pace.patience.attempts
        self._order = secrets.token_hex(12)
        self._waiting = Waiting(f"creation of {placement.name}", pace)

    def done(self) -> Made:
        lost: ControlError | None = None
        for _ in range(self._attempts):
            try:
                answer = self._sent()
            except NameTaken:
                mine = self._mine() if lost else None  # the request whose answer was lost has arrived late
                if mine is None:
                    raise
                return self._ready(mine)
            except (Unreachable, ServerFailure) as error:
                if lost is None and isinstance(error, Unreachable) and not error.may_have_arrived:
                    raise
                lost = error
            else:
                return self._completed(answer)
            mine = self._mine(strict=True)
            if mine is not None:
                return self._ready(mine)
            if not self._waiting.pause():
                break
        assert lost is not None
        raise lost

    def _sent(self) -> httpx.Response:
        """The answer to the request once the parent is not busy any more."""
        body = self._placement.body(self._order)
        while True:
            try:
                return self._api.post(self._placement.path, body)
            except OperationInProgress:
                if not self._waiting.pause():
                    raise

    def _completed(self, answer: httpx.Response) -> Made:
        location = answer.headers.get("Location")
        if answer.status_code == httpx.codes.ACCEPTED and location:
            job = await_job(self._api, location, answer.headers.get("X-Vcap-Request-Id"), self._waiting)
            if (guid := job.resource_guid) is not None:
                return self._waiting.persistently(lambda: self._placement.read(guid))
        mine = self._mine()
        if mine is None:
            raise BrokenAnswer(f"POST {self._placement.path}", f"{answer.status_code}, and nothing was created")
        return self._ready(mine)

    def _mine(self, *, strict: bool = False) -> Made | None:
        """What this creation has made; with ``strict``, somebody else's of that name is an error."""
        found = self._waiting.persistently(self._placement.namesakes)
        for each in found:
            if each.labels.get(ORDER) == self._order:
                return each
        if found and strict:
            text = f"{self._placement.name} exists without the label of this creation"
            raise NameTaken(httpx.codes.UNPROCESSABLE_ENTITY, (ErrorEntry(None, "NameTaken", text),))
        return None

    def _ready(self, made: Made) -> Made:
        return await_resource(lambda: self._placement.read(made.guid), self._waiting)
