"""The Cloud Integration runtime behind ``/http/…``.

Order of evaluation as observed on tenants: authentication (401), address (404), role (403), CSRF token
(403), state of the flow (503), method (405), the flow itself (200 or 500). A refusal never says why: 401,
403 and 404 are one-line Tomcat pages, 405 follows KBA 2400906 (HEAD on a flow), 500 is text with the id
of the message log. Only what reaches the flow has a message log.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from cpi_conformance.simulator.authenticator import Authenticator
from cpi_conformance.simulator.bearer import roles_of_token
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.csrf import PROTECTED_METHODS, CsrfSessions, wants_token
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.flow import Flow, FlowState
from cpi_conformance.simulator.flow_call import call_flow
from cpi_conformance.simulator.integration.message_logs import MessageLogs
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.service_keys import ServiceKeys, Unauthenticated
from cpi_conformance.simulator.tokens import TokenIssuer

__all__ = ["PREFIX", "SECURITY_HEADERS", "Flow", "FlowState", "Runtime"]

PREFIX = "/http"

PAGE = (
    '<!doctype html><html lang="en"><head><title>HTTP Status {status} – {reason}</title>'
    '<style type="text/css">body {{font-family:Tahoma,Arial,sans-serif;}} h1, h2, h3, b '
    "{{color:white;background-color:#525D76;}} h1 {{font-size:22px;}} h2 {{font-size:16px;}} h3 {{font-size:14px;}} "
    "p {{font-size:12px;}} a {{color:black;}} .line {{height:1px;background-color:#525D76;border:none;}}</style></head>"
    "<body><h1>HTTP Status {status} – {reason}</h1></body></html>"
)
"""The error page of the runtime, as recorded on a tenant (437 bytes for 401)."""

REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}

SECURITY_HEADERS: Headers = (
    ("cache-control", "no-cache, no-store, max-age=0, must-revalidate"),
    ("expires", "0"),
    ("pragma", "no-cache"),
    ("server", "SAP"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-xss-protection", "1; mode=block"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains; preload;"),
)
"""Observed on every answer of a tenant, August 2026."""


class Runtime:
    """Authenticates callers with the service keys and runs flows.

    Attributes:
        authenticator: who the callers are.
        csrf: the sessions of channels with CSRF protection.
    """

    def __init__(
        self,
        keys: ServiceKeys,
        clock: Clock,
        issuer: TokenIssuer | None = None,
        /,
        *,
        accepts_certificates: bool = True,
        certificate_precedes_basic: bool = True,
        message_logs: MessageLogs | None = None,
    ) -> None:
        """Deploy flows before calls come in. ``issuer`` is whose bearer tokens are taken; ``None``: nobody's.

        ``accepts_certificates`` is off on a trial tenant (help page 4ec6192; contradicted by a trial
        tenant of 2026). ``certificate_precedes_basic``: a presented certificate decides even when
        Basic credentials come along (inferred from KBA 3224701). Calls that reach a flow are logged in
        ``message_logs``.
        """
        self.authenticator = Authenticator(
            keys,
            partial(roles_of_token, issuer=issuer, application=keys.runtime_application) if issuer else None,
            accepts_certificates=accepts_certificates,
            certificate_precedes_basic=certificate_precedes_basic,
        )
        self.csrf = CsrfSessions()
        self._clock = clock
        self._message_logs = message_logs or MessageLogs()
        self._flows: dict[str, Flow] = {}

    def deploy(self, flow: Flow) -> None:
        """Deploy a flow, or replace the one with its address."""
        self._flows[flow.address.lower()] = flow

    def undeploy(self, address: str) -> None:
        """Take a flow away; ``KeyError`` when there is none."""
        del self._flows[address.lower()]

    def deployed_at(self, address: str) -> Flow | None:
        """The flow with exactly this address, whatever its state."""
        return self._flows.get(address.lower())

    async def __call__(self, exchange: Exchange) -> Answer:
        """Answer one request, with the headers that every answer of a tenant carries."""
        answer = self._answer(exchange)
        correlation = str(uuid.uuid4())
        extra = (*SECURITY_HEADERS, ("x-correlationid", correlation), ("x-vcap-request-id", correlation))
        return replace(answer, headers=(*answer.headers, *extra))

    def _answer(self, exchange: Exchange) -> Answer:
        roles = self.authenticator.caller(exchange)
        if isinstance(roles, Unauthenticated):
            return _page(401, Truth("authentication", "unauthenticated", roles.why))
        flow = self._flow_at(exchange.path)
        if flow is None:
            return _page(404, Truth("flow", "no-such-endpoint", f"no flow is deployed at {exchange.path}"))
        if flow.role not in roles:
            return _page(403, Truth("authorization", "role-missing", f"the instance lacks the role {flow.role}"))
        unprotected = self._answer_of_protection(flow, exchange) if flow.csrf_protected else None
        if unprotected is not None:
            return unprotected
        if flow.state is not FlowState.STARTED:
            return _page(503, Truth("flow", "not-started", f"the flow is {flow.state.value}"))
        if exchange.method not in flow.methods:
            return _page(405, Truth("flow", "method-not-allowed", f"{exchange.method} on an integration flow"))
        return call_flow(flow, exchange, self._clock, self._message_logs)

    def _answer_of_protection(self, flow: Flow, exchange: Exchange) -> Answer | None:
        """A token, or the demand for one; ``None`` when the call may go on to the flow."""
        if wants_token(exchange):
            return Answer(200, self.csrf.fetch(exchange, flow.address), b"")
        if exchange.method not in PROTECTED_METHODS:
            return None
        why = self.csrf.refused(exchange, flow.address)
        if why is None:
            return None
        page = _page(403, Truth("csrf", "csrf-token-required", why))
        return replace(page, headers=(*page.headers, *self.csrf.demand(exchange)))

    def _flow_at(self, path: str) -> Flow | None:
        address = unquote(path)
        if not address.startswith(PREFIX + "/"):
            return None
        wanted = address[len(PREFIX) :].lower()
        if wanted.endswith("/*"):
            return None
        exact = self._flows.get(wanted)
        return exact if exact is not None else self._flow_above(wanted)

    def _flow_above(self, address: str) -> Flow | None:
        """The flow with the longest address that ends in ``/*`` and covers this one."""
        covering = [known for known in self._flows if known.endswith("/*") and f"{address}/".startswith(known[:-1])]
        return self._flows[max(covering, key=len)] if covering else None


def _page(status: int, truth: Truth) -> Answer:
    body = PAGE.format(status=status, reason=REASONS[status]).encode()
    return Answer(status, (("content-type", "text/html;charset=utf-8"),), body, truth)
