"""What the runs of the matrix come to, round by round; and the command as a user gives it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import DEFECTS
from tests.kill_matrix import rounds as planned_rounds
from tests.kill_matrix.ctrl_c import CtrlC
from tests.kill_matrix.judging import Judgement, judge
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import Group, Job, Member, Plan, one_by_one
from tests.kill_matrix.rounds import Rounds, Unsound
from tests.made_up_runs import (
    CHECKS,
    NOTICED,
    REFUTED,
    a_defect,
    expected,
    outcome,
    row,
)

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent


def test_checks_out_of_reach_end_as_without_the_defect() -> None:
    group = Group("current", (X,), through="flow")
    run = outcome(OF_X).only(frozenset({"A-01", "C-01"}))
    rounds, asked = runs_of(Plan((group,)), {group.together: run})
    assert asked == [Job("current"), group.together]
    assert {each.check for each in rounds.outcomes["x"].rows} == set(CHECKS)
    assert judgements(rounds) == {"x": Judgement.CAUGHT}


X, Y = Member("x", frozenset({"A-01"})), Member("y", frozenset({"A-02"}))
PAIR = Group("current", (X, Y))
OF_TWO = Plan((PAIR,))
V, W = Member("v", frozenset({"A-02"})), Member("w", frozenset({"A-01"}))
CROSSED = Plan(
    (PAIR, Group("current", (V, W))), (Group("current", (X, V), X.few | V.few), Group("current", (Y, W), Y.few | W.few))
)
EXPECTED = {"x": expected("A-01"), "y": expected("A-02"), "v": expected("A-02"), "w": expected("A-01")}


def runs_of(planned: Plan, answers: Mapping[Job, Outcome]) -> tuple[Rounds, list[Job]]:
    """The rounds carried out with made-up answers, and the runs that were asked for."""
    rounds, asked = Rounds(planned, EXPECTED), list[Job]()
    while jobs := rounds.next_round():
        for job in jobs:
            asked.append(job)
            rounds.ended(job, restricted(job, answers.get(job, outcome())))
    return rounds, asked


def restricted(job: Job, run: Outcome) -> Outcome:
    """What a job shows of a run."""
    return run if job.only is None else replace(run.only(job.only), left=run.left)


OF_X, OF_Y = NOTICED, row("A-02", REFUTED, "not-refused", "was accepted")
ELSEWHERE = row("B-01", REFUTED, "not-refused", "was accepted")


X_ALONE, Y_ALONE = outcome(OF_X), outcome(OF_Y)


def pair_answers(shared: Outcome, x: Outcome = X_ALONE, y: Outcome = Y_ALONE) -> dict[Job, Outcome]:
    """Each of the pair ends as given when it is alone, and the shared run as given."""
    odd = frozenset({"B-01"}), frozenset({"A-01"}), frozenset({"A-02"}), frozenset({"A-01", "A-02"}), None
    return {
        PAIR.together: shared,
        **{PAIR.few(member): run for member, run in ((X, x), (Y, y))},
        **{PAIR.alone(member, only): run for member, run in ((X, x), (Y, y)) for only in odd},
    }


def judgements(rounds: Rounds) -> dict[str, Judgement]:
    """Of each defect."""
    return {name: judge(EXPECTED[name], run, outcome()).judgement for name, run in rounds.outcomes.items()}


CAUGHT = {"x": Judgement.CAUGHT, "y": Judgement.CAUGHT}


def test_shared_run_as_expected() -> None:
    """Each check ends as the one says that names it: then nobody is run again, and each has all checks."""
    rounds, asked = runs_of(OF_TWO, pair_answers(outcome(OF_X, OF_Y)))
    assert asked == [Job("current"), *OF_TWO.jobs]
    assert judgements(rounds) == CAUGHT
    for outcome_of_one in rounds.outcomes.values():
        assert {each.check for each in outcome_of_one.rows} == set(CHECKS)


@pytest.mark.parametrize(
    ("shared", "again"),
    [
        (outcome(OF_X, OF_Y, ELSEWHERE), [PAIR.alone(X, frozenset({"B-01"})), PAIR.alone(Y, frozenset({"B-01"}))]),
        (outcome(OF_X, OF_Y, without="B-01"), [PAIR.alone(X, frozenset({"B-01"})), PAIR.alone(Y, frozenset({"B-01"}))]),
        (outcome(OF_X), [PAIR.alone(X, frozenset({"A-02"})), PAIR.alone(Y)]),
        (outcome(OF_X, OF_Y, left=("key x",)), [PAIR.alone(X), PAIR.alone(Y)]),
        (Outcome("current", broken="did not end within 60 s"), [PAIR.alone(X), PAIR.alone(Y)]),
    ],
    ids=["refuted", "not-run", "one-does-not-show", "left-behind", "broken"],
)
def test_shared_run_that_is_odd(shared: Outcome, again: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is odd is run on each alone, and only that counts; whoever may not have been there is run on everything."""
    monkeypatch.setattr(planned_rounds, "FEW", 2)
    rounds, asked = runs_of(OF_TWO, pair_answers(shared))
    assert asked[4:] == again
    assert judgements(rounds) == CAUGHT


