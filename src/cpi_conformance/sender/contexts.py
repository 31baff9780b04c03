"""TLS contexts and requests adapters: one fresh pair for each identity, trust and TLS range.

Nothing is added to a context after it is made, so trust does not leak from one call into another
(``Pkcs12Adapter`` adds each ``verify`` file to its one context for good). Verify flags are set
explicitly, so that a missing root means the same on Python 3.11 and on 3.13, which by itself would
take an intermediate for an anchor.
"""

from __future__ import annotations

import ssl
import warnings
from typing import Any

from cryptography import x509
from requests.adapters import HTTPAdapter
from requests_pkcs12 import Pkcs12Adapter

from cpi_conformance.certificates import Credential, PfxFile, PfxProblem, PfxRefused, pem, present
from cpi_conformance.sender.call import TlsRange, Trust
from cpi_conformance.sender.connections import PlainPool, SecuredPool
from cpi_conformance.sender.transcript import watch


class SenderAdapter(Pkcs12Adapter):  # type: ignore[misc]  # requests-pkcs12 has no types
    """The adapter of requests-pkcs12, given its TLS context ready made.

    Left to itself it loads the PFX once for each adapter (30 ms with an RSA key), refuses expired
    certificates before anything is sent, and lets requests add certifi's bundle to the context.
    """

    ssl_context: ssl.SSLContext

    def __init__(self, *, ssl_context: ssl.SSLContext, expected_name: str | None) -> None:
        self.ssl_context = ssl_context
        self._expected_name = expected_name
        HTTPAdapter.__init__(self, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pool the name that the server certificate must carry."""
        if self._expected_name is not None:
            kwargs["server_hostname"] = self._expected_name
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify always, and load nothing: the context has all that is trusted."""
        conn.cert_reqs = "CERT_REQUIRED"


def adapter_for(pfx: PfxFile | None, trust: Trust, tls: TlsRange) -> SenderAdapter:
    """The adapter for one identity, one trust and one TLS range.

    Raises:
        PfxRefused: the PFX is no identity.
    """
    presenting = None if pfx is None else _presenting(pfx)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_only(context, trust.certificates)
    offer(context, tls)
    watch(context, None if presenting is None else lambda named: presenting)
    return SenderAdapter(ssl_context=context, expected_name=trust.expected_name)


def _presenting(pfx: PfxFile) -> ssl.SSLContext:
    """A context that presents what is in the PFX, and nothing that a sender happens to trust besides."""
    try:
        return presenting_context(pfx.open())
    except ssl.SSLError as error:
        raise PfxRefused(PfxProblem.UNSUPPORTED_KEY, f"OpenSSL does not take it ({error.reason})") from None


def presenting_context(credential: Credential) -> ssl.SSLContext:
    """A context to go on with when a certificate is asked for; ``ssl.SSLError`` when OpenSSL does not take the key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    present(context, credential)
    watch(context)
    return context


def trust_only(context: ssl.SSLContext, certificates: tuple[x509.Certificate, ...]) -> None:
    """Have a context trust these roots and no others, by the same rule on every Python; the name is checked too."""
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    if certificates:
        context.load_verify_locations(cadata=pem(certificates))


def offer(context: ssl.SSLContext, tls: TlsRange) -> None:
    """Have a context offer these TLS versions, also those that no client offers any more."""
    if tls.highest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else OpenSSL 3 refuses before anything is sent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are offered on purpose, to see them refused
        context.minimum_version = tls.lowest
        context.maximum_version = tls.highest
