"""Groovy scripts of integration flows, evaluated within a declared subset.

What it covers: imports; functions, also several; variables and assignments to them; texts with
``${…}``, numbers, booleans, null, lists and maps; ``?:``, ``? :``, ``?.``, ``==``, ``!=``, ``<``, ``<=``,
``>``, ``>=``, ``+``, ``&&``, ``||``, ``!``, ``as String``; ``if``/``else``, ``return``, ``throw new
RuntimeException(text)`` or ``Exception``; the message's body, headers and properties; of a text its
length, letter case, ``trim``, ``contains``, ``startsWith``, ``endsWith``, ``replace``; of a map its
entries; ``groovy.json.JsonOutput.toJson``. Whatever else Groovy knows (loops, closures, classes, files,
network, reflection) is refused when the script is compiled, with the construct and its line.

Nothing of a script is ever evaluated as Python. Steps, sizes and depth are limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cpi_conformance.simulator.integration.errors import ScriptBroken, ScriptFailed
from cpi_conformance.simulator.integration.groovy import parse_groovy
from cpi_conformance.simulator.integration.message import Message
from cpi_conformance.simulator.integration.script_functions import Function, functions_of
from cpi_conformance.simulator.integration.script_values import Budget

PROCESS_DATA = "processData"


@dataclass(frozen=True)
class Script:
    """A compiled script, and which of its functions a message goes through."""

    _functions: Mapping[str, Function]
    _entry: str

    def run(self, message: Message) -> Message:
        """The message that the function answers.

        Raises:
            ScriptFailed: with the text of the exception.
        """
        result = self._functions[self._entry].call((message,), Budget())
        if not isinstance(result, Message):
            raise ScriptFailed(f"The function {self._entry} must return the message, but has returned something else.")
        return result


def compile_script(source: str, function: str = "") -> Script:
    """A script of which ``function`` is called; empty for ``processData``.

    Raises:
        ScriptBroken: a syntax error, a construct outside the subset, or no such function.
    """
    functions = functions_of(*parse_groovy(source))
    entry = function or PROCESS_DATA
    if entry not in functions:
        raise ScriptBroken(f"The script holds no function {entry[:60]!r}.")
    if len(functions[entry].parameters) != 1:
        raise ScriptBroken(f"The function {entry} must have exactly one parameter, the message.")
    return Script(functions, entry)
