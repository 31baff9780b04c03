"""The connection test of SM59 as a value: a backend, one of its destinations, and what the flow answers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from cpi_conformance.backend.destination import Destination
from cpi_conformance.backend.parameters import DEFAULTS, Parameters
from cpi_conformance.backend.pse import Pse
from cpi_conformance.sender import Expected

PSE = "pse"
"""The attribute of a deviation that stands for the PSE of the destination's identity."""

_OF_DESTINATION = {each.name for each in fields(Destination)} - {"name", "timeout"}
_OF_PARAMETERS = {each.name for each in fields(Parameters)}


@dataclass(frozen=True)
class Backend:
    """What of a backend decides about its outbound calls: effective PSEs by identity, profile parameters."""

    pses: tuple[tuple[str, Pse], ...] = ()
    parameters: Parameters = DEFAULTS

    def pse(self, identity: str) -> Pse | None:
        """The effective PSE of an identity."""
        return dict(self.pses).get(identity)

    def with_pse(self, identity: str, pse: Pse | None) -> Backend:
        """The same with another PSE for an identity, or with none."""
        others = tuple(each for each in self.pses if each[0] != identity)
        return replace(self, pses=others if pse is None else (*others, (identity, pse)))


@dataclass(frozen=True)
class ConnectionTest:
    """*Connection Test* of a destination; what comes of it is an observation like any sender's."""

    backend: Backend
    destination: Destination
    expects: Expected = field(default=Expected())

    @property
    def pse(self) -> Pse | None:
        """The PSE that the destination uses; ``None`` when its identity has none, or SSL is not active."""
        return self.backend.pse(self.destination.ssl_certificate) if self.destination.ssl_active else None

    @property
    def path(self) -> str:
        """What is asked for."""
        return self.destination.path_prefix

    @property
    def presents_certificate(self) -> bool:
        """Whether the PSE holds an own certificate; if it is sent depends on the CAs that the server names."""
        return self.pse is not None and self.pse.own is not None and self.backend.parameters.blind

    def but(self, **change: object) -> TestDeviation:
        """This test with one field of the destination, one profile parameter or the PSE changed.

        Raises:
            TypeError: for more than one, none, or an unknown one.
        """
        if len(change) != 1:
            raise TypeError(f"a deviation differs from its twin in one attribute, not in {len(change)}")
        ((attribute, value),) = change.items()
        if attribute in _OF_DESTINATION:
            changed = replace(self, destination=replace(self.destination, **change))  # type: ignore[arg-type]
        elif attribute in _OF_PARAMETERS:
            parameters = replace(self.backend.parameters, **change)  # type: ignore[arg-type]
            changed = replace(self, backend=replace(self.backend, parameters=parameters))
        elif attribute == PSE and isinstance(value, Pse | None):
            changed = replace(self, backend=self.backend.with_pse(self.destination.ssl_certificate, value))
        else:
            raise TypeError(f"a connection test has no attribute {attribute!r} to deviate in")
        return TestDeviation(self, changed)

    def __str__(self) -> str:
        scheme = "https" if self.destination.ssl_active else "http"
        where = f"{scheme}://{self.destination.target_host}:{self.destination.service_number}{self.path}"
        return f"connection test of {self.destination.name} to {where}"


@dataclass(frozen=True)
class TestDeviation:
    """A connection test that must fail, and its twin that must succeed; they differ in one attribute."""

    __test__ = False  # the name begins as pytest's classes do

    twin: ConnectionTest
    call: ConnectionTest
