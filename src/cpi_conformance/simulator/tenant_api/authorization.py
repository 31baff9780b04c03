"""Who calls the tenant API, and which roles each call needs.

The table is that of SAP help 556d557. Reading packages, the status of a build, and what the coarse ``AuthGroup_…``
roles hold are assumed; that *Business Expert* may change the keystore is what the whitepaper says.
"""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.simulator.bearer import roles_of_token
from cpi_conformance.simulator.exchange import Exchange
from cpi_conformance.simulator.service_keys import Unauthenticated
from cpi_conformance.simulator.tenant_api.address import Address
from cpi_conformance.simulator.tokens import TokenIssuer

READING = frozenset({"GET", "HEAD"})

ADMINISTRATOR = "AuthGroup_Administrator"
DEVELOPER = "AuthGroup_IntegrationDeveloper"
EXPERT = "AuthGroup_BusinessExpert"


@dataclass(frozen=True)
class Need:
    """Calls, and the roles of which one suffices.

    Attributes:
        reads: whether the calls only read.
        segments: a call is meant when its path has one of these, without keys.
        value: whether only calls are meant that end in ``/$value``.
    """

    reads: bool
    segments: frozenset[str]
    roles: frozenset[str]
    value: bool = False

    def concerns(self, method: str, shape: str) -> bool:
        """Whether it is about this call."""
        segments = {each.removesuffix("()") for each in shape.split("/")}
        meant = not segments.isdisjoint(self.segments) and (not self.value or shape.endswith("/$value"))
        return meant and self.reads == (method in READING)


def _need(reads: bool, segments: str, roles: str, *, value: bool = False) -> Need:
    return Need(reads, frozenset(segments.split()), frozenset({*roles.split(), ADMINISTRATOR}), value)


PACKAGES = "IntegrationPackages IntegrationDesigntimeArtifacts"
KEYSTORE = (
    "KeystoreEntries Keystores KeyPairResources CertificateResources CertificateChainResources "
    "SSHKeyResources KeystoreResources"
)

NEEDS = (
    _need(True, "Attachments MessageStoreEntries MessageProcessingLogAttachments", f"MessagePayloadsRead {EXPERT}"),
    _need(False, "Configurations", f"WorkspacePackagesConfigure {DEVELOPER}"),
    _need(True, PACKAGES, f"WorkspacePackagesEdit {DEVELOPER}", value=True),
    _need(True, PACKAGES, f"WorkspacePackagesRead WorkspacePackagesEdit {DEVELOPER}"),
    _need(False, PACKAGES, f"WorkspacePackagesEdit {DEVELOPER}"),
    _need(False, "IntegrationDesigntimeArtifactSaveAsVersion", f"WorkspacePackagesEdit {DEVELOPER}"),
    _need(False, "ValidateIntegrationDesigntimeArtifact", f"WorkspacePackagesEdit {DEVELOPER}"),
    _need(False, "DeployIntegrationDesigntimeArtifact", f"WorkspaceArtifactsDeploy {DEVELOPER}"),
    _need(True, "BuildAndDeployStatus", f"WorkspaceArtifactsDeploy MonitoringDataRead {DEVELOPER}"),
    _need(
        False,
        "IntegrationRuntimeArtifacts",
        f"WorkspaceArtifactsDeploy MonitoringArtifactsDeploy {DEVELOPER}",
    ),
    _need(
        True,
        "IntegrationRuntimeArtifacts ServiceEndpoints MessageProcessingLogs MessageProcessingLogRuns",
        f"MonitoringDataRead {DEVELOPER}",
    ),
    _need(True, "KeystoreResources", "SecurityMaterialDownload"),
    _need(True, KEYSTORE, f"MonitoringDataRead {DEVELOPER}"),
    _need(False, KEYSTORE, f"SecurityMaterialEdit {EXPERT}"),
)
"""The first that concerns a call decides; what none concerns (``$metadata``) any caller may do."""


@dataclass(frozen=True)
class Caller:
    """Who shows a token: the clientid of a service key, and its roles."""

    clientid: str
    roles: frozenset[str]

    def lacks(self, method: str, address: Address) -> frozenset[str]:
        """The roles of which the call needs one; empty when the caller has it."""
        need = next((each for each in NEEDS if each.concerns(method, address.shape)), None)
        return frozenset() if need is None or self.roles & need.roles else need.roles


def caller_of(exchange: Exchange, issuer: TokenIssuer, application: str) -> Caller | Unauthenticated:
    """Who calls, by a token for the API's own application; clientid and secret themselves are not taken."""
    token = exchange.bearer()
    if token is None:
        return Unauthenticated("no bearer token arrived")
    roles = roles_of_token(token, issuer, application)
    if isinstance(roles, Unauthenticated):
        return roles
    return Caller(str(issuer.verify(token)["client_id"]), roles)
