"""What the Cloud Controller asks of a service broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class BrokerRefused(Exception):
    """The broker does not do what it was asked to; the message is its description, which clients get verbatim."""


class Broker(Protocol):
    """One offering with its plans; every method may raise :class:`BrokerRefused`."""

    offering: str
    plans: tuple[str, ...]

    def provision(self, guid: str, name: str, plan: str, parameters: Mapping[str, Any]) -> None:
        """Make a service instance; ``plan`` is the plan's name."""

    def bind(self, guid: str, instance_guid: str, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key of an instance; returns the credentials."""

    def unbind(self, guid: str) -> None:
        """Take a key back; never asked for a key that was not made."""

    def deprovision(self, instance_guid: str) -> None:
        """Take an instance back; its keys have been taken back before."""
