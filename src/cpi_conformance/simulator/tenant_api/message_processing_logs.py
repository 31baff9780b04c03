"""``MessageProcessingLogs``: one for each call that has reached a flow."""

from __future__ import annotations

import uuid
from contextlib import suppress
from urllib.parse import quote

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.integration.design_time import DesignTime
from cpi_conformance.simulator.integration.errors import ContentRefused
from cpi_conformance.simulator.integration.message_logs import MessageLog, MessageLogs
from cpi_conformance.simulator.tenant_api.call import Call, Operations, empty, text
from cpi_conformance.simulator.tenant_api.errors import ODataError, not_found
from cpi_conformance.simulator.tenant_api.message_log_schema import MESSAGE_ERROR, MESSAGE_LOG
from cpi_conformance.simulator.tenant_api.model import Entity, Value
from cpi_conformance.simulator.tenant_api.query import FILTER, INLINECOUNT, ORDERBY, SKIP, TOP, Rules

RULES = Rules(
    frozenset({TOP, SKIP, INLINECOUNT, FILTER, ORDERBY}),
    equality_only=frozenset({"IntegrationArtifact/Id"}),
    orders=frozenset(
        {"LogEnd", "LogEnd desc", "LogStart", "LogStart desc", "Status,LogEnd desc", "ApplicationMessageId"}
    ),
)

ONE = "MessageProcessingLogs()"

EMPTY = ("CustomHeaderProperties", "MessageStoreEntries", "AdapterAttributes", "Attachments", "Runs")
"""Links that lead to nothing here: no flow writes attachments, or persists."""

ONLY_BY_NAVIGATION = "Only retrievable via navigation from MessageProcessingLogs entity"


class MessageProcessingLogs:
    """The logs, each with its error."""

    def __init__(self, logs: MessageLogs, design_time: DesignTime) -> None:
        """``design_time`` knows the names of packages."""
        self._logs = logs
        self._design_time = design_time

    def operations(self) -> Operations:
        """What can be asked."""
        return {
            ("GET", "MessageProcessingLogs"): lambda call: call.show_all(self._all(), MESSAGE_LOG, RULES),
            ("GET", "MessageProcessingLogs/$count"): lambda call: call.show_count(self._all(), MESSAGE_LOG, RULES),
            ("GET", ONE): lambda call: call.show(self._entity(self._one(call))),
            ("GET", f"{ONE}/ErrorInformation"): self._error_entity,
            ("GET", f"{ONE}/ErrorInformation/$value"): self._error,
            **{("GET", f"{ONE}/{name}"): self._nothing for name in EMPTY},
            ("GET", "MessageProcessingLogRuns"): self._runs,
        }

    def _one(self, call: Call) -> MessageLog:
        found = next((each for each in self._logs.all() if each.guid == call.key["MessageGuid"]), None)
        if found is None:
            raise not_found()
        return found

    def _all(self) -> tuple[Entity, ...]:
        return tuple(map(self._entity, self._logs.all()))

    def _error_entity(self, call: Call) -> Answer:
        log = self._one(call)
        return empty(204) if log.error is None else call.show(_error(log))

    def _error(self, call: Call) -> Answer:
        error = self._one(call).error
        return empty(204) if error is None else text(200, error)

    def _nothing(self, call: Call) -> Answer:
        self._one(call)
        return empty(204)

    def _runs(self, call: Call) -> Answer:
        raise ODataError(500, ONLY_BY_NAVIGATION)

    def _entity(self, log: MessageLog) -> Entity:
        package = ""
        with suppress(ContentRefused):
            package = self._design_time.package(log.package_id).name
        shown = quote(f'{{"messageGuid":"{log.guid}"}}', safe="")
        values: dict[str, Value] = {
            "MessageGuid": log.guid,
            "CorrelationId": log.correlation_id,
            "LogStart": log.start,
            "LogEnd": log.end,
            "IntegrationFlowName": log.artifact_id,
            "Status": log.status,
            "AlternateWebLink": f"/itspaces/shell/monitoring/MessageDetails/{shown}",
            "IntegrationArtifact": {
                "Id": log.artifact_id,
                "Name": log.artifact_name,
                "Type": "INTEGRATION_FLOW",
                "PackageId": log.package_id,
                "PackageName": package,
            },
            "LogLevel": "INFO",
            "CustomStatus": log.status,
            "TransactionId": uuid.uuid5(uuid.NAMESPACE_OID, log.guid).hex,
            "LocalComponentName": "CPI",
        }
        return Entity(MESSAGE_LOG, values, {"ErrorInformation": lambda: (_error(log),) if log.error else ()})


def _error(log: MessageLog) -> Entity:
    values = {"MessageGuid": log.guid, "Type": "text/plain", "LastErrorModelStepId": None}
    return Entity(MESSAGE_ERROR, values)
