"""The shape of a landscape file: its keys, their types, an example of each, and what is unknown is refused."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cpi_conformance.backend.parameters import NEWEST, Parameters
from cpi_conformance.backend.wrong_backends import WRONG
from cpi_conformance.diagnosis import SHOWN_OTHERWISE
from cpi_conformance.landscape.accepted_deviations import LAYERS, LAYERS_OF
from cpi_conformance.sender import wrong_sender

RUNTIME_HOST = "mytenant.it-cpi018-rt.cfapps.eu10-003.hana.ondemand.com"
"""What the host of a tenant's runtime looks like."""


HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*")

API_ROOT = re.compile(r"(https://[A-Za-z0-9.-]+(?::[0-9]+)?)/?")

ADDRESS = re.compile(r"/[^\s?#\x00-\x1f]+")

CHECK_ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9]{2}")


class Section(BaseModel):
    """A table of the file; unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SecretReference(Section):
    """Where a secret is to be found; the secret itself never stands in the file."""

    env: Annotated[str | None, Field(examples=["CPI_CLIENTSECRET"])] = None
    file: Annotated[str | None, Field(examples=["passphrase.txt"])] = None

    @model_validator(mode="after")
    def _one_place(self) -> SecretReference:
        if (self.env is None) == (self.file is None):
            raise ValueError('write either { env = "NAME" } or { file = "PATH" }')
        return self


class ServiceKeySection(Section):
    """Basic credentials: the JSON of a service key, or the two values by themselves."""

    file: Annotated[str | None, Field(examples=["service-key.json"])] = None
    clientid: Annotated[str | None, Field(examples=["sb-…!b123|it-rt-…!b456"])] = None
    clientsecret: Annotated[SecretReference | None, Field(examples=[{"env": "CPI_CLIENTSECRET"}])] = None

    @model_validator(mode="after")
    def _file_or_pair(self) -> ServiceKeySection:
        pair = (self.clientid, self.clientsecret)
        if (self.file is None) == (pair == (None, None)) or (self.file is None and None in pair):
            raise ValueError('write either file = "service-key.json", or clientid and clientsecret')
        return self


class CertificateSection(Section):
    """A PFX and where its passphrase is."""

    pfx: Annotated[str, Field(examples=["sender.pfx"])]
    passphrase: Annotated[SecretReference | None, Field(examples=[{"env": "CPI_PASSPHRASE"}])] = None
    mapped: Annotated[bool, Field(examples=[False])] = True


class RuntimeSection(Section):
    """The runtime host of the tenant (with ``-rt`` in its name)."""

    host: Annotated[str, Field(examples=[RUNTIME_HOST])]
    port: Annotated[int, Field(ge=1, le=65535, examples=[443])] = 443
    plain_port: Annotated[int | None, Field(ge=1, le=65535, examples=[80])] = None
    closed_port: Annotated[int | None, Field(ge=1, le=65535, examples=[8443])] = None

    @field_validator("host")
    @classmethod
    def _name_only(cls, host: str) -> str:
        if "://" in host:
            raise ValueError("write the host name only, without https://")
        if "/" in host:
            raise ValueError("write the host name only; the path belongs into flows.address")
        if ":" in host:
            raise ValueError("write the host name only; the port belongs into runtime.port")
        if not HOST_NAME.fullmatch(host):
            raise ValueError("write the host name: letters, digits, hyphens and single dots, without blanks around it")
        return host


class FlowSection(Section):
    """An integration flow to check."""

    address: Annotated[str, Field(examples=["/test/clientcert"])] = "/test/clientcert"
    method: Annotated[Literal["GET", "POST", "PUT"], Field(examples=["GET"])] = "GET"
    status: Annotated[int, Field(ge=200, le=299, examples=[200])] = 200
    body: Annotated[str | None, Field(examples=["Connected Successfully to CPI!"])] = None

    @field_validator("address")
    @classmethod
    def _as_in_the_channel(cls, address: str) -> str:
        if not address.startswith("/"):
            raise ValueError("write the address as in the channel, with a leading slash")
        if address.startswith("/http/"):
            raise ValueError("write the address as in the channel, without /http")
        if not ADDRESS.fullmatch(address):
            raise ValueError("write the address as in the channel: no blanks, no ? and no #")
        return address


class TrustSection(Section):
    """Whom the sender trusts: PEM files with CA certificates."""

    ca: Annotated[str | None, Field(examples=["ca.pem"])] = None
    previous_ca: Annotated[str | None, Field(examples=["previous-ca.pem"])] = None


class ExpectationsSection(Section):
    """What differs between landscapes."""

    bad_client_certificate: Annotated[Literal["alert", "401"], Field(examples=["alert"])] = "alert"
    trial_certificate: Annotated[Literal["401", "accepted"], Field(examples=["401"])] = "401"
    lost_alerts: Annotated[Literal["tolerated", "refuted"], Field(examples=["tolerated"])] = "tolerated"
    client_x509: Annotated[Literal["refused", "accepted"], Field(examples=["refused"])] = "refused"
    x509_field_takes: Annotated[
        tuple[Literal["line_feeds", "literal_line_feeds", "chain", "lost_dashes"], ...],
        Field(strict=False, examples=[["line_feeds"]]),
    ] = ()
    key_delay: Annotated[int, Field(ge=0, le=7200, examples=[60])] = 60
    flow_delay: Annotated[int, Field(ge=0, le=7200, examples=[60])] = 60
    log_delay: Annotated[int, Field(ge=0, le=7200, examples=[60])] = 60


class LoginSection(Section):
    """As whom to log in at Cloud Foundry; without anything, the session of the cf CLI is used."""

    user: Annotated[str | None, Field(min_length=1, examples=["technical.user@example.com"])] = None
    password: Annotated[SecretReference | None, Field(examples=[{"env": "CF_PASSWORD"}])] = None
    origin: Annotated[str | None, Field(min_length=1, examples=["sap.ids"])] = None
    passcode: Annotated[SecretReference | None, Field(examples=[{"env": "CF_PASSCODE"}])] = None
    refresh_token: Annotated[SecretReference | None, Field(examples=[{"env": "CF_REFRESH_TOKEN"}])] = None
    cli_home: Annotated[str | None, Field(min_length=1, examples=["/home/qa"])] = None

    @model_validator(mode="after")
    def _one_way(self) -> LoginSection:
        if (self.user is None) != (self.password is None) or (self.origin is not None and self.user is None):
            raise ValueError("write user and password together, and origin only with them")
        ways = (self.user, self.passcode, self.refresh_token, self.cli_home)
        if sum(way is not None for way in ways) > 1:
            raise ValueError("write one of: user and password, passcode, refresh_token, cli_home")
        return self

    @property
    def by_session(self) -> bool:
        """Whether the cf CLI has logged in already."""
        return self.user is None and self.passcode is None and self.refresh_token is None


class CloudFoundrySection(Section):
    """Where the run makes its service keys; api, org and space default to those of the cf CLI's session."""

    api: Annotated[str | None, Field(examples=["https://api.cf.eu10-003.hana.ondemand.com"])] = None
    org: Annotated[str | None, Field(min_length=1, examples=["my-org"])] = None
    space: Annotated[str | None, Field(min_length=1, examples=["dev"])] = None
    ca: Annotated[str | None, Field(examples=["ca.pem"])] = None
    lifetime_minutes: Annotated[int, Field(ge=10, le=1440, examples=[120])] = 120
    deadline_seconds: Annotated[int, Field(ge=1, le=7200, examples=[600])] = 600
    login: LoginSection = LoginSection()

    @field_validator("api")
    @classmethod
    def _root(cls, api: str) -> str:
        match = API_ROOT.fullmatch(api)
        if not match:
            raise ValueError("write the root of the API as https://HOST, without a path")
        return match[1]

    @model_validator(mode="after")
    def _target(self) -> CloudFoundrySection:
        missing = [key for key in ("api", "org", "space") if getattr(self, key) is None]
        if missing and not self.login.by_session:
            raise ValueError(f"write {' and '.join(missing)} too; only the cf CLI's session knows what is targeted")
        return self


