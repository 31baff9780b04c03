"""A request whose sender is known."""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.simulator.cloud_foundry.records import Job
from cpi_conformance.simulator.cloud_foundry.users import User
from cpi_conformance.simulator.exchange import Exchange


@dataclass(frozen=True)
class Request:
    """What arrived, from whom, and the base URL of the API for the links of the answer."""

    exchange: Exchange
    user: User
    api: str

    def job_url(self, job: Job) -> str:
        """Where the job can be asked for; absolute."""
        return f"{self.api}/v3/jobs/{job.guid}"
