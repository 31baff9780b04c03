"""Giving a key and its certificates to a TLS context of Python's ``ssl``, which takes them only by path."""

from __future__ import annotations

import os
import secrets
import ssl
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from cpi_conformance.certificates.authority import Credential
from cpi_conformance.certificates.chain import pem


def present(context: ssl.SSLContext, credential: Credential) -> None:
    """Have a context present a client certificate with its issuers.

    On Linux the key goes through memory, elsewhere through a private file under a random password, which
    is removed at once.

    Raises:
        ssl.SSLError: OpenSSL does not take the key.
    """
    certificates = pem((credential.certificate, *credential.issuers)).encode()
    if sys.platform == "linux":
        key = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.memfd_create("client-certificate"), "wb") as stream:
            stream.write(key + certificates)
            stream.flush()
            context.load_cert_chain(f"/proc/self/fd/{stream.fileno()}")
        return
    password = secrets.token_bytes(16)
    key = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key + certificates)
        context.load_cert_chain(path, password=password)
    finally:
        Path(path).unlink()
