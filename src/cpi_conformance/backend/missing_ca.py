"""The missing CA, in both directions: which certificates a backend has, what comes of it, and what to import.

Four CAs can be missing: root and intermediate of the load balancer in the certificate list, root and intermediate
of the client certificate in the PSE. Only two of them are needed. The load balancer sends its intermediate
itself, so its root suffices (whitepaper, note to error 2); it holds the roots of client certificates, but not
their intermediates, so the backend must send that one (SAP help 4509f60).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product

from cryptography import x509

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.icm_errors import icm_error
from cpi_conformance.backend.pse import Pse
from cpi_conformance.backend.sm59_result import result_line
from cpi_conformance.certificates import Credential, dn, missing_issuer
from cpi_conformance.sender import Cause, Layer, Observation, Refused


class Ca(Enum):
    """A CA that may be missing."""

    SERVER_ROOT = "load balancer root"
    SERVER_INTERMEDIATE = "load balancer intermediate"
    CLIENT_ROOT = "client root"
    CLIENT_INTERMEDIATE = "client intermediate"


Present = frozenset[Ca]

SUBSETS: tuple[Present, ...] = tuple(
    frozenset(ca for ca, there in zip(Ca, present, strict=True) if there)
    for present in product((False, True), repeat=len(Ca))
)
"""All sixteen, from nothing to everything."""


@dataclass(frozen=True)
class Cas:
    """The certificates behind the four CAs, and the client certificate that the backend has."""

    server_root: x509.Certificate
    server_intermediates: tuple[x509.Certificate, ...]
    own: Credential

    def pse(self, present: Present) -> Pse:
        """A PSE that holds these CAs and no others: in its list, and the client's also above its own certificate."""
        server = {Ca.SERVER_ROOT: (self.server_root,), Ca.SERVER_INTERMEDIATE: self.server_intermediates}
        client = {Ca.CLIENT_INTERMEDIATE: self.own.intermediates, Ca.CLIENT_ROOT: (self.own.root,)}
        issuers = tuple(each for ca, found in client.items() if ca in present for each in found)
        listed = tuple(each for ca, found in server.items() if ca in present for each in found)
        return Pse(self.own, (*listed, *issuers)).with_issuers(issuers)


@dataclass(frozen=True)
class Import:
    """What has to be imported where."""

    place: str
    ca: str

    def __str__(self) -> str:
        return f"{self.ca} into the {self.place}"


CERTIFICATE_LIST, OWN_CERTIFICATE = "certificate list", "path of the own certificate"


def what_to_import(pse: Pse, observation: Observation) -> Import | None:
    """The CA that a backend lacks, and where; ``None`` when the connection test did not fail for want of one."""
    if not isinstance(observation, Refused):
        return None
    if observation.cause is Cause.MISSING_CA:
        missing = missing_issuer(observation.evidence.server_chain, pse.certificate_list)
        return Import(CERTIFICATE_LIST, missing) if missing else None
    of_client = observation.layer in (Layer.CLIENT_TRUST, Layer.AUTHENTICATION)
    named, path = observation.evidence.accepted_cas, pse.path
    if not of_client or not named or path is None:  # without names nobody can say up to where a chain has to lead
        return None
    top = path.root
    return (
        Import(OWN_CERTIFICATE, dn(top.issuer)) if top.subject != top.issuer and dn(top.issuer) not in named else None
    )


@dataclass(frozen=True)
class Outcome:
    """One row of the matrix, as it was seen."""

    present: Present
    layer: str | None
    cause: str | None
    shown: str
    to_import: Import | None

    @property
    def connects(self) -> bool:
        """Whether the connection test ended with the flow's answer."""
        return self.layer is None


def outcome_of(present: Present, test: ConnectionTest, observation: Observation) -> Outcome:
    """What came of the connection test of a backend with these CAs; of an ICM error the library's name says enough."""
    refused = observation if isinstance(observation, Refused) else None
    error = icm_error(test, observation)
    return Outcome(
        present=present,
        layer=str(refused.layer) if refused else None,
        cause=str(refused.cause) if refused else None,
        shown=error.library or error.name if error else result_line(test, observation),
        to_import=what_to_import(test.pse, observation) if test.pse else None,
    )


def as_rows(outcomes: tuple[Outcome, ...]) -> Iterator[dict[str, object]]:
    """The matrix as data: for each subset which CAs are there, the outcome, and what to import."""
    for outcome in outcomes:
        yield {
            "present": [ca.value for ca in Ca if ca in outcome.present],
            "connects": outcome.connects,
            "layer": outcome.layer,
            "cause": outcome.cause,
            "shown": outcome.shown,
            "import": str(outcome.to_import) if outcome.to_import else None,
        }
