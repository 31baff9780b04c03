"""From a Groovy script to a syntax tree.

The grammar (tree-sitter-groovy) is Java's with additions. What it does not know is spelt here in what
it does know, token by token, so that strings and comments are never touched:

* ``def Type name(`` becomes ``Type name(``, and a parameter without a type gets ``def``;
* ends of lines that end a statement become ``;``, all others vanish;
* ``a?.b`` becomes ``a.$safe.b``, ``a ?: b`` becomes ``a ? $elvis : b``, ``[:]`` becomes ``[$empty: 0]``;
* ``a as T`` becomes ``a instanceof T`` (same precedence; the real ``instanceof`` is outside the subset);
* a string becomes ``"n"``, the n-th text, and one with ``${…}`` becomes ``$text("n", (…), "m")``.

No name of a script holds a ``$``, so what is written with it cannot come from a script. Whatever the
grammar does not accept afterwards is a syntax error.
"""

from __future__ import annotations

from tree_sitter import Node

from cpi_conformance.simulator.integration.errors import ScriptBroken
from cpi_conformance.simulator.integration.groovy_source import Source
from cpi_conformance.simulator.integration.groovy_tokens import Kind, Token, tokens_of
from cpi_conformance.simulator.integration.groovy_words import OUTSIDE

SAFE, ELVIS, EMPTY_MAP, TEXT = "$safe", "$elvis", "$empty", "$text"
MODIFIERS = {"private", "public", "protected", "static", "final"}
ENDS_NO_STATEMENT = {"else", "new", "def", "throw", "as", "if", "import"} | MODIFIERS
CONTINUES = {".", "?.", "?", ":", "?:", "else", "{", ")", "]"}
BEFORE_BLOCK = {")", "if ()", ";", "{", "}", "else"}
REWRITTEN = {
    "?.": (".", SAFE, "."),
    "?:": ("?", ELVIS, ":"),
    "as": ("instanceof",),
}


def parse_groovy(script: str) -> tuple[Source, Node]:
    """The script in the grammar's words, and its tree.

    Raises:
        ScriptBroken: with the line.
    """
    source = Source()
    _Rewriting(source).statements(tokens_of(script))
    return source, source.tree()


class _Rewriting:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._last = ";"
        self._last_line = 1

    def statements(self, tokens: tuple[Token, ...]) -> None:
        """Write the tokens of a script."""
        open_brackets: list[str] = []
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind is Kind.NEWLINE:
                ahead = tokens[index + 1].text if index + 1 < len(tokens) else "}"
                if self._ends_statement(open_brackets, ahead):
                    self._add(";", token.line)
            elif not open_brackets and _is_header(tokens, index):
                index = self._header(tokens, index)
                continue
            else:
                self._statement_token(token, tokens[index + 1 : index + 3], open_brackets)
            index += 1
        if self._last not in ";}":
            self._add(";", self._last_line)

    def _statement_token(self, token: Token, ahead: tuple[Token, ...], open_brackets: list[str]) -> None:
        if token.text in ("(", "[", "{"):
            open_brackets.append("if" if self._last == "if" else token.text)
        elif token.text in (")", "]", "}"):
            opened = open_brackets.pop()
            if token.text == "}" and self._last not in ("{", ";", "}"):
                self._add(";", token.line)
            self._expression_token(token, ahead)
            if opened == "if":
                self._last = "if ()"
            return
        self._expression_token(token, ahead)

    def _ends_statement(self, open_brackets: list[str], ahead: str) -> bool:
        if open_brackets and open_brackets[-1] != "{":
            return False
        if self._last == "if ()" or self._last in ENDS_NO_STATEMENT:
            return False
        ends = self._last[-1:].isalnum() or self._last[-1:] in ('"', "_", ")", "]")
        return ends and (ahead not in CONTINUES or ahead == "else")

    def _expression(self, tokens: tuple[Token, ...]) -> None:
        for index, token in enumerate(tokens):
            if token.kind is not Kind.NEWLINE:
                self._expression_token(token, tokens[index + 1 : index + 3])

    def _expression_token(self, token: Token, ahead: tuple[Token, ...]) -> None:
        if token.kind is Kind.STRING:
            self._string(token)
        elif token.text == "[" and [each.text for each in ahead] == [":", "]"]:
            self._add("[", token.line)
            self._add(EMPTY_MAP, token.line)
        elif token.text == ":" and self._last == EMPTY_MAP:
            self._add(":", token.line)
            self._add("0", token.line)
        elif token.text == "{" and self._last not in BEFORE_BLOCK:
            raise ScriptBroken(f"Line {token.line}: a closure{OUTSIDE}.")
        else:
            for word in REWRITTEN.get(token.text, (token.text,)):
                self._add(word, token.line)

    def _string(self, token: Token) -> None:
        if len(token.parts) == 1:
            self._literal(token.parts[0], token.line)
            return
        self._add(TEXT, token.line)
        self._add("(", token.line)
        for number, part in enumerate(token.parts):
            if number:
                self._add(",", token.line)
            self._literal(part, token.line)
        self._add(")", token.line)

    def _literal(self, part: str | tuple[Token, ...], line: int) -> None:
        if isinstance(part, str):
            self._source.strings.append(part)
            self._add(f'"{len(self._source.strings) - 1}"', line)
        else:
            self._add("(", line)
            self._expression(part)
            self._add(")", line)

    def _header(self, tokens: tuple[Token, ...], index: int) -> int:
        """Write the beginning of a function up to its closing parenthesis; the index behind it."""
        start = index
        while tokens[index].text in MODIFIERS or tokens[index].text == "def":
            index += 1
        if tokens[index + 1].text == "(":
            self._add("def", tokens[start].line)
        while tokens[index].text != ")":
            token = tokens[index]
            if token.text in ("=", "[", "{") or (token.text == "(" and tokens[index - 1].text in ("(", ",")):
                raise ScriptBroken(f"Line {token.line}: a parameter with a default value{OUTSIDE}.")
            untyped = tokens[index + 1].text in (",", ")") and self._last in ("(", ",")
            if untyped and token.kind is Kind.NAME:
                self._add("def", token.line)
            if token.kind is not Kind.NEWLINE:
                self._expression_token(token, ())
            index += 1
        self._add(")", tokens[index].line)
        self._last = "if ()"
        return index + 1

    def _add(self, word: str, line: int) -> None:
        self._source.add(word, line)
        self._last, self._last_line = word, line


def _is_header(tokens: tuple[Token, ...], index: int) -> bool:
    """Whether ``[modifier] [def] [Type] name(`` begins here; it must at least have ``def`` or a type."""
    at = index
    while at < len(tokens) and at - index < 4 and (tokens[at].text in MODIFIERS or tokens[at].text == "def"):
        at += 1
    named = at
    while at < len(tokens) and at - named < 3 and tokens[at].kind is Kind.NAME:
        at += 1
    words = at - named
    return words in (1, 2) and words + (named - index) >= 2 and at < len(tokens) and tokens[at].text == "("
