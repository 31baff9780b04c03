"""TLS contexts and requests adapters: one fresh pair for each identity, trust and TLS range.

Nothing is added to a context after it is made, so trust does not leak from one call into another
(``Pkcs12Adapter`` adds each ``verify`` file to its one context for good). Verify flags are set
explicitly, so that a missing root means the same on Python 3.11 and on 3.13, which by itself would
take an intermediate for an anchor.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from requests.adapters import HTTPAdapter
from requests_pkcs12 import Pkcs12Adapter

from cpi_conformance.certificates import Credential, PfxFile, pem
from cpi_conformance.sender.call import TlsRange, Trust
from cpi_conformance.sender.transcript import watch


class ExplicitTrustAdapter(HTTPAdapter):
    """An adapter that leaves its context's trust alone: neither certifi nor an environment variable adds to it."""

    def __init__(self, *, ssl_context: ssl.SSLContext, trust: Trust) -> None:
        self.ssl_context = ssl_context
        self._expected_name = trust.expected_name
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give the pool our context, and the name that the server certificate must carry."""
        kwargs["ssl_context"] = self.ssl_context
        if self._expected_name is not None:
            kwargs["server_hostname"] = self._expected_name
        super().init_poolmanager(*args, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify always, and load nothing: requests would add certifi's bundle here."""
        conn.cert_reqs = "CERT_REQUIRED"


def adapter_for(pfx: PfxFile | None, trust: Trust, tls: TlsRange) -> ExplicitTrustAdapter:
    """The adapter for one identity, one trust and one TLS range.

    The client certificate's context comes from requests-pkcs12. It refuses certificates that have
    expired before anything is sent, and such a call must reach the far side to prove anything, so
    those alone get a context of our own.

    Raises:
        PfxRefused: the PFX is no identity.
    """
    if pfx is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        credential = pfx.open()
        context = _own_context(credential) if _has_expired(credential) else _pkcs12_context(pfx)
    _trust_only(context, trust)
    _offer(context, tls)
    watch(context)
    return ExplicitTrustAdapter(ssl_context=context, trust=trust)


def _pkcs12_context(pfx: PfxFile) -> ssl.SSLContext:
    passphrase = pfx.passphrase.reveal() if pfx.passphrase else None
    adapter = Pkcs12Adapter(pkcs12_data=pfx.content, pkcs12_password=passphrase)
    context = adapter.ssl_context
    assert isinstance(context, ssl.SSLContext)
    return context


def _own_context(credential: Credential) -> ssl.SSLContext:
    """As requests-pkcs12 does it (``load_cert_chain`` takes only a path), without its look at the dates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    password = secrets.token_bytes(16)
    key = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key + pem((credential.certificate, *credential.issuers)).encode())
        context.load_cert_chain(path, password=password)
    finally:
        Path(path).unlink()
    return context


def _has_expired(credential: Credential) -> bool:
    now = dt.datetime.now(dt.UTC)
    return any(each.not_valid_after_utc < now for each in (credential.certificate, *credential.issuers))


def _trust_only(context: ssl.SSLContext, trust: Trust) -> None:
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    if trust.certificates:
        context.load_verify_locations(cadata=pem(trust.certificates))


def _offer(context: ssl.SSLContext, tls: TlsRange) -> None:
    if tls.highest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else OpenSSL 3 refuses before anything is sent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are offered on purpose, to see them refused
        context.minimum_version = tls.lowest
        context.maximum_version = tls.highest
