"""Refusals of the tenant API, and their two forms on the wire.

The code is the phrase of the status (``Not Found``), never a number (*Integration Content* API). Whoever does not
ask for JSON gets XML (jenkins-library, pull request 2978).
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from cpi_conformance.simulator.exchange import Answer, Headers
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.tenant_api.xml import element

JSON: Headers = (("content-type", "application/json"),)
XML: Headers = (("content-type", "application/xml"),)

LAYER = "tenant-api"

METADATA_NAMESPACE = "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"


class ODataError(Exception):
    """The API answers ``status`` with this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text

    def answer(self, *, as_json: bool) -> Answer:
        """On the wire."""
        phrase = HTTPStatus(self.status).phrase
        truth = Truth(LAYER, phrase.lower().replace(" ", "-"), self.text)
        if as_json:
            return Answer(self.status, JSON, json_bytes({"error": _entry(phrase, self.text)}), truth)
        code = element("code", phrase)
        message = element("message", self.text, **{"xml:lang": "en"})
        document = element("error", code + message, xmlns=METADATA_NAMESPACE)
        return Answer(self.status, XML, f"<?xml version='1.0' encoding='UTF-8'?>{document}".encode(), truth)


def not_found(text: str = "Requested entity could not be found.") -> ODataError:
    """No such entity."""
    return ODataError(404, text)


def bad_request(text: str) -> ODataError:
    """The request itself is wrong."""
    return ODataError(400, text)


def not_implemented(text: str = "Not implemented") -> ODataError:
    """What stands in ``$metadata`` and is not there on Cloud Foundry."""
    return ODataError(501, text)


def forbidden(why: str) -> Answer:
    """A role is missing: the text is JSON's null, whatever was asked for. ``why`` is for the record alone."""
    truth = Truth("authorization", "role-missing", why)
    return Answer(403, JSON, json_bytes({"error": _entry("Forbidden", None)}), truth)


def reserved_alias(alias: str) -> Answer:
    """An alias that belongs to SAP: the same without ``error`` around it (*Security Content* API)."""
    truth = Truth("authorization", "alias-reserved", f"the alias {alias} belongs to SAP")
    return Answer(403, JSON, json_bytes(_entry("Forbidden", None)), truth)


def json_bytes(document: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(code: str, text: str | None) -> dict[str, Any]:
    return {"code": code, "message": {"lang": "en", "value": text}}
