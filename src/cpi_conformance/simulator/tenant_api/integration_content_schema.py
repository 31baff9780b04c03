"""Entity types of SAP's specification *Integration Content*, as far as they exist here."""

from __future__ import annotations

from cpi_conformance.simulator.tenant_api.model import EntityType, FunctionImport, Navigation, Property, moments, texts

PACKAGE = EntityType(
    "IntegrationPackage",
    "IntegrationPackages",
    ("Id",),
    texts(
        "Id", "Name", "Description", "ShortText", "Version", "Vendor", "Mode", "SupportedPlatform",
        "ModifiedBy", "CreationDate", "ModifiedDate", "CreatedBy",
        "Products", "Keywords", "Countries", "Industries", "LineOfBusiness",
    ),
    (Navigation("IntegrationDesigntimeArtifacts", "IntegrationDesigntimeArtifacts"),),
    media=True,
)  # fmt: skip

ARTIFACT = EntityType(
    "IntegrationDesigntimeArtifact",
    "IntegrationDesigntimeArtifacts",
    ("Id", "Version"),
    (
        *texts(
            "Id", "Version", "PackageId", "Name", "Description", "Sender", "Receiver",
            "CreatedBy", "CreatedAt", "ModifiedBy", "ModifiedAt",
        ),
        Property("ArtifactContent", "Edm.Binary"),
        Property("Comment"),
    ),
    (Navigation("Configurations", "Configurations"), Navigation("Resources", "Resources")),
    media=True,
)  # fmt: skip

CONFIGURATION = EntityType(
    "Configuration",
    "Configurations",
    ("ParameterKey",),
    texts("ParameterKey", "ParameterValue", "DataType", "Description"),
)

RESOURCE = EntityType(
    "Resource",
    "Resources",
    ("Name", "ResourceType"),
    (*texts("Name", "ResourceType", "ReferencedResourceType"), Property("ResourceContent", "Edm.Binary")),
    media=True,
)

TASK = EntityType("BuildAndDeployStatus", "BuildAndDeployStatus", ("TaskId",), texts("TaskId", "Status"))

RUNTIME_ARTIFACT = EntityType(
    "IntegrationRuntimeArtifact",
    "IntegrationRuntimeArtifacts",
    ("Id",),
    (*texts("Id", "Version", "Name", "Type", "DeployedBy"), *moments("DeployedOn"), *texts("Status")),
    (Navigation("ErrorInformation", "RuntimeArtifactErrorInformations", many=False),),
)

RUNTIME_ERROR = EntityType(
    "RuntimeArtifactErrorInformation", "RuntimeArtifactErrorInformations", ("Id",), texts("Id"), media=True
)

ENDPOINT = EntityType(
    "ServiceEndpoint",
    "ServiceEndpoints",
    ("Id",),
    (
        *texts("Name", "Id", "Title", "Version", "Summary", "Description"),
        *moments("LastUpdated"),
        Property("Protocol"),
    ),
    (Navigation("EntryPoints", "EntryPoints"), Navigation("ApiDefinitions", "APIDefinitions")),
)

ENTRY_POINT = EntityType("EntryPoint", "EntryPoints", ("Url",), texts("Name", "Url", "Type", "AdditionalInformation"))

API_DEFINITION = EntityType("APIDefinition", "APIDefinitions", ("Url",), texts("Url", "Name"))

DEPLOY = "DeployIntegrationDesigntimeArtifact"
SAVE_AS_VERSION = "IntegrationDesigntimeArtifactSaveAsVersion"
VALIDATE = "ValidateIntegrationDesigntimeArtifact"

INTEGRATION_CONTENT = (
    PACKAGE, ARTIFACT, CONFIGURATION, RESOURCE, TASK, RUNTIME_ARTIFACT, RUNTIME_ERROR, ENDPOINT, ENTRY_POINT,
    API_DEFINITION,
)  # fmt: skip

FUNCTION_IMPORTS = (
    FunctionImport(DEPLOY, "POST", ("Id", "Version")),
    FunctionImport(SAVE_AS_VERSION, "POST", ("Id", "SaveAsVersion")),
    FunctionImport(VALIDATE, "POST", ("Id", "Version")),
)
