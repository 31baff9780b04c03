"""The kill matrix judges rightly: everything that a suite without power could do is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import DEFECTS
from tests.kill_matrix.expectations import Expectation, load
from tests.kill_matrix.judging import Judgement, judge, unsound
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.outcome import Outcome
from tests.made_up_runs import (
    EACH,
    NOTICED,
    OF_EACH,
    OPEN,
    PROVEN,
    REFUTED,
    SILENT,
    TWIN_LOST,
    expected,
    matrix,
    outcome,
    row,
)


@pytest.mark.parametrize(
    ("expectation", "run", "judgement", "told"),
    [
        pytest.param(expected("A-01"), outcome(NOTICED), Judgement.CAUGHT, "", id="caught"),
        pytest.param(
            expected("A-01", not_proven=frozenset({"A-02"})),
            outcome(NOTICED, TWIN_LOST),
            Judgement.CAUGHT,
            "",
            id="caught-and-a-twin-lost",
        ),
        pytest.param(
            expected("A-01", "B-01", causes={"B-01": "wrong-answer"}),
            outcome(NOTICED, row("B-01", REFUTED, "wrong-answer", "another body")),
            Judgement.CAUGHT,
            "",
            id="caught-with-two-causes",
        ),
        pytest.param(
            expected(cause=None, clean=False),
            outcome(left=("space dev: key x not removed",)),
            Judgement.CAUGHT,
            "",
            id="caught-by-the-receipt",
        ),
        pytest.param(
            expected("A-01"), outcome(), Judgement.SURVIVED, "A-01 must be refuted, but it is proven", id="survived"
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, row("B-01", OPEN, reason=SILENT)),
            Judgement.ELSEWHERE,
            "B-01 must not change, but it is not proven: not applicable: made up",
            id="applies-no-more",
        ),
        pytest.param(
            expected(cause=None, clean=False),
            outcome(),
            Judgement.SURVIVED,
            "the receipt must not be clean, but is",
            id="not-in-the-receipt",
        ),
        pytest.param(
            expected("A-01", "B-01"),
            outcome(NOTICED),
            Judgement.PARTLY,
            "B-01 must be refuted, but it is proven",
            id="caught-in-part",
        ),
        pytest.param(
            expected("A-01", not_proven=frozenset({"A-02"})),
            outcome(NOTICED),
            Judgement.PARTLY,
            "A-02 must be not proven, but it is proven",
            id="a-twin-that-is-not-lost",
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, row("B-01", REFUTED, "not-refused", "was accepted")),
            Judgement.ELSEWHERE,
            "B-01 must not change, but it is refuted: was accepted (cause not-refused)",
            id="another-check-red",
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, TWIN_LOST),
            Judgement.ELSEWHERE,
            "A-02 must not change, but it is not proven: the twin was not accepted (cause unauthenticated)",
            id="another-check-not-proven",
        ),
        pytest.param(
            expected("A-01"),
            outcome(row("B-01", REFUTED, "not-refused", "was accepted")),
            Judgement.ELSEWHERE,
            "B-01 must not change",
            id="only-another-check-red",
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, row("C-01")),
            Judgement.ELSEWHERE,
            "C-01 must not change, but it is proven",
            id="applies-suddenly",
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, without="B-01"),
            Judgement.ELSEWHERE,
            "not run: B-01",
            id="another-check-missing",
        ),
        pytest.param(
            expected("A-01"),
            outcome(NOTICED, left=("space dev: key x not removed",)),
            Judgement.ELSEWHERE,
            "the receipt must be clean, but: space dev: key x not removed",
            id="something-left-behind",
        ),
        pytest.param(
            expected("A-01", cause="unauthenticated"),
            outcome(NOTICED),
            Judgement.WRONG_CAUSE,
            "A-01 must name unauthenticated, but names not-refused: was accepted",
            id="wrong-cause",
        ),
        pytest.param(
            expected("C-01"),
            outcome(),
            Judgement.NOT_MET,
            "none of these checks says anything about the profile current",
            id="no-check-of-the-profile",
        ),
        pytest.param(
            expected("A-01"),
            outcome(met=False),
            Judgement.NOT_MET,
            "no code of the defect's own ran while these checks did",
            id="never-met",
        ),
        pytest.param(expected("A-01"), outcome(met=True), Judgement.SURVIVED, "A-01", id="met-and-survived"),
        pytest.param(
            expected(cause=None),
            outcome(),
            Judgement.NOT_MET,
            "none of the checks that were run is to notice it",
            id="nothing-chosen-that-could-notice",
        ),
        pytest.param(
            expected("A-01"),
            Outcome("current", broken="did not end within 60 s"),
            Judgement.BROKEN,
            "did not end within 60 s",
            id="broken-off",
        ),
    ],
)
def test_judging(expectation: Expectation, run: Outcome, judgement: Judgement, told: str) -> None:
    """Each way in which a run can end has its own name, and a sentence that says what is wrong."""
    judged = judge(expectation, run, outcome())
    assert judged.judgement is judgement
    assert any(told in why for why in judged.why) if told else not judged.why
    assert judged.by <= expectation.refuted


def test_ways_of_a_check() -> None:
    """A check that runs in several ways is refuted by one; another way of it may not even begin."""
    ways = [replace(row("A-01", verdict, "not-refused"), node=str(verdict)) for verdict in (REFUTED, OPEN, PROVEN)]
    baseline = Outcome("current", tuple(replace(way, verdict=PROVEN) for way in ways))
    assert judge(expected("A-01"), Outcome("current", tuple(ways)), baseline).judgement is Judgement.CAUGHT


@pytest.mark.parametrize(
    ("run", "wrong"),
    [
        pytest.param(outcome(), [], id="in-order"),
        pytest.param(outcome(NOTICED), ["A-01 must be proven, but it is refuted"], id="refuted"),
        pytest.param(outcome(TWIN_LOST), ["A-02 must be proven, but it is not proven"], id="not-proven"),
        pytest.param(outcome(left=("key x",)), ["the receipt must be clean, but: key x"], id="left-behind"),
        pytest.param(Outcome("current", broken="exit status 3"), ["exit status 3"], id="broken"),
    ],
)
def test_without_a_defect(run: Outcome, wrong: list[str]) -> None:
    """Where nothing is wrong, everything that applies is proven."""
    found = list(unsound(run))
    assert len(found) == len(wrong)
    assert all(there.startswith(told) for there, told in zip(found, wrong, strict=True))


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        pytest.param(matrix(EACH, OF_EACH), [], id="all-caught"),
        pytest.param(
            matrix({**EACH, "B-01": outcome()}, OF_EACH),
            ["B-01: survived\n  B-01 must be refuted, but it is proven", "B-01: no defect turns it red"],
            id="survived",
        ),
        pytest.param(
            matrix({name: EACH[name] for name in ("A-01", "A-02")}, {name: OF_EACH[name] for name in ("A-01", "A-02")}),
            ["B-01: no defect turns it red (the title of B-01)"],
            id="no-killer",
        ),
        pytest.param(
            matrix(EACH, {name: OF_EACH[name] for name in ("A-01", "A-02")}),
            ["B-01: no expectations\n  tests/kill_matrix says nothing about it", "B-01: no defect turns it red"],
            id="no-expectations",
        ),
        pytest.param(
            matrix(EACH, {**OF_EACH, "gone": expected("A-01")}),
            ["gone: there are expectations, but no such defect"],
            id="no-such-defect",
        ),
        pytest.param(
            matrix(EACH, {**OF_EACH, "B-01": expected("B-01", apart=frozenset({"A-01", "gone"}))}),
            ["B-01: it stands apart from gone, but there is no such defect"],
            id="apart-from-no-defect",
        ),
        pytest.param(
            matrix(EACH, {**OF_EACH, "B-01": expected("B-01", beside=frozenset({"Z-99"}))}),
            ["B-01: there is no check Z-99"],
            id="no-such-check-beside",
        ),
        pytest.param(
            matrix(EACH, {**OF_EACH, "B-01": expected("B-01", "Z-99")}),
            ["B-01: there is no check Z-99", "B-01: caught in part\n  Z-99 must be refuted, but it has not run"],
            id="no-such-check",
        ),
        pytest.param(
            matrix({"A-01": EACH["A-01"]}, OF_EACH, known=frozenset(OF_EACH)),
            [],
            id="some-defects-only-and-no-complaint",
        ),
        pytest.param(
            matrix({"A-01": outcome()}, OF_EACH, known=frozenset(OF_EACH)),
            ["A-01: survived\n  A-01 must be refuted, but it is proven"],
            id="some-defects-only-and-one-survives",
        ),
    ],
)
def test_what_fails_the_build(given: Matrix, problems: list[str]) -> None:
    """All of it, and nothing else."""
    found = given.problems()
    assert len(found) == len(problems)
    assert all(there.startswith(told) for there, told in zip(found, problems, strict=True))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('refuted = ["A-01"]', "there is no cause that the refuted checks must name"),
        ('refuted = ["A-01"]\ncause = "x"\nnote = ""', "there is no key note"),
        ('refuted = ["A-01"]\ncause = "x"\nnot_proven = ["A-01"]', "A-01 cannot be both refuted and not proven"),
        ('refuted = ["A-01"]\ncause = "x"\ncauses = { "B-01" = "y" }', "causes speaks of B-01"),
        ('receipt = "clean"', 'receipt is "not clean" or left out'),
        ('refuted = ["A-01"]\ncause = "x"\napart = "some"', 'apart is "all" or a list of defects'),
        ("refuted = []", "refuted names no check"),
        ("refuted = [", "Invalid value"),
    ],
    ids=["no-cause", "unknown-key", "both", "cause-of-nothing", "receipt", "apart", "nothing", "no-toml"],
)
def test_expectations_that_cannot_be_used(tmp_path: Path, text: str, problem: str) -> None:
    """The file, the defect and what is wrong; the other files are read all the same."""
    good, bad = tmp_path / "a.toml", tmp_path / "b.toml"
    good.write_text('[defects."x"]\nreceipt = "not clean"\n', encoding="utf-8")
    bad.write_text(f'[defects."y"]\n{text}\n', encoding="utf-8")
    loaded = load([good, bad])
    assert list(loaded.by_name) == ["x"]
    (told,) = loaded.problems
    assert told.startswith("b.toml")
    assert problem in told


def test_expectations_of_one_defect_in_two_files(tmp_path: Path) -> None:
    """Nobody knows which of them counts."""
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text('[defects."x"]\nreceipt = "not clean"\n', encoding="utf-8")
    assert load(sorted(tmp_path.iterdir())).problems == ("b.toml, x: it is in another file too",)


def test_the_files_of_this_repository_can_be_used() -> None:
    """And speak of defects that there are."""
    loaded = load()
    assert not loaded.problems
    assert loaded.by_name.keys() <= DEFECTS.keys()
