"""What a bearer token says to the runtime: the roles of who shows it, or why it says nothing.

The token alone decides: the service key that it was issued for is not looked up, so a token outlives
its key until it expires (assumed; tokens of XSUAA are checked without asking it).
"""

from __future__ import annotations

from cpi_conformance.simulator.service_keys import Unauthenticated
from cpi_conformance.simulator.tokens import TokenInvalid, TokenIssuer


def roles_of_token(token: str, issuer: TokenIssuer, application: str) -> frozenset[str] | Unauthenticated:
    """The user roles among the scopes of a token that ``issuer`` has issued for ``application`` (``xsappname``)."""
    try:
        claims = issuer.verify(token)
    except TokenInvalid as invalid:
        return Unauthenticated(f"the bearer token is not valid ({invalid})")
    if application not in claims.get("aud", ()):
        return Unauthenticated("the bearer token is for another application")
    prefix = f"{application}."
    return frozenset(scope.removeprefix(prefix) for scope in claims.get("scope", ()) if scope.startswith(prefix))
