"""The missing CA of the whitepaper's second error: every combination, in both directions, and across a rotation."""

from __future__ import annotations

import pytest

from cpi_conformance.backend import ConnectionTest
from cpi_conformance.backend.missing_ca import CERTIFICATE_LIST, OWN_CERTIFICATE, SUBSETS, Ca, Cas, Import
from cpi_conformance.certificates import dn
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import Cause
from cpi_conformance.verdict import Severity
from fixtures.checks import check, on_profiles, row
from fixtures.missing_ca import MissingCa
from fixtures.server_chain import Chain
from fixtures.sm59 import Sm59
from fixtures.strust import Administrator

pytestmark = [on_profiles("whitepaper", "current"), pytest.mark.usefixtures("standard_edition")]

ROOT, INTERMEDIATE = Ca.SERVER_ROOT, Ca.SERVER_INTERMEDIATE
CLIENT_ROOT, CLIENT_INTERMEDIATE = Ca.CLIENT_ROOT, Ca.CLIENT_INTERMEDIATE

SERVER = ("3.error.2", "3.lbca.4", "3.lbca.9")
CLIENT = ("3.error.2", "3.strust.5.7", "2.x509.4j2")
BOTH = ("3.error.2", "3.rfc.10")


def as_refused(landscape: Landscape) -> Cause:
    """How the load balancer refuses a certificate that it cannot follow up to a root that it holds."""
    alert = landscape.expectations.bad_client_certificate == "alert"
    return Cause.UNKNOWN_CA if alert else Cause.UNAUTHENTICATED


@pytest.mark.parametrize(
    "present",
    [
        row("CA-00", "none of the four CAs", (), steps=SERVER, severity=Severity.BLOCKER),
        row("CA-01", "only the client's intermediate", (CLIENT_INTERMEDIATE,), steps=SERVER),
        row("CA-02", "only the client's root", (CLIENT_ROOT,), steps=SERVER),
        row("CA-03", "only the client's CAs", (CLIENT_ROOT, CLIENT_INTERMEDIATE), steps=SERVER),
        row("CA-04", "only the load balancer's intermediate", (INTERMEDIATE,), steps=SERVER),
        row("CA-05", "both intermediates, no root", (INTERMEDIATE, CLIENT_INTERMEDIATE), steps=SERVER),
        row("CA-06", "the load balancer's intermediate, the client's root", (INTERMEDIATE, CLIENT_ROOT), steps=SERVER),
        row(
            "CA-07",
            "all but the load balancer's root",
            (INTERMEDIATE, CLIENT_ROOT, CLIENT_INTERMEDIATE),
            steps=SERVER,
            severity=Severity.BLOCKER,
        ),
    ],
)
def test_root_of_the_load_balancer_missing(missing_ca: MissingCa, present: tuple[Ca, ...], cas: Cas) -> None:
    """Refused at server-trust: without its root the load balancer is not trusted, whatever else is there.

    Source: whitepaper, troubleshooting, error 2.
    """
    outcome = missing_ca.fails(frozenset(present), Cause.MISSING_CA)
    assert outcome.to_import == Import(CERTIFICATE_LIST, dn(cas.server_root.subject)), "another CA is named"


@pytest.mark.parametrize(
    "present",
    [
        row("CA-08", "only the load balancer's root", (ROOT,), steps=CLIENT),
        row("CA-10", "both roots, no intermediate", (ROOT, CLIENT_ROOT), steps=CLIENT),
        row("CA-12", "only the load balancer's CAs", (ROOT, INTERMEDIATE), steps=CLIENT),
        row(
            "CA-14",
            "all but the client's intermediate",
            (ROOT, INTERMEDIATE, CLIENT_ROOT),
            steps=CLIENT,
            severity=Severity.BLOCKER,
        ),
    ],
)
def test_intermediate_of_the_client_missing(
    missing_ca: MissingCa, present: tuple[Ca, ...], cas: Cas, landscape: Landscape
) -> None:
    """Refused at client-trust, or at authentication where the load balancer does not pass the certificate on.

    The load balancer holds only roots of client certificates, so the backend must send what is between.

    Source: SAP help 4509f60 and 4ec6192.
    """
    outcome = missing_ca.fails(frozenset(present), as_refused(landscape))
    assert outcome.to_import == Import(OWN_CERTIFICATE, dn(cas.own.certificate.issuer)), "another CA is named"


