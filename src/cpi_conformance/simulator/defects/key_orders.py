"""A service broker that takes parameters that it must refuse, or refuses or ignores some that it must take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cpi_conformance.simulator.cloud_foundry.broker import BrokerRefused
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.instance_order import CLIENT_X509, GRANT_TYPES
from cpi_conformance.simulator.key_order import EXTERNAL, FIELD, LONGEST_VALIDITY, TAKEN_WITH
from cpi_conformance.simulator.service_key import CLIENT_CREDENTIALS, DEFAULT_ROLE, Plan, ServiceInstance

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape

Parameters = Mapping[str, Any]

Provision = Callable[[str, str, str, Parameters], None]
Bind = Callable[[str, str, str, Parameters], dict[str, Any]]


def _instances_as_if(change: Callable[[Parameters], Parameters]) -> Callable[[SimulatedLandscape], None]:
    """An instance for senders is made as if it had been ordered with other parameters."""

    def install(landscape: SimulatedLandscape) -> None:
        def provision(right: Provision, guid: str, name: str, plan: str, parameters: Parameters) -> None:
            taken = change(parameters) if plan == Plan.INTEGRATION_FLOW.value else parameters
            right(guid, name, plan, taken)

        around(landscape.broker.provision, provision)

    return install


def _keys_as_if(change: Callable[[Parameters], Parameters]) -> Callable[[SimulatedLandscape], None]:
    """A key is made as if it had been ordered with other parameters."""

    def install(landscape: SimulatedLandscape) -> None:
        def bind(right: Bind, guid: str, instance_guid: str, name: str, parameters: Parameters) -> dict[str, Any]:
            return right(guid, instance_guid, name, change(parameters))

        around(landscape.broker.bind, bind)

    return install


def _only(parameters: Parameters, name: str, known: Collection[str]) -> Parameters:
    given = parameters.get(name)
    return parameters if given is None else {**parameters, name: [each for each in given if each in known]}


def _without(parameters: Parameters, *names: str) -> Parameters:
    return {name: value for name, value in parameters.items() if name not in names}


def _key_type(parameters: Parameters) -> Parameters:
    return parameters if parameters.get("key-type") in TAKEN_WITH else _without(parameters, "key-type")


def _known(parameters: Parameters) -> Parameters:
    return {name: value for name, value in parameters.items() if name in TAKEN_WITH[EXTERNAL]}


def _validity(*, when_possible: bool) -> Callable[[Parameters], Parameters]:
    """Leave the validity to the broker, which takes its longest: when it is a possible one, or when it is not."""

    def change(parameters: Parameters) -> Parameters:
        possible = 1 <= parameters.get("validity", 1) <= LONGEST_VALIDITY
        return _without(parameters, "validity") if possible is when_possible else parameters

    return change


def _key_of_any_length(parameters: Parameters) -> Parameters:
    return _without(parameters, "key-length") if parameters.get("key-length") in (512, 1024) else parameters


def _instances_have(grant: str, *, instead_of: str) -> Callable[[SimulatedLandscape], None]:
    """Keys are made as if instances with one grant type had another."""

    def install(landscape: SimulatedLandscape) -> None:
        def instances(right: Callable[[], tuple[ServiceInstance, ...]]) -> tuple[ServiceInstance, ...]:
            return tuple(
                replace(each, grant_types=each.grant_types - {instead_of} | {grant})
                if instead_of in each.grant_types
                else each
                for each in right()
            )

        around(landscape.keys.instances, instances)

    return install


def _client_x509_refused(landscape: SimulatedLandscape) -> None:
    def bind(right: Bind, guid: str, instance_guid: str, name: str, parameters: Parameters) -> dict[str, Any]:
        if FIELD in parameters:
            raise BrokerRefused(f"the grant type {CLIENT_X509} is not supported")
        return right(guid, instance_guid, name, parameters)

    around(landscape.broker.bind, bind)


def _defect(name: str, wrong: str, install: Callable[[SimulatedLandscape], None], profile: str = "current") -> Defect:
    return Defect(f"service-keys-{name}", System.SERVICE_KEYS, wrong, install, profile)


DEFECTS = (
    _defect(
        "unknown-grant-type-taken",
        "An instance is made although a grant type that it asks for does not exist.",
        _instances_as_if(lambda parameters: _only(parameters, "grant-types", GRANT_TYPES)),
    ),
    _defect(
        "unknown-role-taken",
        "An instance is made although a role that it asks for does not exist.",
        _instances_as_if(lambda parameters: _only(parameters, "roles", {DEFAULT_ROLE})),
    ),
    _defect(
        "any-token-validity-taken",
        "An instance is made although no token can be valid for as long as it asks for.",
        _instances_as_if(lambda it: it if it.get("token-validity") == 7200 else _without(it, "token-validity")),
    ),
    _defect(
        "any-validity-taken",
        "SAP makes certificates for longer than a year, and for no day; they are valid for a year then.",
        _keys_as_if(_validity(when_possible=False)),
    ),
    _defect(
        "validity-ignored",
        "Every certificate that SAP makes is valid for a year.",
        _keys_as_if(_validity(when_possible=True)),
    ),
    _defect(
        "any-key-length-taken",
        "SAP makes certificates although the key is to be too short; it has 2048 bits then.",
        _keys_as_if(_key_of_any_length),
    ),
    _defect(
        "unknown-key-type-taken",
        "A key of a type that does not exist is made, with a secret.",
        _keys_as_if(_key_type),
    ),
    _defect(
        "unknown-parameter-passed-over",
        "A key is made although the broker does not know one of its parameters.",
        _keys_as_if(_known),
    ),
    _defect(
        "certificate-without-its-grant",
        "SAP makes a certificate for an instance without the grant type client_credentials.",
        _instances_have(CLIENT_CREDENTIALS, instead_of="password"),
    ),
    _defect(
        "client-x509-taken",
        "An instance with the grant type client_x509 still gets new keys.",
        _instances_have(CLIENT_CREDENTIALS, instead_of=CLIENT_X509),
    ),
    _defect(
        "client-x509-refused",
        "An instance with the grant type client_x509 gets no keys where the landscape file says that it does.",
        _client_x509_refused,
        profile="whitepaper",
    ),
)
"""What instances and keys are made of, but for the field X.509."""
