"""The tenant API: integration content, keystore and message processing logs of one Cloud Integration tenant."""

from cpi_conformance.control.tenant.deployment import Deployment
from cpi_conformance.control.tenant.entities import (
    Artifact,
    ChainEntry,
    KeystoreEntry,
    MessageLog,
    Package,
    RuntimeArtifact,
)
from cpi_conformance.control.tenant.errors import (
    AlreadyThere,
    DeploymentFailed,
    DeploymentTimeout,
    NotTrusted,
    ReservedAlias,
    TenantBusy,
    TenantError,
    TenantFailure,
    TenantForbidden,
    TenantNotAuthenticated,
    TenantNotFound,
)
from cpi_conformance.control.tenant.roles import needed_role
from cpi_conformance.control.tenant.tenant import Tenant

__all__ = [
    "AlreadyThere",
    "Artifact",
    "ChainEntry",
    "Deployment",
    "DeploymentFailed",
    "DeploymentTimeout",
    "KeystoreEntry",
    "MessageLog",
    "NotTrusted",
    "Package",
    "ReservedAlias",
    "RuntimeArtifact",
    "Tenant",
    "TenantBusy",
    "TenantError",
    "TenantFailure",
    "TenantForbidden",
    "TenantNotAuthenticated",
    "TenantNotFound",
    "needed_role",
]
