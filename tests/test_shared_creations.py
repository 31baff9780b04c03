"""What a run shares and leaves behind, against the simulated Cloud Foundry: dead workers, neighbours, other runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cpi_conformance.certificates import Authority
from cpi_conformance.control.claims import claim
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.cockpit import Cockpit, Denied, Granted, Withdrawn
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.errors import JobFailed
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.login import PasswordLogin
from cpi_conformance.control.once import Once
from cpi_conformance.control.orders import Deletion, InstanceOrder, KeyOrder, KeyType, Order, TokenOrder
from cpi_conformance.control.receipt import settle
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.shared import InstanceKind, KeyKind, Kinds, SharedCreations
from cpi_conformance.control.wire import ServiceInstance, ServiceKey
from cpi_conformance.control.xsuaa import Token, request_token
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE, SimulatedLandscape
from cpi_conformance.simulator.population import populate

KINDS: Kinds = {"oauth": InstanceKind(InstanceOrder()), "oauthcpikey": KeyKind("oauth")}


@pytest.fixture(scope="module")
def landscape() -> Iterator[SimulatedLandscape]:
    """One for all tests: each must leave it as it was."""
    with SimulatedLandscape("current") as landscape:
        populate(landscape)
        yield landscape


@pytest.fixture
def cloud(landscape: SimulatedLandscape) -> Iterator[CloudFoundry]:
    """A client, and afterwards nothing more than before."""
    user = landscape.users["developer"]
    before = landscape.cloud_controller.inventory()
    login = PasswordLogin(user.name, user.password)
    with CloudFoundry(landscape.api_url, login, trusted=(landscape.trusted_root,)) as cloud:
        yield cloud
    assert landscape.cloud_controller.inventory() == before


@pytest.fixture
def lifecycle(cloud: CloudFoundry) -> Iterator[Lifecycle]:
    """A run in the space."""
    with_mark = run_in(cloud)
    yield with_mark
    assert not with_mark.remove_all().remaining


def run_in(cloud: CloudFoundry) -> Lifecycle:
    """Another run in the space."""
    space = cloud.space(cloud.organization(ORGANIZATION), SPACE)
    return Lifecycle(cloud, space, RunMark.new(cloud.far_now(), dt.timedelta(hours=1)))


def cockpit_of(lifecycle: Lifecycle, undecided: list[Order] | None = None) -> Cockpit:
    """A cockpit for a run."""

    def token(order: TokenOrder) -> Token:
        return request_token(order.credentials, secret=order.secret)

    told = undecided if undecided is not None else []
    return Cockpit(lifecycle, token, told.append)


def shared_in(lifecycle: Lifecycle, folder: Path) -> SharedCreations:
    """What a process of the run shares."""
    return SharedCreations(KINDS, cockpit_of(lifecycle), lifecycle, Once(folder))


def test_what_a_dead_worker_has_ordered_is_taken_over(lifecycle: Lifecycle, tmp_path: Path) -> None:
    """Its instance and key exist under the shared names, but nobody has written down their guids."""
    name = lifecycle.mark.instance_name("oauth")
    instance = lifecycle.create_instance(InstanceOrder(name=name))
    key = lifecycle.create_key(KeyOrder(instance, name="oauthcpikey"))
    shared = shared_in(lifecycle, tmp_path)
    assert guid(shared.carried("oauth").reply) == instance.guid
    assert guid(shared.carried("oauthcpikey").reply) == key.guid
    shared.close()


def test_what_another_run_has_is_not_taken_over(lifecycle: Lifecycle, cloud: CloudFoundry, tmp_path: Path) -> None:
    """The same name without the label of this run is somebody else's."""
    other = run_in(cloud)
    other.create_instance(InstanceOrder(name=lifecycle.mark.instance_name("oauth")))
    shared = shared_in(lifecycle, tmp_path)
    reply = shared.carried("oauth").reply
    shared.close()
    assert isinstance(reply, Denied)
    assert reply.cause is Denial.NAME_TAKEN
    assert not other.remove_all().remaining


def test_processes_of_a_run_borrow_from_each_other(lifecycle: Lifecycle, tmp_path: Path) -> None:
    """The second finds what the first has created, and creates nothing."""
    first, second = shared_in(lifecycle, tmp_path), shared_in(lifecycle, tmp_path)
    guids = [guid(each.carried("oauthcpikey").reply) for each in (first, second)]
    assert guids[0] == guids[1]
    assert len(lifecycle.of_this_run()[1]) == 1
    first.close()
    second.close()


def test_runs_side_by_side_are_no_business_of_each_other(lifecycle: Lifecycle, cloud: CloudFoundry) -> None:
    """What another run creates or removes meanwhile is neither new nor gone."""
    leaving, coming = run_in(cloud), run_in(cloud)
    leaving.create_key(KeyOrder(leaving.create_instance(InstanceOrder())))
    before = lifecycle.inventory()
    lifecycle.create_instance(InstanceOrder())
    assert not leaving.remove_all().remaining
    coming.create_instance(InstanceOrder())
    receipt = settle("here", lifecycle, before)
    assert receipt.clean
    assert (receipt.appeared, receipt.disappeared) == ((), ())
    assert receipt.before == receipt.after
    assert not coming.remove_all().remaining


def test_somebody_elses_key_that_is_gone_is_missed(lifecycle: Lifecycle, landscape: SimulatedLandscape) -> None:
    """It has no mark of any run, and it was there before."""
    before = lifecycle.inventory()
    held = next(each for each in before if each.kind == "service key")
    receipt = settle("here", lifecycle, before | {type(held)("service key", "of a colleague", "gone")})
    assert not receipt.clean
    assert [each.name for each in receipt.disappeared] == ["of a colleague"]


