"""The matrix of missing CAs as a picture and as data: that they say what was seen, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from defusedxml import ElementTree

from cpi_conformance.backend import Backend, ConnectionTest, Destination, Icm
from cpi_conformance.backend.missing_ca import SUBSETS, Ca, Cas, Outcome, as_rows, outcome_of
from cpi_conformance.backend.missing_ca_picture import CONNECTS, FAILS, picture
from cpi_conformance.certificates import open_pfx
from cpi_conformance.sender import Expected
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW
from tests.conftest import Inhabited

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def outcomes(current: Inhabited) -> tuple[Outcome, ...]:
    """All sixteen, as a landscape of today brings them about."""
    served = current.landscape.load_balancer.served
    cas = Cas(served.root.certificate, (served.intermediate.certificate,), open_pfx(current.pfx("sender")))
    path, port = f"/http{WHITEPAPER_FLOW.address}", str(current.landscape.port)
    destination = Destination("CPI", HOST, path, port, ssl_certificate="CPI")
    tests = {
        present: ConnectionTest(Backend((("CPI", cas.pse(present)),)), destination, Expected(200, WHITEPAPER_FLOW.body))
        for present in SUBSETS
    }
    return tuple(outcome_of(present, test, Icm().send(test)) for present, test in tests.items())


def test_picture_of_the_documentation_is_what_is_seen(outcomes: tuple[Outcome, ...]) -> None:
    """Else draw it anew: ``reports/out/missing-ca-current.svg`` of a run."""
    drawn = (DOCS / "missing-ca.svg").read_text(encoding="utf-8")
    assert drawn == picture("Which CAs a backend needs: simulated current", outcomes)


def test_picture_says_for_each_row_what_came_of_it(outcomes: tuple[Outcome, ...]) -> None:
    """Which CAs are there, what SM59 shows, green or red, and what is to be imported where."""
    svg = ElementTree.fromstring(picture("<title> & more", outcomes))
    texts = [(each.get("y"), each.get("fill"), each.text) for each in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[0][2] == "<title> & more"
    rows: dict[str, list[tuple[str, str]]] = {}
    for height, fill, text in texts[2 + 2 * len(Ca) + 2 :]:
        rows.setdefault(str(height), []).append((str(fill), str(text)))
    for row, outcome in zip(rows.values(), outcomes, strict=True):
        marks = [text for _, text in row[: len(Ca)]]
        assert marks == ["●" if ca in outcome.present else "○" for ca in Ca]
        assert row[len(Ca)] == (CONNECTS if outcome.connects else FAILS, outcome.shown)
        wanted = [text for _, text in row[len(Ca) + 1 :]]
        assert wanted == ([] if outcome.to_import is None else [in_short(outcome)])


def in_short(outcome: Outcome) -> str:
    """What is to be imported, as the picture has room for it."""
    root = Ca.SERVER_ROOT not in outcome.present
    return "DigiCert TLS RSA4096 Root G5 → list" if root else "SAP Passport CA G2 → PSE"


def test_data_say_the_same(outcomes: tuple[Outcome, ...]) -> None:
    rows = list(as_rows(outcomes))
    assert [row["present"] for row in rows][1] == ["client intermediate"]
    assert [row["connects"] for row in rows] == [outcome.layer is None for outcome in outcomes]
    assert sum(bool(row["connects"]) for row in rows) == 4
    assert rows[0] == {
        "present": [],
        "connects": False,
        "layer": "server-trust",
        "cause": "missing-ca",
        "shown": "SSSLERR_PEER_CERT_UNTRUSTED",
        "import": "CN=DigiCert TLS RSA4096 Root G5, O=DigiCert\\, Inc., C=US into the certificate list",
    }
    assert rows[-1]["import"] is None
