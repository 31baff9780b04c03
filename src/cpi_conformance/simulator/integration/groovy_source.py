"""A script in the words of the grammar, and the tree that the grammar makes of it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import tree_sitter_groovy
from tree_sitter import Language, Node, Parser

from cpi_conformance.simulator.integration.errors import ScriptBroken

GROOVY = Language(tree_sitter_groovy.language())
TREE_DEPTH = 100


@dataclass
class Source:
    """A script in the grammar's words.

    Attributes:
        strings: the texts that the placeholders stand for.
    """

    strings: list[str] = field(default_factory=list)
    _text: bytearray = field(default_factory=bytearray)
    _starts: list[int] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)

    def add(self, word: str, line: int) -> None:
        """Append one token."""
        self._starts.append(len(self._text))
        self._lines.append(line)
        self._text += word.encode() + b" "

    def tree(self) -> Node:
        """The program's node; ``ScriptBroken`` when the grammar does not accept it."""
        root = Parser(GROOVY).parse(bytes(self._text)).root_node
        self._examine(root)
        return root

    def text(self, node: Node) -> str:
        """The words of a node without the blanks between them."""
        return self._text[node.start_byte : node.end_byte].decode().replace(" ", "")

    def string_of(self, node: Node) -> str:
        """The text that a string literal stands for."""
        return self.strings[int(self.text(node).strip('"'))]

    def line_of(self, node: Node) -> int:
        """The line of the script where a node begins, counted from 1."""
        return self._lines[max(0, bisect_right(self._starts, node.start_byte) - 1)] if self._lines else 1

    def _examine(self, root: Node) -> None:
        cursor, depth = root.walk(), 0
        while True:
            node = cursor.node
            if node is not None and (node.is_error or node.is_missing):
                raise ScriptBroken(f"Line {self.line_of(node)}: syntax error.")
            if node is not None and depth > TREE_DEPTH:
                raise ScriptBroken(f"Line {self.line_of(node)}: the script is nested too deeply.")
            if cursor.goto_first_child():
                depth += 1
                continue
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                depth -= 1
