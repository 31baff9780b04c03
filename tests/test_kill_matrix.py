"""The kill matrix judges rightly: everything that a suite without power could do is noticed."""

from __future__ import annotations

import csv
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import DEFECTS, Defect, System
from cpi_conformance.verdict import Verdict
from tests.kill_matrix.expectations import Expectation, Expectations, load
from tests.kill_matrix.judging import Judgement, judge, unsound
from tests.kill_matrix.matrix import Matrix
from tests.kill_matrix.outcome import Outcome, Row
from tests.kill_matrix.page import page
from tests.kill_matrix.planning import TOGETHER, Group, Job, one_by_one, plan
from tests.kill_matrix.rounds import Rounds, Unsound
from tests.kill_matrix.table import write_table

ROOT = Path(__file__).parent.parent

PROVEN, REFUTED, OPEN = Verdict.PROVEN, Verdict.REFUTED, Verdict.NOT_PROVEN

CHECKS = ("A-01", "A-02", "B-01", "C-01")

SILENT = "not applicable: made up"


def row(check: str, verdict: Verdict = PROVEN, cause: str | None = None, reason: str | None = None) -> Row:
    """A result as a run has it."""
    return Row(check, f"the title of {check}", f"suites/test_x.py::{check}", verdict, reason, cause)


def outcome(*changed: Row, left: tuple[str, ...] = (), without: str = "", met: bool | None = None) -> Outcome:
    """A run in which everything is proven but what is changed; C-01 says nothing about the profile."""
    rows = {check: row(check) for check in CHECKS} | {"C-01": row("C-01", OPEN, reason=SILENT)}
    rows |= {each.check: each for each in changed}
    return Outcome("current", tuple(each for each in rows.values() if each.check != without), left, met=met)


def expected(*refuted: str, cause: str | None = "not-refused", **others: object) -> Expectation:
    """Expectations of a defect."""
    return replace(Expectation(frozenset(refuted), cause), **others)  # type: ignore[arg-type]


NOTICED = row("A-01", REFUTED, "not-refused", "was accepted")
TWIN_LOST = row("A-02", OPEN, "unauthenticated", "the twin was not accepted")


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


def a_defect(name: str, system: System = System.EDGE, module: str = "a") -> Defect:
    """One that nobody installs."""

    def install(_: object) -> None:
        """Nothing."""

    install.__module__ = module
    return Defect(name, system, f"The sentence of {name} with a < in it.", install)


def matrix(
    outcomes: Mapping[str, Outcome], expectations: Mapping[str, Expectation], known: frozenset[str] = frozenset()
) -> Matrix:
    """A matrix over the checks that apply."""
    defects = tuple(a_defect(name) for name in outcomes)
    there = known or frozenset(outcomes)
    return Matrix(defects, outcomes, {"current": outcome()}, Expectations(expectations), CHECKS[:3], there, 12.3)


EACH = {check: outcome(row(check, REFUTED, "not-refused", "was accepted")) for check in CHECKS[:3]}
OF_EACH = {check: expected(check) for check in CHECKS[:3]}


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
        ("refuted = []", "refuted names no check"),
        ("refuted = [", "Invalid value"),
    ],
    ids=["no-cause", "unknown-key", "both", "cause-of-nothing", "receipt", "nothing", "no-toml"],
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


def a_plan() -> tuple[list[Defect], dict[str, Expectation], list[Group]]:
    """Twenty narrow defects in five modules, one that changes much, one of the receipt, one that nobody knows."""
    narrow = [a_defect(f"narrow-{number}", module=f"module-{number % 5}") for number in range(20)]
    others = [a_defect("wide"), a_defect("receipt"), a_defect("unknown")]
    known = {each.name: expected(CHECKS[number % 3]) for number, each in enumerate(narrow)}
    known["wide"] = expected(*(f"X-{number}" for number in range(50)))
    known["receipt"] = expected(cause=None, clean=False)
    return [*others, *narrow], known, plan([*others, *narrow], known)


