"""An access token for a service key, from XSUAA (btp-cloud-platform, *token retrieval*)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import EllipsisType

from cryptography import x509

from cpi_conformance.certificates import Credential
from cpi_conformance.control.connection import Connection
from cpi_conformance.control.credentials import SOURCE, KeyCredentials
from cpi_conformance.control.errors import BrokenAnswer, TokenRefused
from cpi_conformance.control.patience import PATIENT, Patience
from cpi_conformance.control.token_endpoint import ask_for_token
from cpi_conformance.secret import Secret

CLOCKS_APART = 300.0
"""Seconds by which the clocks of a token server and of this machine may differ."""

END_OF_TIME = 2.0**40
"""Seconds since 1970; what is larger, or no number at all, is no time."""


@dataclass(frozen=True)
class Token:
    """What XSUAA has granted; ``expires_in`` is in seconds."""

    access_token: Secret
    expires_in: int
    scopes: tuple[str, ...]


def request_token(
    credentials: KeyCredentials,
    *,
    trusted: tuple[x509.Certificate, ...] = (),
    presented: Credential | None = None,
    secret: Secret | EllipsisType | None = ...,
    patience: Patience = PATIENT,
    sleep: Callable[[float], None] = time.sleep,
    same_time: bool = True,
) -> Token:
    """A token by the grant ``client_credentials``, at the key's ``tokenurl`` as it is given.

    With neither ``presented`` nor ``secret``, by what the service key itself holds: its secret, else its
    certificate.

    Args:
        credentials: who, and where.
        trusted: the roots of the far side; none means the public ones.
        presented: the client certificate of the handshake.
        secret: sent with the clientid in Basic authentication; ``None`` sends no ``Authorization``.
        patience: how often to ask.
        sleep: for tests that do not wait.
        same_time: whether a token that was issued at another time than now is none; a reaper goes by the far clock.

    Raises:
        TokenRefused: XSUAA refuses the client.
        Unreachable: there is no answer; also when one side of the handshake does not trust the other.
        RateLimited: too many requests.
        ServerFailure: XSUAA has failed.
        BrokenAnswer: likewise; also when the service key holds neither a secret nor a private key, and none is given,
            when its ``tokenurl`` would carry the secret over plain HTTP, or when the token was issued at another time
            than now, so that whether it is taken depends on whose clock is right.
    """
    if not credentials.tokenurl.startswith("https://"):
        raise BrokenAnswer(SOURCE, "oauth.tokenurl is no https URL")
    if secret is ...:
        secret = None if presented else credentials.clientsecret
        presented = presented or (None if secret else credentials.credential())
    form = {"grant_type": "client_credentials"}
    authorization = None
    if secret is None:
        form["client_id"] = credentials.clientid
    else:
        pair = f"{credentials.clientid}:{secret.reveal()}".encode()
        authorization = f"Basic {base64.b64encode(pair).decode()}"
    with Connection(trusted=trusted, presented=presented, patience=patience, sleep=sleep) as connection:
        answer = ask_for_token(
            connection,
            credentials.tokenurl,
            form,
            authorization=authorization,
            secrets=(secret,) if secret is not None else (),
            refused=TokenRefused,
            repeatable=True,
        )
    if answer.expires_in is None:
        raise BrokenAnswer(f"POST {credentials.tokenurl}", "no expires_in")
    apart = _seconds_apart(answer.access_token)
    if same_time and abs(apart) > CLOCKS_APART:
        when = f"{abs(apart) / 60:.0f} minutes {'after' if apart > 0 else 'before'} now"
        raise BrokenAnswer(f"POST {credentials.tokenurl}", f"a token that was issued {when}: the clocks differ")
    return Token(answer.access_token, int(answer.expires_in), answer.scopes)


def _seconds_apart(token: Secret) -> float:
    """How far ahead of ours the clock was that a token was issued by; 0 for a token that does not say."""
    try:
        claims = token.reveal().split(".")[1]
        issued = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("iat")
    except (IndexError, ValueError, AttributeError, RecursionError):
        return 0.0
    told = isinstance(issued, int | float) and 0 <= issued < END_OF_TIME
    return issued - time.time() if told else 0.0
