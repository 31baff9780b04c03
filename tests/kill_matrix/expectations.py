"""What the suite must say about each defect: the files of this folder, one for each system that can be wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent

NOT_CLEAN = "not clean"
"""What ``receipt`` says of a defect that the receipt must show."""

ALL = "all"
"""What ``apart`` says of a defect that hides most others."""

KEYS = frozenset({"refuted", "cause", "causes", "not_proven", "receipt", "beside", "apart"})


@dataclass(frozen=True)
class Expectation:
    """What a run on one defect must end with; every check that it does not name must end as without the defect.

    Attributes:
        refuted: the ids of the checks that must be REFUTED.
        cause: the cause that each of them must name, unless ``causes`` has another for it.
        not_proven: the ids of the checks that end NOT PROVEN, such as those whose twin the defect takes away.
        clean: whether the receipts must say that nothing is left behind and nothing of others is gone.
        beside: the ids of further checks without which it does not show: in, or beside, what they create.
        apart: the names of defects that hide this one, or are hidden by it, in a run that they share; or :data:`ALL`.
    """

    refuted: frozenset[str]
    cause: str | None = None
    causes: Mapping[str, str] = field(default_factory=dict)
    not_proven: frozenset[str] = frozenset()
    clean: bool = True
    beside: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()

    @property
    def named(self) -> frozenset[str]:
        """The ids of the checks that do not end as without the defect."""
        return self.refuted | self.not_proven

    @property
    def few(self) -> frozenset[str]:
        """The ids of the checks that must be run to see all of it."""
        return self.named | self.beside

    def within(self, checks: frozenset[str]) -> Expectation:
        """What is expected when no others than these checks are run."""
        return replace(self, refuted=self.refuted & checks, not_proven=self.not_proven & checks)

    def cause_of(self, check: str) -> str | None:
        """The cause that a check must name."""
        return self.causes.get(check, self.cause)

    @classmethod
    def of_all(cls, expectations: Iterable[Expectation]) -> Expectation:
        """What a run must end with that is wrong in all these ways, when each changes what it would change alone."""
        every = list(expectations)
        return cls(
            refuted=frozenset[str]().union(*(each.refuted for each in every)),
            causes={check: cause for each in every for check in each.refuted if (cause := each.cause_of(check))},
            not_proven=frozenset[str]().union(*(each.not_proven for each in every)),
            clean=all(each.clean for each in every),
        )


@dataclass(frozen=True)
class Expectations:
    """The expectations of all files by the name of the defect, and what is wrong with the files, a line each."""

    by_name: Mapping[str, Expectation]
    problems: tuple[str, ...] = ()


def load(paths: Iterable[Path] | None = None) -> Expectations:
    """Read the files; one that cannot be read takes nothing from the others."""
    found: dict[str, Expectation] = {}
    problems: list[str] = []
    for path in sorted(FOLDER.glob("*.toml")) if paths is None else paths:
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8")).get("defects", {})
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{path.name}: {error}")
            continue
        for name, table in tables.items():
            wrong = [f"{path.name}, {name}: {each}" for each in _problems(table)]
            if name in found:
                wrong.append(f"{path.name}, {name}: it is in another file too")
            problems += wrong
            if not wrong:
                found[name] = _expectation(table)
    return Expectations(found, tuple(problems))


def _problems(table: Mapping[str, Any]) -> list[str]:
    """What is wrong with the table of one defect."""
    problems = [f"there is no key {key}; there are {', '.join(sorted(KEYS))}" for key in table.keys() - KEYS]
    if table.get("receipt", NOT_CLEAN) != NOT_CLEAN:
        problems.append(f'receipt is "{NOT_CLEAN}" or left out')
    if isinstance(table.get("apart", []), str) and table["apart"] != ALL:
        problems.append(f'apart is "{ALL}" or a list of defects')
    refuted, causes = set(table.get("refuted", ())), table.get("causes", {})
    if not refuted and "receipt" not in table:
        problems.append("refuted names no check, and the receipt is not to show it either")
    if refuted - causes.keys() and "cause" not in table:
        problems.append("there is no cause that the refuted checks must name")
    if strangers := causes.keys() - refuted:
        problems.append(f"causes speaks of {', '.join(sorted(strangers))}, which refuted does not name")
    if both := refuted & set(table.get("not_proven", ())):
        problems.append(f"{', '.join(sorted(both))} cannot be both refuted and not proven")
    return problems


def _expectation(table: Mapping[str, Any]) -> Expectation:
    apart = table.get("apart", ())
    return Expectation(
        refuted=frozenset(table.get("refuted", ())),
        cause=table.get("cause"),
        causes=table.get("causes", {}),
        not_proven=frozenset(table.get("not_proven", ())),
        clean="receipt" not in table,
        beside=frozenset(table.get("beside", ())),
        apart=frozenset([ALL] if apart == ALL else apart),
    )
