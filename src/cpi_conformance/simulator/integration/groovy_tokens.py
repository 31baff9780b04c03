"""The tokens of a Groovy script, without comments, and with its strings taken apart.

Only tokens of the declared subset exist; any other is refused by name here, before the parser sees it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from cpi_conformance.simulator.integration.errors import ScriptBroken
from cpi_conformance.simulator.integration.groovy_words import (
    CONSTRUCTS,
    ESCAPES,
    NAME,
    NUMBER,
    OPENING,
    OUTSIDE,
    PATH,
    PLAIN_NUMBER,
    REFUSED_SIGNS,
    REFUSED_WORDS,
    RUN,
    SIGN,
    SPACE,
)

SCRIPT_LENGTH = 64 * 1024
NESTING = 40
INTERPOLATION_NESTING = 4
COMPARISONS = 200
"""Of ``<``, which the grammar also takes for the beginning of a generic type: its effort grows with their square."""


class Kind(Enum):
    """What a token is."""

    NAME = "name"
    NUMBER = "number"
    STRING = "string"
    SIGN = "sign"
    NEWLINE = "end of line"
    """Several in a row are one."""


@dataclass(frozen=True)
class Token:
    """One token.

    Attributes:
        text: as it stands in the script; empty for strings.
        line: counted from 1.
        parts: of a string, in turn text and the tokens of ``${…}``.
    """

    kind: Kind
    text: str
    line: int
    parts: tuple[str | tuple[Token, ...], ...] = ()


def tokens_of(source: str) -> tuple[Token, ...]:
    """The tokens in their order.

    Raises:
        ScriptBroken: a token is outside the subset, a bracket or string stays open, or a limit is exceeded.
    """
    if len(source) > SCRIPT_LENGTH:
        raise ScriptBroken(f"The script is longer than {SCRIPT_LENGTH} characters.")
    return _Reader(source).tokens(within=False, depth=0)


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._line = 1
        self._comparisons = 0

    def tokens(self, *, within: bool, depth: int) -> tuple[Token, ...]:
        """Up to the end or, ``within`` an interpolation, up to its closing brace."""
        found: list[Token] = []
        open_brackets: list[Token] = []
        while self._more():
            token = self._next(depth)
            if token.kind is Kind.NEWLINE and found and found[-1].kind is Kind.NEWLINE:
                continue
            if token.kind is Kind.SIGN:
                if within and token.text == "}" and not open_brackets:
                    return tuple(found)
                self._balance(token, open_brackets)
            found.append(token)
        if open_brackets:
            raise ScriptBroken(f"Line {open_brackets[-1].line}: {open_brackets[-1].text!r} is not closed.")
        if within:
            raise self._broken("the ${…} in a string is not closed")
        return tuple(found)

    def _balance(self, token: Token, open_brackets: list[Token]) -> None:
        if token.text in OPENING.values():
            open_brackets.append(token)
            if len(open_brackets) > NESTING:
                raise self._broken(f"brackets are nested more than {NESTING} deep")
        elif token.text in OPENING:
            if not open_brackets or open_brackets.pop().text != OPENING[token.text]:
                raise self._broken(f"unexpected {token.text!r}")
        elif token.text == "<":
            self._comparisons += 1
            if self._comparisons > COMPARISONS:
                raise self._broken(f"the script holds more than {COMPARISONS} comparisons")

    def _next(self, depth: int) -> Token:
        line, source, at = self._line, self._source, self._at
        first = source[at]
        if first == "\n":
            self._move(at + 1)
            return Token(Kind.NEWLINE, first, line)
        if first in "'\"":
            return Token(Kind.STRING, "", line, self._string(depth))
        for kind, pattern in ((Kind.NAME, NAME), (Kind.NUMBER, NUMBER), (Kind.SIGN, SIGN)):
            if match := pattern.match(source, at):
                self._move(match.end())
                return Token(kind, self._within_subset(kind, match[0]), line)
        raise self._broken(f"unexpected character {first!r}")

    def _within_subset(self, kind: Kind, text: str) -> str:
        if text.startswith("/"):
            raise self._broken("a division, a slashy string or a comment that is not closed" + OUTSIDE)
        if kind is Kind.SIGN and text in REFUSED_SIGNS:
            raise self._broken(f"{CONSTRUCTS.get(text, 'the sign')} {text!r}{OUTSIDE}")
        if kind is Kind.NAME and text in REFUSED_WORDS:
            construct = REFUSED_WORDS[text]
            raise self._broken(f"{construct} ({text!r}){OUTSIDE}" if construct else f"{text!r}{OUTSIDE}")
        if kind is Kind.NAME and ("$" in text or len(text) > 200):
            raise self._broken(f"the name {text[:40]!r}{OUTSIDE}")
        if kind is Kind.NUMBER and not PLAIN_NUMBER.fullmatch(text):
            raise self._broken(f"the number {text[:40]!r}{OUTSIDE}")
        return text

    def _string(self, depth: int) -> tuple[str | tuple[Token, ...], ...]:
        source, at = self._source, self._at
        quote = source[at] * 3 if source.startswith(source[at] * 3, at) else source[at]
        self._move(at + len(quote))
        parts: list[str | tuple[Token, ...]] = []
        text: list[str] = []
        while not source.startswith(quote, self._at):
            if self._at >= len(source) or (source[self._at] == "\n" and len(quote) == 1):
                raise self._broken("a string is not closed")
            if source[self._at] == "$" and quote[0] == '"':
                parts += ("".join(text), self._interpolated(depth))
                text = []
            else:
                text.append(self._characters())
        self._move(self._at + len(quote))
        return (*parts, "".join(text))

    def _characters(self) -> str:
        source, at = self._source, self._at
        if run := RUN.match(source, at):
            self._move(run.end())
            return run[0]
        if source[at] != "\\":
            self._move(at + 1)
            return source[at]
        escaped = source[at + 1 : at + 2]
        if escaped == "u" and re.fullmatch("[0-9A-Fa-f]{4}", source[at + 2 : at + 6]):
            self._move(at + 6)
            return chr(int(source[at + 2 : at + 6], 16))
        if escaped not in ESCAPES:
            raise self._broken(f"unknown escape '\\{escaped}' in a string")
        self._move(at + 2)
        return ESCAPES[escaped]

    def _interpolated(self, depth: int) -> tuple[Token, ...]:
        line, at = self._line, self._at
        if depth >= INTERPOLATION_NESTING:
            raise self._broken(f"strings are nested more than {INTERPOLATION_NESTING} deep")
        if self._source.startswith("{", at + 1):
            self._move(at + 2)
            return self.tokens(within=True, depth=depth + 1)
        path = PATH.match(self._source, at + 1)
        if path is None:
            raise self._broken("a '$' in a string must be followed by a name or '{'")
        self._move(path.end())
        names = [Token(Kind.NAME, self._within_subset(Kind.NAME, name), line) for name in path[0].split(".")]
        dot = Token(Kind.SIGN, ".", line)
        return tuple(part for name in names for part in (dot, name))[1:]

    def _more(self) -> bool:
        space = SPACE.match(self._source, self._at)
        if space:
            self._move(space.end())
        return self._at < len(self._source)

    def _move(self, to: int) -> None:
        self._line += self._source.count("\n", self._at, to)
        self._at = to

    def _broken(self, text: str) -> ScriptBroken:
        return ScriptBroken(f"Line {self._line}: {text}.")
