"""From what is seen to what a person can do about it."""

from cpi_conformance.diagnosis.asked import symptoms_of
from cpi_conformance.diagnosis.calls import symptoms_of_call
from cpi_conformance.diagnosis.catalogue import Fact, Ranked, Row, catalogue, diagnose, row_of
from cpi_conformance.diagnosis.connection_tests import symptoms_of_strust, symptoms_of_test
from cpi_conformance.diagnosis.orders import symptoms_of_denial, symptoms_of_error
from cpi_conformance.diagnosis.presented import symptoms_of_stored
from cpi_conformance.diagnosis.remedies import (
    NOT_REFUSED,
    REFUSED_OTHERWISE,
    SHOWN_OTHERWISE,
    WRONG_ANSWER,
    Advice,
    Remedy,
    advise,
    remedy_for,
    remedy_for_acceptance,
    remedy_for_verdict,
)
from cpi_conformance.diagnosis.sayings import Saying, Tool
from cpi_conformance.diagnosis.symptoms import NOTHING_KNOWN, Credentials, FieldForm, Side, Stored, Symptoms
from cpi_conformance.diagnosis.texts import symptoms_of_text

__all__ = [
    "NOTHING_KNOWN",
    "NOT_REFUSED",
    "REFUSED_OTHERWISE",
    "SHOWN_OTHERWISE",
    "WRONG_ANSWER",
    "Advice",
    "Credentials",
    "Fact",
    "FieldForm",
    "Ranked",
    "Remedy",
    "Row",
    "Saying",
    "Side",
    "Stored",
    "Symptoms",
    "Tool",
    "advise",
    "catalogue",
    "diagnose",
    "remedy_for",
    "remedy_for_acceptance",
    "remedy_for_verdict",
    "row_of",
    "symptoms_of",
    "symptoms_of_call",
    "symptoms_of_denial",
    "symptoms_of_error",
    "symptoms_of_stored",
    "symptoms_of_strust",
    "symptoms_of_test",
    "symptoms_of_text",
]
