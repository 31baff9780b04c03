"""Which role template a request to the tenant API needs (btp-integration-suite, 556d557)."""

from __future__ import annotations

READING = {
    "IntegrationPackages": "WorkspacePackagesEdit",
    "IntegrationDesigntimeArtifacts": "WorkspacePackagesEdit",
    "BuildAndDeployStatus": "WorkspaceArtifactsDeploy",
    "IntegrationRuntimeArtifacts": "MonitoringDataRead",
    "ServiceEndpoints": "MonitoringDataRead",
    "KeystoreEntries": "MonitoringDataRead",
    "MessageProcessingLogs": "MonitoringDataRead",
}

CHANGING = {
    "IntegrationPackages": "WorkspacePackagesEdit",
    "IntegrationDesigntimeArtifacts": "WorkspacePackagesEdit",
    "IntegrationDesigntimeArtifactSaveAsVersion": "WorkspacePackagesEdit",
    "DeployIntegrationDesigntimeArtifact": "WorkspaceArtifactsDeploy",
    "IntegrationRuntimeArtifacts": "WorkspaceArtifactsDeploy",
    "KeystoreEntries": "SecurityMaterialEdit",
    "KeyPairResources": "SecurityMaterialEdit",
    "CertificateResources": "SecurityMaterialEdit",
}


def needed_role(method: str, path: str) -> str | None:
    """The role template by the entity set in a path; ``None`` for one that the suite does not use."""
    entity_set = path.partition("/api/v1/")[2].partition("/")[0].partition("(")[0]
    return (READING if method in {"GET", "HEAD"} else CHANGING).get(entity_set)
