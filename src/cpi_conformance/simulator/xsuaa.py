"""XSUAA of a subaccount: issues tokens for service keys, on one host by secret, on another by certificate.

Claims and answers after SAP's client libraries and their recorded tokens; the host for certificates
(``.cert.``) takes ``client_id`` and the certificate of the handshake, no secret.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from cpi_conformance.secret import Secret
from cpi_conformance.simulator.client_certificate import client_certificate
from cpi_conformance.simulator.exchange import Answer, Exchange
from cpi_conformance.simulator.instance_order import GRANT_TYPES
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.routes import Route, Routes
from cpi_conformance.simulator.service_key import CLIENT_CREDENTIALS, ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, Authentication, ServiceKeys, Unauthenticated
from cpi_conformance.simulator.tokens import TokenIssuer

JSON = ("content-type", "application/json;charset=UTF-8")

TOKEN_PATH = "/oauth/token"

ENCODED = "x-cf-encoded-credentials"
"""With this header clientid and secret of Basic authentication are URL-encoded."""

NOTHING_SENT = "An Authentication object was not found in the SecurityContext"
WRONG_SECRET = "Bad credentials"
WRONG_CERTIFICATE = "Client authentication failed"

CHALLENGE = ("www-authenticate", f'Basic realm="UAA/client", error="unauthorized", error_description="{WRONG_SECRET}"')


class Xsuaa:
    """The token server; :meth:`by_secret` and :meth:`by_certificate` are the applications of its two hosts."""

    def __init__(self, keys: ServiceKeys, issuer: TokenIssuer, urls: TenantUrls, subaccount: str) -> None:
        """``urls`` can be set again; ``subaccount`` is its GUID, and the identity zone of all tokens."""
        self.urls = urls
        self._keys = keys
        self._issuer = issuer
        self._subaccount = subaccount
        self._by_secret = self._routes(self._client_by_secret)
        self._by_certificate = self._routes(self._client_by_certificate)

    async def by_secret(self, exchange: Exchange) -> Answer:
        """Answer a request to ``<subdomain>.authentication.<region>``."""
        return self._by_secret(exchange)

    async def by_certificate(self, exchange: Exchange) -> Answer:
        """Answer a request to ``<subdomain>.authentication.cert.<region>``."""
        return self._by_certificate(exchange)

    def issue(self, key: ServiceKey) -> dict[str, Any]:
        """The answer to a request for a token: the token and what is in it."""
        validity, token_id = key.instance.token_validity, uuid.uuid4().hex
        scopes = [*(f"{key.application}.{role}" for role in sorted(key.instance.roles)), "uaa.resource"]
        claims = {
            "jti": token_id,
            "ext_attr": {
                "enhancer": "XSUAA",
                "subaccountid": self._subaccount,
                "zdn": self._keys.subdomain,
                "serviceinstanceid": key.instance.guid,
            },
            "sub": key.clientid,
            "authorities": scopes,
            "scope": scopes,
            "client_id": key.clientid,
            "cid": key.clientid,
            "azp": key.clientid,
            "grant_type": CLIENT_CREDENTIALS,
            "rev_sig": uuid.uuid5(uuid.NAMESPACE_URL, key.clientid).hex[:8],
            "zid": self._subaccount,
            "aud": ["uaa", key.clientid, key.application],
        }
        token = self._issuer.issue(claims, seconds=validity, headers={"jku": f"{self.urls.token}/token_keys"})
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": validity - 1,
            "scope": " ".join(scopes),
            "jti": token_id,
        }

    def _routes(self, client: Callable[[Exchange], Authentication | Answer]) -> Routes:
        return Routes(
            (
                Route("POST", TOKEN_PATH, lambda exchange: self._token(exchange, client)),
                Route("GET", "/token_keys", lambda exchange: _answer(200, self._issuer.key_set())),
                Route("GET", "/.well-known/openid-configuration", self._configuration),
            ),
            lambda exchange: _refused(404, "not_found", "Not Found", f"no {exchange.method} on {exchange.path}"),
        )

    def _token(self, exchange: Exchange, client: Callable[[Exchange], Authentication | Answer]) -> Answer:
        holder = client(exchange)
        if isinstance(holder, Answer):
            return holder
        if isinstance(holder, Unauthenticated):
            return _refused(401, "invalid_client", WRONG_CERTIFICATE, holder.why)
        grant = exchange.form().get("grant_type")
        if grant is None:
            return _refused(400, "invalid_request", "Missing grant type", "no grant_type")
        if grant not in GRANT_TYPES:
            return _refused(400, "unsupported_grant_type", f"Unsupported grant type: {grant}", "unknown grant_type")
        if grant not in holder.key.instance.grant_types:
            return _refused(401, "invalid_client", "Unauthorized grant type", f"the instance does not grant {grant}")
        if grant != CLIENT_CREDENTIALS:
            return _refused(401, "unauthorized", WRONG_SECRET, "the subaccount has no users")
        return _answer(200, self.issue(holder.key))

    def _client_by_secret(self, exchange: Exchange) -> Authentication | Answer:
        form = exchange.form()
        pair = exchange.basic()
        if pair is None:
            pair = (form.get("client_id", ""), form.get("client_secret", ""))
        elif exchange.header(ENCODED) == "true":
            pair = (unquote(pair[0]), unquote(pair[1]))
        clientid, secret = pair
        if not clientid:
            return _refused(401, "unauthorized", NOTHING_SENT, "no credentials arrived")
        present = self._keys.keys()
        if all(key.clientid != clientid for key in present):
            text = f"Client with requested ID {clientid} does not exist"
            return _refused(401, "invalid_client", text, "no service key has this clientid")
        holder = self._keys.holder_of_secret(clientid, Secret(secret))
        if isinstance(holder, Unauthenticated):
            return _refused(401, "unauthorized", WRONG_SECRET, holder.why, challenge=True)
        return holder

    def _client_by_certificate(self, exchange: Exchange) -> Authentication | Answer:
        certificate = client_certificate(exchange)
        clientid = exchange.form().get("client_id")
        if certificate is None:
            return Unauthenticated("no client certificate arrived")
        if not clientid:
            return _refused(401, "unauthorized", NOTHING_SENT, "no client_id arrived")
        holder = self._keys.holder_of_certificate(certificate)
        if isinstance(holder, Authenticated) and holder.key.clientid != clientid:
            return Unauthenticated("the certificate belongs to another clientid")
        return holder

    def _configuration(self, _: Exchange) -> Answer:
        url = self.urls.token
        return _answer(
            200,
            {
                "issuer": self._issuer.issuer,
                "authorization_endpoint": f"{url}/oauth/authorize",
                "token_endpoint": f"{url}{TOKEN_PATH}",
                "mtls_endpoint_aliases": {"token_endpoint": f"{self.urls.token_by_certificate}{TOKEN_PATH}"},
                "jwks_uri": f"{url}/token_keys",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            },
        )


def _answer(status: int, document: Any, truth: Truth | None = None) -> Answer:
    return Answer(status, (JSON, ("cache-control", "no-store")), json.dumps(document).encode(), truth)


def _refused(status: int, error: str, text: str, why: str, *, challenge: bool = False) -> Answer:
    truth = Truth("authentication", error.replace("_", "-"), why)
    answer = _answer(status, {"error": error, "error_description": text}, truth)
    return Answer(status, (*answer.headers, CHALLENGE), answer.body, truth) if challenge else answer
