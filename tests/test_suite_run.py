"""The whole suite as a user runs it: results, verdicts, exit codes, and that nothing passes by mistake."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import jsonschema
import pytest
import tomli_w

from cpi_conformance.landscape import load_landscape
from cpi_conformance.simulator.handout import hand_out
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from cpi_conformance.verdict import SCHEMA

ROOT = Path(__file__).parent.parent

HIDES_PYTEST_HTTPX = """
from importlib.machinery import PathFinder


class Hiding:
    def __init__(self, find):
        self.find = find

    def __call__(self, name, *rest):
        return None if name == "pytest_httpx" else self.find(name, *rest)


PathFinder.find_spec = Hiding(PathFinder.find_spec)
"""
"""A ``sitecustomize`` that makes the development environment look like a user's."""


def run_suite(reports: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """``pytest`` in the checkout, with its results in a folder of their own."""
    command = [sys.executable, "-m", "pytest", f"--reports={reports}", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def verdict_in(reports: Path) -> dict[str, Any]:
    """The verdict of a run, which must follow its schema."""
    document: dict[str, Any] = json.loads((reports / "verdict.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    return document


def verdicts(document: dict[str, Any]) -> dict[str, tuple[str, str | None, str | None]]:
    """Verdict, layer and cause of each check by node."""
    return {check["node"]: (check["verdict"], check["layer"], check["cause"]) for check in document["checks"]}


def histories(reports: Path) -> set[str]:
    """By what Allure recognises the checks of a run in the next one."""
    results = (json.loads(path.read_text()) for path in (reports / "allure-results").glob("*-result.json"))
    return {result["historyId"] for result in results}


@pytest.fixture(scope="module")
def default_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run without options."""
    reports = tmp_path_factory.mktemp("default")
    return run_suite(reports), reports


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The landscape file of a landscape in another process: this one."""
    with SimulatedLandscape("current") as landscape:
        yield hand_out(landscape, populate(landscape), tmp_path_factory.mktemp("running"))


def test_default_run_is_go_for_the_simulated_landscapes(
    default_run: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """At least 100 checks, all proven, and the summary says that they are simulated."""
    ended, reports = default_run
    document = verdict_in(reports)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert document["counts"]["proven"] == len(document["checks"]) >= 100
    assert document["gate"] == "GO"
    assert document["kind"] == "simulated"
    assert document["landscape"] == "simulated current, simulated trial, simulated whitepaper"
    assert "gate GO for simulated" in ended.stdout
    assert "says nothing about a live landscape" in ended.stdout


def test_default_run_writes_allure_and_junit(default_run: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """One Allure result and one JUnit case for each check, with chapter, severity, steps and attachments."""
    _, reports = default_run
    checks = verdict_in(reports)["checks"]
    results = [json.loads(path.read_text()) for path in (reports / "allure-results").glob("*-result.json")]
    assert len(results) == len(checks)
    for result in results:
        labels = {label["name"]: label["value"] for label in result["labels"]}
        assert labels["feature"].startswith(("Chapter", "Troubleshooting"))
        assert labels["severity"] in {"blocker", "critical", "normal", "minor"}
        assert result["steps"]
        assert any(step.get("attachments") for step in result["steps"])
    assert {each.name for each in (reports / "allure-results").iterdir()} >= {
        "categories.json",
        "environment.properties",
    }
    cases = list(ElementTree.parse(reports / "junit.xml").iter("testcase"))  # noqa: S314  # we wrote it ourselves
    assert len(cases) == len(checks)


@pytest.mark.once
def test_parallel_run_gives_the_same_verdicts(
    default_run: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path
) -> None:
    """Workers borrow the landscapes of the controller and find the same."""
    ended = run_suite(tmp_path, "-n", "2")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert verdicts(verdict_in(tmp_path)) == verdicts(verdict_in(default_run[1]))
    assert verdict_in(tmp_path)["landscape"] == verdict_in(default_run[1])["landscape"]
    assert histories(tmp_path) == histories(default_run[1]), "Allure would not recognise a check in the next run"


@pytest.mark.once
def test_run_against_another_process(
    running: Path, tmp_path: Path, default_run: tuple[subprocess.CompletedProcess[str], Path]
) -> None:
    """The same checks, found to be the same, on a landscape that the suite only knows by its file."""
    ended = run_suite(tmp_path, "--landscape", str(running))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = verdicts(verdict_in(tmp_path))
    simulated = verdicts(verdict_in(default_run[1]))
    found = {node: verdict for node, verdict in found.items() if verdict[0] != "not_proven"}  # of another generation
    assert found == {node: verdict for node, verdict in simulated.items() if "current" in node}
    assert verdict_in(tmp_path)["gate"] == "GO"


@pytest.mark.once
def test_nothing_passes_when_the_landscape_is_off(tmp_path: Path) -> None:
    """With nobody there every check is NOT PROVEN: none is refused for a reason that it takes for its own."""
    landscape = SimulatedLandscape("current").start()
    path = hand_out(landscape, populate(landscape), tmp_path / "off")
    landscape.stop()
    ended = run_suite(tmp_path, f"--landscape={path}")
    document = verdict_in(tmp_path)
    assert document["counts"]["proven"] == document["counts"]["refuted"] == 0
    assert document["counts"]["not_proven"] >= 90
    assert document["gate"] == "NOT PROVEN"
    assert " passed" not in ended.stdout
    assert ended.returncode == 1


def changed(path: Path, target: Path, **tables: object) -> Path:
    """A copy of a landscape file in the same folder with some tables replaced, or removed by ``None``."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    for table, value in tables.items():
        if value is None:
            document.pop(table)
        else:
            document[table] = value
    target = path.parent / target
    target.write_text(tomli_w.dumps(document), encoding="utf-8")
    return target


@pytest.mark.once
def test_wrong_answer_is_no_go(running: Path, tmp_path: Path) -> None:
    """A flow that answers something else is refuted, with layer, cause and what to do, on the terminal too."""
    flow = {"address": "/test/clientcert", "body": "Something else"}
    path = changed(running, Path("wrong.toml"), flows=[flow])
    ended = run_suite(tmp_path, f"--landscape={path}", "suites/test_basic.py", "suites/test_sm59.py")
    document = verdict_in(tmp_path)
    refuted = [check for check in document["checks"] if check["verdict"] == "refuted"]
    assert document["gate"] == "NO-GO"
    assert ended.returncode == 1
    assert {(check["layer"], check["cause"]) for check in refuted} == {("flow", "wrong-answer")}
    assert "gate NO-GO" in ended.stdout
    assert f"what to do: {refuted[0]['remedy']}" in ended.stdout


@pytest.mark.once
def test_wrong_expectation_is_no_go(running: Path, tmp_path: Path) -> None:
    """A landscape that sends the alert where 401 is expected is refuted at the layer that was seen."""
    expectations = {"bad_client_certificate": "401", "lost_alerts": "refuted"}
    path = changed(running, Path("expects-401.toml"), expectations=expectations)
    run_suite(tmp_path, f"--landscape={path}", "suites/test_client_certificate.py")
    refuted = {check["id"]: check for check in verdict_in(tmp_path)["checks"] if check["verdict"] == "refuted"}
    assert sorted(refuted) == ["MTLS-20", "MTLS-21", "MTLS-22", "MTLS-23", "MTLS-24", "MTLS-25"]
    assert refuted["MTLS-23"]["layer"] == "client-trust"
    assert refuted["MTLS-23"]["cause"] == "certificate-expired"


@pytest.mark.once
def test_what_the_file_does_not_give_is_not_proven(running: Path, tmp_path: Path) -> None:
    """Each check says which key it lacks; ``--require`` makes that a failure."""
    path = changed(running, Path("basic-only.toml"), certificates=None, trust={"ca": "ca.pem"})
    ended = run_suite(tmp_path, f"--landscape={path}")
    document = verdict_in(tmp_path)
    assert ended.returncode == 0
    assert document["gate"] == "NOT PROVEN"
    reasons = {check["reason"] for check in document["checks"] if check["verdict"] == "not_proven"}
    assert "configuration: the landscape file does not give certificates.sender" in reasons
    assert "configuration: the landscape file does not give trust.previous_ca" in reasons
    assert document["counts"]["proven"] > 40
    assert run_suite(tmp_path, f"--landscape={path}", "--require", "suites/test_trust.py").returncode == 1


@pytest.mark.once
def test_broken_off_run_says_so(running: Path, tmp_path: Path) -> None:
    """What was not run is neither proven nor forgotten."""
    path = changed(running, Path("elsewhere.toml"), flows=[{"address": "/nobody/here"}])
    ended = run_suite(tmp_path, f"--landscape={path}", "-x")
    document = verdict_in(tmp_path)
    assert ended.returncode == 1
    assert len(document["checks"]) == 1
    assert document["run"]["selected"] > 90
    assert f"{document['run']['selected'] - 1} not run" in ended.stdout


@pytest.mark.once
def test_no_verdict_of_an_earlier_run_is_left(running: Path, tmp_path: Path) -> None:
    """A run that cannot begin leaves no GO behind for somebody to read."""
    run_suite(tmp_path, f"--landscape={running}", "-k", "BASIC-03")
    assert verdict_in(tmp_path)["gate"] == "GO"
    ended = run_suite(tmp_path, f"--landscape={changed(running, Path('broken.toml'), stage='prod')}")
    assert ended.returncode == 4
    assert not (tmp_path / "verdict.json").exists()
    assert not (tmp_path / "junit.xml").exists()


@pytest.mark.once
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("expired", "has not expired"),
        ("not_yet_valid", "is valid already"),
        ("server_purpose", "is for clients too"),
        ("self_signed", "is not self-signed"),
        ("untrusted_ca", "is below the same root"),
        ("other_key_pair", "has another subject or issuer"),
        ("superseded", "has another subject or issuer"),
        ("deleted", "is the same certificate as certificates.unassigned"),
    ],
)
def test_material_must_be_what_it_claims_to_be(part: str, reason: str, running: Path, tmp_path: Path) -> None:
    """A certificate that is in no key is refused too, but that would not be what the check is about."""
    certificates = tomllib.loads(running.read_text(encoding="utf-8"))["certificates"]
    if part != "deleted":
        certificates["unassigned"], certificates[part] = certificates["expired"], certificates["unassigned"]
    else:
        certificates[part] = certificates["unassigned"]
    path = changed(running, Path(f"{part}.toml"), certificates=certificates)
    run_suite(tmp_path, f"--landscape={path}", "suites/test_client_certificate.py")
    open_questions = {check["reason"] for check in verdict_in(tmp_path)["checks"] if check["verdict"] == "not_proven"}
    assert [each for each in open_questions if each.startswith(f"configuration: certificates.{part} {reason}")]


@pytest.mark.once
@pytest.mark.parametrize(
    "options",
    [
        ["--profile", "trial", "-k", "TRIAL or BASIC"],
        ["--profile", "whitepaper", "-n", "2", "-k", "BASIC or MTLS"],
        ["-k", "BASIC-10 or MTLS-20"],
        ["--require", "-k", "BASIC-03"],
    ],
    ids=" ".join,
)
def test_options_as_the_readme_writes_them(options: list[str], tmp_path: Path) -> None:
    """With a blank between option and value, and without the packages of the project's own tests."""
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(HIDES_PYTEST_HTTPX, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", f"--reports={tmp_path}", *options]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert verdict_in(tmp_path)["counts"]["proven"] > 0


@pytest.mark.once
@pytest.mark.parametrize("where", ["elsewhere", "suites"])
def test_run_from_another_folder(where: str, running: Path, tmp_path: Path) -> None:
    """The checks are run, and nothing else that lies about."""
    folder = ROOT / "suites" if where == "suites" else tmp_path / "elsewhere"
    folder.mkdir(exist_ok=True)
    if where == "elsewhere":
        (folder / "test_foreign.py").write_text("def test_foreign():\n    raise SystemError\n", encoding="utf-8")
    arguments = ["--landscape", os.path.relpath(running, folder), "--reports", str(tmp_path / "out"), "-k", "BASIC-03"]
    command = [sys.executable, "-m", "pytest", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [check["id"] for check in verdict_in(tmp_path / "out")["checks"]] == ["BASIC-03"]
    assert verdict_in(tmp_path / "out")["run"]["deselected"] > 90


@pytest.mark.once
def test_nothing_proven_is_no_success(running: Path, tmp_path: Path) -> None:
    """A pipeline that looks at the exit code alone is not told that all is well."""
    without = dict.fromkeys(("certificates", "service_keys", "cloud_foundry", "backend"))
    path = changed(running, Path("nothing.toml"), trust={}, **without)
    assert run_suite(tmp_path, f"--landscape={path}").returncode == 1
    assert verdict_in(tmp_path)["gate"] == "NOT PROVEN"


@pytest.mark.once
def test_workers_of_a_run_whose_reports_folder_is_new(tmp_path: Path) -> None:
    """They begin when it is there, and must not take it for a folder with checks."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "--reports", str(tmp_path / "new"), "-k", "BASIC-01"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert verdict_in(tmp_path / "new")["counts"]["proven"] == 3


def test_reports_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """One sentence and exit code 4."""
    (tmp_path / "file").write_text("")
    ended = run_suite(tmp_path / "file" / "below")
    assert ended.returncode == 4
    assert "cannot be written" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.once
@pytest.mark.parametrize("form", ["--landscape={}", "--landscape {}"], ids=["in-one", "as-two-arguments"])
def test_landscape_file_outside_of_the_checkout(form: str, running: Path, tmp_path: Path) -> None:
    """Both ways to write the option work, wherever the file is."""
    ended = run_suite(tmp_path, *form.format(running).split(), "-k", "BASIC-03")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert verdict_in(tmp_path)["counts"]["proven"] == 1


@pytest.mark.once
def test_trial_says_what_does_not_apply(tmp_path: Path) -> None:
    """Client-certificate checks have nothing to say about a trial tenant, and do not hold up its gate."""
    ended = run_suite(tmp_path, "--profile", "trial")
    document = verdict_in(tmp_path)
    assert ended.returncode == 0
    assert document["gate"] == "GO"
    reasons = {check["reason"] for check in document["checks"] if check["verdict"] == "not_proven"}
    assert reasons
    assert all(reason.startswith("not applicable: ") for reason in reasons)
    assert reasons.pop().startswith("not applicable")


def encodings(secret: str) -> set[bytes]:
    """How a secret may look in a file."""
    return {
        secret.encode(),
        base64.b64encode(secret.encode()),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        secret.encode().hex().encode(),
    }


@pytest.mark.once
def test_no_secret_in_the_results(running: Path, tmp_path: Path) -> None:
    """Neither results nor output hold a secret of the landscape, in whatever encoding, even when checks fail."""
    flow = {"address": "/test/clientcert", "body": "Something else"}
    path = changed(running, Path("leaking.toml"), flows=[flow])
    ended = run_suite(tmp_path, f"--landscape={path}", "-vv", "--showlocals", "--tb=long")
    landscape = load_landscape(path)
    pairs = [f"{key.clientid}:{key.clientsecret.reveal()}" for key in landscape.service_keys.values()]
    texts = [secret.reveal() for secret in landscape.secrets()] + pairs
    written = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    written += [ended.stdout.encode(), ended.stderr.encode()]
    assert len(written) > 100
    assert not [text for text in texts for form in encodings(text) for content in written if form in content]
