"""JSON as the Cloud Controller writes it."""

from __future__ import annotations

import json
from typing import Any

from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.record import Truth

CONTENT_TYPE = "application/json; charset=utf-8"


def json_bytes(document: Any) -> bytes:
    r"""Compact, with ``&`` as ``\u0026``, which stands in every link with two parameters (recorded on SAP BTP)."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("&", "\\u0026").encode()


def json_answer(status: int, document: Any, refused: Truth | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, (("content-type", CONTENT_TYPE),), json_bytes(document), refused)


def accepted(location: str) -> Answer:
    """202 has an empty body and calls it HTML; ``location`` is the absolute URL of the job (recorded on SAP BTP)."""
    return Answer(202, (("content-type", "text/html"), ("location", location)), b"")
