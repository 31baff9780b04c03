"""What one run creates on a tenant, packages with flows and keystore entries, and its removal.

The tenant API knows no labels, so whose something is stands in its id: a package or flow begins with
``cpic`` and the run, a keystore alias with ``cpic-`` and the run. When it may be removed by others stands in the
package's short text, and in the alias. A package is created first and goes last, so that whatever a run has on the
tenant hangs on something that says until when.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cpi_conformance.control.errors import ControlError
from cpi_conformance.control.place import Held, Remaining, Removal
from cpi_conformance.control.run_mark import RunMark
from cpi_conformance.control.tenant import KeystoreEntry, Package, RuntimeArtifact, Tenant

OURS = re.compile(r"cpic([0-9a-f]{12})[A-Za-z0-9]+")
"""Ids of packages and flows; the tenant takes letters and digits only."""

OUR_ALIAS = re.compile(r"cpic-([0-9a-f]{12})-([0-9]{10})-.+")

SHORT_TEXT = re.compile(r"cpi-conformance run ([0-9a-f]{12}) expires ([0-9]{10})")

PACKAGE, FLOW, ENTRY = "package", "flow", "keystore entry"

ROUNDS = 3


@dataclass(frozen=True)
class Found:
    """Something of a run on a tenant; no mark when it does not say until when."""

    held: Held
    run: str
    mark: RunMark | None


class Content:
    """Names what a run creates on a tenant, and removes it; safe to use from several threads."""

    def __init__(self, tenant: Tenant, mark: RunMark) -> None:
        self.tenant = tenant
        self.mark = mark

    @property
    def name(self) -> str:
        """What a receipt calls it."""
        return "tenant"

    def package(self, name: str) -> Package:
        """A package of the run, to be created; ``name`` is the whitepaper's."""
        letters = re.sub(r"[^A-Za-z0-9]", "", name)
        told = f"cpi-conformance run {self.mark.run} expires {self.mark.expires:010d}"
        return Package(f"cpic{self.mark.run}{letters}", f"{name} {self.mark.run}", told)

    def flow_id(self, name: str) -> str:
        """The id of a flow of the run."""
        return f"cpic{self.mark.run}{name}"

    def alias(self, name: str) -> str:
        """The alias of a keystore entry of the run."""
        return f"cpic-{self.mark.run}-{self.mark.expires:010d}-{name}"

    def inventory(self) -> frozenset[Held]:
        """All packages, deployed flows and keystore entries of the tenant, but for what another run has created.

        Raises:
            ControlError: they could not be listed.
        """
        packages, flows, entries = self._listed()
        held = frozenset(
            (
                *(Held(PACKAGE, each.name, each.id) for each in packages),
                *(Held(FLOW, each.name, each.id) for each in flows),
                *(Held(ENTRY, each.alias, each.hexalias) for each in entries),
            )
        )
        return held - {each.held for each in _of_runs(packages, flows, entries) if each.run != self.mark.run}

    def ours(self) -> frozenset[Held]:
        """What of it belongs to this run.

        Raises:
            ControlError: it could not be listed.
        """
        return frozenset(each.held for each in self.of_runs() if each.run == self.mark.run)

    def of_runs(self) -> tuple[Found, ...]:
        """Whatever any run has created; flows before packages, as they must be removed.

        Raises:
            ControlError: it could not be listed.
        """
        return _of_runs(*self._listed())

    def remove_all(self, progress: Callable[[str], None] = lambda line: None) -> Removal:
        """Remove all that belongs to the run; goes on after an error.

        Never raises :class:`ControlError`: what could not even be listed is reported as remaining.
        """
        removed: list[Held] = []
        failed: dict[Held, str] = {}
        for _ in range(ROUNDS):
            try:
                found = [each.held for each in self.of_runs() if each.run == self.mark.run]
            except ControlError as error:
                listing = Remaining(Held("place", self.name, ""), str(error))
                return Removal(tuple(removed), (*_remaining(failed), listing))
            if not found:
                return Removal(tuple(removed), ())
            failed = {}
            for held in found:
                why = self.remove(held)
                progress(f"{held.kind} {held.name} " + ("removed" if why is None else f"not removed: {why}"))
                if why is None:
                    removed.append(held)
                else:
                    failed[held] = why
        return Removal(tuple(removed), _remaining(failed))

    def remove(self, held: Held) -> str | None:
        """Remove one thing; why it could not be, or ``None``."""
        try:
            match held.kind:
                case "flow":
                    self.tenant.undeploy(held.guid)
                case "package":
                    self.tenant.delete_package(held.guid)
                case _:
                    self.tenant.delete_entry(held.name)
        except ControlError as error:
            return str(error)
        return None

    def _listed(self) -> tuple[tuple[Package, ...], tuple[RuntimeArtifact, ...], tuple[KeystoreEntry, ...]]:
        return self.tenant.packages(), self.tenant.runtime_artifacts(), self.tenant.keystore()


def _mark_of(package: Package) -> RunMark | None:
    found = SHORT_TEXT.fullmatch(package.short_text)
    ours = OURS.fullmatch(package.id)
    return RunMark(found[1], int(found[2])) if found and ours and ours[1] == found[1] else None


def _remaining(failed: dict[Held, str]) -> tuple[Remaining, ...]:
    return tuple(Remaining(held, why) for held, why in sorted(failed.items()))


def _of_runs(
    packages: tuple[Package, ...], flows: tuple[RuntimeArtifact, ...], entries: tuple[KeystoreEntry, ...]
) -> tuple[Found, ...]:
    marks = {mark.run: mark for each in packages if (mark := _mark_of(each))}
    found = [
        Found(Held(kind, name, guid), match[1], marks.get(match[1]))
        for kind, name, guid in (
            *((FLOW, each.name, each.id) for each in flows),
            *((PACKAGE, each.name, each.id) for each in packages),
        )
        if (match := OURS.fullmatch(guid))
    ]
    aliases = [
        Found(Held(ENTRY, each.alias, each.hexalias), match[1], RunMark(match[1], int(match[2])))
        for each in entries
        if (match := OUR_ALIAS.fullmatch(each.alias))
    ]
    return (*aliases, *found)
