"""A client of Cloud Foundry that nobody here wrote, from the log-in to the clean-up (PyPI: cloudfoundry-client)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cloudfoundry_client.client import CloudFoundryClient
from cloudfoundry_client.errors import InvalidStatusCode
from oauth2_client.credentials_manager import OAuthError

from cpi_conformance.certificates import pem
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Accepted, Basic, CertificateInHandshake, Sender
from cpi_conformance.simulator.landscape import OTHER_ROLE, SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.conftest import Inhabited


@dataclass(frozen=True)
class Session:
    """Somebody who has logged in."""

    client: Any

    def guid(self, kind: str, name: str) -> str:
        return str(getattr(self.client.v3, kind).get_first(names=name)["guid"])

    def finished(self, job: str) -> Any:
        return self.client.v3.jobs.wait_for_job_completion(job, step=0.02, step_function=lambda step: step)

    def create_instance(self, name: str, **parameters: Any) -> Any:
        """The finished job of a new instance of plan integration-flow."""
        space, plan = self.guid("spaces", "dev"), self.guid("service_plans", "integration-flow")
        ordered = self.client.v3.service_instances.create(name, space, plan, parameters=parameters)
        return self.finished(ordered.job()["guid"])

    def create_key(self, instance: str, name: str, parameters: dict[str, Any] | None = None) -> Any:
        """The finished job of a new key."""
        bindings = self.client.v3.service_credential_bindings
        return self.finished(bindings.create(name, "key", instance, None, parameters, {"run": "one"}, None))

    def oauth(self, instance: str, name: str) -> dict[str, Any]:
        bindings = self.client.v3.service_credential_bindings
        key = bindings.get_first(service_instance_guids=instance, names=name)
        return dict(bindings.get(key["guid"], "details")["credentials"]["oauth"])


def session(it: Inhabited, folder: Path, user: str = "developer") -> Session:
    bundle = folder / "ca.pem"
    bundle.write_text(pem([it.landscape.trusted_root]))
    client = CloudFoundryClient(it.landscape.api_url, verify=str(bundle))
    client.init_with_user_credentials(user, it.landscape.users[user].password.reveal())
    return Session(client)


@pytest.fixture
def developer(fresh: Inhabited, tmp_path: Path) -> Iterator[Session]:
    it = session(fresh, tmp_path)
    yield it
    it.client._session.close()


def one_line(it: Inhabited, part: str) -> str:
    return pem([it.pfx(part).open().certificate]).replace("\n", "")


def test_the_way_of_a_key_with_a_secret(fresh: Inhabited, developer: Session) -> None:
    """An instance, a key, its credentials, a call with them, and nothing left."""
    before = fresh.landscape.cloud_controller.inventory()
    assert developer.create_instance("mine")["state"] == "COMPLETE"
    instance = developer.guid("service_instances", "mine")
    assert developer.create_key(instance, "key")["state"] == "COMPLETE"
    oauth = developer.oauth(instance, "key")
    call = replace(fresh.anonymous, authorization=Basic(oauth["clientid"], Secret(oauth["clientsecret"])))
    assert isinstance(Sender().send(call), Accepted)
    key = developer.client.v3.service_credential_bindings.get_first(names="key", service_instance_guids=instance)
    developer.finished(developer.client.v3.service_credential_bindings._remove(key["guid"]))
    assert not isinstance(Sender().send(call), Accepted)
    developer.finished(developer.client.v3.service_instances._remove(instance))
    assert fresh.landscape.cloud_controller.inventory() == before


def test_the_way_of_a_key_with_an_external_certificate(fresh: Inhabited, developer: Session) -> None:
    """The spare Passport is in no key, then in one; deleting the instance takes the key along."""
    call = replace(fresh.anonymous, certificate=CertificateInHandshake(fresh.pfx("spare")))
    assert not isinstance(Sender().send(call), Accepted)
    developer.create_instance("mine", roles=["ESBMessaging.send"])
    instance = developer.guid("service_instances", "mine")
    order = {"key-type": "certificate_external", "X.509": one_line(fresh, "spare"), "pin": True}
    assert developer.create_key(instance, "key", order)["state"] == "COMPLETE"
    assert "clientsecret" not in developer.oauth(instance, "key")
    assert isinstance(Sender().send(call), Accepted)
    developer.finished(developer.client.v3.service_instances._remove(instance))
    assert not isinstance(Sender().send(call), Accepted)


def test_a_failing_job_says_what_the_broker_said(fresh: Inhabited, developer: Session) -> None:
    developer.create_instance("mine")
    job = developer.create_key(developer.guid("service_instances", "mine"), "key", {"key-type": "certificate_internal"})
    assert job["state"] == "FAILED"
    (error,) = job["errors"]
    assert (error["code"], error["title"]) == (10009, "CF-UnableToPerform")
    text = "bind could not be completed: Service broker error: unknown key-type 'certificate_internal'"
    assert error["detail"].startswith(text)


def test_a_failing_instance(developer: Session) -> None:
    job = developer.create_instance("mine", roles=["ESBMessaging.sent"])
    assert job["state"] == "FAILED"
    text = "provision could not be completed: Service broker error: unknown role 'ESBMessaging.sent'"
    assert job["errors"][0]["detail"].startswith(text)


def test_custom_roles_are_known(developer: Session) -> None:
    assert developer.create_instance("mine", roles=[OTHER_ROLE])["state"] == "COMPLETE"


def test_everybody_who_lives_in_the_landscape_is_listed(fresh: Inhabited, developer: Session) -> None:
    """With the same credentials as in the files that are handed out."""
    names = {each["name"] for each in developer.client.v3.service_instances.list()}
    assert names == {"oauth", "clientcertificate", "clientcertificate-2", "without-role", "api"}
    listed = {each["guid"] for each in developer.client.v3.service_credential_bindings.list(type="key")}
    assert listed == {key.guid for key in fresh.landscape.keys.keys()}  # noqa: SIM118
    sender = fresh.population.service_keys["sender"]
    oauth = developer.oauth(sender.instance.guid, "oauthcpikey")
    assert {"oauth": oauth} == fresh.landscape.broker.credentials(sender)
    assert oauth["tokenurl"] == f"{fresh.landscape.token_url}/oauth/token"


def test_a_listed_key_can_be_deleted(fresh: Inhabited, developer: Session) -> None:
    assert isinstance(Sender().send(fresh.basic), Accepted)
    guid = fresh.population.service_keys["sender"].guid
    developer.finished(developer.client.v3.service_credential_bindings._remove(guid))
    assert not isinstance(Sender().send(fresh.basic), Accepted)


def test_an_expired_token_is_renewed_by_itself(fresh: Inhabited, developer: Session) -> None:
    """The answer to it is 401 with the code 1000, which the client knows."""
    first = developer.client._access_token
    fresh.landscape.clock.offset += dt.timedelta(minutes=21)
    assert developer.guid("spaces", "dev")
    assert developer.client._access_token != first


@pytest.mark.parametrize(("user", "spaces"), [("auditor", 1), ("stranger", 0)])
def test_others_see_less(user: str, spaces: int, current: Inhabited, tmp_path: Path) -> None:
    it = session(current, tmp_path, user)
    assert it.client.v3.spaces.list(names="dev").total_results == spaces
    with pytest.raises(InvalidStatusCode):
        it.client.v3.service_credential_bindings.get(current.population.service_keys["sender"].guid, "details")
    it.client._session.close()


def test_a_wrong_password(current: Inhabited, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(pem([current.landscape.trusted_root]))
    client = CloudFoundryClient(current.landscape.api_url, verify=str(bundle))
    with pytest.raises(OAuthError):
        client.init_with_user_credentials("auditor", "wrong")


def test_who_moved_in_before_the_start_is_listed_too(tmp_path: Path) -> None:
    """Addresses in the credentials are those that are known only after the start."""
    landscape = SimulatedLandscape("whitepaper")
    population = populate(landscape)
    with landscape:
        it = session(Inhabited(landscape, population), tmp_path)
        oauth = it.oauth(population.service_keys["sender"].instance.guid, "oauthcpikey")
        assert oauth["url"] == landscape.url
        assert oauth["tokenurl"] == f"{landscape.token_url}/oauth/token"
        it.client._session.close()


def test_adopting_leaves_alone_what_is_listed(fresh: Inhabited, developer: Session) -> None:
    developer.create_instance("mine")
    instance = developer.guid("service_instances", "mine")
    developer.client.v3.service_instances.update(instance, meta_labels={"run": "one"})
    fresh.landscape.keys.create_instance("new")
    fresh.landscape.adopt()
    assert developer.client.v3.service_instances.get(instance)["metadata"]["labels"] == {"run": "one"}
    assert developer.guid("service_instances", "new")


def test_all_hosts_are_rotated_together(fresh: Inhabited, tmp_path: Path) -> None:
    fresh.landscape.rotate("g2")
    session(fresh, tmp_path).client._session.close()
