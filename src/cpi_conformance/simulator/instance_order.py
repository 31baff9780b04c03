"""What the parameters of a new service instance of *Process Integration Runtime* ask for (help page 19af5e2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cpi_conformance.simulator.parameters import ParametersRefused, number, only_known, texts
from cpi_conformance.simulator.service_key import CLIENT_CREDENTIALS, DEFAULT_ROLE, Plan

CLIENT_X509 = "client_x509"

KNOWN = ("grant-types", "redirect-uris", "roles", "token-validity")

GRANT_TYPES = frozenset(
    {
        "authorization_code",
        CLIENT_CREDENTIALS,
        "password",
        "refresh_token",
        "saml2-bearer",
        "jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        CLIENT_X509,
    }
)
"""What the cockpit offers, in its own words and in those of OAuth, and the deprecated one."""

WHITEPAPER_GRANT_TYPES = frozenset({CLIENT_CREDENTIALS, CLIENT_X509})

API_ROLES = frozenset(
    {
        "AccessAllAccessPoliciesArtifacts",
        "AccessPoliciesEdit",
        "AccessPoliciesRead",
        "AuthGroup_Administrator",
        "AuthGroup_BusinessExpert",
        "AuthGroup_IntegrationDeveloper",
        "CredentialsEdit",
        "CredentialsRead",
        "DataStorePayloadsRead",
        "MessagePayloadsRead",
        "MonitoringArtifactsDeploy",
        "MonitoringDataRead",
        "SecurityMaterialDownload",
        "SecurityMaterialEdit",
        "TraceConfigurationEdit",
        "UserRolesEdit",
        "WorkspaceArtifactsDeploy",
        "WorkspacePackagesConfigure",
        "WorkspacePackagesEdit",
        "WorkspacePackagesRead",
        "esbmessagestorage.read",
    }
)
"""Roles that clients of the tenant API are given (help page 556d557)."""

SHORTEST_TOKEN, LONGEST_TOKEN = 3600, 86_400


@dataclass(frozen=True)
class InstanceOrder:
    """Roles, grant types, and seconds of a token (``None`` for the plan's default)."""

    roles: frozenset[str]
    grant_types: frozenset[str]
    token_validity: int | None


def read_instance_order(
    plan: Plan, parameters: Mapping[str, Any], *, grant_types: frozenset[str], custom_roles: frozenset[str]
) -> InstanceOrder:
    """Read the parameters; ``custom_roles`` are the tenant's user roles beside ``ESBMessaging.send``.

    Without ``roles`` a sender gets ``ESBMessaging.send`` and a client of the API none; without
    ``grant-types`` the grant is ``client_credentials``.

    Raises:
        ParametersRefused: an unknown parameter, grant type or role, another type, or out of range.
    """
    only_known(parameters, KNOWN)
    texts(parameters, "redirect-uris")
    for_senders = plan is Plan.INTEGRATION_FLOW
    granted = texts(parameters, "grant-types") or (CLIENT_CREDENTIALS,)
    roles = texts(parameters, "roles") or ((DEFAULT_ROLE,) if for_senders else ())
    known_roles = {DEFAULT_ROLE, *custom_roles} if for_senders else API_ROLES
    for grant in granted:
        if grant not in grant_types:
            raise ParametersRefused(f"unknown grant type '{grant}'")
    for role in roles:
        if role not in known_roles:
            raise ParametersRefused(f"unknown role '{role}' for the plan '{plan.value}'")
    seconds = number(parameters, "token-validity", SHORTEST_TOKEN, LONGEST_TOKEN)
    return InstanceOrder(frozenset(roles), frozenset(granted), seconds)
