"""Every defect is run on every check, by as few runs as can be; and the command as a user gives it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.simulator.defects import DEFECTS, Defect
from tests.kill_matrix.expectations import Expectation
from tests.kill_matrix.judging import Judgement, judge
from tests.kill_matrix.outcome import Outcome
from tests.kill_matrix.planning import TOGETHER, Group, Job, one_by_one, plan
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

ROOT = Path(__file__).parent.parent


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


def test_not_caught_by_few_checks() -> None:
    """It may show only beside what others create: on everything it is caught, and that counts."""
    few = PAIR.jobs[1]
    rounds, asked = runs_of([PAIR], pair_answers(outcome()) | {few: restricted(few, outcome())})
    assert asked[-1] == PAIR.alone[0]
    assert judge(OF_PAIR["x"], rounds.outcomes["x"], outcome()).judgement is Judgement.CAUGHT


def test_survivor_is_watched() -> None:
    """After everything once more on the checks that should have noticed it; the others are not."""
    few, everything = PAIR.jobs[1], PAIR.alone[0]
    watched = Job("current", ("x",), only=frozenset({"A-01"}), watched=True)
    survives = {
        few: restricted(few, outcome()),
        everything: outcome(),
        watched: restricted(watched, outcome(met=False)),
    }
    rounds, asked = runs_of([PAIR], pair_answers(outcome()) | survives)
    assert asked[-2:] == [everything, watched]
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
        seen = b""
        while moment not in seen:
            seen += os.read(ours, 4096)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 2
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    os.close(ours)
    assert not list(tmp_path.iterdir())
