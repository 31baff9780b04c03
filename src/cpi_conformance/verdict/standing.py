"""Whether what was seen stands: the troubles of a far side pass, and what it does by itself stays.

Some troubles look like a refusal: a token server in trouble answers 401 to everybody, a connection that is
reset while a client certificate is judged looks like a refusal whose alert was lost, a load balancer without
anybody behind it answers 503 as a runtime does whose flow has not started. So what looks like one is asked
again. Asking again never makes a proof of a refusal: it shows that a refusal stands, or leaves the question open.
"""

from __future__ import annotations

from cryptography import x509

from cpi_conformance.sender import Accepted, Cause, Observation, Refused
from cpi_conformance.verdict.asking import Asked, Asking, answers_as_expected

INFRASTRUCTURE = frozenset(
    {
        Cause.UNKNOWN_HOST,
        Cause.CONNECTION_REFUSED,
        Cause.CONNECTION_TIMEOUT,
        Cause.CONNECTION_LOST,
        Cause.ANSWER_TIMEOUT,
        Cause.BROKEN_ANSWER,
        Cause.UNKNOWN_ROUTE,
        Cause.NO_ENDPOINTS,
        Cause.ENDPOINT_FAILURE,
        Cause.RATE_LIMITED,
        Cause.NOT_OFFERED,
    }
)
"""Causes that say nothing about authentication: the call did not get as far, or nobody was there."""

BROKEN_OFF = frozenset({Cause.ALERT_LOST, Cause.NOT_TLS, Cause.HANDSHAKE_FAILURE})
"""Causes by which a connection ends that is refused, and one that is disturbed."""

IMITATED = (
    INFRASTRUCTURE
    | BROKEN_OFF
    | {
        Cause.PLAIN_HTTP,
        Cause.REDIRECTED,
        Cause.UNAUTHENTICATED,
        Cause.ROLE_MISSING,
        Cause.NO_SUCH_ENDPOINT,
        Cause.FLOW_FAILED,
        Cause.NOT_STARTED,
        Cause.UNEXPECTED_STATUS,
    }
)
"""Causes that a far side in trouble can show as well; for all others it takes a decision, its own or this side's."""

STANDS = 5
"""What is the same so many times in a row is no trouble that passes, unless it lasts longer than that."""


def is_outage(observation: Observation) -> bool:
    """Whether a call did not get as far as a decision."""
    return isinstance(observation, Refused) and observation.cause in INFRASTRUCTURE


def alike(one: Observation, other: Observation, call: Asked) -> bool:
    """Whether a call has come to the same twice: refused for one cause, or answered by the flow both times or never."""
    if isinstance(one, Refused) and isinstance(other, Refused):
        return one.cause is other.cause
    if isinstance(one, Accepted) and isinstance(other, Accepted):
        return answers_as_expected(one, call) == answers_as_expected(other, call)
    return False


def same_chain(one: Observation, other: Observation) -> bool:
    """Whether the load balancer presented the same certificates both times."""
    return one.evidence.server_chain == other.evidence.server_chain


class Chains:
    """The chains that the load balancer of a run has presented while calls were accepted."""

    def __init__(self) -> None:
        self._accepted: dict[tuple[x509.Certificate, ...], tuple[Asking, Asked]] = {}

    def note(self, asking: Asking, call: Asked, accepted: Accepted) -> None:
        """A call was accepted with the chain that its evidence shows."""
        self._accepted[accepted.evidence.server_chain] = (asking, call)

    def besides(self, observation: Observation) -> bool:
        """Whether a call was accepted with another chain than this one shows."""
        return any(chain != observation.evidence.server_chain for chain in self._accepted)

    def gone(self, observation: Observation) -> bool:
        """Whether one of the others is not presented any more to the call that was accepted with it; asks that call."""
        return any(
            asking.send(call).evidence.server_chain != chain
            for chain, (asking, call) in tuple(self._accepted.items())
            if chain != observation.evidence.server_chain
        )
