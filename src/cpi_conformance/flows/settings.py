"""What one run changes about the flow."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cpi_conformance.flows.groovy import groovy_literal

ID = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_.-]{0,118}[A-Za-z0-9_-])?")
NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_ .-]{0,148}[A-Za-z0-9_-])?")
SEGMENT = r"/[A-Za-z0-9_](?:[A-Za-z0-9_~.$-]*[A-Za-z0-9_])?"
ADDRESS = re.compile(rf"(?:{SEGMENT})+(?:/\*)?")
ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
VERSION = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}")

LONGEST_ADDRESS = 200
LONGEST_MESSAGE = 10_000


@dataclass(frozen=True)
class FlowSettings:
    """The defaults are those of the whitepaper, and those of the sources.

    Attributes:
        id: of the artifact, and symbolic name of its bundle.
        name: of the artifact; the id when it is left empty.
        address: below ``/http``; not case-sensitive, and unique in a tenant.
        message: the body of every answer.
        role: that a sender needs.
        csrf_protected: whether a sender must fetch a token before it changes something.
        version: of the bundle; three numbers.

    Raises:
        ValueError: one of them is not what Cloud Integration accepts (SAP help 0ae4a78; Integration Content API).
    """

    id: str = "MyClientCertificateConnection"
    name: str = ""
    address: str = "/test/clientcert"
    message: str = "Connected Successfully to CPI!"
    role: str = "ESBMessaging.send"
    csrf_protected: bool = False
    version: str = "1.0.0"

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.id)
        patterns = {"id": ID, "name": NAME, "address": ADDRESS, "role": ROLE, "version": VERSION}
        for field, pattern in patterns.items():
            if not pattern.fullmatch(getattr(self, field)):
                raise ValueError(f"{getattr(self, field)!r} is no {field} of an integration flow")
        if len(self.address) > LONGEST_ADDRESS or len(self.message) > LONGEST_MESSAGE:
            raise ValueError("the address or the message is too long")
        groovy_literal(self.message)
