"""Asynchronous operations: one asyncio task for each job, and what becomes of a resource meanwhile.

Rules and texts: cloud_controller_ng, ``app/jobs/v3/``; states as recorded on SAP BTP, where instances
pass through ``POLLING`` and keys do not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.broker import Broker, BrokerRefused
from cpi_conformance.simulator.cloud_foundry.errors import error_entry
from cpi_conformance.simulator.cloud_foundry.records import Instance, Job, Key, LastOperation, Records

ABORTED = "create could not be completed: delete in progress"
UNBIND_FAILED = "Service broker failed to delete service binding for instance {instance}: Service broker error: {text}"


class OperationFailed(Exception):
    """The job fails with this text."""

    def __init__(self, text: str, *, by_broker: bool = True) -> None:
        super().__init__(text)
        self.by_broker = by_broker


class Operations:
    """Starts jobs and carries them out; ``seconds`` is how long each phase of one takes."""

    def __init__(self, records: Records, broker: Broker, clock: Clock) -> None:
        self.seconds = 0.002
        self._records = records
        self._broker = broker
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Abandon what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def begun(self, kind: str, state: str = "in progress") -> LastOperation:
        """A last operation of the present moment; ``kind`` is ``create`` or ``delete``."""
        now = self._clock.now()
        return LastOperation(kind, state, None, now, now)

    def create_instance(self, instance: Instance, plan: str) -> Job:
        """Provision an instance that has been recorded."""
        job = self._job("service_instance.create", instance.guid)
        return self._start(job, partial(self._provision, job, instance, plan))

    def delete_instance(self, instance: Instance) -> Job:
        """Take back an instance and, before it, its keys."""
        self._records.instances.put(replace(instance, last_operation=self.begun("delete")))
        job = self._job("service_instance.delete", instance.guid)
        return self._start(job, partial(self._deprovision, job, instance.guid))

    def create_key(self, key: Key) -> Job:
        """Bind a key that has been recorded."""
        job = self._job("service_keys.create", key.guid)
        return self._start(job, partial(self._bind, key))

    def delete_key(self, key: Key) -> Job:
        """Take back a key."""
        self._records.keys.put(replace(key, last_operation=self.begun("delete")))
        job = self._job("service_keys.delete", key.guid)
        return self._start(job, partial(self._unbind_later, key.guid))

    def _job(self, operation: str, resource: str) -> Job:
        now = self._clock.now()
        return self._records.jobs.put(Job(operation=operation, resource=resource, created=now, updated=now))

    def _start(self, job: Job, work: Callable[[], Awaitable[None]]) -> Job:
        task = asyncio.get_running_loop().create_task(self._carry_out(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _carry_out(self, job: Job, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except OperationFailed as failure:
            error = error_entry(10009, "UnableToPerform", str(failure))
            # in this order on the wire: inside of a job it is not the one of error answers
            entry = {"code": error["code"], "title": error["title"], "detail": error["detail"]}
            self._finish(job, "FAILED", entry, by_broker=failure.by_broker)
        except Exception:  # a fault of the broker's code: no client shall wait for this job
            self._finish(job, "FAILED", error_entry(10001, "UnknownError", "An unknown error occurred."))
            for set_state in (self._set_instance, self._set_key):
                set_state(job.resource, "failed", "An unknown error occurred.")
            raise
        else:
            self._finish(job, "COMPLETE")

    def _finish(self, job: Job, state: str, *errors: dict[str, Any], by_broker: bool = False) -> None:
        changed = replace(job, state=state, errors=errors, by_broker=by_broker, updated=self._clock.now())
        self._records.jobs.put(changed)

    def _poll(self, job: Job) -> None:
        self._records.jobs.put(replace(job, state="POLLING", updated=self._clock.now()))

    async def _provision(self, job: Job, instance: Instance, plan: str) -> None:
        await asyncio.sleep(self.seconds)
        self._still_creating(self._records.instances.get(instance.guid))
        self._set_instance(instance.guid, "in progress", None)
        self._poll(job)
        await asyncio.sleep(self.seconds)
        current = self._still_creating(self._records.instances.get(instance.guid))
        try:
            self._broker.provision(instance.guid, current.name, plan, instance.parameters)
        except BrokerRefused as refused:
            text = f"provision could not be completed: Service broker error: {refused}"
            self._set_instance(instance.guid, "failed", text)
            raise OperationFailed(text) from None
        self._set_instance(instance.guid, "succeeded", "", held=True)

    async def _deprovision(self, job: Job, guid: str) -> None:
        await asyncio.sleep(self.seconds)
        self._poll(job)
        await asyncio.sleep(self.seconds)
        try:
            for key in self._records.keys_of(guid):
                self._unbind(key.guid)
        except OperationFailed as failure:
            self._set_instance(guid, "failed", str(failure))
            raise
        instance = self._records.instances.get(guid)
        if instance is not None and instance.held:
            try:
                self._broker.deprovision(guid)
            except BrokerRefused as refused:
                text = f"delete could not be completed: Service broker error: {refused}"
                self._set_instance(guid, "failed", text)
                raise OperationFailed(text) from None
        self._records.instances.remove(guid)

    async def _bind(self, key: Key) -> None:
        await asyncio.sleep(self.seconds)
        self._still_creating(self._records.keys.get(key.guid))
        self._set_key(key.guid, "in progress", None)
        await asyncio.sleep(self.seconds)
        self._still_creating(self._records.keys.get(key.guid))
        try:
            credentials = self._broker.bind(key.guid, key.instance_guid, key.name, key.parameters)
        except BrokerRefused as refused:
            text = f"bind could not be completed: Service broker error: {refused}"
            self._set_key(key.guid, "failed", text)
            raise OperationFailed(text) from None
        self._set_key(key.guid, "succeeded", None, held=True, credentials=credentials)

    async def _unbind_later(self, guid: str) -> None:
        await asyncio.sleep(self.seconds)
        self._unbind(guid)

    def _unbind(self, guid: str) -> None:
        key = self._records.keys.get(guid)
        if key is not None and key.held:
            try:
                self._broker.unbind(guid)
            except BrokerRefused as refused:
                instance = self._records.instances.get(key.instance_guid)
                reason = UNBIND_FAILED.format(instance=instance.name if instance else "", text=refused)
                text = f"unbind could not be completed: {reason}"
                self._records.keys.put(replace(key, last_operation=self.begun("delete")))
                self._set_key(guid, "failed", text)
                raise OperationFailed(text) from None
        self._records.keys.remove(guid)

    def _still_creating(self, row: Instance | Key | None) -> Instance | Key:
        if row is None or row.last_operation.type != "create":
            raise OperationFailed(ABORTED, by_broker=False)
        return row

    def _set_instance(self, guid: str, state: str, description: str | None, **changes: Any) -> None:
        instance = self._records.instances.get(guid)
        if instance is not None:
            operation = self._moved(instance.last_operation, state, description)
            self._records.instances.put(replace(instance, last_operation=operation, **changes))

    def _set_key(self, guid: str, state: str, description: str | None, **changes: Any) -> None:
        key = self._records.keys.get(guid)
        if key is not None:
            operation = self._moved(key.last_operation, state, description)
            self._records.keys.put(replace(key, last_operation=operation, **changes))

    def _moved(self, operation: LastOperation, state: str, description: str | None) -> LastOperation:
        return replace(operation, state=state, description=description, updated=self._clock.now())
