"""Answers that repeat what they were asked with: what is told of them goes into reports, and must let nobody in."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

import httpx

from cpi_conformance.secret import Secret

HELD_BACK = "…"
"""What stands in the place of a secret."""

SHORTEST = 8
"""Characters; cutting shorter texts out of a document would cut up the names of its fields."""


def without(answer: httpx.Response, secrets: Iterable[Secret], *, body: bool = True) -> httpx.Response:
    """An answer without secrets in its headers and, where wanted, in its body; as it is when it repeats none."""
    forms = [form.encode() for form in _forms(secrets)]
    headers = [(name, _cut(value, forms)) for name, value in answer.headers.raw]
    content = _cut(answer.content, forms) if body else answer.content
    if (headers, content) == (answer.headers.raw, answer.content):
        return answer
    return httpx.Response(answer.status_code, headers=headers, content=content, request=answer.request)


def unrepeated(text: str, secrets: Iterable[Secret]) -> str:
    """Words of an answer without secrets, however short."""
    held = tuple(secrets)
    for form in (*_forms(held), *(secret.reveal() for secret in held)):
        text = text.replace(form, HELD_BACK) if form else text
    return text


def _cut(content: bytes, forms: Iterable[bytes]) -> bytes:
    for form in forms:
        content = content.replace(form, HELD_BACK.encode())
    return content


def _forms(secrets: Iterable[Secret]) -> list[str]:
    """How a secret can stand in an answer, longest first."""
    plain = [secret.reveal() for secret in secrets]
    ways = (str, quote_plus, html.escape, lambda text: quote(text, safe=""), lambda text: json.dumps(text)[1:-1])
    forms = {way(text) for text in plain if len(text) >= SHORTEST for way in ways}
    return sorted(forms, key=len, reverse=True)
