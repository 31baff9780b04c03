"""Deviations that somebody has accepted: each must go on in the same way, be needed, and end on its day."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import tomli_w
from pydantic import ValidationError

from cpi_conformance.control.denials import LAYER_OF_DENIAL
from cpi_conformance.diagnosis import NOT_REFUSED, WRONG_ANSWER, remedy_for_acceptance
from cpi_conformance.landscape import AcceptedDeviation, LandscapeProblems, Observed, load_landscape
from cpi_conformance.landscape.accepted_deviations import LAYERS
from cpi_conformance.landscape.schema import ObservedSection
from cpi_conformance.sender.layers import LAYER_OF
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from cpi_conformance.verdict import (
    SCHEMA,
    Acceptance,
    AcceptanceState,
    CheckResult,
    Gate,
    Run,
    Verdict,
    acceptances_of,
    run_document,
)
from cpi_conformance.verdict.acceptance import accepted_reason, refuted_reason, with_how_many
from fixtures.left_out import LeftOut
from tests.made_up import run_made_up
from tests.test_suite_run import run_suite, verdict_in

pytestmark = pytest.mark.once

TODAY = dt.date(2026, 11, 30)
DAY = dt.timedelta(days=1)

OBSERVED = Observed("client-trust", "certificate-expired")
DEVIATION = AcceptedDeviation("MTLS-23", OBSERVED, "QA-1742", "A. Owner", TODAY + 12 * DAY)

REASON = "must be refused at authentication: unauthenticated, but was refused at client-trust: certificate-expired"


def result(verdict: Verdict, reason: str | None = None, check: str = "MTLS-23") -> CheckResult:
    """What became of one run of a check."""
    seen = ("client-trust", "certificate-expired")
    return CheckResult(check, "node", "a title", verdict, reason, "critical", (), *seen, None)


PROVEN = result(Verdict.PROVEN)
AS_ACCEPTED = result(Verdict.NOT_PROVEN, accepted_reason(DEVIATION, REASON))
REFUTED = result(Verdict.REFUTED, refuted_reason(DEVIATION, REASON, TODAY))
OPEN = result(Verdict.NOT_PROVEN, "infrastructure: nobody there")
NOT_FOR_IT = result(Verdict.NOT_PROVEN, "not applicable: a trial tenant")
ANOTHER = result(Verdict.PROVEN, check="BASIC-01")


COVERED: dict[str, tuple[Observed, tuple[str | None, str | None, str], bool]] = {
    "the-same": (OBSERVED, ("client-trust", "certificate-expired", "whatever the words"), True),
    "another-cause": (OBSERVED, ("client-trust", "unknown-ca", ""), False),
    "another-layer": (OBSERVED, ("authentication", "certificate-expired", ""), False),
    "no-layer": (OBSERVED, (None, "shown-otherwise", ""), False),
    "not-refused-there": (Observed("csrf", NOT_REFUSED), ("csrf", NOT_REFUSED, ""), True),
    "not-refused-elsewhere": (Observed("csrf", NOT_REFUSED), ("authorization", NOT_REFUSED, ""), False),
    "the-same-reason": (Observed(reason="it is there"), (None, "shown-otherwise", "it is there"), True),
    "another-reason": (Observed(reason="it is there"), (None, "shown-otherwise", "it is there, twice"), False),
    "the-same-reason-at-a-layer": (Observed(reason="it is there"), ("flow", "wrong-answer", "it is there"), False),
}


@pytest.mark.parametrize(("observed", "seen", "covered"), COVERED.values(), ids=COVERED)
def test_what_an_acceptance_covers(observed: Observed, seen: tuple[str | None, str | None, str], covered: bool) -> None:
    """One way to deviate, and no other."""
    assert observed.covers(*seen) is covered


@dataclass(frozen=True)
class Ending:
    """The runs of a check, and what becomes of its acceptance."""

    runs: tuple[CheckResult, ...]
    state: AcceptanceState
    gate: Gate
    days: int = 12
    not_run: int = 0
    left_out: bool = False


HOLDS, OTHERWISE, EXPIRED = AcceptanceState.HOLDS, AcceptanceState.REFUTED_OTHERWISE, AcceptanceState.EXPIRED
NEEDLESS, UNDECIDED = AcceptanceState.NO_LONGER_NEEDED, AcceptanceState.UNDECIDED
NOT_SELECTED = AcceptanceState.NOT_SELECTED

ENDINGS = {
    "each-run-deviates": Ending((AS_ACCEPTED, AS_ACCEPTED), HOLDS, Gate.GO),
    "one-run-deviates": Ending((PROVEN, AS_ACCEPTED), HOLDS, Gate.GO),
    "one-deviates-and-one-is-open": Ending((OPEN, AS_ACCEPTED), HOLDS, Gate.NOT_PROVEN),
    "on-the-last-day": Ending((AS_ACCEPTED,), HOLDS, Gate.GO, days=0),
    "one-run-deviates-otherwise": Ending((AS_ACCEPTED, REFUTED), OTHERWISE, Gate.NO_GO),
    "refuted-after-the-last-day": Ending((REFUTED,), EXPIRED, Gate.NO_GO, days=-1),
    "each-run-is-proven": Ending((PROVEN, PROVEN), NEEDLESS, Gate.NOT_PROVEN),
    "proven-where-it-applies": Ending((PROVEN, NOT_FOR_IT), NEEDLESS, Gate.NOT_PROVEN),
    "proven-after-the-last-day": Ending((PROVEN,), NEEDLESS, Gate.NOT_PROVEN, days=-1),
    "proven-as-far-as-selected": Ending((PROVEN,), UNDECIDED, Gate.GO, left_out=True),
    "proven-as-far-as-run": Ending((PROVEN,), UNDECIDED, Gate.NOT_PROVEN, not_run=1),
    "one-is-proven-and-one-is-open": Ending((PROVEN, OPEN), UNDECIDED, Gate.NOT_PROVEN),
    "open": Ending((OPEN,), UNDECIDED, Gate.NOT_PROVEN),
    "not-applicable": Ending((NOT_FOR_IT,), UNDECIDED, Gate.GO),
    "not-selected": Ending((), NOT_SELECTED, Gate.GO, left_out=True),
    "not-selected-and-expired": Ending((), NOT_SELECTED, Gate.GO, days=-1, left_out=True),
    "not-run": Ending((), UNDECIDED, Gate.NOT_PROVEN, not_run=1),
}


def run_of(ending: Ending) -> Run:
    """A run in which another check is proven."""
    checks, deviation = (ANOTHER, *ending.runs), replace(DEVIATION, until=TODAY + ending.days * DAY)
    selected = len(checks) + ending.not_run
    left_out = frozenset({"MTLS-23"} if ending.left_out else ())
    acceptances = acceptances_of([deviation], checks, today=TODAY, selected=selected, left_out=left_out)
    run = Run("id", "2026-11-30T00:00:00Z", 1.5, "QA", "live", selected, checks)
    return replace(run, acceptances=acceptances)


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_what_becomes_of_an_acceptance(ending: Ending) -> None:
    """Its state, what that means for the gate, and that it is documented as it is written."""
    run = run_of(ending)
    (acceptance,) = run.acceptances
    assert (acceptance.state, acceptance.days_left) == (ending.state, ending.days)
    assert run.gate is ending.gate
    assert run.in_order is (ending.state not in (OTHERWISE, EXPIRED, NEEDLESS))
    document = run_document(run)
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    (told,) = document["accepted_deviations"]
    assert (told["check"], told["ticket"], told["state"]) == ("MTLS-23", "QA-1742", str(ending.state))


def test_every_state_is_reached_and_documented() -> None:
    """Neither the schema nor the page on verdicts knows others."""
    known = {str(state) for state in AcceptanceState}
    assert {str(ending.state) for ending in ENDINGS.values()} == known
    assert set(SCHEMA["properties"]["accepted_deviations"]["items"]["properties"]["state"]["enum"]) == known
    page = (Path(__file__).parent.parent / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert known <= set(re.findall(r"^\| `([a-z_]+)` \|", page, re.M))


@pytest.mark.parametrize("state", AcceptanceState)
def test_a_line_for_each_state(state: AcceptanceState) -> None:
    """Check and ticket are in each, and the days left wherever the acceptance may still be used."""
    line = str(Acceptance(DEVIATION, state, 12))
    assert "MTLS-23" in line
    assert "QA-1742" in line
    assert ("12 days left" in line) is (state not in (EXPIRED, NEEDLESS))
    if state is NEEDLESS:
        assert line == "acceptance of MTLS-23 (QA-1742) is no longer needed: remove it"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([12], "with 1 accepted deviation (next ends in 12 days)"),
        ([90, 1], "with 2 accepted deviations (next ends in 1 day)"),
        ([0, 3, 4], "with 3 accepted deviations (next ends today)"),
    ],
    ids=["one", "two", "on-its-last-day"],
)
def test_what_goes_with_go(days: list[int], words: str) -> None:
    """How many are accepted, and when somebody must have acted."""
    assert with_how_many([Acceptance(DEVIATION, HOLDS, each) for each in days]) == words


@pytest.mark.parametrize(("days", "soon"), [(14, False), (13, True), (0, True), (-1, True)])
def test_an_end_within_a_fortnight_is_soon(days: int, soon: bool) -> None:
    """Early enough for a ticket to be worked on."""
    assert Acceptance(DEVIATION, HOLDS, days).ends_soon is soon


def test_every_way_to_be_refuted_can_be_written_down() -> None:
    """Whatever layer and cause a judge may find, and no pair that none finds."""
    pairs = [*LAYER_OF.items(), *LAYER_OF_DENIAL.items()]
    for cause, layer in [*pairs, (WRONG_ANSWER, "flow"), ("credentials-broken", "broker")]:
        ObservedSection(layer=str(layer), cause=str(cause))
    for layer in LAYERS:
        ObservedSection(layer=layer, cause=NOT_REFUSED)
        assert remedy_for_acceptance(layer).remedy, "a judge would break where it has to say what is not refused"
    with pytest.raises(ValidationError):
        ObservedSection(layer="flow", cause="unknown-ca")


GOOD: dict[str, Any] = {
    "check": "MTLS-23",
    "observed": {"layer": "client-trust", "cause": "certificate-expired"},
    "ticket": "QA-1742",
    "owner": "A. Owner",
    "until": dt.date(2027, 1, 31),
}

NO_WAY = "write layer and cause as the report shows them, or the reason where it shows no layer"

MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "check-in-lower-case": ({"check": "mtls-23"}, ".check", "write the id as the report shows it, such as MTLS-23"),
    "check-is-a-node": ({"check": "MTLS-23[live]"}, ".check", "write the id as the report shows it"),
    "check-missing": ({"check": None}, ".check", 'is missing; write for example check = "MTLS-23"'),
    "check-unknown": ({"check": "MTLS-32"}, ".check", "is MTLS-32, which no check has; write for example MTLS-23"),
    "check-near-no-other": ({"check": "X-99"}, ".check", "which no check has; write the id as the report shows it"),
    "ticket-missing": ({"ticket": None}, ".ticket", 'is missing; write for example ticket = "QA-1742"'),
    "ticket-empty": ({"ticket": ""}, ".ticket", "it should not be empty"),
    "ticket-a-number": ({"ticket": 1742}, ".ticket", "is 1742, but a text in quotes is expected"),
    "owner-missing": ({"owner": None}, ".owner", "is missing; write for example owner ="),
    "owner-on-two-lines": ({"owner": "A.\nOwner"}, ".owner", "write it on one line, without blanks around it"),
    "owner-blank": ({"owner": " "}, ".owner", "write it on one line, without blanks around it"),
    "until-missing": ({"until": None}, ".until", "is missing; write for example until = 2027-01-31"),
    "until-in-quotes": (
        {"until": "2027-01-31"},
        ".until",
        "is a text, but a day without quotes is expected; write for example until = 2027-01-31",
    ),
    "until-an-hour": ({"until": dt.datetime(2027, 1, 31, 12, tzinfo=dt.UTC)}, ".until", "a day without quotes"),
    "observed-missing": ({"observed": None}, ".observed", "is missing; write for example observed = { layer ="),
    "observed-empty": ({"observed": {}}, ".observed", NO_WAY),
    "observed-layer-alone": ({"observed": {"layer": "flow"}}, ".observed", NO_WAY),
    "observed-cause-alone": ({"observed": {"cause": NOT_REFUSED}}, ".observed", NO_WAY),
    "observed-cause-and-reason": (
        {"observed": {"layer": "flow", "cause": "wrong-answer", "reason": "no"}},
        ".observed",
        NO_WAY,
    ),
    "observed-unknown-layer": (
        {"observed": {"layer": "autentication", "cause": "unauthenticated"}},
        ".observed.layer",
        "write the layer as the report shows it: authentication",
    ),
    "observed-unknown-cause": (
        {"observed": {"layer": "client-trust", "cause": "expired-certificate"}},
        ".observed.cause",
        "write the cause as the report shows it: ",
    ),
    "observed-cause-of-another-layer": (
        {"observed": {"layer": "authentication", "cause": "role-missing"}},
        ".observed",
        "write the layer of role-missing, which is authorization",
    ),
    "observed-cause-that-says-too-little": (
        {"observed": {"cause": "shown-otherwise"}},
        ".observed.cause",
        "write reason in its place, word by word",
    ),
    "observed-unknown-key": ({"observed": {"outcome": "accepted"}}, ".observed.outcome", "is not a key"),
    "why-empty": ({"why": ""}, ".why", "it should not be empty"),
    "unknown-key": ({"untill": dt.date(2027, 1, 31)}, ".untill", "write until"),
}


def written(path: Path, entries: list[dict[str, Any]]) -> Path:
    """A landscape file with these entries; what is ``None`` is left out."""
    kept = [{key: value for key, value in entry.items() if value is not None} for entry in entries]
    document = {"name": "QA", "runtime": {"host": "x-rt.example.com"}, "accepted_deviations": kept}
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def problems_in(path: Path) -> LandscapeProblems:
    with pytest.raises(LandscapeProblems) as found:
        load_landscape(path, {}, checks={"MTLS-23", "BASIC-01"})
    return found.value


@pytest.mark.parametrize(("change", "key", "words"), MISTAKES.values(), ids=MISTAKES)
def test_one_mistake_is_one_problem(change: dict[str, Any], key: str, words: str, tmp_path: Path) -> None:
    """At its key, with what to write in its place."""
    found = problems_in(written(tmp_path / "landscape.toml", [{**GOOD, **change}]))
    assert [problem.key for problem in found.problems] == [f"accepted_deviations.0{key}"]
    assert words in str(found)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """What an entry lacks hides neither that its check stands twice nor what is wrong with others."""
    entries = [GOOD, {**GOOD, "until": "soon"}, {**GOOD, "check": "MTLS-99", "owner": None}]
    found = problems_in(written(tmp_path / "landscape.toml", entries))
    keys = ["1.check", "1.until", "2.check", "2.owner"]
    assert [problem.key for problem in found.problems] == [f"accepted_deviations.{key}" for key in keys]
    assert "is MTLS-23, as in accepted_deviations.0; write one entry for each check" in str(found)


def test_what_is_no_list_of_tables_is_one_problem(tmp_path: Path) -> None:
    """A table with one pair of brackets too few."""
    path = tmp_path / "landscape.toml"
    path.write_text(tomli_w.dumps({"name": "QA", "runtime": {"host": "x"}, "accepted_deviations": GOOD}))
    assert [problem.key for problem in problems_in(path).problems] == ["accepted_deviations"]


def test_a_good_entry_is_what_it_says(tmp_path: Path) -> None:
    """Whoever runs no checks, such as reap, need not know their ids."""
    path = written(tmp_path / "landscape.toml", [{**GOOD, "why": "it is old"}, {**GOOD, "check": "X-99"}])
    first = load_landscape(path, {}).accepted_deviation("MTLS-23")
    assert first == AcceptedDeviation("MTLS-23", OBSERVED, "QA-1742", "A. Owner", dt.date(2027, 1, 31), "it is old")
    assert load_landscape(path, {}).accepted_deviation("MTLS-24") is None


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of a landscape that sends alerts where the file expects 401: MTLS-20 to MTLS-25 are refuted."""
    with SimulatedLandscape("current") as landscape:
        path = hand_out(landscape, populate(landscape), tmp_path_factory.mktemp("running"))
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        document["expectations"] = {"bad_client_certificate": "401", "key_delay": 5}
        path.write_text(tomli_w.dumps(document), encoding="utf-8")
        yield path


