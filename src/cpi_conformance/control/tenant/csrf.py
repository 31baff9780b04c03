"""The CSRF token of the tenant API, and the session that it belongs to.

With an OAuth token none is asked for on Cloud Foundry (Integration Content API documents one all the same), so it
is fetched when a write has been refused for want of it. Without its cookies the tenant answers 500 (flashpipe #12).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import httpx

from cpi_conformance.control.answers import asked
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.token_endpoint import fits_a_header

HEADER = "X-CSRF-Token"


class CsrfSession:
    """Headers for writes: none until one was refused; safe to use from several threads."""

    def __init__(self, fetch: Callable[[], httpx.Response]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._headers: Mapping[str, str] = {}

    def headers(self) -> Mapping[str, str]:
        """What to send with a write."""
        return self._headers

    def renewed(self, refused: Mapping[str, str]) -> Mapping[str, str]:
        """What to send after these were refused; another thread may have fetched it already.

        Raises:
            BrokenAnswer: the tenant gives no token.
            ControlError: there is no answer, or it is no.
        """
        with self._lock:
            if self._headers == refused:
                self._headers = _session(self._fetch())
            return self._headers


def wanted(answer: httpx.Response) -> bool:
    """Whether a write was refused for want of a CSRF token, or because its session is over."""
    if answer.status_code == httpx.codes.FORBIDDEN:
        return str(answer.headers.get(HEADER, "")).lower() == "required"
    lost_session = b"HttpSession" in answer.content and b"getAttribute" in answer.content
    return answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR and lost_session


def _session(answer: httpx.Response) -> Mapping[str, str]:
    token = answer.headers.get(HEADER, "")
    if not fits_a_header(token):
        raise BrokenAnswer(asked(answer), f"no {HEADER}")
    pairs = (each.partition(";")[0].strip() for each in answer.headers.get_list("Set-Cookie"))
    cookies = [each for each in pairs if "=" in each and fits_a_header(each)]
    return {HEADER: token, **({"Cookie": "; ".join(cookies)} if cookies else {})}
