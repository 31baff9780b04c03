"""Tokens (JWT, RS256) as UAA and XSUAA issue them, and the key set with which anybody verifies them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from cpi_conformance.simulator.clock import Clock


class TokenInvalid(Exception):
    """A token that has expired, or that somebody else has issued, or that is none."""


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """One for all issuers of a process, made when the first token is: it costs 40 ms, and issuers differ by name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@lru_cache(maxsize=256)
def _signed_claims(token: str, issuer: str) -> dict[str, Any]:
    """The claims of a token with our signature and this issuer; a caller shows the same one with each request."""
    claims: dict[str, Any] = jwt.decode(
        token,
        _signing_key().public_key(),
        algorithms=["RS256"],
        issuer=issuer,
        options={"verify_exp": False, "verify_iat": False, "verify_aud": False},  # the clock may be moved
    )
    return claims


class TokenIssuer:
    """One UAA: issues tokens under its name and takes no others."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        """``issuer`` is the URL of the token endpoint; it becomes ``iss``."""
        self.issuer = issuer
        self._clock = clock
        self._key_id = f"key-{uuid.uuid5(uuid.NAMESPACE_URL, issuer).hex[:8]}"

    def issue(self, claims: Mapping[str, Any], *, seconds: int, headers: Mapping[str, str] | None = None) -> str:
        """A token with these claims, and ``iss``, ``iat``, ``exp`` and ``jti``."""
        now = int(self._clock.now().timestamp())
        common = {"iss": self.issuer, "iat": now, "exp": now + seconds, "jti": uuid.uuid4().hex}
        extra = {"kid": self._key_id, **(headers or {})}
        return jwt.encode({**common, **claims}, _signing_key(), algorithm="RS256", headers=extra)

    def verify(self, token: str) -> dict[str, Any]:
        """The claims of a token of this issuer.

        Raises:
            TokenInvalid: it is none, or it has expired by the landscape's clock.
        """
        try:
            claims = _signed_claims(token, self.issuer)
        except jwt.PyJWTError as error:
            raise TokenInvalid(type(error).__name__) from None
        if claims["exp"] <= self._clock.now().timestamp():
            raise TokenInvalid("expired")
        return dict(claims)

    def key_set(self) -> dict[str, Any]:
        """What ``/token_keys`` answers; SAP's Python library reads ``value``, others ``n`` and ``e``."""
        public = _signing_key().public_key()
        key = RSAAlgorithm.to_jwk(public, as_dict=True)
        value = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        entry = {
            "kty": "RSA",
            "e": key["e"],
            "use": "sig",
            "kid": self._key_id,
            "alg": "RS256",
            "value": value,
            "n": key["n"],
        }
        return {"keys": [entry]}
