"""XML that a stranger has sent: no document type, no entities, and no more of anything than a flow needs."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

XML_BYTES = 2 * 1024 * 1024
DEPTH = 40
ELEMENTS = 20_000
ATTRIBUTES = 40
ATTRIBUTE_LENGTH = 4_096


class XmlRefused(Exception):
    """It is not well-formed, or exceeds a limit."""


class _Bounded(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: Any, attrs: dict[Any, Any], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > DEPTH:
            raise XmlRefused(f"its elements are nested more than {DEPTH} deep")
        if self._elements > ELEMENTS:
            raise XmlRefused(f"it has more than {ELEMENTS} elements")
        if len(attrs) > ATTRIBUTES or any(len(value) > ATTRIBUTE_LENGTH for value in attrs.values()):
            raise XmlRefused("an element has too many or too long attributes")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def parse_xml(content: bytes) -> Element:
    """The root element.

    Raises:
        XmlRefused: with the reason as a clause.
    """
    if len(content) > XML_BYTES:
        raise XmlRefused(f"it exceeds {XML_BYTES} bytes")
    try:
        parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException:
        raise XmlRefused("it declares a document type or entities") from None
    # an unknown encoding is a LookupError, a wrong one a ValueError
    except (ParseError, LookupError, ValueError) as damage:
        raise XmlRefused(f"it is not well-formed ({str(damage)[:80]})") from None
    return root
