"""From a call and what came of it to symptoms."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from ssl import TLSVersion

from cryptography import x509

from cpi_conformance.certificates import PfxFile, PfxRefused
from cpi_conformance.diagnosis.presented import symptoms_of_client_chain, symptoms_of_server_chain
from cpi_conformance.diagnosis.sayings import sayings_in
from cpi_conformance.diagnosis.symptoms import Credentials, Side, Symptoms
from cpi_conformance.sender import (
    Authorization,
    Basic,
    Bearer,
    Call,
    Cause,
    CertificateInHandshake,
    CertificateInHeaders,
    Evidence,
    NoAuthorization,
    Observation,
    Refused,
)

CLIENTID = re.compile(r"sb-[\w.-]+!b\d+\|[\w.-]+!b\d+")
"""``sb-<uuid>!b<n>|it-rt-<tenant>!b<n>``, and ``…|it!b<n>`` for the plan *api* (seen in published service keys)."""

LONGEST_PASSWORD = 64
"""Characters that a destination of SM59 holds (SAP Note 909503)."""


def symptoms_of_call(call: Call, observation: Observation) -> Symptoms:
    """What a call and its observation tell; that a service key or a role fits is not among it."""
    configured = _pfx(call)
    symptoms = Symptoms(
        side=Side.SENDER,
        address_called=is_address(call.host),
        sni_sent=_names_host(call),
        offers_tls_1_2=call.tls.highest >= TLSVersion.TLSv1_2,
    )
    own = _chain(configured)
    return symptoms | symptoms_of_observation(
        observation,
        trusted=call.trust.certificates,
        own=own,
        configured=configured is not None,
        authorization=call.authorization,
    )


def symptoms_of_observation(
    observation: Observation,
    *,
    trusted: Sequence[x509.Certificate],
    own: Sequence[x509.Certificate],
    configured: bool,
    authorization: Authorization,
) -> Symptoms:
    """What any sender's observation tells, whoever has sent.

    Args:
        observation: what came of the call.
        trusted: whom the sender trusts.
        own: the certificate that it would present and the issuers that it would send along, leaf first.
        configured: whether it has one to present.
        authorization: what it puts into the request.
    """
    evidence = observation.evidence
    sent = _sent(evidence)
    symptoms = Symptoms(
        cause=str(observation.cause) if isinstance(observation, Refused) else None,
        credentials=_credentials(authorization, certificate=bool(sent)),
        certificate_configured=configured,
        certificate_requested=evidence.certificate_requested if _shook_hands(evidence) else None,
        certificate_sent=sent,
    )
    if isinstance(observation, Refused) and observation.cause is Cause.MISSING_CA:
        symptoms |= symptoms_of_server_chain(evidence.server_chain, trusted)
    if isinstance(authorization, Basic):
        symptoms |= symptoms_of_basic(authorization)
    if observation.response is not None:
        symptoms |= Symptoms(said=sayings_in(observation.response.body.decode("utf-8", "replace")))
    return symptoms | symptoms_of_client_chain(evidence.client_chain or own, evidence.accepted_cas)


def symptoms_of_basic(basic: Basic) -> Symptoms:
    """Whether clientid and clientsecret have their shapes; neither is shown."""
    return Symptoms(
        clientid_shaped=CLIENTID.fullmatch(basic.clientid) is not None,
        password_cut=len(basic.clientsecret.reveal()) == LONGEST_PASSWORD,
    )


def is_address(host: str) -> bool:
    """Whether a host is an IP address; such a one is never named in the handshake (RFC 6066, section 3)."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _names_host(call: Call) -> bool | None:
    if call.scheme != "https":
        return None
    return not is_address(call.trust.expected_name or call.host)


def _pfx(call: Call) -> PfxFile | None:
    match call.certificate:
        case CertificateInHandshake(pfx) | CertificateInHeaders(_, PfxFile() as pfx):
            return pfx
    return None


def _chain(pfx: PfxFile | None) -> tuple[x509.Certificate, ...]:
    if pfx is None:
        return ()
    try:
        credential = pfx.open()
    except PfxRefused:
        return ()
    return (credential.certificate, *credential.issuers)


def _credentials(authorization: Authorization, *, certificate: bool) -> Credentials:
    if certificate:
        return Credentials.CERTIFICATE
    if isinstance(authorization, NoAuthorization):
        return Credentials.NOTHING
    return Credentials.BEARER if isinstance(authorization, Bearer) else Credentials.BASIC


def _sent(evidence: Evidence) -> bool | None:
    if evidence.client_chain:
        return True
    return False if _shook_hands(evidence) else None


def _shook_hands(evidence: Evidence) -> bool:
    """Whether the handshake got as far as to say if a certificate is wanted."""
    return evidence.certificate_requested or evidence.tls_version is not None
