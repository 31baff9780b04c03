"""What is known about one thing that failed, as far as the catalogue can tell causes apart by it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from cpi_conformance.diagnosis.sayings import Saying, Tool


class Side(StrEnum):
    """Who failed."""

    SENDER = "sender"
    BACKEND = "backend"
    TOOL = "tool"
    COCKPIT = "cockpit"
    KEYSTORE = "keystore"


class Credentials(StrEnum):
    """By what a caller is to be known; a certificate that is sent decides even beside Basic (KBA 3224701)."""

    NOTHING = "nothing"
    BASIC = "basic"
    CERTIFICATE = "certificate"
    BEARER = "bearer"


class Stored(StrEnum):
    """Where the presented certificate is among those of the service keys."""

    NOWHERE = "nowhere"
    EXACTLY = "exactly"
    SAME_NAMES = "same-names"
    """One key holds another certificate with the same subject and issuer."""
    SEVERAL = "several"
    """More than one key holds a certificate with its subject and issuer."""


class FieldForm(StrEnum):
    """What stands in the field ``X.509`` of a service key."""

    ONE_LINE = "one-line"
    LINE_FEEDS = "line-feeds"
    CHAIN = "chain"
    SIGNING_REQUEST = "signing-request"
    PRIVATE_KEY = "private-key"
    ESCAPED = "escaped"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Symptoms:
    r"""Facts about one failure; ``None`` (no sayings: the empty set) means that it is not known.

    Attributes:
        side: who failed.
        cause: a value of ``sender.layers.Cause`` or ``control.denials.Denial``, or ``not-visible``.
        said: what texts of the far side, of a tool or of a trace were understood to say.
        tool: whose text it is.
        icm_error, ssl_error, ni_error: names of a backend, such as ``ICM_HTTP_SSL_ERROR``,
            ``SSSLERR_PEER_CERT_UNTRUSTED``, ``NIECONN_REFUSED``.
        strust: a value of ``backend.strust_refusals.StrustProblem``.
        root_elsewhere: the missing root is in the certificate list of another PSE.
        root_unsaved: the missing root is in the list on the screen, which was not saved.
        old_root_trusted: a root that SAP's load balancers have used is trusted, but not the one that is used now.
        known_issuer: the CA that is missing is one from which SAP has its server certificates.
        sni_sent: the handshake named the host.
        address_called: the host was given as an IP address.
        by_proxy: the call goes through an HTTP proxy, so that it is the proxy that is looked for and called.
        offers_tls_1_2: TLS 1.2 or newer was offered.
        credentials: what was presented.
        clientid_shaped: the clientid looks like one (``sb-…!b…|it…!b…``), without a character more.
        password_cut: the password has exactly the 64 characters that the field of a destination holds.
        certificate_configured: the sender has a client certificate for some host.
        certificate_requested, certificate_sent: in the handshake.
        chain_complete: what was sent leads to a root, or to a CA that the far side named.
        issuer_named: the root of the certificate is among the CAs that the far side named.
        client_auth: the extended key usage admits clients; ``None`` also where there is no such extension.
        expired: a certificate that was presented is past its validity.
        stored: where it is among the service keys.
        newer_accepted: a certificate with the same names and a later start has been accepted since.
        issuer_renewed: the issuer has signed it with another key than the certificate, or CA, of the same name
            that is held against it.
        accepted_elsewhere: the same certificate is accepted on the other way: by the flow, or by the token server.
        accepted_on_custom_domain: the same certificate is accepted on a custom domain.
        role_granted: the service instance has the role that the flow asks for.
        names_in_channel: the sender channel authorizes by a list of subjects and issuers.
        sporadic: the same call is accepted now and then.
        accepted_with_tls_1_2: the same call is accepted with TLS 1.2.
        edition: ``standard`` or ``trial``.
        sap_key_pair: the keystore has SAP's own key pair ``sap_cloudintegrationcertificate``.
        pfx_problem: a value of ``certificates.PfxProblem``, of a file that was imported.
        pfx_legacy: the PFX is encrypted with RC2 or RC4.
        pfx_modern: it is encrypted with AES.
        key_matches: private key and certificate of a file belong together.
        escaped: a certificate or key holds the two characters ``\n`` where line feeds belong.
        x509_field: what stands in the field ``X.509``.
        client_x509: the grant type ``client_x509`` was asked for.
    """

    side: Side | None = None
    cause: str | None = None
    said: frozenset[Saying] = frozenset()
    tool: Tool | None = None
    icm_error: str | None = None
    ssl_error: str | None = None
    ni_error: str | None = None
    strust: str | None = None
    root_elsewhere: bool | None = None
    root_unsaved: bool | None = None
    old_root_trusted: bool | None = None
    known_issuer: bool | None = None
    sni_sent: bool | None = None
    address_called: bool | None = None
    by_proxy: bool | None = None
    offers_tls_1_2: bool | None = None
    credentials: Credentials | None = None
    clientid_shaped: bool | None = None
    password_cut: bool | None = None
    certificate_configured: bool | None = None
    certificate_requested: bool | None = None
    certificate_sent: bool | None = None
    chain_complete: bool | None = None
    issuer_named: bool | None = None
    client_auth: bool | None = None
    expired: bool | None = None
    stored: Stored | None = None
    newer_accepted: bool | None = None
    issuer_renewed: bool | None = None
    accepted_elsewhere: bool | None = None
    accepted_on_custom_domain: bool | None = None
    role_granted: bool | None = None
    names_in_channel: bool | None = None
    sporadic: bool | None = None
    accepted_with_tls_1_2: bool | None = None
    edition: str | None = None
    sap_key_pair: bool | None = None
    pfx_problem: str | None = None
    pfx_legacy: bool | None = None
    pfx_modern: bool | None = None
    key_matches: bool | None = None
    escaped: bool | None = None
    x509_field: FieldForm | None = None
    client_x509: bool | None = None

    def __or__(self, other: Symptoms) -> Symptoms:
        """These, and of the other what is not known here; sayings of both."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        filled = {name: getattr(other, name) if value is None else value for name, value in values.items()}
        return Symptoms(**{**filled, "said": self.said | other.said})


NOTHING_KNOWN = Symptoms()
