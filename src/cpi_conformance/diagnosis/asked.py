"""From whatever can be asked of a flow, and what came of it, to symptoms."""

from __future__ import annotations

from cpi_conformance.backend import ConnectionTest
from cpi_conformance.diagnosis.calls import symptoms_of_call
from cpi_conformance.diagnosis.connection_tests import symptoms_of_test
from cpi_conformance.diagnosis.symptoms import Symptoms
from cpi_conformance.sender import Call, Observation, Refused


def symptoms_of(asked: object, observation: Observation) -> Symptoms:
    """What a sender's call or a backend's connection test tells; of anything else the cause alone."""
    match asked:
        case Call():
            return symptoms_of_call(asked, observation)
        case ConnectionTest():
            return symptoms_of_test(asked, observation)
    return Symptoms(cause=str(observation.cause) if isinstance(observation, Refused) else None)
