"""A simulated landscape as a whole: its authorities, its load balancer, the systems behind it, and its thread.

The systems run in an event loop on a thread of their own, so the same landscape serves a test in the
same process, its parallel workers, and a person with Postman.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cryptography import x509

from cpi_conformance.certificates import Authority
from cpi_conformance.secret import Secret
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.adoption import adopt
from cpi_conformance.simulator.certificate_service import CertificateService
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.cloud_foundry.controller import CloudController
from cpi_conformance.simulator.cloud_foundry.uaa import Uaa
from cpi_conformance.simulator.cloud_foundry.urls import Urls
from cpi_conformance.simulator.cloud_foundry.users import Role, User
from cpi_conformance.simulator.edge import Edge
from cpi_conformance.simulator.exchange import Application
from cpi_conformance.simulator.faults.fault import SeededFault
from cpi_conformance.simulator.hosts import Hosts
from cpi_conformance.simulator.integration.deployment import Deployments
from cpi_conformance.simulator.integration.design_time import DesignTime
from cpi_conformance.simulator.integration.message_logs import MessageLogs
from cpi_conformance.simulator.it_rt import ItRt
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.keystore import Keystore, sap_key_pair
from cpi_conformance.simulator.load_balancer import LoadBalancer
from cpi_conformance.simulator.loop_thread import LoopThread
from cpi_conformance.simulator.other_ports import ClosedPort, PlainPort
from cpi_conformance.simulator.passport import PassportAuthority
from cpi_conformance.simulator.profiles import PROFILES, Profile
from cpi_conformance.simulator.record import Record
from cpi_conformance.simulator.runtime import Flow, Runtime
from cpi_conformance.simulator.service_keys import API_APPLICATION, ServiceKeys
from cpi_conformance.simulator.tenant_api.application import TenantApi
from cpi_conformance.simulator.tokens import TokenIssuer
from cpi_conformance.simulator.xsuaa import TOKEN_PATH, Xsuaa

if TYPE_CHECKING:
    from cpi_conformance.simulator.defects.defect import Defect

SUBDOMAIN = "conformance"
SUBACCOUNT = "7f1c0b52-5d3e-4f0a-9a55-3c2f8f6f0d11"

ORGANIZATION, SPACE = "conformance", "dev"

WHITEPAPER_FLOW = Flow("/test/clientcert", "Connected Successfully to CPI!")

OTHER_ROLE = "Conformance.other"
"""A user role of the tenant beside the default one; no flow asks for it."""

LOAD_BALANCER_CLIENT_CA = "CN=DigiCert Global Root G2,OU=www.digicert.com,O=DigiCert Inc,C=US"
"""A second accepted root, so that the list of CA names has more than one entry, as SAP's has."""


