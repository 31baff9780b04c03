"""What belongs to which run on a tenant, where there are no labels: told by ids, aliases and short texts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cpi_conformance.control.content import Content
from cpi_conformance.control.errors import ControlError, Unreachable
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.tenant import KeystoreEntry, Package, RuntimeArtifact, Tenant

MARK = RunMark("0123456789ab", 1_800_000_000)
OTHER = RunMark("ba9876543210", 1_700_000_000)


@dataclass
class Shelf:
    """A tenant that is a few lists."""

    packs: list[Package] = field(default_factory=list)
    flows: list[RuntimeArtifact] = field(default_factory=list)
    entries: list[KeystoreEntry] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    stubborn: set[str] = field(default_factory=set)
    silent: bool = False

    def packages(self) -> tuple[Package, ...]:
        """All of them."""
        if self.silent:
            raise Unreachable("GET packages", "nobody there", may_have_arrived=False)
        return tuple(self.packs)

    def runtime_artifacts(self) -> tuple[RuntimeArtifact, ...]:
        """All of them."""
        return tuple(self.flows)

    def keystore(self) -> tuple[KeystoreEntry, ...]:
        """All of them."""
        return tuple(self.entries)

    def undeploy(self, artifact_id: str) -> None:
        """One less."""
        self._remove(artifact_id)
        self.flows = [each for each in self.flows if each.id != artifact_id]

    def delete_package(self, package_id: str) -> None:
        """One less."""
        self._remove(package_id)
        self.packs = [each for each in self.packs if each.id != package_id]

    def delete_entry(self, alias: str) -> None:
        """One less."""
        self._remove(alias)
        self.entries = [each for each in self.entries if each.alias != alias]

    def _remove(self, what: str) -> None:
        if what in self.stubborn:
            raise ControlError(f"{what} stays")
        self.done.append(what)


def content_on(shelf: Shelf, mark: RunMark = MARK) -> Content:
    """The content of a run on it."""
    tenant: Tenant = shelf  # type: ignore[assignment]  # as far as it is used here
    return Content(tenant, mark)


def furnished() -> Shelf:
    """With things of two runs, and of people."""
    shelf = Shelf()
    for mark in (MARK, OTHER):
        of_run = content_on(shelf, mark)
        shelf.packs.append(of_run.package("My CPI Pkg"))
        shelf.flows.append(RuntimeArtifact(of_run.flow_id("Flow"), "1.0.0", "STARTED"))
        shelf.entries.append(KeystoreEntry(of_run.alias("passport")))
    shelf.packs += [
        Package("MyCPIPkg", "My CPI Pkg", "by hand"),
        Package("cpicProduction", "cpic", content_on(shelf).package("x").short_text),
        Package(f"cpic{MARK.run}", "only the mark", "by hand"),
    ]
    shelf.flows.append(RuntimeArtifact("MyClientCertificateConnection", "1.0.0", "STARTED"))
    shelf.entries += [KeystoreEntry("sap_cloudintegrationcertificate"), KeystoreEntry("cpic-production-passport")]
    return shelf


def test_a_run_removes_its_own_and_nothing_else() -> None:
    """Flows before their package, so that whatever is left hangs on something that says until when."""
    shelf = furnished()
    before = content_on(shelf).inventory()
    removal = content_on(shelf).remove_all()
    assert not removal.remaining
    assert shelf.done == [
        content_on(shelf).alias("passport"),
        content_on(shelf).flow_id("Flow"),
        content_on(shelf).package("My CPI Pkg").id,
    ]
    assert {held.name for held in before - content_on(shelf).inventory()} == {
        content_on(shelf).alias("passport"),
        "",
        f"My CPI Pkg {MARK.run}",
    }


def test_the_inventory_leaves_out_what_other_runs_have() -> None:
    """Runs share a tenant; people's things count."""
    shelf = furnished()
    names = {held.guid for held in content_on(shelf).inventory()} | {
        held.name for held in content_on(shelf).inventory()
    }
    assert not [name for name in names if OTHER.run in name]
    assert {"MyCPIPkg", "cpicProduction", "sap_cloudintegrationcertificate"} <= names


def test_what_says_until_when() -> None:
    """The package speaks for its flows; an alias for itself; an orphaned flow has no mark."""
    shelf = furnished()
    shelf.packs = [each for each in shelf.packs if OTHER.run not in each.id]
    marks = {each.held.guid or each.held.name: each.mark for each in content_on(shelf).of_runs()}
    assert marks[content_on(shelf).flow_id("Flow")] == MARK
    assert marks[content_on(shelf, OTHER).flow_id("Flow")] is None
    aliases = [each.mark for each in content_on(shelf).of_runs() if each.held.kind == "keystore entry"]
    assert aliases == [MARK, OTHER]


@pytest.mark.parametrize("stubborn", ["alias", "flow", "package"])
def test_removal_goes_on_after_an_error(stubborn: str) -> None:
    """And says what it could not remove."""
    shelf = furnished()
    it = content_on(shelf)
    names = {"alias": it.alias("passport"), "flow": it.flow_id("Flow"), "package": it.package("My CPI Pkg").id}
    shelf.stubborn = {names[stubborn]}
    removal = it.remove_all()
    assert [each.why for each in removal.remaining] == [f"{names[stubborn]} stays"]
    assert set(shelf.done) == set(names.values()) - shelf.stubborn


def test_a_tenant_that_does_not_answer_is_no_empty_one() -> None:
    """What could not be listed remains."""
    shelf = furnished()
    shelf.silent = True
    (remaining,) = content_on(shelf).remove_all().remaining
    assert "nobody there" in remaining.why
