"""Answers as UAA writes them."""

from __future__ import annotations

import json
from typing import Any

from cpi_conformance.simulator.exchange import Answer, Headers
from cpi_conformance.simulator.record import Truth

BAD_CREDENTIALS = "Bad credentials"


class OauthError(Exception):
    """A refusal by its status and by the two fields of an OAuth error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description

    def answer(self, extra: Headers = ()) -> Answer:
        """On the wire."""
        document = {"error": self.error, "error_description": self.description}
        truth = Truth("token", self.error.replace("_", "-"), self.description)
        return uaa_json(self.status, document, extra, truth)


def bad_credentials() -> OauthError:
    """A wrong user or password (newer UAA; older ones said ``unauthorized``)."""
    return OauthError(401, "invalid_client", BAD_CREDENTIALS)


def wrong_client() -> Answer:
    """A wrong or missing client; a challenge comes along."""
    error = "unauthorized"
    challenge = f'Basic realm="UAA/client", error="{error}", error_description="{BAD_CREDENTIALS}"'
    return OauthError(401, error, BAD_CREDENTIALS).answer((("www-authenticate", challenge),))


def uaa_json(status: int, document: Any, extra: Headers = (), refused: Truth | None = None) -> Answer:
    """JSON that nobody may store."""
    headers = (("content-type", "application/json;charset=UTF-8"), ("cache-control", "no-store"), *extra)
    return Answer(status, headers, json.dumps(document).encode(), refused)
