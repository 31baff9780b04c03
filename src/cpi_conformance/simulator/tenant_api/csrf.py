"""CSRF tokens of the tenant API: given to who asks, and asked of nobody who shows a bearer token.

The specification requires them; on Cloud Foundry a POST without one is taken (recorded on a tenant).
"""

from __future__ import annotations

import secrets
import uuid

from cpi_conformance.simulator.exchange import Exchange, Headers


def fetched_token(exchange: Exchange) -> Headers:
    """The token and the cookies of its session, when the request asks for them with ``X-CSRF-Token: Fetch``."""
    if (exchange.header("x-csrf-token") or "").strip().lower() != "fetch":
        return ()
    session = secrets.token_hex(16).upper()
    return (
        ("x-csrf-token", secrets.token_hex(16).upper()),
        ("set-cookie", f"JSESSIONID={session}; Path=/api; Secure; HttpOnly"),
        ("set-cookie", f"__VCAP_ID__={uuid.uuid4()}; Path=/api; HttpOnly; Secure"),
    )
