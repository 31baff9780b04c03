"""Reading the chain of a key pair: PKCS#7 or PEM, in whatever order its certificates are."""

from __future__ import annotations

import warnings
from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    load_der_pkcs7_certificates,
    load_pem_pkcs7_certificates,
)

from cpi_conformance.certificates import read_pem_bundle
from cpi_conformance.certificates.chain import issued_by
from cpi_conformance.simulator.tenant_api.errors import ODataError, bad_request

NOT_A_CHAIN = "The content is not a certificate chain"
BROKEN_CHAIN = "The certificate chain is not valid"


def read_chain(body: bytes, own: x509.Certificate) -> tuple[x509.Certificate, ...]:
    """The chain, the certificate with the public key of ``own`` first; without such a one, in the order given.

    Raises:
        ODataError: 415, it holds no certificates; 400, one of them has issued no other.
    """
    found = _certificates(body)
    first = next((each for each in found if each.public_key() == own.public_key()), found[0])
    chain, others = [first], [each for each in found if each != first]
    while others:
        issuer = next((each for each in others if issued_by(chain[-1], each)), None)
        if issuer is None:
            raise bad_request(BROKEN_CHAIN)
        chain.append(issuer)
        others.remove(issuer)
    return tuple(chain)


def _certificates(body: bytes) -> list[x509.Certificate]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BER is allowed in PKCS#7
        for read in (read_pem_bundle, load_pem_pkcs7_certificates, load_der_pkcs7_certificates):
            with suppress(ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
                if found := list(read(body)):
                    return found
    raise ODataError(415, NOT_A_CHAIN)
