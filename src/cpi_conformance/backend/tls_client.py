"""TLS as the backend's kernel does it (CommonCryptoLib), on Python's own OpenSSL.

Where it differs from other clients: the certificate list is all that is trusted, a root in it suffices and an
intermediate alone does not; a certificate goes out only when the server names a CA of its chain (*Have no
certificate fitting to CA names received from server*), unless the bit for blind sending is set; without SNI the
name is checked all the same, against whatever certificate was served.
"""

from __future__ import annotations

import socket
import ssl

from cpi_conformance.backend.parameters import Parameters
from cpi_conformance.backend.pse import Pse
from cpi_conformance.certificates import Credential, dn
from cpi_conformance.sender.contexts import offer, presenting_context, trust_only
from cpi_conformance.sender.transcript import Choice, watch


class PseUnusable(Exception):
    """The key of the own certificate cannot be used; the text says why."""


def connected(
    plain: socket.socket,
    host: str,
    pse: Pse,
    parameters: Parameters,
    verify: ssl.VerifyMode = ssl.CERT_REQUIRED,
) -> ssl.SSLSocket:
    """A TLS connection on a connected socket; the name of the server certificate is not checked yet.

    No kernel does without verification; ``verify`` is there for a backend that is wrong on purpose.

    Raises:
        PseUnusable: OpenSSL does not take the key of the PSE; nothing has been sent.
        ssl.SSLError: either side refuses the other.
        OSError: the connection ended.
    """
    context = _context(pse, parameters)
    context.verify_mode = verify
    name = host if parameters.client_sni else None
    return context.wrap_socket(plain, server_hostname=name)


def _context(pse: Pse, parameters: Parameters) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_only(context, pse.certificate_list)
    context.check_hostname = False  # the name is compared afterwards, because without SNI Python would not do it
    if parameters.intermediate_anchors:
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    offer(context, parameters.tls)
    watch(context, None if pse.path is None else _choice(pse.path, blind=parameters.blind))
    return context


def _choice(path: Credential, *, blind: bool) -> Choice:
    try:
        presenting = presenting_context(path)
    except ssl.SSLError as error:
        raise PseUnusable(f"OpenSSL does not take the key of the own certificate ({error.reason})") from None

    def choose(named: tuple[str, ...]) -> ssl.SSLContext | None:
        return presenting if blind or fits(path, named) else None

    return choose


def fits(path: Credential, named: tuple[str, ...]) -> bool:
    """Whether a chain has an issuer among the CAs that a server names; a server that names none takes any."""
    issuers = {dn(each.issuer) for each in (path.certificate, *path.issuers)}
    return not named or bool(issuers & set(named))