@pytest.mark.parametrize(
    ("shared", "x"),
    [
        (outcome(OF_X, OF_Y, ELSEWHERE), outcome(OF_X, ELSEWHERE)),
        (outcome(OF_X, OF_Y, left=("key x",)), outcome(OF_X, left=("key x",))),
        (outcome(OF_X, OF_Y, without="B-01"), outcome(OF_X, without="B-01")),
    ],
    ids=["refuted", "left-behind", "not-run"],
)
def test_who_made_a_shared_run_odd_is_found(shared: Outcome, x: Outcome) -> None:
    """And the other is not blamed for it."""
    rounds, _ = runs_of(OF_TWO, pair_answers(shared, x))
    assert judgements(rounds) == CAUGHT | {"x": Judgement.ELSEWHERE}


def test_two_runs_in_other_company() -> None:
    """Each is caught by what its crossing shows, and has all checks; nobody is run alone."""
    both = outcome(OF_X, OF_Y)
    rounds, asked = runs_of(CROSSED, dict.fromkeys(CROSSED.jobs, both))
    assert asked == [Job("current"), *CROSSED.jobs]
    assert judgements(rounds) == dict.fromkeys("xyvw", Judgement.CAUGHT)
    for outcome_of_one in rounds.outcomes.values():
        assert sorted(each.check for each in outcome_of_one.rows) == sorted(CHECKS)


@pytest.mark.parametrize(
    "crossing",
    [outcome(OF_X), outcome(OF_X, OF_Y, left=("key x",)), Outcome("current", broken="did not end within 60 s")],
    ids=["one-does-not-show", "left-behind", "broken"],
)
def test_crossing_that_is_odd(crossing: Outcome) -> None:
    """Each of its defects is run alone on its few checks, and only that counts."""
    both, (first, second) = outcome(OF_X, OF_Y), CROSSED.crossings
    alone = {PAIR.few(X): outcome(OF_X), PAIR.few(V): outcome()}
    answers = dict.fromkeys(CROSSED.jobs, both) | alone | {first.together: crossing}
    rounds, asked = runs_of(CROSSED, answers | {PAIR.alone(V): outcome()})
    assert asked[1 + len(CROSSED.jobs) :][:2] == [PAIR.few(X), PAIR.few(V)]
    assert judgements(rounds) == dict.fromkeys("xyw", Judgement.CAUGHT) | {"v": Judgement.SURVIVED}
    assert second.together in asked


def test_not_caught_by_few_checks() -> None:
    """It may show only beside what others create: on everything it is caught, and that counts."""
    answers = pair_answers(outcome(OF_X, OF_Y)) | {PAIR.few(X): outcome()}
    rounds, asked = runs_of(OF_TWO, answers)
    assert asked[-1] == PAIR.alone(X)
    assert judgements(rounds) == CAUGHT


def test_survivor_is_watched() -> None:
    """After everything once more on the checks that should have noticed it; the others are not."""
    watched = Job("current", ("x",), only=frozenset({"A-01"}), watched=True)
    answers = pair_answers(outcome(OF_Y), x=outcome()) | {watched: outcome(met=False)}
    rounds, asked = runs_of(OF_TWO, answers)
    assert asked[-2:] == [PAIR.alone(X), watched]
    assert rounds.outcomes["x"].met is False
    assert rounds.outcomes["y"].met is None


def test_red_baseline_ends_everything() -> None:
    """What a suite says about defects says nothing when it is not green without."""
    rounds = Rounds(OF_TWO, EXPECTED)
    (first,) = rounds.next_round()
    with pytest.raises(Unsound, match="A-01 must be proven, but it is refuted: was accepted"):
        rounds.ended(first, outcome(NOTICED))


def test_some_checks_only() -> None:
    """The baseline is restricted likewise."""
    only = frozenset({"A-01"})
    jobs = Rounds(one_by_one([a_defect("x")], only), {}).next_round()
    assert jobs == [Job("current", only=only)]


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


@pytest.mark.parametrize(
    ("moment", "options"),
    [
        (b"0 of 1 runs", ["--defect=edge-ignores-expiry"]),
        (b"1 of 21 runs", ["--check=BASIC-01", *(f"--defect={name}" for name in sorted(DEFECTS)[:20])]),
    ],
    ids=["in-the-first-run", "with-children"],
)
def test_ctrl_c(tmp_path: Path, moment: bytes, options: list[str]) -> None:
    """Ends all runs, of which there would be seconds more, and leaves nothing behind: no process, no file."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kill_matrix", *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = said_on(ours, until=moment)
        os.killpg(process.pid, signal.SIGINT)
        said += said_on(ours, until=None)
        assert process.wait() == 2, said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    os.close(ours)
    assert not list(tmp_path.iterdir())


class Dropping:
    """Python drops what is raised while its destructor is running."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_python_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is raised where somebody heeds it, and another one does not disturb the ending."""
    dropped: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: dropped.append(unraisable.exc_value))
    before = signal.getsignal(signal.SIGINT)
    with CtrlC() as ctrl_c:
        ctrl_c.heed()
        Dropping()
        assert [type(each) for each in dropped] == [KeyboardInterrupt]
        with pytest.raises(KeyboardInterrupt):
            ctrl_c.heed()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def said_on(terminal: int, until: bytes | None) -> bytes:
    """What is written there until these words come, or until nobody is left who could write."""
    said = b""
    with suppress(OSError):
        while until is None or until not in said:
            said += os.read(terminal, 4096)
    return said
