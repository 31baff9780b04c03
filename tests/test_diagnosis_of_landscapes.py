"""Symptoms brought about for real, and the row of the catalogue to which each leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpi_conformance.backend import Icm
from cpi_conformance.diagnosis import catalogue, diagnose, symptoms_of_call, symptoms_of_test
from cpi_conformance.sender import Accepted, Sender
from tests.symptoms import callers, cockpits, connections, tools
from tests.symptoms.scene import PRODUCTIONS, Production, Scene, backend_test

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
