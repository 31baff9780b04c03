"""A tenant's answers as they are on the wire, and a client that pauses 1, 2, 4, 4 … seconds without sleeping."""

from __future__ import annotations

from typing import Any

from pytest_httpx import HTTPXMock

from cpi_conformance.control.credentials import KeyCredentials, read_credentials
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.tenant import Tenant
from tests.control_plane import Pauses

HOST = "https://acme.it-cpi001.cfapps.example.test"
API = f"{HOST}/api/v1/"
TOKENS = "https://acme.authentication.example.test/oauth/token"
PATIENCE = Patience(first_pause=1, longest_pause=4, first_rest=1, longest_rest=1, deadline=40, attempts=2, outage=6)

PACKAGES = f"{API}IntegrationPackages"
PACKAGE = f"{PACKAGES}('Pkg')"
FLOWS = f"{API}IntegrationDesigntimeArtifacts"
FLOW = f"{FLOWS}(Id='Flow',Version='active')"
DEPLOY = f"{API}DeployIntegrationDesigntimeArtifact?Id='Flow'&Version='active'"
TASK = f"{API}BuildAndDeployStatus(TaskId='task-1')"
RUNNING = f"{API}IntegrationRuntimeArtifacts('Flow')"
EXPLANATION = f"{RUNNING}/ErrorInformation/$value"
NO_ENTITY = "Requested entity could not be found."


def credentials() -> KeyCredentials:
    """A service key of the plan api."""
    return read_credentials(
        {"oauth": {"clientid": "sb-api", "clientsecret": "hush-secret", "url": HOST, "tokenurl": TOKENS}}
    )


def client(pauses: Pauses, **change: Any) -> Tenant:
    """A client of the tenant."""
    return Tenant(credentials(), **{"patience": PATIENCE, "sleep": pauses, **change})


def token(httpx_mock: HTTPXMock, number: int = 1, expires_in: int = 43199) -> None:
    """XSUAA grants a token, once."""
    granted = {"access_token": f"access-{number}", "token_type": "bearer", "expires_in": expires_in, "scope": "it!b1.x"}
    httpx_mock.add_response(url=TOKENS, json=granted)


def entity(**fields: Any) -> dict[str, Any]:
    """One entity."""
    return {"d": fields}


def collection(*found: dict[str, Any]) -> dict[str, Any]:
    """A list of entities."""
    return {"d": {"results": list(found)}}


def error(text: str | None, code: str = "Bad Request") -> dict[str, Any]:
    """An error in JSON."""
    return {"error": {"code": code, "message": {"lang": "en", "value": text}}}


def atom(text: str, code: str = "Bad Request") -> bytes:
    """An error in XML."""
    namespace = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><error xmlns=\"{namespace}\"><code>{code}</code>"
        f'<message xml:lang="en">{text}</message></error>'
    ).encode()


def missing(httpx_mock: HTTPXMock, url: str, **more: Any) -> None:
    """A 404 of the tenant."""
    httpx_mock.add_response(404, url=url, json=error(NO_ENTITY, "Not Found"), **more)


def package(number: object = "Pkg", **change: Any) -> dict[str, Any]:
    """A package."""
    return {"Id": str(number), "Name": "My CPI Pkg", "ShortText": "Test", "Description": "<p>d</p>", "Version": "",
            "Mode": "EDIT_ALLOWED", **change}  # fmt: skip


def flow(**change: Any) -> dict[str, Any]:
    """An integration flow."""
    return {"Id": "Flow", "Version": "1.0.0", "PackageId": "Pkg", "Name": "Flow", "Description": None,
            "ArtifactContent": None, **change}  # fmt: skip


def running(status: str = "STARTED", deployed: int = 2000, **change: Any) -> dict[str, Any]:
    """A deployed integration flow; ``deployed`` is in milliseconds."""
    return {"Id": "Flow", "Version": "1.0.0", "Name": "Flow", "Type": "INTEGRATION_FLOW", "DeployedBy": "sb-api",
            "DeployedOn": f"/Date({deployed})/", "Status": status, **change}  # fmt: skip
