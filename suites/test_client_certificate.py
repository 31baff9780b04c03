"""Client-certificate authentication with the PFX of an S-user."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpi_conformance.certificates import Encryption, PfxFile, dn, open_pfx
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import (
    TLS_1_2,
    TLS_1_3,
    Call,
    Cause,
    CertificateInHandshake,
    CertificateInHeaders,
    NoCertificate,
    Sender,
    TlsRange,
)
from cpi_conformance.verdict import Judge, Severity
from fixtures.checks import check, on_profiles, row
from fixtures.parts import Cast

pytestmark = pytest.mark.usefixtures("standard_edition")

POSTMAN = ("2.postman.4", "2.postman.5", "2.postman.6", "2.postman.9", "2.postman.10")
PFX = ("2.passport.3", "2.postman.5")
KEY = ("2.mapping.13", "2.mapping.14")

WRONG_ATTEMPTS = 5
"""After so many in a row locks usually close."""


@pytest.fixture(params=[pytest.param(TLS_1_2, id="tls-1-2"), pytest.param(TLS_1_3, id="tls-1-3")])
def certificate_call_on(certificate_call: Call, request: pytest.FixtureRequest) -> Call:
    """The accepted call, on each TLS version: the versions refuse a client certificate at different moments."""
    return replace(certificate_call, tls=request.param)


def refusal_of_bad_certificate(landscape: Landscape, alert: Cause) -> Cause:
    """What the landscape says that a certificate gets which does not verify: the alert, or 401."""
    return alert if landscape.expectations.bad_client_certificate == "alert" else Cause.UNAUTHENTICATED


@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    "tls",
    [
        row("MTLS-01", "the PFX and No Auth on TLS 1.2", TLS_1_2, steps=POSTMAN, severity=Severity.BLOCKER),
        row("MTLS-02", "the PFX and No Auth on TLS 1.3", TLS_1_3, steps=POSTMAN, severity=Severity.BLOCKER),
    ],
)
def test_accepted(certificate_call: Call, tls: TlsRange, judge: Judge) -> None:
    """Accepted: the S-user's certificate alone opens the flow, and it is the certificate that was asked for and sent.

    Source: whitepaper, chapter 2; SAP help 4ec6192.
    """
    accepted = judge.accepted(certificate_call.but(tls=tls).call)
    assert accepted.evidence.certificate_requested, "the load balancer did not ask for a client certificate"


@on_profiles("whitepaper", "current")
@check("MTLS-07", "the root of the PFX is among the CAs that the load balancer names", steps=("2.postman.5",))
def test_names_of_accepted_cas(certificate_call: Call, passport: PfxFile, judge: Judge) -> None:
    """Accepted: an S/4HANA backend and Java send no certificate unless its CA is named; Postman sends it anyway.

    Source: RFC 8446, section 4.2.4; SAP community, ba-p/13558707.
    """
    named = judge.accepted(certificate_call).evidence.accepted_cas
    issuers = {dn(each.issuer) for each in (open_pfx(passport).certificate, *open_pfx(passport).issuers)}
    assert issuers & set(named), f"none of the PFX's CAs is among the {len(named)} that are named"


@pytest.mark.parametrize(
    "encryption",
    [
        row("MTLS-03", "a PFX encrypted with AES-256", Encryption.AES_256, steps=PFX),
        row("MTLS-04", "a PFX encrypted with 3DES", Encryption.TRIPLE_DES, steps=PFX),
        row("MTLS-05", "a PFX encrypted with RC2-40", Encryption.RC2_40, steps=PFX),
        row("MTLS-06", "a PFX without a passphrase", Encryption.NONE, steps=PFX),
    ],
)
def test_accepted_from_each_kind_of_pfx(
    certificate_call: Call, reencrypted: dict[Encryption, PfxFile], encryption: Encryption, judge: Judge
) -> None:
    """Accepted: how the file was encrypted is the sender's affair; the certificate in it is the same.

    Source: measured; which encryption the SAP Passport site uses is unconfirmed.
    """
    judge.accepted(certificate_call.but(certificate=CertificateInHandshake(reencrypted[encryption])).call)


@on_profiles("whitepaper", "current")
@check("MTLS-10", "no certificate", steps=POSTMAN, severity=Severity.BLOCKER)
def test_no_certificate(certificate_call_on: Call, judge: Judge) -> None:
    """Refused at authentication: the handshake succeeds without a certificate, but nobody is authenticated.

    Source: SAP help 4ec6192; observed on a tenant, August 2026.
    """
    judge.refused(certificate_call_on.but(certificate=NoCertificate()), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    "part",
    [
        row("MTLS-11", "a certificate that is in no service key", "unassigned", steps=KEY),
        row("MTLS-12", "the certificate of a deleted key", "deleted", steps=KEY),
        row("MTLS-13", "the same subject with another key pair, when pinned", "other_key_pair", steps=KEY),
        row("MTLS-14", "a certificate that two keys claim", "claimed_twice", steps=KEY),
    ],
)
def test_certificate_without_its_one_key(certificate_call_on: Call, cast: Cast, part: str, judge: Judge) -> None:
    """Refused at authentication: a trusted certificate must be in exactly one service key, byte for byte when pinned.

    Source: SAP help 19af5e2; SAP KBAs 3224701 and 3364579.
    """
    other = CertificateInHandshake(cast(part))
    judge.refused(certificate_call_on.but(certificate=other), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current")
@check("MTLS-15", "the older certificate after the renewed one was used, when not pinned", steps=KEY)
def test_superseded_certificate(certificate_call_on: Call, cast: Cast, judge: Judge) -> None:
    """Refused at authentication: with an unpinned key the newest issue date wins, from its first use on.

    Source: SAP help 19af5e2.
    """
    renewed = CertificateInHandshake(cast("renewed"))
    older = CertificateInHandshake(cast("superseded"))
    twin = replace(certificate_call_on, certificate=renewed)
    judge.refused(twin.but(certificate=older), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current")
@check("MTLS-16", "the right certificate, but the role is missing", steps=("2.mapping.16", "2.postman.10"))
def test_role_missing(certificate_call_on: Call, cast: Cast, judge: Judge) -> None:
    """Refused at authorization: the instance of the key must have the user role of the channel.

    Source: SAP help 4ec6192 and 7f84d16.
    """
    without_role = CertificateInHandshake(cast("without_role"))
    judge.refused(certificate_call_on.but(certificate=without_role), Cause.ROLE_MISSING)


@on_profiles("whitepaper", "current")
@check("MTLS-20", "a certificate of an untrusted CA", steps=("2.postman.5",))
def test_untrusted_ca(certificate_call_on: Call, landscape: Landscape, of_untrusted_ca: PfxFile, judge: Judge) -> None:
    """Refused at client-trust, or at authentication where the load balancer does not pass the certificate on.

    Source: SAP help 4509f60 and 7f84d16; alert observed on a tenant, August 2026.
    """
    deviation = certificate_call_on.but(certificate=CertificateInHandshake(of_untrusted_ca))
    judge.refused(deviation, refusal_of_bad_certificate(landscape, Cause.UNKNOWN_CA))


@on_profiles("whitepaper", "current")
@check("MTLS-21", "a self-signed certificate", steps=("2.postman.5",))
def test_self_signed(certificate_call_on: Call, landscape: Landscape, signed_by_itself: PfxFile, judge: Judge) -> None:
    """Refused as a certificate of an untrusted CA is: nobody vouches for it.

    Source: SAP community, ba-p/13540437.
    """
    deviation = certificate_call_on.but(certificate=CertificateInHandshake(signed_by_itself))
    judge.refused(deviation, refusal_of_bad_certificate(landscape, Cause.UNKNOWN_CA))


@on_profiles("whitepaper", "current")
@check("MTLS-22", "the right certificate without its chain", steps=("2.postman.5", "2.x509.3c"))
def test_without_chain(certificate_call_on: Call, landscape: Landscape, without_chain: PfxFile, judge: Judge) -> None:
    """Refused as a certificate of an untrusted CA is: the intermediate is missing.

    The load balancer holds only roots, so the sender must send the whole chain.

    Source: SAP help 4ec6192 and 4509f60.
    """
    deviation = certificate_call_on.but(certificate=CertificateInHandshake(without_chain))
    judge.refused(deviation, refusal_of_bad_certificate(landscape, Cause.UNKNOWN_CA))


@on_profiles("whitepaper", "current")
@pytest.mark.parametrize(
    ("part", "alert"),
    [
        row("MTLS-23", "an expired certificate", "expired", Cause.CERTIFICATE_EXPIRED, steps=("2.postman.5",)),
        row(
            "MTLS-24",
            "a certificate that is not yet valid",
            "not_yet_valid",
            Cause.BAD_CERTIFICATE,
            steps=("2.postman.5",),
        ),
        row(
            "MTLS-25",
            "a certificate for servers only",
            "server_purpose",
            Cause.UNSUPPORTED_CERTIFICATE,
            steps=("2.postman.5",),
        ),
    ],
)
def test_certificate_that_does_not_verify(
    certificate_call_on: Call, landscape: Landscape, cast: Cast, part: str, alert: Cause, judge: Judge
) -> None:
    """Refused at client-trust, or at authentication where it is not passed on.

    Source: RFC 5280; SAP help 0f92842 (clientAuth); SAP KBA 3711618.
    """
    deviation = certificate_call_on.but(certificate=CertificateInHandshake(cast(part)))
    judge.refused(deviation, refusal_of_bad_certificate(landscape, alert))


@on_profiles("whitepaper", "current")
@check("MTLS-30", "the certificate claimed in headers", steps=("2.postman.9",), severity=Severity.BLOCKER)
def test_forged_headers(certificate_call_on: Call, passport: PfxFile, judge: Judge) -> None:
    """Refused at authentication: what a caller writes into the load balancer's own headers counts for nothing.

    Else anyone who has seen a certificate could use it without its key.

    Source: Cloud Foundry HAProxy release, policy sanitize_set.
    """
    judge.refused(certificate_call_on.but(certificate=CertificateInHeaders(passport)), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current")
@check(
    "MTLS-31",
    "the certificate claimed in headers beside another one in the handshake",
    steps=("2.postman.9",),
    severity=Severity.BLOCKER,
)
def test_forged_headers_beside_a_certificate(
    certificate_call_on: Call, passport: PfxFile, cast: Cast, judge: Judge
) -> None:
    """Refused at authentication: the load balancer replaces the headers also when it has a certificate to hand on.

    Source: Cloud Foundry HAProxy release, policy sanitize_set.
    """
    forged = CertificateInHeaders(passport, beside=cast("unassigned"))
    judge.refused(certificate_call_on.but(certificate=forged), Cause.UNAUTHENTICATED)


@on_profiles("whitepaper", "current")
@check("MTLS-40", "the PFX is still accepted after five wrong attempts in a row", steps=("2.postman.10",))
def test_still_accepted(certificate_call: Call, of_untrusted_ca: PfxFile, sender: Sender, judge: Judge) -> None:
    """Accepted: no lock is closed by calls with a certificate that nobody trusts, nor by calls without any.

    Source: a refusal proves something only while its twin is accepted.
    """
    for wrong in (CertificateInHandshake(of_untrusted_ca), NoCertificate()):
        for _ in range(WRONG_ATTEMPTS):
            sender.send(certificate_call.but(certificate=wrong).call)
    judge.accepted(certificate_call)
