"""The tenant API without sockets: a key of each kind, and answers that can be asked for what they hold."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from defusedxml import ElementTree

from cpi_conformance.certificates import Credential
from cpi_conformance.simulator.exchange import Answer, Exchange
from cpi_conformance.simulator.instance_order import API_ROLES
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.keystore import Keystore, sap_key_pair
from cpi_conformance.simulator.passport import PassportAuthority
from cpi_conformance.simulator.service_key import Plan, ServiceKey
from cpi_conformance.simulator.service_keys import API_APPLICATION
from cpi_conformance.simulator.tenant_api.application import TenantApi
from cpi_conformance.simulator.tokens import TokenIssuer
from cpi_conformance.simulator.xsuaa import Xsuaa
from tests.flow_archives import Tenant, archive

URLS = TenantUrls("https://rt.test", "https://tenant.test", "https://token.test", "https://cert.test")
ROOT = "https://tenant.test/api/v1/"
JSON = "application/json"

FLOW = "ClientCertTest"
PACKAGE = "IntegrationPackages('MyCPIPkg')"
ACTIVE = f"IntegrationDesigntimeArtifacts(Id='{FLOW}',Version='active')"
RUNNING = f"IntegrationRuntimeArtifacts('{FLOW}')"
DEPLOY = "DeployIntegrationDesigntimeArtifact"
NOT_FOUND = (404, "Not Found", "Requested entity could not be found.")


@dataclass(frozen=True)
class Reply:
    """An answer, read."""

    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def text(self) -> str:
        return self.answer.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.answer.body)

    @property
    def d(self) -> Any:
        return self.json["d"]

    @property
    def results(self) -> Any:
        return self.d["results"]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and text."""
        entry = self.json["error"]
        return self.status, entry["code"], entry["message"]["value"]

    @property
    def xml(self) -> Any:
        return ElementTree.fromstring(self.answer.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.answer.headers if key == name), None)


class ApiTenant(Tenant):
    """A tenant with its API; ``call`` is that of the runtime."""

    def __init__(self, *, trial: bool = False) -> None:
        super().__init__()
        now = self.clock.now()
        self.passports = PassportAuthority(now)
        preinstalled: Credential | None = None if trial else sap_key_pair(self.passports.root, now)
        self.keystore = Keystore(self.clock, preinstalled)
        self.issuer = TokenIssuer("https://token.test/oauth/token", self.clock)
        self.xsuaa = Xsuaa(self.keys, self.issuer, URLS, "subaccount")
        self.api = TenantApi(
            self.issuer,
            API_APPLICATION,
            self.clock,
            URLS,
            design_time=self.design_time,
            deployments=self.deployments,
            message_logs=self.logs,
            keystore=self.keystore,
        )
        self.key = self.api_key(API_ROLES)
        self.token = self.token_of(self.key)

    def api_key(self, roles: Iterable[str], plan: Plan = Plan.API) -> ServiceKey:
        return self.keys.create_key(self.keys.create_instance("instance", plan, roles), "key")

    def token_of(self, key: ServiceKey) -> str:
        return str(self.xsuaa.issue(key)["access_token"])

    def request(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        accept: str | None = JSON,
        kind: str = "application/json",
        authorization: str | None = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Reply:
        """A request below ``/api/v1/``; bytes are sent as they are."""
        path, _, query = target.partition("?")
        shown = f"Bearer {self.token}" if authorization == "" else authorization
        sent = [("accept", accept), ("authorization", shown), *headers]
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            sent.append(("content-type", kind))
        given = tuple((name, value) for name, value in sent if value is not None)
        return Reply(self.run(self.api(Exchange(method, f"/api/v1/{path}", query, given, content))))

    def get(self, target: str, *, accept: str | None = JSON) -> Reply:
        return self.request("GET", target, accept=accept)


def content(given: bytes) -> str:
    """As a property holds it."""
    return base64.b64encode(given).decode()


def new_flow(**changes: Any) -> dict[str, Any]:
    """What creates the flow."""
    return {"Id": FLOW, "Name": FLOW, "PackageId": "MyCPIPkg", "ArtifactContent": content(archive()), **changes}


def deployed(it: ApiTenant) -> None:
    """Let there be a flow that answers and is listed."""
    assert it.request("POST", "IntegrationDesigntimeArtifacts", new_flow()).status == 201
    assert it.request("POST", f"{DEPLOY}?Id='{FLOW}'&Version='active'").status == 202
    it.pass_time(5)
