"""The rules between rooms (docs/architecture.md), read from the imports themselves."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "cpi_conformance"

ALLOWED = {
    "secret": set[str](),
    "deadline": set[str](),
    "certificates": {"secret"},
    "sender": {"certificates", "deadline", "secret"},
    "backend": {"certificates", "secret", "sender"},
    "control": {"certificates", "deadline", "secret"},
    "flows": set[str](),
    "landscape": {"backend", "certificates", "control", "diagnosis", "secret", "sender"},
    "diagnosis": {"backend", "certificates", "control", "secret", "sender"},
    "verdict": {"backend", "control", "diagnosis", "landscape", "sender"},
    "simulator": {"certificates", "secret"},
    "cli": {"certificates", "control", "landscape", "secret", "simulator"},
    "__main__": {"cli"},
    "pytest_start": {"unmistakable"},
    "unmistakable": set[str](),
}
"""Which rooms of the package each room may import; the two sides of a call share certificates and secrets only."""

STARTERS = {"fixtures/landscape.py", "src/cpi_conformance/cli.py"}
"""Who may start a simulator."""

VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|data)(_|$)")


def modules(folder: str) -> list[Path]:
    """The modules of a folder of the repository."""
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The dotted names that a module imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path} imports relatively"
            yield node.module


def room_of(path: Path) -> str:
    """The room that a module of the package is in."""
    return path.relative_to(ROOT / "src" / PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(f"src/{PACKAGE}"), ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_rooms_import_only_what_they_may(path: Path) -> None:
    """An import that the map does not show is a wall broken through."""
    room = room_of(path)
    if room == "__init__":
        return
    named = {name.split(".")[1] for name in imports(path) if name.startswith(f"{PACKAGE}.")}
    assert named - {room} <= ALLOWED[room]


@pytest.mark.parametrize("path", modules(f"src/{PACKAGE}"), ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_package_is_usable_without_pytest(path: Path) -> None:
    """What is checked and how it is reported is pytest's; how it is done is not."""
    outside = {name.split(".")[0] for name in imports(path)}
    assert not outside & {"pytest", "_pytest", "allure", "fixtures", "suites", "tests"}


@pytest.mark.parametrize("path", modules("suites"), ids=lambda path: path.name)
def test_suites_know_no_simulator(path: Path) -> None:
    """Checks never know which landscape they talk to."""
    assert not [name for name in imports(path) if name.startswith(f"{PACKAGE}.simulator")]


def test_only_two_start_a_simulator() -> None:
    """The fixture for a run, the command line for people."""
    found = {
        str(path.relative_to(ROOT))
        for folder in ("src", "fixtures", "suites")
        for path in modules(folder)
        if any(name == f"{PACKAGE}.simulator.landscape" for name in imports(path))
        and "simulator" not in path.relative_to(ROOT).parts
    }
    assert found == STARTERS


@pytest.mark.parametrize("folder", ["src", "fixtures", "suites", "tests", "benchmarks"])
def test_names_explain_themselves(folder: str) -> None:
    """No drawer for odds and ends."""
    assert not [path for path in modules(folder) if VAGUE.search(path.stem) or VAGUE.search(path.parent.name)]


def test_modules_stay_small() -> None:
    """A module that grows beyond 400 lines has found a second reason to exist."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules("src") + modules("fixtures")}
    assert max(sizes.values()) <= 400
    assert sorted(sizes.values())[len(sizes) // 2] <= 130


def test_fixtures_and_reports_are_no_packages_of_a_wheel(tmp_path: Path) -> None:
    """A wheel that brings a top-level package called ``fixtures`` breaks other projects."""
    hatchling = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed here")
    builder = hatchling.WheelBuilder(str(ROOT))
    wheel = next(builder.build(directory=str(tmp_path)))
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {PACKAGE}
    assert f"{PACKAGE}/diagnosis/catalogue.toml" in names
    assert f"{PACKAGE}/diagnosis/remedies.toml" in names
    assert f"{PACKAGE}/verdict/verdict.schema.json" in names
    assert f"{PACKAGE}/flows/clientcert/META-INF/MANIFEST.MF" in names
    assert f"{PACKAGE}/flows/clientcert/src/main/resources/script/respond.groovy" in names
