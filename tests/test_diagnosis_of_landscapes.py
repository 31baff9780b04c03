"""Symptoms brought about for real, and the row of the catalogue to which each leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpi_conformance.backend import Icm, result_screen, trace
from cpi_conformance.certificates import open_pfx
from cpi_conformance.diagnosis import (
    Symptoms,
    catalogue,
    diagnose,
    symptoms_of_call,
    symptoms_of_test,
    symptoms_of_text,
)
from cpi_conformance.sender import Accepted, Observation, Sender
from tests.symptoms import callers, cockpits, connections, tools
from tests.symptoms.callers import NOT_BLIND
from tests.symptoms.far_sides import closed_port
from tests.symptoms.scene import PRODUCTIONS, Production, Scene, backend_test, parametrized

TOPICS = (connections, callers, cockpits, tools)
"""Whatever these define is brought about here."""

PRODUCED = {production.row for production in PRODUCTIONS}


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return Scene(request, tmp_path)


@pytest.mark.parametrize("production", PRODUCTIONS, ids=str)
def test_symptom_leads_to_its_row(production: Production, scene: Scene) -> None:
    """First of all rows that fit what was seen."""
    symptoms = production.produce(scene)
    found = [ranked.row.number for ranked in diagnose(symptoms)]
    assert found[:1] == [production.row], (found, symptoms)


def test_every_row_is_produced_or_says_why_not() -> None:
    """And none is both."""
    excused = {row.number for row in catalogue() if row.unproducible}
    assert not PRODUCED & excused
    assert PRODUCED | excused == {row.number for row in catalogue()}
    assert len(PRODUCED) + len(excused) == 58
    assert len(PRODUCED) >= 40


def test_most_rows_need_no_tool() -> None:
    """A machine without curl, Node or newman still sees at least forty."""
    assert len({production.row for production in PRODUCTIONS if production.needs is None}) >= 40


def test_nothing_is_wrong_with_what_is_accepted(scene: Scene) -> None:
    """Calls and tests that the flow answers lead to no row, so that a row speaks of what has been changed."""
    it = scene.current
    for call in (it.basic, it.certificate):
        observation = Sender().send(call)
        assert isinstance(observation, Accepted)
        assert diagnose(symptoms_of_call(call, observation)) == ()
    test = backend_test(it)
    observation = Icm().send(test)
    assert isinstance(observation, Accepted)
    assert diagnose(symptoms_of_test(test, observation)) == ()


TRACED = {
    1: lambda scene: backend_test(scene.current, trusts=False),
    8: lambda scene: backend_test(scene.current, target_host="127.0.0.1"),
    14: lambda scene: backend_test(scene.current, service_number=str(closed_port())),
    15: lambda scene: backend_test(scene.current, target_host="tenant.invalid"),
    17: lambda scene: parametrized(backend_test(scene.current), https_active=False),
    18: lambda scene: backend_test(scene.current, service_number="port"),
    19: lambda scene: backend_test(scene.current, ssl_certificate="ANONYM"),
    20: lambda scene: parametrized(
        backend_test(scene.current, own=open_pfx(scene.current.pfx("untrusted_ca"))), client_ciphersuites=NOT_BLIND
    ),
}


@pytest.mark.parametrize("row", TRACED)
def test_trace_alone_leads_to_the_row(row: int, scene: Scene) -> None:
    """Somebody who has nothing but dev_icm, or the screen of SM59, finds the row too."""
    test = TRACED[row](scene)
    observation = Icm().send(test)
    text = f"{trace(test, observation)}\n{result_screen(test, observation)}"
    found = [ranked.row.number for ranked in diagnose(symptoms_of_text(text) | Symptoms(cause=status_of(observation)))]
    assert found[:1] == [row]


def status_of(observation: Observation) -> str | None:
    """What the HTTP status says, which no trace of TLS does."""
    response = observation.response
    return "unauthenticated" if response is not None and response.status == 401 else None
