"""The functions of a script: its statements, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from cpi_conformance.simulator.integration.errors import ScriptBroken, ScriptFailed
from cpi_conformance.simulator.integration.groovy_source import Source
from cpi_conformance.simulator.integration.script_expressions import Expressions
from cpi_conformance.simulator.integration.script_names import Evaluation, Names, child, children, outside
from cpi_conformance.simulator.integration.script_values import Budget, text_of

CALL_DEPTH = 200
"""The sum of the depths of all functions that are under way."""

Outcome = tuple[bool, object]
"""Whether a ``return`` was met, and the value of it or of the last expression."""

Statement = Callable[[Evaluation], Outcome]

EXCEPTIONS = {"RuntimeException", "java.lang.RuntimeException", "Exception", "java.lang.Exception"}


@dataclass
class Function:
    """A function; ``depth`` is how deep its statements and expressions are nested."""

    name: str
    parameters: tuple[str, ...]
    body: Statement | None = None
    depth: int = 0

    def call(self, arguments: tuple[object, ...], budget: Budget) -> object:
        """What it answers; the value of the last statement when it has no ``return``."""
        assert self.body is not None
        budget.spend()
        if budget.depth + self.depth > CALL_DEPTH:
            raise ScriptFailed("java.lang.StackOverflowError")
        budget.depth += self.depth
        variables = dict(zip(self.parameters, arguments, strict=True))
        _, value = self.body(Evaluation(variables, budget))
        budget.depth -= self.depth
        return value


def functions_of(source: Source, program: Node) -> Mapping[str, Function]:
    """The functions of a script by their names; ``ScriptBroken`` when anything else stands there."""
    functions: dict[str, Function] = {}
    definitions: list[tuple[Function, Node]] = []
    for node in program.named_children:
        if node.type == "import_declaration":
            continue
        if node.type not in ("function_definition", "method_declaration"):
            raise outside(source, node, "a statement outside of a function")
        function = _signature(source, node)
        if function.name in functions:
            raise ScriptBroken(f"Line {source.line_of(node)}: the function {function.name} is defined twice.")
        functions[function.name] = function
        definitions.append((function, node))
    signatures = {name: function.call for name, function in functions.items()}
    arity = {name: len(function.parameters) for name, function in functions.items()}
    for function, node in definitions:
        compiler = _Statements(source, Expressions(source, signatures, arity))
        function.body = compiler.block(child(node, "body"), Names.of(function.parameters))
        function.depth = _depth(node)
    return functions


def _signature(source: Source, node: Node) -> Function:
    parameters = child(node, "parameters").named_children
    if any(each.type != "formal_parameter" for each in parameters):
        raise outside(source, node, "a parameter of this kind")
    names = tuple(source.text(child(each, "name")) for each in parameters)
    if len(set(names)) != len(names):
        raise ScriptBroken(f"Line {source.line_of(node)}: two parameters have one name.")
    return Function(source.text(child(node, "name")), names)


class _Statements:
    def __init__(self, source: Source, expressions: Expressions) -> None:
        self._source = source
        self._expressions = expressions

    def block(self, node: Node, names: Names) -> Statement:
        """Statements in braces, with variables of their own."""
        if any(each.type == "lambda_expression" for each in node.named_children):
            raise outside(self._source, node, "a closure")
        inner = names.inner()
        statements = tuple(self.statement(each, inner) for each in node.named_children)

        def run(evaluation: Evaluation) -> Outcome:
            outcome: Outcome = (False, None)
            for statement in statements:
                evaluation.budget.spend()
                outcome = statement(evaluation)
                if outcome[0]:
                    break
            return outcome

        return run

    def statement(self, node: Node, names: Names) -> Statement:
        """Any statement."""
        kinds: dict[str, Callable[[Node, Names], Statement]] = {
            "block": self.block,
            "closure": self.block,
            "if_statement": self._if,
            "return_statement": self._return,
            "throw_statement": self._throw,
            "local_variable_declaration": self._declaration,
            "expression_statement": lambda each, inner: self._value(each.named_children[0], inner),
        }
        return kinds.get(node.type, self._value)(node, names)

    def _value(self, node: Node, names: Names) -> Statement:
        if node.type == "assignment_expression":
            assign = self._expressions.assignment(node, names)
            return lambda evaluation: (False, assign(evaluation))
        value = self._expressions.expression(node, names)
        return lambda evaluation: (False, value(evaluation))

    def _if(self, node: Node, names: Names) -> Statement:
        condition = self._expressions.condition(child(node, "condition"), names)
        then = self.statement(child(node, "consequence"), names.inner())
        alternative = node.child_by_field_name("alternative")
        otherwise = self.statement(alternative, names.inner()) if alternative is not None else None

        def run(evaluation: Evaluation) -> Outcome:
            if condition(evaluation):
                return then(evaluation)
            return otherwise(evaluation) if otherwise else (False, None)

        return run

    def _return(self, node: Node, names: Names) -> Statement:
        if not node.named_children:
            return lambda evaluation: (True, None)
        value = self._expressions.expression(node.named_children[0], names)
        return lambda evaluation: (True, value(evaluation))

    def _throw(self, node: Node, names: Names) -> Statement:
        created = node.named_children[0]
        name = self._source.text(child(created, "type")) if created.type == "object_creation_expression" else ""
        arguments = child(created, "arguments").named_children if name in EXCEPTIONS else []
        if len(arguments) != 1:
            raise outside(self._source, node, "a throw of anything but new RuntimeException(text)")
        text = self._expressions.expression(arguments[0], names)
        full = name if name.startswith("java.") else f"java.lang.{name}"

        def run(evaluation: Evaluation) -> Outcome:
            raise ScriptFailed(f"{full}: {text_of(text(evaluation), evaluation.budget)}")

        return run

    def _declaration(self, node: Node, names: Names) -> Statement:
        declarators = children(node, "declarator")
        kind = node.child_by_field_name("type")
        if kind is None and not any(each.type == "def" for each in node.children):
            # the grammar takes a name that stands alone for a declaration without a type
            return self._value(child(declarators[0], "name"), names)
        converts = kind is not None and self._source.text(kind) in ("String", "java.lang.String")
        assignments = [self._declared(each, names, converts) for each in declarators]

        def run(evaluation: Evaluation) -> Outcome:
            for assign in assignments:
                assign(evaluation)
            return False, None

        return run

    def _declared(self, node: Node, names: Names, converts: bool) -> Callable[[Evaluation], object]:
        value = node.child_by_field_name("value")
        initial = self._expressions.expression(value, names) if value is not None else None
        slot = names.declare(self._source.text(child(node, "name")), self._source.line_of(node))

        def assign(evaluation: Evaluation) -> object:
            result = initial(evaluation) if initial else None
            if converts and result is not None:
                result = text_of(result, evaluation.budget)
            evaluation.variables[slot] = result
            return result

        return assign


def _depth(node: Node) -> int:
    cursor, depth, deepest = node.walk(), 1, 1
    while True:
        if cursor.goto_first_child():
            depth += 1
            deepest = max(deepest, depth)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest
            depth -= 1
