"""Trial tenants that refuse what a trial offers, or offer what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpi_conformance.simulator.defects.bearer_tokens import NOT_LOOKED_AT
from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.interposing import around
from cpi_conformance.simulator.service_keys import Unauthenticated

if TYPE_CHECKING:
    from cpi_conformance.simulator.landscape import SimulatedLandscape


def _no_basic(landscape: SimulatedLandscape) -> None:
    off = Unauthenticated("Basic authentication is not enabled for this tenant")
    around(landscape.keys.authenticate_secret, lambda right, clientid, secret: off)


def _certificates(landscape: SimulatedLandscape) -> None:
    landscape.runtime.authenticator.accepts_certificates = True


DEFECTS = (
    Defect(
        "trial-takes-certificates",
        System.TRIAL,
        "A trial tenant takes client certificates, although its landscape file says that it does not.",
        _certificates,
        "trial",
    ),
    Defect(
        "trial-refuses-basic",
        System.TRIAL,
        "A trial tenant does not take clientid and clientsecret.",
        _no_basic,
        "trial",
    ),
    Defect("trial-refuses-tokens", System.TRIAL, "A trial tenant does not take access tokens.", NOT_LOOKED_AT, "trial"),
)
"""A trial takes clientid and clientsecret, and tokens; no client certificates."""
