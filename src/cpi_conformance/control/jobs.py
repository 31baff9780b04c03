"""Waiting for the jobs of Cloud Foundry, and for what it says about a resource itself.

A job's answer is 200 also when the job has failed; ``PROCESSING`` and ``POLLING`` both mean: not yet
(cloud_controller_ng, ``app/models/runtime/pollable_job_model.rb``).
"""

from __future__ import annotations

from collections.abc import Callable

from cpi_conformance.control.api import Api
from cpi_conformance.control.errors import ErrorEntry, JobFailed
from cpi_conformance.control.waiting import Waiting
from cpi_conformance.control.wire import Job, Made, read

COMPLETE = "COMPLETE"
FAILED = "FAILED"


def await_job(api: Api, location: str, request_id: str | None, waiting: Waiting) -> Job:
    """The job at a ``Location`` when it is complete; a state that nobody knows means: not yet.

    Raises:
        JobFailed: Cloud Foundry or the broker has failed.
        JobTimeout: the deadline has passed.
        NotFound: Cloud Foundry does not know the job.
        ControlError: there is no answer until the deadline, or it is no.
    """

    def job() -> Job:
        return read(Job, api.get(location), f"GET {location}")

    done = waiting.until(job, lambda found: None if found.state in {COMPLETE, FAILED} else found.state)
    if done.state == FAILED:
        raise JobFailed(done.operation, done.errors, done.guid, request_id)
    return done


def await_resource(read_resource: Callable[[], Made], waiting: Waiting) -> Made:
    """A resource when its last operation has succeeded: for a creation whose job nobody has told us.

    Raises:
        JobFailed: the last operation has failed; its description is the error.
        JobTimeout: the deadline has passed.
        NotFound: the resource is gone.
        ControlError: there is no answer until the deadline, or it is no.
    """
    done = waiting.until(
        read_resource, lambda found: None if found.state in {"succeeded", "failed"} else found.state or "unknown"
    )
    if done.state == "failed":
        entries = (ErrorEntry(None, "", done.description),) if done.description else ()
        raise JobFailed(f"{type(done).__name__}.{done.operation}", entries)
    return done
