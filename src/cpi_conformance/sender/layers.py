"""Where a call can end, and why, as far as the caller can see it.

Layers, outermost first::

    destination       the backend's destination or its PSE, before anything leaves the backend
    identity          the PFX itself, before anything leaves the machine
    name              the host has no address
    connect           no TCP connection, or it ended without a word
    protocol          TLS versions, HTTP without TLS, answers that are no HTTP
    server-trust      we do not trust the load balancer
    client-trust      the load balancer does not trust us
    route             the router knows no such host, or nobody behind it
    authentication    401
    authorization     403, the role
    csrf              403, the token
    flow              404, 405, 500, 503 of the runtime
"""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """A layer at which a call is refused."""

    DESTINATION = "destination"
    IDENTITY = "identity"
    NAME = "name"
    CONNECT = "connect"
    PROTOCOL = "protocol"
    SERVER_TRUST = "server-trust"
    CLIENT_TRUST = "client-trust"
    ROUTE = "route"
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    CSRF = "csrf"
    FLOW = "flow"


class Cause(StrEnum):
    """Why a call is refused; each cause belongs to one layer, see :data:`LAYER_OF`."""

    DESTINATION_FIELD = "destination-field"
    PSE_UNUSABLE = "pse-unusable"
    HTTPS_INACTIVE = "https-inactive"

    WRONG_PASSPHRASE = "wrong-passphrase"
    NO_PRIVATE_KEY = "no-private-key"
    NO_CERTIFICATE = "no-certificate"
    DAMAGED_PFX = "damaged-pfx"
    NOT_A_PFX = "not-a-pfx"
    UNSUPPORTED_ENCRYPTION = "unsupported-encryption"
    UNSUPPORTED_KEY = "unsupported-key"

    UNKNOWN_HOST = "unknown-host"

    CONNECTION_REFUSED = "connection-refused"
    PROXY_REFUSED = "proxy-refused"
    CONNECTION_TIMEOUT = "connection-timeout"
    CONNECTION_LOST = "connection-lost"
    ANSWER_TIMEOUT = "answer-timeout"

    NOT_OFFERED = "not-offered"
    TLS_VERSION = "tls-version"
    PLAIN_HTTP = "plain-http"
    NOT_TLS = "not-tls"
    HANDSHAKE_FAILURE = "handshake-failure"
    BROKEN_ANSWER = "broken-answer"

    MISSING_CA = "missing-ca"
    HOST_NAME_MISMATCH = "host-name-mismatch"
    SERVER_CERTIFICATE_EXPIRED = "server-certificate-expired"
    SERVER_CERTIFICATE_NOT_YET_VALID = "server-certificate-not-yet-valid"
    SERVER_CERTIFICATE_REFUSED = "server-certificate-refused"

    UNKNOWN_CA = "unknown-ca"
    CERTIFICATE_EXPIRED = "certificate-expired"
    BAD_CERTIFICATE = "bad-certificate"
    UNSUPPORTED_CERTIFICATE = "unsupported-certificate"
    CERTIFICATE_REQUIRED = "certificate-required"
    CERTIFICATE_REFUSED = "certificate-refused"
    ALERT_LOST = "alert-lost"

    UNKNOWN_ROUTE = "unknown-route"
    NO_ENDPOINTS = "no-endpoints"
    ENDPOINT_FAILURE = "endpoint-failure"
    REDIRECTED = "redirected"
    RATE_LIMITED = "rate-limited"

    UNAUTHENTICATED = "unauthenticated"
    ROLE_MISSING = "role-missing"
    CSRF_TOKEN_REQUIRED = "csrf-token-required"

    NO_SUCH_ENDPOINT = "no-such-endpoint"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    FLOW_FAILED = "flow-failed"
    NOT_STARTED = "not-started"
    UNEXPECTED_STATUS = "unexpected-status"


_CAUSES: dict[Layer, tuple[Cause, ...]] = {
    Layer.DESTINATION: (
        Cause.DESTINATION_FIELD,
        Cause.PSE_UNUSABLE,
        Cause.HTTPS_INACTIVE,
    ),
    Layer.IDENTITY: (
        Cause.WRONG_PASSPHRASE,
        Cause.NO_PRIVATE_KEY,
        Cause.NO_CERTIFICATE,
        Cause.DAMAGED_PFX,
        Cause.NOT_A_PFX,
        Cause.UNSUPPORTED_ENCRYPTION,
        Cause.UNSUPPORTED_KEY,
    ),
    Layer.NAME: (Cause.UNKNOWN_HOST,),
    Layer.CONNECT: (
        Cause.CONNECTION_REFUSED,
        Cause.PROXY_REFUSED,
        Cause.CONNECTION_TIMEOUT,
        Cause.CONNECTION_LOST,
        Cause.ANSWER_TIMEOUT,
    ),
    Layer.PROTOCOL: (
        Cause.NOT_OFFERED,
        Cause.TLS_VERSION,
        Cause.PLAIN_HTTP,
        Cause.NOT_TLS,
        Cause.HANDSHAKE_FAILURE,
        Cause.BROKEN_ANSWER,
    ),
    Layer.SERVER_TRUST: (
        Cause.MISSING_CA,
        Cause.HOST_NAME_MISMATCH,
        Cause.SERVER_CERTIFICATE_EXPIRED,
        Cause.SERVER_CERTIFICATE_NOT_YET_VALID,
        Cause.SERVER_CERTIFICATE_REFUSED,
    ),
    Layer.CLIENT_TRUST: (
        Cause.UNKNOWN_CA,
        Cause.CERTIFICATE_EXPIRED,
        Cause.BAD_CERTIFICATE,
        Cause.UNSUPPORTED_CERTIFICATE,
        Cause.CERTIFICATE_REQUIRED,
        Cause.CERTIFICATE_REFUSED,
        Cause.ALERT_LOST,
    ),
    Layer.ROUTE: (
        Cause.UNKNOWN_ROUTE,
        Cause.NO_ENDPOINTS,
        Cause.ENDPOINT_FAILURE,
        Cause.REDIRECTED,
        Cause.RATE_LIMITED,
    ),
    Layer.AUTHENTICATION: (Cause.UNAUTHENTICATED,),
    Layer.AUTHORIZATION: (Cause.ROLE_MISSING,),
    Layer.CSRF: (Cause.CSRF_TOKEN_REQUIRED,),
    Layer.FLOW: (
        Cause.NO_SUCH_ENDPOINT,
        Cause.METHOD_NOT_ALLOWED,
        Cause.FLOW_FAILED,
        Cause.NOT_STARTED,
        Cause.UNEXPECTED_STATUS,
    ),
}

LAYER_OF: dict[Cause, Layer] = {cause: layer for layer, causes in _CAUSES.items() for cause in causes}
"""The layer of each cause."""