SEEN = {
    "MTLS-20": "unknown-ca",
    "MTLS-21": "unknown-ca",
    "MTLS-22": "unknown-ca",
    "MTLS-23": "certificate-expired",
    "MTLS-24": "bad-certificate",
    "MTLS-25": "unsupported-certificate",
}
"""What is seen in each check that is refuted there."""


def entry(check: str, days: int = 30, **observed: str) -> dict[str, Any]:
    """An entry for what is seen, or for something else."""
    until = dt.datetime.now(dt.UTC).date() + days * DAY
    seen = observed or {"layer": "client-trust", "cause": SEEN[check]}
    return {"check": check, "observed": seen, "ticket": f"QA-{check[-2:]}", "owner": "A. Owner", "until": until}


def accepting(running: Path, name: str, *entries: dict[str, Any]) -> str:
    """The option with a copy of the file that accepts these."""
    document = tomllib.loads(running.read_text(encoding="utf-8"))
    path = running.parent / f"{name}.toml"
    path.write_text(tomli_w.dumps({**document, "accepted_deviations": list(entries)}), encoding="utf-8")
    return f"--landscape={path}"


def states(document: dict[str, Any]) -> dict[str, str]:
    """What became of each acceptance."""
    return {each["check"]: each["state"] for each in document["accepted_deviations"]}