class TenantApiSection(Section):
    """The tenant's OData API, where packages, flows and the keystore are; without it the run makes its own key."""

    service_key: Annotated[str | None, Field(min_length=1, examples=["api-key.json"])] = None
    ca: Annotated[str | None, Field(examples=["ca.pem"])] = None
    deadline_seconds: Annotated[int, Field(ge=1, le=7200, examples=[1800])] = 1800


class ProxySection(Section):
    """The HTTP proxy that the destination goes through, and the logon that it wants."""

    host: Annotated[str, Field(examples=["proxy.example.com"])]
    port: Annotated[int, Field(ge=1, le=65535, examples=[3128])]
    user: Annotated[str | None, Field(examples=["backend"])] = None
    password: Annotated[SecretReference | None, Field(examples=[{"env": "PROXY_PASSWORD"}])] = None

    @field_validator("host")
    @classmethod
    def _bare(cls, host: str) -> str:
        if not HOST_NAME.fullmatch(host):
            raise ValueError("write the host name only, as in SM59, without http:// and without the port")
        return host

    @model_validator(mode="after")
    def _both_or_none(self) -> ProxySection:
        if (self.user is None) != (self.password is None):
            raise ValueError("write user and password, or neither")
        return self


class BackendSection(Section):
    """The backend that calls the tenant: what its administrator has exported from STRUST, and its parameters."""

    pse: Annotated[str | None, Field(examples=["SAPSSLCPI.pse"])] = None
    pin: Annotated[SecretReference | None, Field(examples=[{"env": "PSE_PIN"}])] = None
    certificate_list: Annotated[str | None, Field(examples=["certificate-list.pem"])] = None
    pfx: Annotated[str | None, Field(examples=["sender.pfx"])] = None
    passphrase: Annotated[SecretReference | None, Field(examples=[{"env": "CPI_PASSPHRASE"}])] = None
    identity: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$", examples=["CPI"])] = "CPI"
    client_ciphersuites: Annotated[str, Field(pattern=r"^[0-9]+:", examples=[NEWEST])] = NEWEST
    client_sni: Annotated[bool, Field(examples=[True])] = True
    proxy: ProxySection | None = None
    defect: Annotated[str | None, Field(examples=["backend-trusts-anybody"])] = None

    @field_validator("defect")
    @classmethod
    def _a_known_one(cls, defect: str) -> str:
        if defect not in WRONG:
            raise ValueError("leave it out; only a simulated landscape names a way in which its backend is wrong")
        return defect

    @model_validator(mode="after")
    def _one_export(self) -> BackendSection:
        if (self.pse is None) == (self.certificate_list is None):
            raise ValueError("write either pse, or certificate_list (and pfx)")
        if self.pse is not None and self.pfx is not None:
            raise ValueError("write pfx only with certificate_list; a PSE holds its own certificate")
        if self.passphrase is not None and self.pfx is None:
            raise ValueError("write passphrase only with pfx; what opens a PSE is its pin")
        return self

    @field_validator("client_ciphersuites")
    @classmethod
    def _some_version(cls, client_ciphersuites: str) -> str:
        if not Parameters(client_ciphersuites=client_ciphersuites).offers_tls:
            raise ValueError("write the parameter as in RZ11; the number in front must allow a version of TLS")
        return client_ciphersuites