def test_what_has_lost_its_label_is_told_and_left_alone(lifecycle: Lifecycle) -> None:
    """A name alone does not say for certain whose it is, but that it is left behind must not go unseen."""
    before, cloud, mark = lifecycle.inventory(), lifecycle.cloud, lifecycle.mark
    plan = cloud.plan("it-rt", "integration-flow")
    instance = cloud.create_instance(lifecycle.space, plan, mark.instance_name("lost"))
    key = cloud.create_key(instance, "lost-key")
    receipt = settle("here", lifecycle, before)
    assert not receipt.clean
    assert [each.held.guid for each in receipt.remaining] == [instance.guid, key.guid]
    assert all("not its label" in each.why for each in receipt.remaining)
    assert (receipt.removed, receipt.appeared) == ((), ())
    assert not lifecycle.foreign() - before
    cloud.delete_instance(instance.guid)


def test_what_another_process_removes_meanwhile_is_not_taken_for_a_colleagues(
    lifecycle: Lifecycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a parallel run a key of the run may go while somebody looks what belongs to nobody's run."""
    foreign, cloud = lifecycle.foreign(), lifecycle.cloud
    key = lifecycle.create_key(KeyOrder(lifecycle.create_instance(InstanceOrder())))
    keys = cloud.keys

    def keys_of_a_moment(**filters: Any) -> tuple[ServiceKey, ...]:
        found = keys(**filters)
        if any(each.guid == key.guid for each in found):
            cloud.delete_key(key.guid)
        return found

    monkeypatch.setattr(cloud, "keys", keys_of_a_moment)
    assert lifecycle.foreign() == foreign
    assert not lifecycle.remove_all().remaining


def test_a_deletion_is_an_order(lifecycle: Lifecycle) -> None:
    """Of a key and of an instance; what is gone already is a success."""
    cockpit = cockpit_of(lifecycle)
    instance = lifecycle.create_instance(InstanceOrder())
    key = lifecycle.create_key(KeyOrder(instance))
    for resource in (key, key, instance, instance):
        assert cockpit.place(Deletion(resource)) == Granted(Withdrawn("carried out"))
    assert lifecycle.of_this_run() == ((), ())


def test_what_nobody_has_decided_on_is_told(lifecycle: Lifecycle, landscape: SimulatedLandscape) -> None:
    """A key whose order ended in an outage may exist."""
    undecided: list[Order] = []
    cockpit = cockpit_of(lifecycle, undecided)
    instance = lifecycle.create_instance(InstanceOrder())
    refused = KeyOrder(instance, KeyType.EXTERNAL_CERTIFICATE, x509="no certificate")
    assert isinstance(cockpit.place(refused), Denied)
    assert undecided == []
    user, limited = landscape.users["developer"], landscape.cloud_controller.rate_limit
    limited.limit, limit = 0, limited.limit
    login = PasswordLogin(user.name, user.password)
    try:
        with CloudFoundry(landscape.api_url, login, trusted=(landscape.trusted_root,), sleep=no_time) as hurried:
            reply = cockpit_of(Lifecycle(hurried, lifecycle.space, lifecycle.mark), undecided).place(refused)
    finally:
        limited.limit = limit
    assert isinstance(reply, Denied)
    assert reply.cause is Denial.CONTROLLER_UNREACHABLE
    assert undecided == [refused]


def no_time(seconds: float) -> None:
    """Nobody waits for a rate limit to end."""


def guid(reply: Granted | Denied) -> str:
    """Of what was granted."""
    assert isinstance(reply, Granted), reply
    assert isinstance(reply.outcome, ServiceInstance | ServiceKey)
    return reply.outcome.guid


def test_a_claim_is_of_one_run_at_a_time(lifecycle: Lifecycle, cloud: CloudFoundry) -> None:
    """The name of an instance is the claim; it ends with its run, and is reaped like everything of a run."""
    certificate = Authority.root("CN=Spare", now=dt.datetime.now(dt.UTC)).certificate
    other = run_in(cloud)
    assert claim(lifecycle, certificate, seconds=0)
    assert not claim(other, certificate, seconds=0)
    (instance,) = lifecycle.of_this_run()[0]
    assert RunMark.of(instance.name, instance.labels) == lifecycle.mark
    assert not any(held.name == instance.name for held in other.inventory())
    assert not lifecycle.remove_all().remaining
    assert claim(other, certificate, seconds=0)
    assert not other.remove_all().remaining


def test_a_claim_whose_instance_has_failed_is_had_by_who_asks_again(
    landscape: SimulatedLandscape, lifecycle: Lifecycle, cloud: CloudFoundry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record of the instance keeps the name: its run need not wait for itself, and others still do."""

    def broken(*_: object) -> None:
        raise BrokerRefused("no")

    certificate = Authority.root("CN=Spare", now=dt.datetime.now(dt.UTC)).certificate
    with monkeypatch.context() as troubled:
        troubled.setattr(landscape.broker, "provision", broken)
        with pytest.raises(JobFailed):
            claim(lifecycle, certificate, seconds=0)
    other = run_in(cloud)
    assert not claim(other, certificate, seconds=0)
    assert claim(lifecycle, certificate, seconds=0)
    assert not lifecycle.remove_all().remaining
    assert claim(other, certificate, seconds=0)
    assert not other.remove_all().remaining
