"""What the documents promise is what there is."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from cpi_conformance.landscape.schema import (
    BackendSection,
    CertificatesSection,
    CloudFoundrySection,
    LandscapeFile,
    LoginSection,
    ServiceKeysSection,
    TenantApiSection,
)
from cpi_conformance.sender import Layer
from cpi_conformance.verdict import SCHEMA

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def text(name: str) -> str:
    """A document."""
    return (ROOT / name).read_text(encoding="utf-8")


def shell_lines(document: str) -> list[str]:
    """The lines of the shell blocks of a document."""
    return [line for block in re.findall(r"```sh\n(.*?)```", document, re.S) for line in block.splitlines()]


def test_first_screen_holds_the_two_commands() -> None:
    """One runs the suite, one the project's own tests, each in one line with all the set-up."""
    suite, own = shell_lines("\n".join(README.splitlines()[:24]))
    assert suite.startswith("python3 -m venv")
    assert suite.endswith("pytest")
    assert own.startswith("python3 -m venv")
    assert own.endswith("tox")


def test_ci_runs_the_second_command() -> None:
    """CI proves what the README says, word for word."""
    assert text(".ci/run").splitlines()[-1] == shell_lines(README)[1]


def test_requirements_are_locked() -> None:
    """Every requirement has a version and a hash, and names no registry."""
    for path in (ROOT / "requirements").glob("*.txt"):
        content = path.read_text(encoding="utf-8")
        assert "://" not in content
        pinned = re.findall(r"^[a-z0-9].*$", content, re.M)
        assert pinned
        assert all("==" in line for line in pinned)
        assert content.count("--hash=sha256:") >= len(pinned)


def test_example_in_the_readme_has_the_shape_of_a_landscape_file() -> None:
    """Whoever copies it gets no surprise."""
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.S)
    LandscapeFile.model_validate(tomllib.loads(example))


def test_every_key_of_the_landscape_file_is_documented() -> None:
    """And no key is that does not exist."""
    document = text("docs/landscape-file.md")
    documented = set(re.findall(r"^\| `([a-z0-9_.]+)`", document, re.M))
    for section in ("runtime", "trust", "expectations", "flows", "accepted_deviations"):
        annotation = LandscapeFile.model_fields[section].annotation
        inner = getattr(annotation, "__args__", (annotation,))[0]
        assert inner is not None
        for key in inner.model_fields:
            assert f"{section}.{key}" in documented
    for key in CloudFoundrySection.model_fields:
        assert f"cloud_foundry.{key}" in documented
    for key in TenantApiSection.model_fields:
        assert f"tenant_api.{key}" in documented
    for key in BackendSection.model_fields:
        assert f"backend.{key}" in documented or f"`.{key}`" in document
    for key in LoginSection.model_fields:
        assert f"{key} = " in document
    for parts in (ServiceKeysSection, CertificatesSection):
        assert not [part for part in parts.model_fields if f"`{part}`" not in document]
    known = {"name", "kind", "stage", "edition", "profile", "faults", "sender_defect"}
    assert {key for key in documented if "." not in key} - set(ServiceKeysSection.model_fields) - set(
        CertificatesSection.model_fields
    ) == known


def test_example_of_the_verdict_follows_the_schema() -> None:
    """The documented document is a document."""
    (example,) = re.findall(r"```json\n(.*?)```", text("docs/verdicts.md"), re.S)
    jsonschema.validate(json.loads(example), SCHEMA, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("layer", Layer)
def test_every_layer_is_explained(layer: Layer) -> None:
    """Nobody has to guess what a layer of the report means."""
    assert f"`{layer}`" in text("docs/verdicts.md")


def test_every_dependency_earns_its_line() -> None:
    """What is installed for a user is explained, and nothing is explained that is not installed."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    declared = {re.split(r"[<>=]", name)[0] for name in project["dependencies"]}
    explained = set(re.findall(r"^\| ([A-Za-z0-9-]+) \|", text("docs/architecture.md"), re.M)) - {"room", "package"}
    assert explained == declared


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    """Within the repository."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
