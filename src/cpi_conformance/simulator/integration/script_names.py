"""What compiling a script needs everywhere: variables, parts of the tree, and the words of a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from cpi_conformance.simulator.integration.errors import ScriptBroken
from cpi_conformance.simulator.integration.groovy_source import Source
from cpi_conformance.simulator.integration.groovy_words import KEYWORDS
from cpi_conformance.simulator.integration.script_values import Budget


@dataclass
class Evaluation:
    """One call of a function under way."""

    variables: dict[str, object]
    budget: Budget


Expression = Callable[[Evaluation], object]
Signatures = Mapping[str, Callable[[tuple[object, ...], Budget], object]]


@dataclass
class Names:
    """Which variables a place in a function sees, and where their values are kept."""

    _slots: dict[str, str]
    _counter: list[int] = field(default_factory=lambda: [0])

    @classmethod
    def of(cls, parameters: tuple[str, ...]) -> Names:
        """What the beginning of a function sees."""
        return cls({name: name for name in parameters})

    def inner(self) -> Names:
        """The same for a block inside: what is declared there is not seen behind it."""
        return Names(dict(self._slots), self._counter)

    def declare(self, name: str, line: int) -> str:
        """Where the value of a new variable is kept; ``ScriptBroken`` when the name is taken."""
        if name in KEYWORDS:
            raise ScriptBroken(f"Line {line}: syntax error.")
        if name in self._slots:
            raise ScriptBroken(f"Line {line}: the variable {name!r} is declared already.")
        self._counter[0] += 1
        self._slots[name] = f"{name} {self._counter[0]}"
        return self._slots[name]

    def slot(self, name: str) -> str | None:
        """Where the value of a variable is kept, or ``None``."""
        return self._slots.get(name)


def child(node: Node, name: str) -> Node:
    """A part of a node that the grammar guarantees."""
    found = node.child_by_field_name(name)
    if found is None:
        raise ScriptBroken(f"A part of {node.type.replace('_', ' ')} is outside the simulated subset of Groovy.")
    return found


def children(node: Node, name: str) -> list[Node]:
    """All parts of one name."""
    return node.children_by_field_name(name)


def constant(value: object) -> Expression:
    """An expression that always has this value."""
    return lambda evaluation: value


def outside(source: Source, node: Node, construct: str) -> ScriptBroken:
    """The refusal of a construct that is not simulated."""
    return ScriptBroken(f"Line {source.line_of(node)}: {construct} is outside the simulated subset of Groovy.")
