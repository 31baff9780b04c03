"""An OData client that nobody here wrote reads the tenant (PyPI: pyodata), over real TLS."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyodata
import pytest
import requests

from cpi_conformance.certificates import pem
from cpi_conformance.simulator.instance_order import API_ROLES
from cpi_conformance.simulator.integration.design_time import Package
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.service_key import Plan
from tests.flow_archives import archive, channel, model

FLOW = "ClientCertTest"
ADDRESS = "/test/pyodata"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedLandscape, requests.Session]]:
    """A landscape with a package and a deployed flow, and a session with a token and the landscape's root."""
    bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
    with SimulatedLandscape("current") as landscape, requests.Session() as session:
        bundle.write_text(pem([landscape.trusted_root]))
        landscape.design_time.create_package(Package("MyCPIPkg", "My CPI Pkg", "It's short"))
        content = archive(model=model(channel(urlPath=ADDRESS)))
        artifact = landscape.design_time.create_artifact("MyCPIPkg", FLOW, FLOW, content, "me")
        landscape.deployments.deploy_now(artifact)
        session.verify, session.trust_env = str(bundle), False
        session.headers["Authorization"] = f"Bearer {token(landscape, bundle)}"
        yield landscape, session


def token(landscape: SimulatedLandscape, bundle: Path) -> str:
    """By a service key of the plan *api*, whose URL is the tenant's."""
    instance = landscape.keys.create_instance("pyodata", Plan.API, API_ROLES)
    oauth = landscape.broker.credentials(landscape.keys.create_key(instance, "key"))["oauth"]
    assert oauth["url"] == landscape.tenant_url
    with requests.Session() as session:
        session.trust_env = False
        pair, form = (oauth["clientid"], oauth["clientsecret"]), {"grant_type": "client_credentials"}
        answer = session.post(oauth["tokenurl"], auth=pair, data=form, verify=str(bundle), timeout=10)
    return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def sets(tenant: tuple[SimulatedLandscape, requests.Session]) -> Any:
    """The entity sets, as pyodata has read them from ``$metadata``."""
    landscape, session = tenant
    return pyodata.Client(f"{landscape.tenant_url}/api/v1/", session).entity_sets


def test_packages(sets: Any) -> None:
    found = sets.IntegrationPackages.get_entities().top(10).execute()
    assert [(each.Id, each.Name, each.ShortText) for each in found] == [("MyCPIPkg", "My CPI Pkg", "It's short")]
    one = sets.IntegrationPackages.get_entity("MyCPIPkg").execute()
    assert one.SupportedPlatform == "[SAP Cloud Integration]"
    artifacts = one.nav("IntegrationDesigntimeArtifacts").get_entities().execute()
    assert [(each.Id, each.Version) for each in artifacts] == [(FLOW, "1.0.0")]


def test_artifact(sets: Any) -> None:
    found = sets.IntegrationDesigntimeArtifacts.get_entity(Id=FLOW, Version="active").execute()
    assert (found.PackageId, found.Name) == ("MyCPIPkg", FLOW)


def test_runtime_artifacts(sets: Any) -> None:
    one = sets.IntegrationRuntimeArtifacts.get_entity(FLOW).execute()
    assert (one.Status, one.Type) == ("STARTED", "INTEGRATION_FLOW")
    assert abs(one.DeployedOn - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=10)
    assert sets.IntegrationRuntimeArtifacts.get_entities().count().execute() == 1
    request = sets.IntegrationRuntimeArtifacts.get_entities()
    assert len(request.filter(request.Status == "ERROR").execute()) == 0


def test_endpoints(sets: Any, tenant: tuple[SimulatedLandscape, requests.Session]) -> None:
    (endpoint,) = sets.ServiceEndpoints.get_entities().expand("EntryPoints").filter(f"Name eq '{FLOW}'").execute()
    assert (endpoint.Id, endpoint.Protocol) == (f"{FLOW}$endpointAddress={ADDRESS[1:]}", "REST")
    assert [each.Url for each in endpoint.EntryPoints] == [f"{tenant[0].url}/http{ADDRESS}"]


def test_keystore_entries(sets: Any) -> None:
    (entry,) = sets.KeystoreEntries.get_entities().execute()
    assert (entry.Alias, entry.Type, entry.Owner) == ("sap_cloudintegrationcertificate", "Key Pair", "SAP")
    assert entry.ValidNotBefore < dt.datetime.now(dt.UTC) < entry.ValidNotAfter
    chain = entry.nav("ChainCertificates").get_entities().execute()
    assert [each.Index for each in chain] == [0, 1, 2]


def test_task(sets: Any, tenant: tuple[SimulatedLandscape, requests.Session]) -> None:
    landscape, session = tenant
    url = f"{landscape.tenant_url}/api/v1/DeployIntegrationDesigntimeArtifact?Id='{FLOW}'&Version='active'"
    task = session.post(url, timeout=10).text
    for _ in range(100):
        status = sets.BuildAndDeployStatus.get_entity(task).execute().Status
        if status != "DEPLOYING":
            break
        time.sleep(0.01)
    assert status == "SUCCESS"


def test_a_package_that_there_is_not(sets: Any) -> None:
    with pytest.raises(pyodata.exceptions.HttpError) as refused:
        sets.IntegrationPackages.get_entity("None").execute()
    assert refused.value.response.status_code == 404


def test_created_by_pyodata(sets: Any) -> None:
    """What it writes is taken, too."""
    new = sets.IntegrationPackages.create_entity().set(Id="Written", Name="Written", ShortText="by pyodata")
    assert new.execute().Mode == "EDIT_ALLOWED"
