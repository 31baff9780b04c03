"""Who calls the runtime: by client certificate, Basic credentials or bearer token; and with which roles."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Protocol

from cryptography import x509

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.client_certificate import client_certificate
from cpi_conformance.simulator.exchange import Exchange
from cpi_conformance.simulator.service_keys import Authentication, Unauthenticated

Caller = frozenset[str] | Unauthenticated
"""The roles of a caller, or why there is none."""


class Senders(Protocol):
    """Whom the runtime asks about credentials; :class:`~cpi_conformance.simulator.service_keys.ServiceKeys` is one."""

    def authenticate_secret(self, clientid: str, secret: Secret) -> Authentication:
        """Who has these credentials."""

    def authenticate_certificate(self, certificate: x509.Certificate) -> Authentication:
        """Who has this certificate."""


BearerTokens = Callable[[str], Caller]
"""From a bearer token to who shows it."""


class Authenticator:
    """Looks at the credentials of a request.

    Attributes:
        senders: who knows the service keys.
        bearer_tokens: who knows tokens; ``None``: none is taken.
        accepts_certificates: whether client certificates are looked at.
    """

    def __init__(
        self,
        senders: Senders,
        bearer_tokens: BearerTokens | None,
        *,
        accepts_certificates: bool,
        certificate_precedes_basic: bool,
    ) -> None:
        self.senders = senders
        self.bearer_tokens = bearer_tokens
        self.accepts_certificates = accepts_certificates
        self._certificate_precedes_basic = certificate_precedes_basic

    def caller(self, exchange: Exchange) -> Caller:
        """The roles of whoever has sent a request."""
        certificate = client_certificate(exchange)
        authorization = exchange.header("authorization")
        if certificate is not None and (self._certificate_precedes_basic or authorization is None):
            if not self.accepts_certificates:
                return Unauthenticated("client-certificate authentication is not enabled for this tenant")
            return _roles(self.senders.authenticate_certificate(certificate))
        if authorization is None:
            return Unauthenticated("neither credentials nor a client certificate arrived")
        token = exchange.bearer()
        if token is not None and self.bearer_tokens is not None:
            return self.bearer_tokens(token)
        return _roles(self._by_basic(authorization))

    def _by_basic(self, authorization: str) -> Authentication:
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
        return self.senders.authenticate_secret(clientid, Secret(secret))


def _roles(caller: Authentication) -> Caller:
    return caller if isinstance(caller, Unauthenticated) else caller.key.instance.roles
