"""Writing XML: text is escaped, markup is passed on."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold in any form."""

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


class Markup(str):
    """Text that is XML already."""

    __slots__ = ()

    def __add__(self, other: str) -> Markup:
        return Markup(str(self) + str(other))


def element(tag: str, content: str = "", **attributes: str) -> Markup:
    """One element; ``content`` is escaped unless it is :class:`Markup`."""
    given = "".join(f" {name}={quoteattr(_writable(value))}" for name, value in attributes.items())
    inner = content if isinstance(content, Markup) else escape(_writable(content))
    return Markup(f"<{tag}{given}>{inner}</{tag}>" if inner else f"<{tag}{given}/>")


def together(*parts: Markup) -> Markup:
    """Elements one after the other."""
    return Markup("".join(parts))


def document(root: Markup) -> bytes:
    """With the declaration, in UTF-8."""
    return f"{DECLARATION}{root}".encode()


def _writable(text: str) -> str:
    return UNWRITABLE.sub("�", text)
