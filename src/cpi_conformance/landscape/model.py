"""What a landscape is, once its file has been read and everything that it refers to has been opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptography import x509

from cpi_conformance.certificates import PfxFile
from cpi_conformance.landscape.accepted_deviations import AcceptedDeviation
from cpi_conformance.landscape.targets import CloudFoundryTarget, ExportedBackend, TenantTarget
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic

Kind = Literal["live", "simulated"]
Stage = Literal["development", "quality", "production"]
Edition = Literal["standard", "trial"]
X509Form = Literal["line_feeds", "literal_line_feeds", "chain", "lost_dashes"]


class MissingMaterial(Exception):
    """A check needs something that the landscape file does not give; ``key`` is where to write it."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the landscape file does not give {key}")
        self.key = key


@dataclass(frozen=True)
class FlowUnderTest:
    """An integration flow and what it answers when all is well.

    Attributes:
        address: of the HTTPS sender channel, with a leading slash, without ``/http``.
        body: the exact answer; ``None`` when it is not compared.
    """

    address: str
    method: str
    status: int
    body: str | None

    @property
    def path(self) -> str:
        """The path of the endpoint."""
        return f"/http{self.address}"


@dataclass(frozen=True)
class Expectations:
    """What differs between landscapes and no public text settles.

    Attributes:
        bad_client_certificate: what a client certificate that does not verify gets: ``alert`` in the
            handshake, or ``401`` because the load balancer does not pass it on.
        trial_certificate: what a client certificate gets at the runtime of a trial tenant: ``401`` as documented
            (SAP help 4ec6192), or ``accepted``, as seen on a trial tenant in August 2026.
        lost_alerts: whether a refusal whose TLS alert did not arrive counts as the refusal
            (``tolerated``: the far side closed at once) or not (``refuted``).
        client_x509: what a new service key of an instance with the grant type ``client_x509`` gets:
            ``refused`` (since January 2026), or ``accepted``, as in the whitepaper.
        x509_field_takes: forms of a certificate that the field ``X.509`` of a service key takes beyond
            the one line of SAP's samples.
        key_delay: seconds until the runtime must have noticed that a service key was created or deleted.
        flow_delay: seconds until it must have noticed that a flow was deployed again, or undeployed.
        log_delay: seconds until the message log of a call must be there.
    """

    bad_client_certificate: Literal["alert", "401"] = "alert"
    lost_alerts: Literal["tolerated", "refuted"] = "tolerated"
    client_x509: Literal["refused", "accepted"] = "refused"
    x509_field_takes: tuple[X509Form, ...] = ()
    key_delay: int = 60
    flow_delay: int = 60
    log_delay: int = 60
    trial_certificate: Literal["401", "accepted"] = "401"


@dataclass(frozen=True)
class Landscape:
    """One set of systems under test.

    Attributes:
        profile: the generation, of a simulated landscape only.
        faults: which troubles come and go in it, of a simulated landscape only.
        trusted: what a sender must trust to reach the runtime; empty when not given.
        previously_trusted: roots from before the load balancer's last rotation.
        service_keys: Basic credentials by their name in the file.
        certificates: PFX files by their name in the file.
        unmapped: names of certificates that no service key holds yet, so that the run makes one.
        cloud_foundry: where service keys are made; ``None`` when none can be.
        tenant_api: where flows are deployed; ``None`` when none can be.
        backend: the backend as it was exported; ``None`` when it was not.
        plain_port: a port of the runtime's host that speaks HTTP without TLS.
        sender_defect: the way in which the sender is played wrongly, in a simulated landscape only.
        closed_port: a port of the runtime's host on which nobody listens, and which nobody filters.
        accepted_deviations: checks that may be refuted in one way for a while; one for each check.
    """

    name: str
    kind: Kind
    stage: Stage
    edition: Edition
    profile: str | None
    host: str
    port: int
    flows: tuple[FlowUnderTest, ...]
    expectations: Expectations
    trusted: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    previously_trusted: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    service_keys: Mapping[str, Basic] = field(default_factory=dict)
    certificates: Mapping[str, PfxFile] = field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()
    cloud_foundry: CloudFoundryTarget | None = None
    tenant_api: TenantTarget | None = None
    backend: ExportedBackend | None = None
    plain_port: int | None = None
    closed_port: int | None = None
    sender_defect: str | None = None
    accepted_deviations: tuple[AcceptedDeviation, ...] = ()
    faults: tuple[str, ...] = ()

    def accepted_deviation(self, check: str) -> AcceptedDeviation | None:
        """How the check may be refuted, if that is accepted."""
        return next((each for each in self.accepted_deviations if each.check == check), None)

    def trust(self) -> tuple[x509.Certificate, ...]:
        """The CA certificates to trust; :class:`MissingMaterial` when the file names none."""
        if not self.trusted:
            raise MissingMaterial("trust.ca")
        return self.trusted

    def previous_trust(self) -> tuple[x509.Certificate, ...]:
        """The roots from before the rotation; :class:`MissingMaterial` when the file names none."""
        if not self.previously_trusted:
            raise MissingMaterial("trust.previous_ca")
        return self.previously_trusted

    def service_key(self, name: str) -> Basic:
        """Credentials by name; :class:`MissingMaterial` when the file has none of that name."""
        if name not in self.service_keys:
            raise MissingMaterial(f"service_keys.{name}")
        return self.service_keys[name]

    def certificate(self, name: str) -> PfxFile:
        """A PFX by name; :class:`MissingMaterial` when the file has none of that name."""
        if name not in self.certificates:
            raise MissingMaterial(f"certificates.{name}")
        return self.certificates[name]

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret that the file led to, for the scan of what a run wrote."""
        passphrases = (pfx.passphrase for pfx in self.certificates.values() if pfx.passphrase)
        logins = self.cloud_foundry.secrets() if self.cloud_foundry else ()
        tenant = self.tenant_api.secrets() if self.tenant_api else ()
        exported = self.backend.secrets if self.backend else ()
        return (*(key.clientsecret for key in self.service_keys.values()), *passphrases, *logins, *tenant, *exported)

    def exported_backend(self) -> ExportedBackend:
        """The backend as it was exported; :class:`MissingMaterial` when it was not."""
        if self.backend is None:
            raise MissingMaterial("backend")
        return self.backend

    def other_port(self, name: str) -> int:
        """``plain_port`` or ``closed_port``; :class:`MissingMaterial` when the file does not give it."""
        port: int | None = getattr(self, name)
        if port is None:
            raise MissingMaterial(f"runtime.{name}")
        return port

    def tenant(self) -> TenantTarget:
        """Where flows are deployed; :class:`MissingMaterial` when the file does not say."""
        if self.tenant_api is None:
            raise MissingMaterial("tenant_api")
        return self.tenant_api

    def target(self) -> CloudFoundryTarget:
        """Where service keys are made; :class:`MissingMaterial` when the file does not say."""
        if self.cloud_foundry is None:
            raise MissingMaterial("cloud_foundry")
        return self.cloud_foundry
