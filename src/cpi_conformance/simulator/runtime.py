"""The Cloud Integration runtime behind ``/http/…``.

Order of evaluation as observed on tenants: authentication (401), address (404), role (403), state of
the flow (503), method (405), the flow itself (200 or 500). A refusal never says why: 401, 403 and 404
are one-line Tomcat pages, 405 follows KBA 2400906 (HEAD on a flow), 500 is text with the id of the
message log.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import unquote

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.bearer import roles_of_token
from cpi_conformance.simulator.client_certificate import client_certificate
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.exchange import Answer, Exchange, Headers
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.service_key import DEFAULT_ROLE
from cpi_conformance.simulator.service_keys import Authentication, ServiceKeys, Unauthenticated
from cpi_conformance.simulator.tokens import TokenIssuer

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


class FlowState(Enum):
    """What the operations view shows for a deployed flow."""

    STARTED = "Started"
    STARTING = "Starting"


@dataclass(frozen=True)
class Flow:
    """A deployed integration flow with an HTTPS sender channel.

    Attributes:
        address: of the channel, with a leading slash; compared without regard to letter case
            (HTTPS sender adapter page, 0ae4a78).
        body: what the flow answers; ``None`` makes it fail, as an exception in a script does.
        role: the user role that the channel asks for.
        methods: what the flow lets through; HEAD is never among them (KBA 2400906).
    """

    address: str
    body: str | None
    role: str = DEFAULT_ROLE
    state: FlowState = FlowState.STARTED
    methods: frozenset[str] = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Runtime:
    """Authenticates callers with the service keys and runs flows."""

    def __init__(
        self,
        keys: ServiceKeys,
        clock: Clock,
        issuer: TokenIssuer | None = None,
        /,
        *,
        accepts_certificates: bool = True,
        certificate_precedes_basic: bool = True,
    ) -> None:
        """Deploy flows before calls come in. ``issuer`` is whose bearer tokens are taken; ``None``: nobody's.

        ``accepts_certificates`` is off on a trial tenant (help page 4ec6192; contradicted by a trial
        tenant of 2026). ``certificate_precedes_basic``: a presented certificate decides even when
        Basic credentials come along (inferred from KBA 3224701).
        """
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._accepts_certificates = accepts_certificates
        self._certificate_precedes_basic = certificate_precedes_basic
        self._flows: dict[str, Flow] = {}

    def deploy(self, flow: Flow) -> None:
        """Deploy a flow, or replace the one with its address."""
        self._flows[flow.address.lower()] = flow

    def undeploy(self, address: str) -> None:
        """Take a flow away; ``KeyError`` when there is none."""
        del self._flows[address.lower()]

    async def __call__(self, exchange: Exchange) -> Answer:
        """Answer one request, with the headers that every answer of a tenant carries."""
        answer = self._answer(exchange)
        correlation = str(uuid.uuid4())
        extra = (*SECURITY_HEADERS, ("x-correlationid", correlation), ("x-vcap-request-id", correlation))
        return replace(answer, headers=(*answer.headers, *extra))

    def _answer(self, exchange: Exchange) -> Answer:
        roles = self._roles_of_caller(exchange)
        if isinstance(roles, Unauthenticated):
            return _page(401, Truth("authentication", "unauthenticated", roles.why))
        flow = self._flow_at(exchange.path)
        if flow is None:
            return _page(404, Truth("flow", "no-such-endpoint", f"no flow is deployed at {exchange.path}"))
        if flow.role not in roles:
            return _page(403, Truth("authorization", "role-missing", f"the instance lacks the role {flow.role}"))
        if flow.state is not FlowState.STARTED:
            return _page(503, Truth("flow", "not-started", f"the flow is {flow.state.value}"))
        if exchange.method not in flow.methods:
            return _page(405, Truth("flow", "method-not-allowed", f"{exchange.method} on an integration flow"))
        if flow.body is None:
            return self._failure()
        return Answer(200, (("content-type", "text/plain;charset=utf-8"),), flow.body.encode())

    def _flow_at(self, path: str) -> Flow | None:
        address = unquote(path)
        if not address.startswith(PREFIX + "/"):
            return None
        return self._flows.get(address[len(PREFIX) :].lower())

    def _roles_of_caller(self, exchange: Exchange) -> frozenset[str] | Unauthenticated:
        certificate = client_certificate(exchange)
        authorization = exchange.header("authorization")
        if certificate is not None and (self._certificate_precedes_basic or authorization is None):
            if not self._accepts_certificates:
                return Unauthenticated("client-certificate authentication is not enabled for this tenant")
            return _roles(self._keys.authenticate_certificate(certificate))
        if authorization is None:
            return Unauthenticated("neither credentials nor a client certificate arrived")
        token = exchange.bearer()
        if token is not None and self._issuer is not None:
            return roles_of_token(token, self._issuer, self._keys.runtime_application)
        return _roles(self._authenticate_basic(authorization))

    def _authenticate_basic(self, authorization: str) -> Authentication:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return Unauthenticated("the scheme of the Authorization header is not Basic")
        try:
            decoded = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8")
        except ValueError:
            return Unauthenticated("the credentials are not base64 of UTF-8 text")
        clientid, colon, secret = decoded.partition(":")
        if not colon:
            return Unauthenticated("the credentials hold no colon")
        return self._keys.authenticate_secret(clientid, Secret(secret))

    def _failure(self) -> Answer:
        message = message_log_id(int(self._clock.now().timestamp()))
        text = f"An internal server error occured: The MPL ID for the failed message is : {message}\n\n"
        truth = Truth("flow", "flow-failed", "the script of the flow threw an exception")
        return Answer(500, (("content-type", "text/plain"),), text.encode(), truth)


def message_log_id(epoch: int) -> str:
    """28 characters: base64url of a zero byte, the start in seconds (4 bytes), 16 random bytes (deduced)."""
    return base64.urlsafe_b64encode(b"\x00" + epoch.to_bytes(4, "big") + secrets.token_bytes(16)).decode()


def _roles(caller: Authentication) -> frozenset[str] | Unauthenticated:
    return caller if isinstance(caller, Unauthenticated) else caller.key.instance.roles


def _page(status: int, truth: Truth) -> Answer:
    body = PAGE.format(status=status, reason=REASONS[status]).encode()
    return Answer(status, (("content-type", "text/html;charset=utf-8"),), body, truth)
