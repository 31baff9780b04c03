"""What an answer holds that lets in whoever reads it: cookies, tokens, and a caller's own secrets sent back."""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from cpi_conformance.sender.call import Authorization, Basic

CSRF_HEADER = "x-csrf-token"

SHORTEST_SECRET = 8
"""Characters; cutting shorter texts out of an answer would cut up innocent words."""

Headers = tuple[tuple[str, str], ...]
"""Names in lower case."""


def harmless(headers: Iterable[tuple[str, str]], body: bytes, sent: Authorization) -> tuple[Headers, bytes]:
    """Headers and body of an answer without cookies, tokens and whatever of ``sent`` they repeat."""
    kept = tuple((name.lower(), _shown(name.lower(), value)) for name, value in headers)
    for form in _forms_of_secrets(sent):
        body = body.replace(form.encode(), b"(secret)")
    return tuple((name, unechoed(value, sent)) for name, value in kept), body


def unechoed(text: str, sent: Authorization) -> str:
    """A text of the far side without whatever of ``sent`` it repeats."""
    for form in _forms_of_secrets(sent):
        text = text.replace(form, "(secret)")
    return text


@lru_cache(maxsize=128)  # a caller sends the same ones again and again
def _forms_of_secrets(sent: Authorization) -> tuple[str, ...]:
    """What of a caller's credentials a far side may echo, longest first."""
    values = [*sent.headers().values(), *sent.query().values()]
    forms = {form for value in values for form in (value, quote(value, safe=""), value.rpartition(" ")[2])}
    if isinstance(sent, Basic):
        plain = sent.clientsecret.reveal()
        forms |= {plain, quote(plain, safe=""), html.escape(plain)}
    return tuple(sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True))


def _shown(name: str, value: str) -> str:
    """A cookie and a token let in whoever has them; that a token is required may be read by all."""
    secret = name == "set-cookie" or (name == CSRF_HEADER and value.lower() != "required")
    return "…" if secret else value