class SimulatedLandscape:
    """One landscape of one profile; use it as a context manager, or ``start`` and ``stop`` it.

    Attributes:
        keys: the service instances and keys; what is created there directly needs :meth:`adopt`.
        load_balancer: what is presented, and whom it trusts.
        runtime: where flows are deployed.
        design_time: packages and their artifacts.
        deployments: what becomes of artifacts that are deployed.
        message_logs: one for each call that reached a flow.
        keystore: key pairs and certificates of the tenant.
        tenant_api: the OData API of the tenant, below ``/api/v1``.
        broker: makes service keys for the Cloud Controller.
        xsuaa: issues tokens for service keys.
        defects: in which ways it is wrong.
        backend_defect, sender_defect: the way in which these are to be played wrongly, if any.
        faults: which troubles come and go in it.
        cloud_controller: the API of Cloud Foundry, with one organization and one space.
        uaa: issues tokens for platform users.
        users: platform users by name: ``developer``, ``auditor``, and ``stranger``, who has no role.
    """

    def __init__(
        self,
        profile: Profile | str = "current",
        *,
        record_path: Path | None = None,
        port: int = 0,
        defects: Iterable[Defect] = (),
        faults: Iterable[SeededFault] = (),
    ) -> None:
        """Nothing listens before :meth:`start`. ``port`` is the runtime's; 0 takes a free one.

        ``defects`` are the ways in which it is wrong; without them it is right. ``faults`` are the troubles that
        come and go in it, each made for this landscape.
        """
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        self.clock = clock = Clock()
        now = clock.now()
        self.passports = PassportAuthority(now)
        roots = (self.passports.root.certificate, Authority.root(LOAD_BALANCER_CLIENT_CA, now=now).certificate)
        self.load_balancer = LoadBalancer(self.profile, roots, now)
        self.record = Record(record_path)

        nowhere = TenantUrls("", "", "", "")
        self._tenant_issuer = TokenIssuer("xsuaa", clock)
        self.keys = ServiceKeys(SUBDOMAIN, clock)
        self.xsuaa = Xsuaa(self.keys, self._tenant_issuer, nowhere, SUBACCOUNT)
        accepts_certificates = self.profile.accepts_certificates
        self.message_logs = MessageLogs()
        self.runtime = Runtime(
            self.keys,
            clock,
            self._tenant_issuer,
            accepts_certificates=accepts_certificates,
            message_logs=self.message_logs,
        )
        self.design_time = DesignTime(clock)
        self.deployments = Deployments(clock, self.runtime)
        self.runtime.deploy(WHITEPAPER_FLOW)
        on_trial = self.profile.edition == "trial"
        self.keystore = Keystore(clock, None if on_trial else sap_key_pair(self.passports.root, now))
        self.tenant_api = TenantApi(
            self._tenant_issuer,
            API_APPLICATION,
            clock,
            nowhere,
            design_time=self.design_time,
            deployments=self.deployments,
            message_logs=self.message_logs,
            keystore=self.keystore,
        )
        certificates = CertificateService(self.passports.root, SUBACCOUNT, clock)
        self.broker = ItRt(self.keys, certificates, self.profile.key_rules, nowhere, custom_roles=(OTHER_ROLE,))

        self._platform_issuer = TokenIssuer("uaa", clock)
        people = (User(role.name.lower(), Secret(secrets.token_urlsafe(12)), role=role) for role in Role)
        self.users = {user.name: user for user in people}
        self.uaa = Uaa(self._platform_issuer, clock, self.users)
        self.cloud_controller = CloudController(
            self.broker, self._platform_issuer, self.users, clock, organization=ORGANIZATION, space=SPACE
        )

        applications: dict[str, Application] = {
            hosts.RUNTIME: self.runtime,
            hosts.TENANT: self.tenant_api,
            hosts.API: self.cloud_controller,
            hosts.LOGIN: self.uaa,
            hosts.UAA: self.uaa,
            hosts.AUTHENTICATION: self.xsuaa.by_secret,
            hosts.AUTHENTICATION_CERT: self.xsuaa.by_certificate,
        }
        self._hosts = Hosts(applications, self.load_balancer.asking, self.load_balancer.silent, self.record)
        self._hosts.ports[hosts.RUNTIME] = port
        self._announce_hosts()
        self._plain, self._closed = PlainPort(), ClosedPort()
        self.plain_port = self.closed_port = 0
        self._thread: LoopThread | None = None
        self.backend_defect: str | None = None
        self.sender_defect: str | None = None
        self.defects = tuple(defects)
        for defect in self.defects:
            defect.install(self)
        self.faults = tuple(faults)
        for fault in self.faults:
            fault.install(self)

    @property
    def trusted_root(self) -> x509.Certificate:
        """What a sender must trust now."""
        return self.load_balancer.trusted_root

    @property
    def previous_roots(self) -> tuple[x509.Certificate, ...]:
        """What a sender may still trust from before the last rotation."""
        return self.load_balancer.previous_roots

    @property
    def port(self) -> int:
        """The runtime's port."""
        return self._hosts.ports[hosts.RUNTIME]

    @property
    def url(self) -> str:
        """Scheme, host and port of the runtime, without a trailing slash."""
        return self._hosts.url(hosts.RUNTIME)

    @property
    def tenant_url(self) -> str:
        """The tenant API's host; ``/api/v1`` follows."""
        return self._hosts.url(hosts.TENANT)

    @property
    def api_url(self) -> str:
        """The Cloud Controller."""
        return self._hosts.url(hosts.API)

    @property
    def login_url(self) -> str:
        """The platform's login server."""
        return self._hosts.url(hosts.LOGIN)

    @property
    def uaa_url(self) -> str:
        """The platform's UAA."""
        return self._hosts.url(hosts.UAA)

    @property
    def token_url(self) -> str:
        """XSUAA for clients with a secret."""
        return self._hosts.url(hosts.AUTHENTICATION)

    @property
    def token_cert_url(self) -> str:
        """XSUAA for clients with a certificate."""
        return self._hosts.url(hosts.AUTHENTICATION_CERT)

    def rotate(self, chain: str) -> None:
        """Serve another chain of the profile from the next connection on; ``KeyError`` for an unknown one."""
        self.load_balancer.rotate(chain)

    def interpose(self, host: str, wrap: Callable[[Application], Application]) -> None:
        """Put something between a host (a name in ``simulator.hosts``) and its system, such as a fault."""
        self._hosts.interpose(host, wrap)

    def edge(self, host: str) -> Edge:
        """What listens for a host (a name in ``simulator.hosts``)."""
        return self._hosts.edge(host)

    def adopt(self) -> None:
        """Let the Cloud Controller list what has been created in ``keys`` directly; before the start it is put off."""
        if self._thread is not None:
            adopt(self.keys, self.broker, self.cloud_controller)

    def start(self) -> SimulatedLandscape:
        """Listen; returns when connections are accepted.

        Raises:
            OSError: the port is taken.
        """
        thread = LoopThread(f"landscape-{self.profile.name}")
        try:
            thread.run(self._hosts.listen())
            self.plain_port = thread.run(self._plain.listen())
            self.closed_port = self._closed.take()
        except OSError:
            thread.end()
            raise
        self._thread = thread
        self._announce_hosts()
        self.adopt()
        return self

    def stop(self) -> None:
        """Close everything; safe to call twice."""
        self._closed.release()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        try:
            thread.run(self._hosts.close())
            thread.run(self._plain.close())
            thread.run(self.cloud_controller.close())
            thread.run(self.deployments.close())
        finally:
            thread.end()

    def __enter__(self) -> SimulatedLandscape:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _announce_hosts(self) -> None:
        """Tell every system where the others are: ports are known only once they are listened on."""
        urls = TenantUrls(self.url, self.tenant_url, self.token_url, self.token_cert_url)
        self.broker.urls = self.xsuaa.urls = self.tenant_api.urls = urls
        self.cloud_controller.urls = self.uaa.urls = Urls(self.api_url, self.login_url, self.uaa_url)
        self._tenant_issuer.issuer = f"{self.token_url}{TOKEN_PATH}"
        self._platform_issuer.issuer = f"{self.uaa_url}{TOKEN_PATH}"