class ServiceKeysSection(Section):
    """Basic credentials by the part that they play in the checks."""

    sender: ServiceKeySection | None = None
    deleted: ServiceKeySection | None = None
    api_plan: ServiceKeySection | None = None
    without_role: ServiceKeySection | None = None


class CertificatesSection(Section):
    """PFX files by the part that they play in the checks."""

    sender: CertificateSection | None = None
    unassigned: CertificateSection | None = None
    expired: CertificateSection | None = None
    not_yet_valid: CertificateSection | None = None
    server_purpose: CertificateSection | None = None
    deleted: CertificateSection | None = None
    other_key_pair: CertificateSection | None = None
    renewed: CertificateSection | None = None
    superseded: CertificateSection | None = None
    claimed_twice: CertificateSection | None = None
    without_role: CertificateSection | None = None
    untrusted_ca: CertificateSection | None = None
    self_signed: CertificateSection | None = None
    spare: CertificateSection | None = None


class ObservedSection(Section):
    """How a check is refuted, in the words of the report: layer and cause, or the reason where it shows no layer."""

    layer: Annotated[str | None, Field(examples=["client-trust"])] = None
    cause: Annotated[str | None, Field(examples=["certificate-expired"])] = None
    reason: Annotated[str | None, Field(min_length=1, examples=["the load balancer sends no intermediate"])] = None

    @field_validator("layer")
    @classmethod
    def _known_layer(cls, layer: str | None) -> str | None:
        if layer is not None and layer not in LAYERS:
            raise ValueError(f"write the layer as the report shows it: {_near(layer, LAYERS)}")
        return layer

    @field_validator("cause")
    @classmethod
    def _known_cause(cls, cause: str | None) -> str | None:
        if cause == SHOWN_OTHERWISE:
            raise ValueError("write reason in its place, word by word: this cause alone does not say what is shown")
        if cause is not None and cause not in LAYERS_OF:
            raise ValueError(f"write the cause as the report shows it: {_near(cause, LAYERS_OF)}")
        return cause

    @model_validator(mode="after")
    def _one_way(self) -> ObservedSection:
        if (self.layer is None) != (self.cause is None) or (self.layer is None) == (self.reason is None):
            raise ValueError("write layer and cause as the report shows them, or the reason where it shows no layer")
        if self.layer is not None and self.layer not in LAYERS_OF[self.cause or ""]:
            raise ValueError(f"write the layer of {self.cause}, which is {' or '.join(LAYERS_OF[self.cause or ''])}")
        return self


