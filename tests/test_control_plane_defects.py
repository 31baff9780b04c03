"""Defects of the control plane: what is put between parts does what it says, and only where it says so.

That the suite notices each of them is what the kill matrix shows; here they are met without a socket.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cpi_conformance.certificates import one_line
from cpi_conformance.secret import Secret
from cpi_conformance.simulator import hosts
from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.defects import DEFECTS
from cpi_conformance.simulator.defects.interposing import around, in_front, shown_otherwise
from cpi_conformance.simulator.exchange import Answer, Application, Exchange
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.service_key import ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, ServiceKeys


@dataclass
class Door:
    """A part with a method."""

    opened: list[str] = field(default_factory=list)

    def open(self, key: str, *, wide: bool = False) -> str:
        """Notes who has come in."""
        self.opened.append(key)
        return f"{key} {'wide' if wide else 'ajar'}"


def test_what_is_around_a_method_is_given_the_right_one_and_the_arguments() -> None:
    """It may call it with others, or not at all."""
    door = Door()
    around(door.open, lambda right, key, *, wide=False: "shut" if key == "mine" else right(f"my {key}", wide=wide))
    assert (door.open("mine"), door.open("own", wide=True)) == ("shut", "my own wide")
    assert door.opened == ["my own"]


def test_what_is_around_a_method_goes_around_what_was_there_before() -> None:
    """Two defects of one method do not take each other's place."""
    door = Door()
    around(door.open, lambda right, key, *, wide=False: right(f"{key}!", wide=wide))
    around(door.open, lambda right, key, *, wide=False: right(f"{key}?", wide=wide))
    assert door.open("key") == "key?! ajar"


def test_what_is_around_a_method_is_around_that_of_one_part_only() -> None:
    """Another landscape in the same process is right."""
    door, another = Door(), Door()
    around(door.open, lambda right, key, *, wide=False: "shut")
    assert (door.open("key"), another.open("key")) == ("shut", "key ajar")


@dataclass
class Behind:
    """The one host of a landscape, with what answers there."""

    application: Application
    host: str = ""

    def interpose(self, host: str, wrap: Callable[[Application], Application]) -> None:
        """As a landscape does it."""
        self.host = host
        self.application = wrap(self.application)

    def asked(self, path: str) -> Answer:
        """What a caller gets."""
        return asyncio.run(self.application(Exchange("GET", path, "", ())))  # type: ignore[arg-type]  # it is a coroutine


REFUSAL = Answer(422, (), b'{"state": "FAILED"}', Truth("broker", "broker-refused", "no"))


async def system(exchange: Exchange) -> Answer:
    """Refuses one path, and has nothing to say at another."""
    body = b"" if exchange.path == "/nothing" else b'{"state": "FAILED"}'
    return REFUSAL if exchange.path == "/refused" else Answer(200, (), body, Truth("broker", "failed", "no"))


def test_what_is_in_front_of_a_host_is_given_the_right_system() -> None:
    """It may ask it something else than it was asked."""
    behind = Behind(system)

    async def wrong(right: Application, exchange: Exchange) -> Answer:
        return await right(Exchange("GET", "/refused", "", ()))

    in_front(behind, "api", wrong)  # type: ignore[arg-type]  # of a landscape only interpose() is used
    assert (behind.host, behind.asked("/any")) == ("api", REFUSAL)


@pytest.mark.parametrize(
    ("path", "state"),
    [("/one", "COMPLETE"), ("/another", "FAILED"), ("/refused", "FAILED"), ("/nothing", None)],
    ids=["concerned", "another-exchange", "refusal", "no-body"],
)
def test_json_is_shown_otherwise_where_it_is_concerned(path: str, state: str | None) -> None:
    """Refusals, other answers, and those without a body stay as they are; what is shown as right is no refusal."""
    behind = Behind(system)
    shown_otherwise(
        behind,  # type: ignore[arg-type]  # of a landscape only interpose() is used
        "api",
        lambda exchange: exchange.path != "/another",
        lambda document: document.update(state="COMPLETE"),
    )
    answer = behind.asked(path)
    assert (json.loads(answer.body)["state"] if answer.body else None) == state
    assert (answer.refused is None) == (state == "COMPLETE")


