"""What the parameters of a new service key of *Process Integration Runtime* ask for.

Two generations: the whitepaper's, where a key of an instance with the grant type ``client_x509`` takes
the field ``X.509`` and nothing else, and today's, with key types (help pages ae419b6 and 0fc1446).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from cpi_conformance.simulator.instance_order import CLIENT_X509
from cpi_conformance.simulator.parameters import ParametersRefused, flag, listed, number, only_known
from cpi_conformance.simulator.service_key import CLIENT_CREDENTIALS, Plan, ServiceInstance
from cpi_conformance.simulator.x509_field import read_x509_field

CERTIFICATE = "certificate"
EXTERNAL = "certificate_external"

FIELD = "X.509"

PIN_FLAGS = ("pin", "certificate-pinning")
"""The JSON name of the flag *Pin Certificate* is not public; the second is XSUAA's own."""

KEY_LENGTHS = (2048, 4096)
LONGEST_VALIDITY = 365

TAKEN_WITH = {
    None: frozenset[str](),
    CERTIFICATE: frozenset({"key-type", "validity", "key-length"}),
    EXTERNAL: frozenset({"key-type", "validity", "key-length", FIELD, *PIN_FLAGS}),
}
"""Parameters by key type; SAP's sample of an external one repeats validity and key length, which mean nothing there."""

END_OF_LIFE = (
    f"the grant type {CLIENT_X509} is deprecated and has reached its end of life in January 2026; "
    "new service keys cannot be created"
)


@dataclass(frozen=True)
class SecretOrder:
    """A key of type *ClientId/Secret*."""


@dataclass(frozen=True)
class GeneratedOrder:
    """A key of type *Certificate*: validity in days, RSA key length in bits."""

    days: int
    key_length: int


@dataclass(frozen=True)
class ExternalOrder:
    """A key of type *External Certificate*."""

    certificate: x509.Certificate
    pinned: bool


KeyOrder = SecretOrder | GeneratedOrder | ExternalOrder


def read_whitepaper_key(
    instance: ServiceInstance, parameters: Mapping[str, Any], takes: frozenset[str]
) -> SecretOrder | ExternalOrder:
    """The whitepaper's generation.

    Raises:
        ParametersRefused: a parameter that was unknown then, or one that does not fit the grant types.
        FieldRefused: the field ``X.509`` cannot be read.
    """
    only_known(parameters, (FIELD,))
    if FIELD in parameters:
        _needs(instance, CLIENT_X509)
        return ExternalOrder(read_x509_field(parameters[FIELD], takes), pinned=True)
    if CLIENT_CREDENTIALS not in instance.grant_types and CLIENT_X509 in instance.grant_types:
        raise ParametersRefused(f"the parameter '{FIELD}' is missing")
    return SecretOrder()


def read_key(instance: ServiceInstance, parameters: Mapping[str, Any], takes: frozenset[str]) -> KeyOrder:
    """Today's generation.

    Raises:
        ParametersRefused: the instance has the grant type ``client_x509``; or a parameter is unknown,
            has another type, is out of range, or does not fit the key type.
        FieldRefused: the field ``X.509`` cannot be read.
    """
    if CLIENT_X509 in instance.grant_types:
        raise ParametersRefused(END_OF_LIFE)
    only_known(parameters, TAKEN_WITH[EXTERNAL])
    key_type = parameters.get("key-type")
    if key_type is not None and (not isinstance(key_type, str) or key_type not in TAKEN_WITH):
        raise ParametersRefused(f"unknown key-type '{key_type}'; known are {CERTIFICATE}, {EXTERNAL}")
    if foreign := set(parameters) - TAKEN_WITH[key_type] - {"key-type"}:
        raise ParametersRefused(f"{listed(foreign)} cannot be used with {_shown(key_type)}")
    days = number(parameters, "validity", 1, LONGEST_VALIDITY) or LONGEST_VALIDITY
    key_length = number(parameters, "key-length", KEY_LENGTHS[0], KEY_LENGTHS[-1]) or KEY_LENGTHS[0]
    if key_length not in KEY_LENGTHS:
        raise ParametersRefused(f"the parameter 'key-length' must be one of {KEY_LENGTHS}")
    if key_type is None:
        return SecretOrder()
    _needs(instance, CLIENT_CREDENTIALS)
    if key_type == CERTIFICATE:
        return GeneratedOrder(days, key_length)
    pinned = _pinned(instance.plan, parameters)
    if FIELD not in parameters:
        raise ParametersRefused(f"the parameter '{FIELD}' is missing")
    return ExternalOrder(read_x509_field(parameters[FIELD], takes), pinned)


def _pinned(plan: Plan, parameters: Mapping[str, Any]) -> bool:
    given = [name for name in PIN_FLAGS if flag(parameters, name) is not None]
    if not given:
        return True
    if plan is not Plan.INTEGRATION_FLOW:
        raise ParametersRefused(f"'{given[0]}' can be used with the plan '{Plan.INTEGRATION_FLOW.value}' only")
    if len({parameters[name] for name in given}) > 1:
        raise ParametersRefused(f"{' and '.join(given)} contradict each other")
    return bool(parameters[given[0]])


def _needs(instance: ServiceInstance, grant: str) -> None:
    if grant not in instance.grant_types:
        raise ParametersRefused(f"the service instance does not have the grant type {grant}")


def _shown(key_type: str | None) -> str:
    return f"the key-type {key_type}" if key_type else "a key of type ClientId/Secret"