def _near(word: str, known: Iterable[str]) -> str:
    """The known words that look like this one, or where they stand."""
    return ", ".join(difflib.get_close_matches(word, list(known), n=3)) or "see docs/verdicts.md"


class AcceptedDeviationSection(Section):
    """A check that may be refuted in one way until a day; ``check`` stands once in the file."""

    check: Annotated[str, Field(examples=["MTLS-23"])]
    observed: Annotated[ObservedSection, Field(examples=[{"layer": "client-trust", "cause": "certificate-expired"}])]
    ticket: Annotated[str, Field(min_length=1, examples=["QA-1742"])]
    owner: Annotated[str, Field(min_length=1, examples=["integration-team@example.com"])]
    until: Annotated[dt.date, Field(examples=[dt.date(2027, 1, 31)])]
    why: Annotated[str | None, Field(min_length=1, examples=["the load balancer is replaced in January"])] = None

    @field_validator("check")
    @classmethod
    def _id(cls, check: str) -> str:
        if not CHECK_ID.fullmatch(check):
            raise ValueError("write the id as the report shows it, such as MTLS-23")
        return check

    @field_validator("ticket", "owner", "why")
    @classmethod
    def _one_line(cls, text: str | None) -> str | None:
        if text is not None and not (text.strip() == text and text.isprintable()):
            raise ValueError("write it on one line, without blanks around it")
        return text


class LandscapeFile(Section):
    """The whole file."""

    name: Annotated[str, Field(min_length=1, examples=["QA eu10"])]
    kind: Annotated[Literal["live", "simulated"], Field(examples=["live"])] = "live"
    stage: Annotated[Literal["development", "quality", "production"], Field(examples=["quality"])] = "quality"
    edition: Annotated[Literal["standard", "trial"], Field(examples=["standard"])] = "standard"
    profile: Annotated[str | None, Field(examples=["current"])] = None
    faults: Annotated[tuple[str, ...], Field(strict=False, examples=[["rate-limit (seed 7)"]])] = ()
    runtime: Annotated[RuntimeSection, Field(examples=[{"host": RUNTIME_HOST}])]
    flows: Annotated[
        tuple[FlowSection, ...], Field(min_length=1, strict=False, examples=[[{"address": "/test/clientcert"}]])
    ] = (FlowSection(body="Connected Successfully to CPI!"),)
    trust: TrustSection = TrustSection()
    expectations: ExpectationsSection = ExpectationsSection()
    service_keys: ServiceKeysSection = ServiceKeysSection()
    certificates: CertificatesSection = CertificatesSection()
    cloud_foundry: CloudFoundrySection | None = None
    tenant_api: TenantApiSection | None = None
    backend: BackendSection | None = None
    sender_defect: Annotated[str | None, Field(examples=["sender-drops-an-unusable-pfx"])] = None
    accepted_deviations: Annotated[tuple[AcceptedDeviationSection, ...], Field(strict=False)] = ()

    @field_validator("sender_defect")
    @classmethod
    def _a_known_one(cls, sender_defect: str) -> str:
        if sender_defect not in wrong_sender.WRONG:
            raise ValueError("leave it out; only a simulated landscape names a way in which its sender is wrong")
        return sender_defect
