"""What texts say: those of tools, of the far side, of a backend's traces and of a tenant's logs.

Each text is matched by the part that did not change over the versions seen (measured with curl 7.88, OpenSSL 3.0,
Node 20, Java 17, requests-pkcs12 1.27; of SAP's programs as their notes and public traces quote them).
"""

from __future__ import annotations

import re
from enum import StrEnum


class Tool(StrEnum):
    """Programs whose errors are understood."""

    CURL = "curl"
    OPENSSL = "openssl"
    NODE = "node"
    """Postman and newman run on it."""
    JAVA = "java"
    REQUESTS_PKCS12 = "requests-pkcs12"
    SAPGENPSE = "sapgenpse"


class Saying(StrEnum):
    """What a text was understood to say."""

    UNSUPPORTED = "unsupported"
    """The encryption of a PFX."""
    WRONG_PASSPHRASE = "wrong-passphrase"
    KEY_VALUES_MISMATCH = "key-values-mismatch"
    NO_START_LINE = "no-start-line"
    UNEXPECTED_EOF = "unexpected-eof"
    NO_AUTHENTICATION_OBJECT = "no-authentication-object"
    NO_FITTING_CERTIFICATE = "no-fitting-certificate"
    MULTIPLE_CLONES = "multiple-clones"
    ALREADY_USED = "already-used"
    DEPRECATED_GRANT = "deprecated-grant"
    NOT_IN_CHANNEL_LIST = "not-in-channel-list"
    NOT_A_MEMBER = "not-a-member"
    CERTIFICATE_RESPONSE = "certificate-response"


PATTERNS = {
    Saying.UNSUPPORTED: r"Unsupported PKCS12 PFX data|digital envelope routines::unsupported|Algorithm \(RC[24]",
    Saying.WRONG_PASSPHRASE: (
        r"mac verify (failure|error)|Invalid password or PKCS12 data|keystore password was incorrect"
    ),
    Saying.KEY_VALUES_MISMATCH: r"key[ _]values[ _]mismatch",
    Saying.NO_START_LINE: r"no start line|Incomplete data|PEM lib",
    Saying.UNEXPECTED_EOF: r"EOF occurred in violation of protocol|unexpected eof while reading",
    Saying.NO_AUTHENTICATION_OBJECT: r"An Authentication object was not found in the SecurityContext",
    Saying.NO_FITTING_CERTIFICATE: r"no certificate fitting to CA names",
    Saying.MULTIPLE_CLONES: r"Multiple clones found for certificate",
    Saying.ALREADY_USED: r"certificate .*(already (been )?used|in use)|certificate can only be used once",
    Saying.DEPRECATED_GRANT: r"client_x509.*(deprecated|end of life|not supported)",
    Saying.NOT_IN_CHANNEL_LIST: r"not contained in the accepted subjectAndIssuers list",
    Saying.NOT_A_MEMBER: (
        r"no (organization|space) .* is visible to this user|You are not authorized to perform the requested action"
    ),
    Saying.CERTIFICATE_RESPONSE: r"TRUST037|TRUST057|1S540|Certificate response does not match",
}

_COMPILED = {saying: re.compile(pattern, re.IGNORECASE) for saying, pattern in PATTERNS.items()}


def sayings_in(text: str) -> frozenset[Saying]:
    """All that a text is understood to say; nothing when it is not understood."""
    return frozenset(saying for saying, pattern in _COMPILED.items() if pattern.search(text))
