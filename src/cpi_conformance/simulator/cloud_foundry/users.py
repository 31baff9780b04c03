"""Who may log in, and what they may do in the organization's spaces."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import Enum

from cpi_conformance.secret import Secret

DEFAULT_ORIGIN = "sap.ids"
"""The default identity provider of SAP BTP; users of others name theirs in ``login_hint``."""


class Role(Enum):
    """A role in the spaces, or none."""

    DEVELOPER = "space_developer"
    AUDITOR = "space_auditor"
    STRANGER = "none"

    @property
    def reads(self) -> bool:
        """Sees the organization, its spaces, and what is in them."""
        return self is not Role.STRANGER

    @property
    def writes(self) -> bool:
        """Creates, changes and deletes; the same role reads the credentials of keys."""
        return self is Role.DEVELOPER


@dataclass(frozen=True)
class User:
    """A platform user."""

    name: str
    password: Secret
    origin: str = DEFAULT_ORIGIN
    role: Role = Role.DEVELOPER

    @property
    def guid(self) -> str:
        """``user_id`` of the tokens."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.origin}/{self.name}"))
