"""Deleting something and waiting until it is gone; what was gone before is a success.

Deleting twice makes no difference, so a deletion whose answer is lost is sent again.
"""

from __future__ import annotations

from cpi_conformance.control.api import Api
from cpi_conformance.control.errors import NotFound, OperationInProgress
from cpi_conformance.control.jobs import await_job
from cpi_conformance.control.waiting import Pace, Waiting


def delete(api: Api, path: str, what: str, pace: Pace) -> None:
    """Delete what is at a path; waits while something else is being done to it.

    Raises:
        OperationInProgress: something else was still being done to it at the deadline.
        JobFailed: the broker has failed to delete it.
        JobTimeout: it was not gone within the deadline.
        ControlError: there is no answer, or it is no.
    """
    waiting = Waiting(what, pace)
    while True:
        try:
            answer = api.delete(path)
        except NotFound:
            return
        except OperationInProgress:
            if not waiting.pause():
                raise
            continue
        location = answer.headers.get("Location")
        if location:
            await_job(api, location, answer.headers.get("X-Vcap-Request-Id"), waiting)
        return
