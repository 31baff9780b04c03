"""The expressions of a script, compiled to closures; names are resolved when a script is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from tree_sitter import Node

from cpi_conformance.simulator.integration.errors import ScriptBroken
from cpi_conformance.simulator.integration.groovy import ELVIS, EMPTY_MAP
from cpi_conformance.simulator.integration.groovy_source import Source
from cpi_conformance.simulator.integration.script_calls import CLASSES, cast
from cpi_conformance.simulator.integration.script_names import (
    Evaluation,
    Expression,
    Names,
    Signatures,
    child,
    children,
    constant,
    outside,
)
from cpi_conformance.simulator.integration.script_operators import BINARY
from cpi_conformance.simulator.integration.script_references import References
from cpi_conformance.simulator.integration.script_values import is_true

CONSTRUCTS = {
    "closure": "a closure",
    "lambda_expression": "a closure",
    "juxt_function_call": "a call without parentheses",
    "object_creation_expression": "the creation of an object",
    "assignment_expression": "an assignment inside of an expression",
    "cast_expression": "a cast in parentheses",
    "map_item": "a named argument",
}


class Expressions:
    """Compiles expressions of one script."""

    def __init__(self, source: Source, functions: Signatures, arity: Mapping[str, int]) -> None:
        self._source = source
        references = References(source, functions, arity, self.expression)
        self.assignment = references.assignment
        self._kinds: dict[str, Callable[[Node, Names], Expression]] = {
            "string_literal": self._string,
            "decimal_integer_literal": lambda node, names: constant(int(source.text(node))),
            "decimal_floating_point_literal": lambda node, names: constant(Decimal(source.text(node))),
            "true": lambda node, names: constant(True),
            "false": lambda node, names: constant(False),
            "null_literal": lambda node, names: constant(None),
            "identifier": references.name,
            "parenthesized_expression": lambda node, names: self.expression(node.named_children[0], names),
            "array_literal": self._list,
            "map_literal": self._map,
            "ternary_expression": self._ternary,
            "binary_expression": self._binary,
            "unary_expression": self._not,
            "instanceof_expression": self._cast,
            "field_access": references.property,
            "array_access": references.entry,
            "method_invocation": references.call,
        }

    def expression(self, node: Node, names: Names) -> Expression:
        """Any expression."""
        if node.type not in self._kinds:
            raise self._outside(node, CONSTRUCTS.get(node.type, node.type.replace("_", " ")))
        return self._kinds[node.type](node, names)

    def condition(self, node: Node, names: Names) -> Callable[[Evaluation], bool]:
        """An expression as ``if`` takes it."""
        value = self.expression(node, names)
        return lambda evaluation: is_true(value(evaluation))

    def _string(self, node: Node, names: Names) -> Expression:
        return constant(self._source.string_of(node))

    def _list(self, node: Node, names: Names) -> Expression:
        items = [self.expression(each, names) for each in node.named_children]
        return lambda evaluation: tuple([item(evaluation) for item in items])

    def _map(self, node: Node, names: Names) -> Expression:
        entries: list[tuple[str, Expression]] = []
        for item in node.named_children:
            keys = children(item, "key")
            if item.type != "map_item" or len(keys) != 1 or keys[0].type not in ("identifier", "string_literal"):
                raise self._outside(node, "a map with keys that are neither names nor plain texts")
            if self._source.text(keys[0]) != EMPTY_MAP:
                key = (
                    self._source.string_of(keys[0]) if keys[0].type == "string_literal" else self._source.text(keys[0])
                )
                entries.append((key, self.expression(child(item, "value"), names)))
        return lambda evaluation: {key: value(evaluation) for key, value in entries}

    def _ternary(self, node: Node, names: Names) -> Expression:
        condition = self.expression(child(node, "condition"), names)
        otherwise = self.expression(child(node, "alternative"), names)
        if self._source.text(child(node, "consequence")) == ELVIS:

            def elvis(evaluation: Evaluation) -> object:
                value = condition(evaluation)
                return value if is_true(value) else otherwise(evaluation)

            return elvis
        then = self.expression(child(node, "consequence"), names)
        return lambda evaluation: then(evaluation) if is_true(condition(evaluation)) else otherwise(evaluation)

    def _binary(self, node: Node, names: Names) -> Expression:
        operator = self._source.text(child(node, "operator"))
        if operator not in BINARY:
            raise self._outside(node, f"the operator {operator!r}")
        left, right = (self.expression(child(node, side), names) for side in ("left", "right"))
        return BINARY[operator](left, right)

    def _not(self, node: Node, names: Names) -> Expression:
        operand = self.condition(child(node, "operand"), names)
        return lambda evaluation: not operand(evaluation)

    def _cast(self, node: Node, names: Names) -> Expression:
        value = self.expression(child(node, "left"), names)
        wanted = self._source.text(child(node, "right"))
        if wanted not in CLASSES:
            raise self._outside(node, f"'as {wanted}'")
        return lambda evaluation: cast(value(evaluation), wanted, evaluation.budget)

    def _outside(self, node: Node, construct: str) -> ScriptBroken:
        return outside(self._source, node, construct)