def test_plan_covers_every_defect_on_every_check() -> None:
    """What is not run on a defect alone is run on it together with others, once."""
    defects, _, groups = a_plan()
    assert sorted(name for group in groups for name in group.members) == sorted(each.name for each in defects)
    for group in groups:
        for name in group.members:
            runs = [job for job in group.jobs if name in job.defects]
            alone, shared = (
                [job for job in runs if len(job.defects) == 1],
                [job for job in runs if len(job.defects) > 1],
            )
            assert len(alone) == 1
            assert [job.but for job in shared] == ([alone[0].only] if alone[0].only is not None else [])


def test_plan_lets_only_narrow_defects_of_different_modules_share() -> None:
    """One that is wide, in the receipt or unknown is run alone on everything."""
    defects, known, groups = a_plan()
    module = {each.name: each.install.__module__ for each in defects}
    assert {group.members[0] for group in groups if len(group.members) == 1} == {"wide", "receipt", "unknown"}
    for group in groups:
        modules = [module[name] for name in group.members]
        assert len(set(modules)) == len(modules) <= TOGETHER
        if len(modules) > 1:
            assert group.named == frozenset[str]().union(*(known[name].named for name in group.members))


PAIR = Group("current", ("x", "y"), frozenset({"A-01", "A-02"}))
OF_PAIR = {"x": expected("A-01"), "y": expected("A-02")}


def runs_of(groups: list[Group], answers: Mapping[Job, Outcome]) -> tuple[Rounds, list[Job]]:
    """The rounds carried out with made-up answers, and the runs that were asked for."""
    rounds, asked = Rounds(groups, OF_PAIR), list[Job]()
    while jobs := rounds.next_round():
        for job in jobs:
            asked.append(job)
            rounds.ended(job, answers.get(job, restricted(job, outcome())))
    return rounds, asked


def restricted(job: Job, run: Outcome) -> Outcome:
    """What a job shows of a run."""
    kept = (each for each in run.rows if (job.only is None or each.check in job.only) and each.check not in job.but)
    return replace(run, rows=tuple(kept))


def pair_answers(shared: Outcome) -> dict[Job, Outcome]:
    """Both of the pair are noticed, alone; the shared run ends as given."""
    together, x, y = PAIR.jobs
    noticed_y = outcome(row("A-02", REFUTED, "not-refused", "was accepted"))
    return {
        together: restricted(together, shared),
        x: restricted(x, outcome(NOTICED)),
        y: restricted(y, noticed_y),
        PAIR.alone[0]: outcome(NOTICED),
        PAIR.alone[1]: noticed_y,
    }


def test_shared_run_as_without_a_defect() -> None:
    """Then nobody is run alone on everything, and each has all checks."""
    rounds, asked = runs_of([PAIR], pair_answers(outcome()))
    assert asked == [Job("current"), *PAIR.jobs]
    for outcome_of_one in rounds.outcomes.values():
        assert {each.check for each in outcome_of_one.rows} == set(CHECKS)


@pytest.mark.parametrize(
    "shared",
    [
        outcome(row("B-01", REFUTED, "not-refused", "was accepted")),
        outcome(left=("key x",)),
        outcome(without="B-01"),
        Outcome("current", broken="did not end within 60 s"),
    ],
    ids=["refuted", "left-behind", "not-run", "broken"],
)
def test_shared_run_that_is_odd(shared: Outcome) -> None:
    """Then each is run alone on everything, and only that counts."""
    rounds, asked = runs_of([PAIR], pair_answers(shared))
    assert asked[-2:] == list(PAIR.alone)
    assert {judge(OF_PAIR[name], run, outcome()).judgement for name, run in rounds.outcomes.items()} == {
        Judgement.CAUGHT
    }


def test_survivor_is_watched() -> None:
    """Once more on the checks that should have noticed it; the others are not."""
    answers = pair_answers(outcome())
    survived = PAIR.jobs[1]
    watched = Job("current", ("x",), only=frozenset({"A-01"}), watched=True)
    answers |= {survived: restricted(survived, outcome()), watched: restricted(watched, outcome(met=False))}
    rounds, asked = runs_of([PAIR], answers)
    assert asked[-1] == watched
    assert rounds.outcomes["x"].met is False
    assert rounds.outcomes["y"].met is None