@dataclass
class Run:
    """A landscape that does not listen, with an instance as the Cloud Controller has it made."""

    landscape: SimulatedLandscape
    instance: str = "i-1"

    def __post_init__(self) -> None:
        self.landscape.broker.provision(self.instance, "inbound", "integration-flow", {})

    @property
    def keys(self) -> ServiceKeys:
        """Who is let in."""
        return self.landscape.keys

    def key(self, guid: str, instance: str = "i-1", **parameters: Any) -> ServiceKey:
        """A key as the Cloud Controller has it made."""
        self.landscape.broker.bind(guid, instance, guid, parameters)
        present = self.keys.keys()
        return next(key for key in present if key.guid == guid)

    def external(self, guid: str, instance: str = "i-1") -> ServiceKey:
        """One with a certificate that is the same each time."""
        certificate = self.landscape.passports.root.certificate
        order = {"key-type": "certificate_external", "X.509": one_line(certificate)}
        return self.key(guid, instance, **order)

    def opens(self, key: ServiceKey, secret: Secret | None = None) -> bool:
        """Whether the runtime lets in who shows what the key holds."""
        if key.certificate is not None:
            return isinstance(self.keys.authenticate_certificate(key.certificate), Authenticated)
        assert key.secret is not None
        return isinstance(self.keys.authenticate_secret(key.clientid, secret or key.secret), Authenticated)


def deleted_secret(run: Run) -> bool:
    """Opens after its deletion."""
    key = run.key("k")
    run.landscape.broker.unbind("k")
    return run.opens(key)


def secret_without_instance(run: Run) -> bool:
    """Opens after the deletion of its instance."""
    key = run.key("k")
    run.landscape.broker.unbind("k")
    run.landscape.broker.deprovision(run.instance)
    return run.opens(key)


def deleted_certificate(run: Run) -> bool:
    """Opens after its deletion."""
    key = run.external("k")
    run.landscape.broker.unbind("k")
    return run.opens(key)


def secret_of_sibling(run: Run) -> bool:
    """A clientid with the secret of the other key of its instance."""
    return run.opens(run.key("one"), run.key("other").secret)


def clones(run: Run) -> bool:
    """A certificate in two keys of an instance."""
    run.external("one")
    return run.opens(run.external("other"))


def clones_in_two_instances(run: Run) -> bool:
    """A certificate in keys of two instances."""
    run.landscape.broker.provision("i-2", "another", "integration-flow", {})
    run.external("one")
    return run.opens(run.external("other", "i-2"))


def interrupted(run: Run) -> bool:
    """A key in use is refused once when its instance gets another, and neither before nor after."""
    old = run.key("old")
    before, new = run.opens(old), run.key("new")
    during, after = run.opens(old), run.opens(old)
    assert (before, after, run.opens(new)) == (True, True, True)
    return not during


def unknown_parameter(run: Run) -> bool:
    """A misspelt parameter is passed over."""
    try:
        run.key("k", conformance=1)
    except BrokerRefused:
        return False
    return True


WRONG: dict[str, Callable[[Run], bool]] = {
    "service-keys-deleted-secret-opens": deleted_secret,
    "service-keys-outlive-their-instance": secret_without_instance,
    "service-keys-deleted-certificate-opens": deleted_certificate,
    "service-keys-secret-of-sibling-opens": secret_of_sibling,
    "service-keys-certificate-in-two-keys": clones,
    "service-keys-certificate-in-two-instances": clones_in_two_instances,
    "service-keys-new-key-interrupts": interrupted,
    "service-keys-unknown-parameter-passed-over": unknown_parameter,
}
"""What comes true with a defect, and with no other of these."""


@pytest.mark.parametrize("name", WRONG)
def test_wrong_with_its_own_defect_only(name: str) -> None:
    """Each of these questions has its answer from one defect."""
    found = {
        each: question(Run(SimulatedLandscape("current", defects=[DEFECTS[name]]))) for each, question in WRONG.items()
    }
    assert [each for each, wrong in found.items() if wrong] == [name]


def test_nothing_is_wrong_without_a_defect() -> None:
    """Or the table above would show nothing."""
    assert not any(question(Run(SimulatedLandscape("current"))) for question in WRONG.values())


def test_hosts_are_those_of_a_landscape() -> None:
    """What is put in front of a host needs one of that name."""
    with pytest.raises(KeyError):
        in_front(SimulatedLandscape("current"), "no host", lambda right, exchange: right(exchange))
    in_front(SimulatedLandscape("current"), hosts.TENANT, lambda right, exchange: right(exchange))
