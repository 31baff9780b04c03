"""What a script refers to by name: variables, properties, methods, functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tree_sitter import Node

from cpi_conformance.simulator.integration.errors import ScriptBroken, ScriptFailed
from cpi_conformance.simulator.integration.groovy import SAFE, TEXT
from cpi_conformance.simulator.integration.groovy_source import Source
from cpi_conformance.simulator.integration.groovy_words import KEYWORDS
from cpi_conformance.simulator.integration.script_calls import (
    CLASSES,
    KNOWN_METHODS,
    call,
    read_property,
    write_property,
)
from cpi_conformance.simulator.integration.script_names import (
    Evaluation,
    Expression,
    Names,
    Signatures,
    child,
    constant,
    outside,
)
from cpi_conformance.simulator.integration.script_values import ClassName, json_of, text_of

TO_JSON = {"JsonOutput.toJson", "groovy.json.JsonOutput.toJson"}
REFLECTION = {"class", "metaClass", "classLoader"}
PACKAGES = {"java", "javax", "groovy", "org", "com", "sap", "sun", "jdk"}
BINDINGS = {"messageLogFactory", "binding", "out"}


class References:
    """Compiles references of one script; ``expression`` compiles what they are made of."""

    def __init__(
        self,
        source: Source,
        functions: Signatures,
        arity: Mapping[str, int],
        expression: Callable[[Node, Names], Expression],
    ) -> None:
        self._source = source
        self._functions = functions
        self._arity = arity
        self.expression = expression

    def assignment(self, node: Node, names: Names) -> Expression:
        """``name = value`` or ``message.body = value``."""
        target = child(node, "left")
        value = self.expression(child(node, "right"), names)
        if target.type == "identifier":
            name = self._source.text(target)
            slot = names.slot(name)
            if slot is None:
                raise self._outside(target, f"the variable {name!r} without a declaration")

            def assign(evaluation: Evaluation) -> object:
                evaluation.variables[slot] = result = value(evaluation)
                return result

            return assign
        if target.type != "field_access" or self._source.text(child(target, "field")) != "body":
            raise self._outside(target, "an assignment to anything but a variable or the body of the message")
        owner = self.expression(child(target, "object"), names)

        def write(evaluation: Evaluation) -> object:
            result = value(evaluation)
            write_property(owner(evaluation), "body", result)
            return result

        return write

    def name(self, node: Node, names: Names) -> Expression:
        """A variable, or a class as an argument."""
        name = self._source.text(node)
        slot = names.slot(name)
        if slot is not None:
            return lambda evaluation: evaluation.variables[slot]
        if name in KEYWORDS:
            raise ScriptBroken(f"Line {self._source.line_of(node)}: syntax error.")
        if name in CLASSES:
            return constant(ClassName(name))
        if name[0].isupper() or name in BINDINGS or name in self._functions:
            raise self._outside(node, f"access to {name}")
        text = f"groovy.lang.MissingPropertyException: No such property: {name} for class: Script1"

        def missing(evaluation: Evaluation) -> object:
            raise ScriptFailed(text)

        return missing

    def property(self, node: Node, names: Names) -> Expression:
        """``a.b`` and ``a?.b``."""
        path = self._path(node)
        if path in CLASSES:
            return constant(ClassName(path))
        self._known_root(node, path, names)
        name = self._source.text(child(node, "field"))
        if name in REFLECTION:
            raise self._outside(node, f"reflection ('.{name}')")
        owner, safe = self._receiver(child(node, "object"), names)

        def read(evaluation: Evaluation) -> object:
            receiver = owner(evaluation)
            return None if safe and receiver is None else read_property(receiver, name)

        return read

    def entry(self, node: Node, names: Names) -> Expression:
        """``a[b]``."""
        owner, index = (self.expression(child(node, part), names) for part in ("array", "index"))

        def read(evaluation: Evaluation) -> object:
            receiver, key = owner(evaluation), index(evaluation)
            if isinstance(receiver, tuple) and isinstance(key, int) and not isinstance(key, bool):
                return receiver[key] if 0 <= key < len(receiver) else None
            return read_property(receiver, text_of(key, evaluation.budget))

        return read

    def call(self, node: Node, names: Names) -> Expression:
        """A method, a function of the script, or a text with ``${…}``."""
        if node.child_by_field_name("body") is not None:
            raise self._outside(node, "a closure")
        given = child(node, "arguments").named_children
        arguments = [self.expression(each, names) for each in given]
        name = self._source.text(child(node, "name"))
        receiver = node.child_by_field_name("object")
        if receiver is None:
            return self._call_function(node, name, arguments)
        path = self._path(receiver)
        if f"{path}.{name}" in TO_JSON and len(arguments) == 1:
            return lambda evaluation: json_of(arguments[0](evaluation), evaluation.budget)
        self._known_root(receiver, path, names)
        if name not in KNOWN_METHODS:
            raise self._outside(node, f"the method {name}()")
        owner, safe = self._receiver(receiver, names)

        def invoke(evaluation: Evaluation) -> object:
            value = owner(evaluation)
            if safe and value is None:
                return None
            return call(value, name, tuple([each(evaluation) for each in arguments]), evaluation.budget)

        return invoke

    def _call_function(self, node: Node, name: str, arguments: list[Expression]) -> Expression:
        if name == TEXT:

            def text(evaluation: Evaluation) -> object:
                parts = [text_of(each(evaluation), evaluation.budget) for each in arguments]
                evaluation.budget.spend(sum(len(part) for part in parts))
                return "".join(parts)

            return text
        if name not in self._functions:
            raise self._outside(node, f"the function {name}()")
        if len(arguments) != self._arity[name]:
            line = self._source.line_of(node)
            raise ScriptBroken(f"Line {line}: {name}() takes {self._arity[name]} arguments, not {len(arguments)}.")
        function = self._functions[name]
        return lambda evaluation: function(tuple([each(evaluation) for each in arguments]), evaluation.budget)

    def _receiver(self, node: Node, names: Names) -> tuple[Expression, bool]:
        """What stands before a dot, and whether it may be null there."""
        if node.type == "field_access" and self._source.text(child(node, "field")) == SAFE:
            return self.expression(child(node, "object"), names), True
        return self.expression(node, names), False

    def _path(self, node: Node) -> str:
        """The dotted name of a node; empty when it is none."""
        if node.type == "identifier":
            return self._source.text(node)
        if node.type != "field_access":
            return ""
        before = self._path(child(node, "object"))
        return before and f"{before}.{self._source.text(child(node, 'field'))}"

    def _known_root(self, node: Node, path: str, names: Names) -> None:
        root = path.partition(".")[0]
        if root in PACKAGES and names.slot(root) is None:
            raise self._outside(node, f"access to {path}")

    def _outside(self, node: Node, construct: str) -> ScriptBroken:
        return outside(self._source, node, construct)