def test_red_baseline_ends_everything() -> None:
    """What a suite says about defects says nothing when it is not green without."""
    rounds = Rounds([PAIR], OF_PAIR)
    (first,) = rounds.next_round()
    with pytest.raises(Unsound, match="A-01 must be proven, but it is refuted: was accepted"):
        rounds.ended(first, outcome(NOTICED))


def test_some_checks_only() -> None:
    """The baseline is restricted likewise."""
    only = frozenset({"A-01"})
    jobs = Rounds(one_by_one([a_defect("x")], only), {}).next_round()
    assert jobs == [Job("current", only=only)]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Matrix, list[dict[str, str]]]]:
    """A matrix with a survivor, and its table read back."""
    given = matrix({**EACH, "B-01": outcome(TWIN_LOST)}, OF_EACH)
    write_table(given, tmp_path / "kill-matrix.csv")
    with (tmp_path / "kill-matrix.csv").open(encoding="utf-8", newline="") as stream:
        yield given, list(csv.DictReader(stream))


def test_table(written: tuple[Matrix, list[dict[str, str]]]) -> None:
    """A line for each check, a column for each defect."""
    given, lines = written
    assert [line["check"] for line in lines] == list(given.checks)
    assert lines[0] == {
        "check": "A-01",
        "title": "the title of A-01",
        "killers": "1",
        "A-01": "refuted",
        "A-02": "proven",
        "B-01": "proven",
    }
    assert [line["B-01"] for line in lines] == ["proven", "not proven", "proven"]


def test_page_needs_nothing_but_itself() -> None:
    """No resource from elsewhere, no script, and each link leads to a place on the page."""
    content = page(matrix(EACH, OF_EACH))
    assert not re.search(r"<script|<link|\bsrc=|url\(|@import|https?://", content)
    links, places = set(re.findall(r'href="#([^"]+)"', content)), re.findall(r'\bid="([^"]+)"', content)
    assert links <= set(places)


def test_page_says_what_is_wrong() -> None:
    """On top, in words that are no markup."""
    good, bad = page(matrix(EACH, OF_EACH)), page(matrix({**EACH, "B-01": outcome()}, OF_EACH))
    assert "Yes: it catches all 3 defects, and each of its 3 checks can turn red." in good
    assert "Not always: 1 of 3 defects are not caught as they must be and 1 of 3 checks cannot turn red." in bad
    assert "B-01 must be refuted, but it is proven" in bad
    assert "The sentence of A-01 with a &lt; in it." in good


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """The command as a user gives it."""
    command = [sys.executable, "-m", "tests.kill_matrix", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_real_run_on_two_defects() -> None:
    """Each is noticed by the check that is about it, which names the right cause; the other check stays as it is."""
    ended = run(
        *("--defect", "edge-ignores-expiry", "--defect", "edge-trusts-self-signed"),
        *("--check", "MTLS-23", "--check", "MTLS-21", "--check", "BASIC-01"),
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "edge-ignores-expiry" in ended.stdout
    assert '  refuted, cause not-refused: ["MTLS-23"]' in ended.stdout
    assert '  refuted, cause not-refused: ["MTLS-21"]' in ended.stdout
    assert "2 of 2 defects caught" in ended.stdout


def test_list_and_unknown_names() -> None:
    """Names can be looked up; one that there is not is told with those that are near."""
    assert run("--list").stdout.count("\n") == len(DEFECTS)
    ended = run("--defect", "edge-ignores-expire")
    assert ended.returncode == 2
    assert "edge-ignores-expiry" in ended.stderr


@pytest.mark.parametrize("moment", [b"0 of 1 runs", b"1 of 2 runs"], ids=["in-the-first-run", "with-children"])
def test_ctrl_c(tmp_path: Path, moment: bytes) -> None:
    """Ends all runs and leaves nothing behind: no process, no file."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kill_matrix", "--defect", "edge-ignores-expiry", "--check", "BASIC-01"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        while moment not in seen:
            seen += os.read(ours, 4096)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 2
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    os.close(ours)
    assert not list(tmp_path.iterdir())