def skipped(reports: Path) -> list[str]:
    """The messages of the skipped cases in the JUnit file."""
    cases = ElementTree.parse(reports / "junit.xml")  # noqa: S314  # we wrote it ourselves
    return [str(each.get("message")) for each in cases.iter("skipped")]


def test_deviating_as_accepted_is_go_and_says_so(running: Path, tmp_path: Path) -> None:
    """In the terminal, in verdict.json, and as skipped with the reason in JUnit and Allure; in parallel too."""
    ways = [entry(check, days=12 if check == "MTLS-23" else 400) for check in SEEN]
    ended = run_suite(tmp_path, accepting(running, "same", *ways), "-k", "MTLS", "-n", "2")
    document = verdict_in(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert document["gate"] == "GO"
    assert states(document) == dict.fromkeys(SEEN, "holds")
    assert "gate GO, with 6 accepted deviations (next ends in 12 days)" in ended.stdout
    assert "12 not proven (of which 12 accepted)" in ended.stdout
    until = dt.datetime.now(dt.UTC).date() + 12 * DAY
    assert f"accepted: MTLS-23 client-trust: certificate-expired; QA-23, A. Owner; it ends on {until}" in ended.stdout
    (reason,) = {check["reason"] for check in document["checks"] if check["id"] == "MTLS-23"}
    assert reason.startswith(f"accepted until {until}: QA-23 (A. Owner): {REASON}")
    (seen,) = {(check["layer"], check["cause"]) for check in document["checks"] if check["id"] == "MTLS-23"}
    assert seen == ("client-trust", "certificate-expired")
    assert skipped(tmp_path).count(reason) == 2
    allure = [json.loads(path.read_text()) for path in (tmp_path / "allure-results").glob("*-result.json")]
    told = [each["statusDetails"]["message"] for each in allure if each["status"] == "skipped"]
    categories = json.loads((tmp_path / "allure-results" / "categories.json").read_text(encoding="utf-8"))
    (pattern,) = [each["messageRegex"] for each in categories if each["name"] == "Accepted deviation"]
    assert len(told) == 12
    assert all(re.fullmatch(pattern, message) for message in told)
    environment = (tmp_path / "allure-results" / "environment.properties").read_text(encoding="utf-8")
    assert "Gate=GO, with 6 accepted deviations" in environment


def test_deviating_otherwise_and_too_late_is_no_go(running: Path, tmp_path: Path) -> None:
    """The reason says what was accepted, by whom, and until when."""
    entries = [
        entry("MTLS-20"),
        entry("MTLS-22", layer="client-trust", cause="certificate-expired"),
        entry("MTLS-23", days=-1),
        entry("MTLS-24", layer="authentication", cause=NOT_REFUSED),
        entry("MTLS-25", days=0),
        entry("MTLS-30", layer="authentication", cause=NOT_REFUSED),
        entry("BASIC-10", layer="authentication", cause=NOT_REFUSED),
    ]
    ended = run_suite(tmp_path, accepting(running, "otherwise", *entries), "-k", "MTLS", "-n", "2")
    document = verdict_in(tmp_path)
    assert ended.returncode == 1
    assert document["gate"] == "NO-GO"
    assert states(document) == {
        "MTLS-20": "holds",
        "MTLS-22": "refuted_otherwise",
        "MTLS-23": "expired",
        "MTLS-24": "refuted_otherwise",
        "MTLS-25": "holds",
        "MTLS-30": "no_longer_needed",
        "BASIC-10": "not_selected",
    }
    reasons = {check["id"]: check["reason"] for check in document["checks"] if check["verdict"] == "refuted"}
    yesterday = dt.datetime.now(dt.UTC).date() - DAY
    assert sorted(reasons) == ["MTLS-21", "MTLS-22", "MTLS-23", "MTLS-24"]
    assert reasons["MTLS-22"].endswith("; QA-22 (A. Owner) accepts only client-trust: certificate-expired")
    assert reasons["MTLS-23"].endswith(f"; the acceptance of QA-23 (A. Owner) expired on {yesterday}")
    assert reasons["MTLS-24"].endswith("; QA-24 (A. Owner) accepts only authentication: not-refused")
    assert all("but was refused at client-trust" in reason for reason in reasons.values())
    assert "acceptance of BASIC-10 (QA-10, A. Owner) was not put to the test: the check was not sel" in ended.stdout


def test_an_acceptance_that_is_not_needed_fails_the_run(running: Path, tmp_path: Path) -> None:
    """The check is proven, for the landscape does what it must; what is wrong is the file."""
    needless = entry("MTLS-10", layer="authentication", cause=NOT_REFUSED)
    ended = run_suite(tmp_path, accepting(running, "needless", needless), "-k", "MTLS-10")
    document = verdict_in(tmp_path)
    assert {check["verdict"] for check in document["checks"]} == {"proven"}
    assert (ended.returncode, document["gate"]) == (1, "NOT PROVEN")
    assert states(document) == {"MTLS-10": "no_longer_needed"}
    assert "acceptance of MTLS-10 (QA-10) is no longer needed: remove it" in ended.stdout


def test_what_is_proven_in_part_may_be_accepted(running: Path, tmp_path: Path) -> None:
    """On another TLS version it may deviate. What ends in fewer than 14 days is coloured, as is what goes with GO."""
    needed = entry("MTLS-10", layer="authentication", cause=NOT_REFUSED)
    option = accepting(running, "part", needed, entry("MTLS-20", days=14), entry("MTLS-21", days=13))
    chosen = "(MTLS-10 or MTLS-20 or MTLS-21) and tls-1-2"
    ended = run_suite(tmp_path, option, "-k", chosen, "-n", "2", "--color=yes")
    document = verdict_in(tmp_path)
    assert (ended.returncode, document["gate"]) == (0, "GO"), ended.stdout
    assert states(document) == {"MTLS-10": "undecided", "MTLS-20": "holds", "MTLS-21": "holds"}
    assert document["run"]["deselected"] > 100, "the workers have not told what they left out"
    lines = {line[line.index("MTLS") :][:7]: line for line in ended.stdout.splitlines() if "accepted: " in line}
    assert not lines["MTLS-20"].startswith("\x1b[33m")
    assert lines["MTLS-21"].startswith("\x1b[33m")
    assert "\x1b[33m, with 2 accepted deviations (next ends in 13 days)" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "unsure"),
    [
        (["suites"], {"MTLS-20"}),
        (["suites/test_trust.py", "suites/test_pfx.py::test_no_identity"], {"MTLS-20"}),
        (["suites/test_pfx.py::test_no_identity[current-no-passphrase]"], {"MTLS-20", "MTLS-21"}),
    ],
    ids=["folder", "functions", "a-single-run"],
)
def test_of_which_checks_a_run_may_be_missing(
    arguments: list[str], unsure: set[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Of those that were left out; and of any, when runs were chosen by their node, of which pytest tells nothing."""
    monkeypatch.setattr(request.config, "args", arguments)
    left_out = LeftOut(request.config)
    left_out.ids = ["MTLS-20", "MTLS-20", "BASIC-01"]
    assert left_out.some_of(["MTLS-20", "MTLS-21"]) == unsure


def test_an_unknown_check_ends_the_run_before_it_begins(running: Path, tmp_path: Path) -> None:
    """All unknown ids at once, with those that are near, and exit code 4; also when other checks are selected."""
    known = entry("MTLS-20")
    entries = [known, {**known, "check": "MTLS-28"}, {**known, "check": "BASIK-10"}]
    ended = run_suite(tmp_path, accepting(running, "unknown", *entries), "suites/test_trust.py", "-n", "2")
    assert ended.returncode == 4
    assert re.search(r"accepted_deviations\.1\.check: is MTLS-28, .*write for example MTLS-2", ended.stderr)
    assert re.search(r"accepted_deviations\.2\.check: is BASIK-10, .*BASIC-10", ended.stderr)
    assert not (tmp_path / "verdict.json").exists()


SHOWN = """
@pytest.fixture
def looked_at():
    raise AssertionError("the entry is missing")

@check("STORE-08", "in a fixture", steps=("3.error.4",))
def test_in_a_fixture(looked_at, landscape, judge):
    pass

@check("STORE-01", "in the check", steps=("3.error.4",))
def test_in_the_check(landscape, judge):
    there = ["one"]
    assert there == [], "there are more"

@check("STORE-02", "another sentence", steps=("3.error.4",))
def test_another(landscape, judge):
    raise AssertionError("there are less")

@check("BASIC-03", "proven", steps=("1.basic.2c",))
def test_proven(basic_call, judge):
    judge.accepted(basic_call)
"""


def test_what_is_shown_is_accepted_by_its_reason(running: Path, tmp_path: Path) -> None:
    """Word by word, and wherever it was found: before the check, or in it."""
    entries = [
        entry("STORE-08", reason="the entry is missing"),
        entry("STORE-01", reason="there are more"),
        entry("STORE-02", reason="there are more"),
    ]
    ended = run_made_up(tmp_path, SHOWN, accepting(running, "shown", *entries))
    document = verdict_in(tmp_path)
    assert states(document) == {"STORE-08": "holds", "STORE-01": "holds", "STORE-02": "refuted_otherwise"}
    assert {each["id"]: each["verdict"] for each in document["checks"]} == {
        "STORE-08": "not_proven",
        "STORE-01": "not_proven",
        "STORE-02": "refuted",
        "BASIC-03": "proven",
    }, ended.stdout
    assert "there are less; QA-02 (A. Owner) accepts only there are more" in ended.stdout
    assert {message.partition(": QA-")[2] for message in skipped(tmp_path)} == {
        "08 (A. Owner): the entry is missing",
        "01 (A. Owner): there are more",
    }
