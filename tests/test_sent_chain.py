"""What is sent as client certificate is what the PFX or PSE holds, whatever CAs the caller trusts besides.

OpenSSL completes the chain that it sends from the certificates that it trusts, unless the two are kept apart. Then
a PFX without its chain would be accepted for a reason that no other client shares.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpi_conformance.backend import Backend, ConnectionTest, Destination, Icm, Parameters, Pse
from cpi_conformance.certificates import open_pfx, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    TLS_1_2,
    TLS_1_3,
    Accepted,
    Cause,
    CertificateInHandshake,
    Observation,
    Refused,
    Sender,
    TlsRange,
    Trust,
)
from cpi_conformance.simulator.hosts import HOST
from tests.conftest import Inhabited

VERSIONS = pytest.mark.parametrize(
    ("tls", "ciphersuites"),
    [pytest.param(TLS_1_2, "528:HIGH", id="tls-1-2"), pytest.param(TLS_1_3, "1040:HIGH", id="tls-1-3")],
)


def sent(observation: Observation) -> int:
    """How many certificates went out."""
    return len(observation.evidence.client_chain)


@VERSIONS
@pytest.mark.parametrize("complete", [False, True], ids=["leaf-only", "whole-chain"])
def test_sender(current: Inhabited, tls: TlsRange, ciphersuites: str, complete: bool) -> None:
    """A sender that trusts the CAs of its own certificate too."""
    credential = open_pfx(current.pfx("sender"))
    pfx = write_pfx(credential, Secret("passphrase"), with_chain=complete)
    trust = Trust((*credential.issuers, current.landscape.trusted_root))
    call = replace(current.anonymous, certificate=CertificateInHandshake(pfx), trust=trust, tls=tls)
    observation = Sender().send(call)
    assert sent(observation) == (3 if complete else 1)
    assert isinstance(observation, Accepted) == complete
    assert complete or (isinstance(observation, Refused) and observation.cause is Cause.UNKNOWN_CA)


@VERSIONS
@pytest.mark.parametrize("complete", [False, True], ids=["leaf-only", "whole-chain"])
def test_backend(current: Inhabited, tls: TlsRange, ciphersuites: str, complete: bool) -> None:
    """A backend whose certificate list holds the CAs of its own certificate, as the whitepaper has it."""
    own = open_pfx(current.pfx("sender"))
    pse = Pse(own, (*own.issuers, current.landscape.trusted_root))
    pse = pse if complete else pse.with_issuers(())
    destination = Destination("CPI", HOST, "/http/test/clientcert", str(current.landscape.port), ssl_certificate="CPI")
    backend = Backend((("CPI", pse),), Parameters(client_ciphersuites=ciphersuites))
    observation = Icm().send(ConnectionTest(backend, destination))
    assert sent(observation) == (3 if complete else 1)
    assert isinstance(observation, Accepted) == complete
