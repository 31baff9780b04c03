"""Message processing logs (*Message Processing Logs* API)."""

from __future__ import annotations

import datetime as dt

from cpi_conformance.control.tenant.entities import MessageLog
from cpi_conformance.control.tenant.odata import literal, moment, query
from cpi_conformance.control.tenant.section import Section

LOGS = "MessageProcessingLogs"


class MessageLogs(Section):
    """What *Monitor Message Processing* shows: calls that have reached a flow, and no others."""

    def message_logs(self, artifact_id: str, *, since: dt.datetime, top: int = 50) -> tuple[MessageLog, ...]:
        """The logs of an integration flow, newest first; they appear some seconds after the answer.

        Args:
            artifact_id: of the integration flow.
            since: by the clock of the tenant; of those that ended before this second, none.
            top: the most that are given.

        Raises:
            ValueError: ``since`` has no time zone.
            ControlError: there is no answer, or it is no.
        """
        chosen = f"IntegrationArtifact/Id eq {literal(artifact_id)} and LogEnd ge {moment(since)}"
        options = query(filter=chosen, orderby="LogEnd desc", top=str(top))
        return self._api.listed(MessageLog, f"{LOGS}?{options}")

    def message_log(self, guid: str) -> MessageLog | None:
        """A log by its GUID; ``None`` when there is none."""
        return self._api.one(MessageLog, f"{LOGS}({literal(guid)})")

    def error_information(self, guid: str) -> str | None:
        """Why a message has failed; ``None`` when it has not. ``TenantNotFound`` when there is no such log."""
        content = self._api.value(f"{LOGS}({literal(guid)})/ErrorInformation/$value")
        return content.decode(errors="replace") if content else None
