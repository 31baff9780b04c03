"""Entity types of SAP's specification *Message Processing Logs*, as far as they exist here."""

from __future__ import annotations

from cpi_conformance.simulator.tenant_api.model import (
    NAMESPACE,
    ComplexType,
    EntityType,
    Navigation,
    Property,
    moments,
    texts,
)

INTEGRATION_ARTIFACT = ComplexType("IntegrationArtifact", texts("Id", "Name", "Type", "PackageId", "PackageName"))

MESSAGE_LOG = EntityType(
    "MessageProcessingLog",
    "MessageProcessingLogs",
    ("MessageGuid",),
    (
        *texts("MessageGuid", "CorrelationId", "ApplicationMessageId", "ApplicationMessageType"),
        *moments("LogStart", "LogEnd"),
        *texts("Sender", "Receiver", "IntegrationFlowName", "Status", "AlternateWebLink"),
        Property("IntegrationArtifact", f"{NAMESPACE}.IntegrationArtifact"),
        *texts("LogLevel", "CustomStatus", "TransactionId"),
        *texts("PreviousComponentName", "LocalComponentName", "OriginComponentName"),
    ),
    (
        Navigation("CustomHeaderProperties", "MessageProcessingLogCustomHeaderProperties"),
        Navigation("MessageStoreEntries", "MessageStoreEntries"),
        Navigation("ErrorInformation", "MessageProcessingLogErrorInformations", many=False),
        Navigation("AdapterAttributes", "MessageProcessingLogAdapterAttributes"),
        Navigation("Attachments", "MessageProcessingLogAttachments"),
        Navigation("Runs", "MessageProcessingLogRuns"),
    ),
)

MESSAGE_ERROR = EntityType(
    "MessageProcessingLogErrorInformation",
    "MessageProcessingLogErrorInformations",
    ("MessageGuid",),
    texts("MessageGuid", "Type", "LastErrorModelStepId"),
    media=True,
)

CUSTOM_HEADER = EntityType(
    "MessageProcessingLogCustomHeaderProperty",
    "MessageProcessingLogCustomHeaderProperties",
    ("Id",),
    texts("Id", "Name", "Value"),
)

ADAPTER_ATTRIBUTE = EntityType(
    "MessageProcessingLogAdapterAttribute",
    "MessageProcessingLogAdapterAttributes",
    ("Id",),
    texts("Id", "AdapterId", "AdapterMessageId", "Name", "Value"),
)

ATTACHMENT = EntityType(
    "MessageProcessingLogAttachment",
    "MessageProcessingLogAttachments",
    ("Id",),
    (
        *texts("Id", "MessageGuid"),
        *moments("TimeStamp"),
        *texts("Name", "ContentType", "PayloadSize"),
    ),
    media=True,
)

RUN = EntityType(
    "MessageProcessingLogRun", "MessageProcessingLogRuns", ("Id",), (*texts("Id"), *moments("RunStart", "RunStop"))
)

MESSAGE_STORE_ENTRY = EntityType(
    "MessageStoreEntry",
    "MessageStoreEntries",
    ("Id",),
    (
        *texts("Id", "MessageGuid", "MessageStoreId"),
        *moments("TimeStamp"),
        Property("HasAttachments", "Edm.Boolean"),
    ),
    media=True,
)

MESSAGE_PROCESSING_LOGS = (
    MESSAGE_LOG, MESSAGE_ERROR, CUSTOM_HEADER, ADAPTER_ATTRIBUTE, ATTACHMENT, RUN, MESSAGE_STORE_ENTRY,
)  # fmt: skip
