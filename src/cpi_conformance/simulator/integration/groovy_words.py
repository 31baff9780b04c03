"""The words and signs of Groovy: how they look, and which of them are outside the simulated subset."""

from __future__ import annotations

import re

OUTSIDE = " is outside the simulated subset of Groovy"
CONSTRUCTS = {"->": "a closure", "..": "a range", "@": "an annotation", "*.": "a spread", "=~": "a regular expression"}

KEYWORDS = {"as", "def", "else", "false", "if", "import", "new", "null", "return", "throw", "true"}
"""Words of the subset that can name nothing; the grammar takes them for names where nothing else fits."""

REFUSED_WORDS = {
    **dict.fromkeys(("for", "while", "do"), "a loop"),
    **dict.fromkeys(("class", "interface", "enum", "trait"), "the definition of a class"),
    **dict.fromkeys(("try", "catch", "finally"), "exception handling"),
    **dict.fromkeys(("switch", "case", "default"), "a switch"),
    **dict.fromkeys(
        ("assert", "break", "continue", "goto", "in", "instanceof", "package", "super", "synchronized", "this"), ""
    ),
    **dict.fromkeys(("throws", "native", "abstract", "volatile", "transient"), ""),
}
SIGNS = ("?.", "?:", "==", "!=", "<=", ">=", "&&", "||", *"()[]{},;.:?=<>+!")
REFUSED_SIGNS = (
    *("<=>", "==~", "===", "!==", "->", "..", "*.", ".&", ".@", "=~", "<<", ">>", "++", "--", "+=", "-=", "**"),
    *"-*/%&|^~@#$\\`",
)
BY_LENGTH = sorted((*SIGNS, *REFUSED_SIGNS), key=len, reverse=True)
SIGN = re.compile("|".join(re.escape(sign) for sign in BY_LENGTH))
SPACE = re.compile(r"(?:[ \t\f\r]|\\\r?\n|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?(?![0-9A-Za-z_.]|\.[0-9])|[0-9][0-9A-Za-z_.]*")
PLAIN_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")
PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"', "$": "$", "\n": ""}
RUN = re.compile(r"[^\\$'\"\n]+")
OPENING = {")": "(", "]": "[", "}": "{"}
