"""The client certificate that the load balancer hands over to the systems behind it."""

from __future__ import annotations

import base64

from cryptography import x509

from cpi_conformance.simulator.exchange import Exchange


def client_certificate(exchange: Exchange) -> x509.Certificate | None:
    """The verified one, from the header family of the Cloud Foundry HAProxy release; ``None`` when there is none."""
    if exchange.header("x-ssl-client") != "1" or exchange.header("x-ssl-client-verify") != "0":
        return None
    encoded = exchange.header("x-forwarded-client-cert")
    return x509.load_der_x509_certificate(base64.b64decode(encoded)) if encoded else None