@pytest.mark.parametrize(
    "present",
    [
        row("CA-09", "the load balancer's root, the client's intermediate", (ROOT, CLIENT_INTERMEDIATE), steps=BOTH),
        row(
            "CA-11",
            "all but the load balancer's intermediate",
            (ROOT, CLIENT_ROOT, CLIENT_INTERMEDIATE),
            steps=BOTH,
            severity=Severity.BLOCKER,
        ),
        row("CA-13", "all but the client's root", (ROOT, INTERMEDIATE, CLIENT_INTERMEDIATE), steps=BOTH),
        row("CA-15", "all four CAs", (ROOT, INTERMEDIATE, CLIENT_ROOT, CLIENT_INTERMEDIATE), steps=BOTH),
    ],
)
def test_enough(missing_ca: MissingCa, present: tuple[Ca, ...]) -> None:
    """Accepted: the load balancer's root and the client's intermediate are enough; each side has the rest.

    Source: whitepaper, troubleshooting, note to error 2; SAP help 4509f60.
    """
    missing_ca.connects(frozenset(present))


@check("CA-16", "the matrix of all sixteen combinations", steps=("3.error.2",))
def test_matrix(missing_ca: MissingCa, landscape: Landscape) -> None:
    """Refused wherever one of the two CAs that are needed is missing, accepted wherever both are there.

    Source: whitepaper, troubleshooting, error 2; SAP help 4509f60.
    """
    for_want = {True: as_refused(landscape), False: Cause.MISSING_CA}
    enough = {ROOT, CLIENT_INTERMEDIATE}
    missing_ca.holds({present: None if enough <= present else for_want[ROOT in present] for present in SUBSETS})


@check(
    "CA-20", "rotation: only the old root is in the list", steps=("3.error.2", "3.lbca.4"), severity=Severity.BLOCKER
)
def test_old_root_only(connection_test: ConnectionTest, landscape: Landscape, server_chain: Chain, sm59: Sm59) -> None:
    """Refused at server-trust: a backend that did not import the new root in time is cut off; the new one is named.

    Source: SAP announcements of the load balancer's root changes, 2016 to 2026.
    """
    assert connection_test.pse is not None
    old = connection_test.pse.trusting(landscape.previous_trust())
    refused = sm59.fails(connection_test.but(pse=old), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED(-102)")
    assert dn(server_chain.root.subject) in (refused.evidence.detail or ""), "the new root is not named"


@pytest.mark.parametrize(
    "with_old",
    [
        row("CA-21", "rotation: old and new root are in the list", True, steps=BOTH),
        row("CA-22", "rotation: only the new root is in the list", False, steps=BOTH),
    ],
)
def test_new_root(
    connection_test: ConnectionTest, landscape: Landscape, server_chain: Chain, with_old: bool, sm59: Sm59
) -> None:
    """Accepted: with the new root in the list the rotation goes unnoticed, with or without the old one.

    Source: SAP announcement of 4 May 2023: keep both roots.
    """
    assert connection_test.pse is not None
    old = landscape.previous_trust() if with_old else ()
    sm59.succeeds(connection_test.but(pse=connection_test.pse.trusting((*old, server_chain.root))).call)


@check("CA-23", "error 2: the handshake error, and the root imported through STRUST", steps=("3.error.2", "3.lbca.11"))
def test_handshake_error_solved(
    connection_test: ConnectionTest, server_chain: Chain, cas: Cas, administrator: Administrator, sm59: Sm59
) -> None:
    """Refused at server-trust before the root is imported, accepted after *Add to Certificate List* and *Save*.

    Source: whitepaper, troubleshooting, error 2.
    """
    before = cas.pse(frozenset({CLIENT_ROOT, CLIENT_INTERMEDIATE}))
    solution = connection_test.but(pse=administrator.add(before, server_chain.root)).call
    refused = sm59.fails(solution.but(pse=before), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED(-102)")
    assert dn(server_chain.root.subject) in (refused.evidence.detail or ""), "the root is not named"
