"""The HTTPS sender channel: its address, who may call it, and the version of its adapter.

Rules of the address: SAP help 0ae4a78. Where exactly ``~ - . $`` may stand there is not public in
full; here they may not begin a part of the address, and not end the address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.integration.errors import ModelBroken

ROLE_BASED = "RoleBased"
CLIENT_CERTIFICATE = "ClientCertificate"

VARIANT = re.compile(
    r"ctype::AdapterVariant/cname::sap:HTTPS/tp::HTTPS/mp::None/direction::Sender/version::(\d+\.\d+\.\d+)"
)
KNOWN_VERSION = re.compile(r"1\.[45]\.\d{1,3}")
PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_~.$-]*[A-Za-z0-9_])?"
ADDRESS = re.compile(rf"(?=.{{2,200}}\Z)(?:/{PART})+(?:/\*)?")


@dataclass(frozen=True)
class Channel:
    """An HTTPS sender channel.

    Attributes:
        address: with a leading slash; ``/*`` at its end stands for anything below.
        role: the user role that callers need; empty when ``authorization`` is ``ClientCertificate``.
        csrf_protected: whether writing calls need a token.
        authorization: ``RoleBased`` or ``ClientCertificate`` (of the channel, not of a service key).
        adapter_version: ``1.4.x`` or ``1.5.x``.
    """

    address: str
    role: str
    csrf_protected: bool
    authorization: str
    adapter_version: str


def read_channel(properties: Mapping[str, str]) -> Channel:
    """The channel with these properties of its message flow.

    Raises:
        ModelBroken: another adapter, an unknown or contradictory version, or a value that is not allowed.
    """
    kind = properties.get("ComponentType", "")
    if kind != "HTTPS" or properties.get("direction") != "Sender":
        raise ModelBroken(f"The sender adapter {kind[:40]!r} is not available on this tenant.")
    address = properties.get("urlPath", "")
    if not ADDRESS.fullmatch(address):
        raise ModelBroken(f"The address {address[:60]!r} of the HTTPS sender channel is not allowed.")
    authorization = properties.get("senderAuthType", "")
    role = properties.get("userRole", "")
    if authorization not in (ROLE_BASED, CLIENT_CERTIFICATE):
        raise ModelBroken(f"The authorization {authorization[:40]!r} of the HTTPS sender channel is unknown.")
    if authorization == ROLE_BASED and not role.strip():
        raise ModelBroken("The HTTPS sender channel names no user role.")
    protection = properties.get("xsrfProtection", "")
    if protection not in ("0", "1"):
        raise ModelBroken(f"The value {protection[:40]!r} of xsrfProtection is neither 0 nor 1.")
    return Channel(address, role, protection == "1", authorization, _version(properties))


def _version(properties: Mapping[str, str]) -> str:
    variant = VARIANT.fullmatch(properties.get("cmdVariantUri", ""))
    if variant is None:
        raise ModelBroken("The variant of the HTTPS sender adapter is unknown.")
    version = variant[1]
    if not KNOWN_VERSION.fullmatch(version):
        raise ModelBroken(f"Version {version} of the HTTPS sender adapter is not available on this tenant.")
    expected = {
        "componentVersion": version.rpartition(".")[0],
        "TransportProtocolVersion": version,
        "MessageProtocolVersion": version,
        "ComponentSWCVId": version,
    }
    for name, value in expected.items():
        if properties.get(name) != value:
            raise ModelBroken(f"The {name} of the HTTPS sender channel does not match its adapter version {version}.")
    return version
