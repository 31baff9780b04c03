"""STRUST: chapter 3 of the whitepaper, from an empty STRUST to a PSE with which the backend connects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cpi_conformance.backend import STANDARD, ConnectionTest, Pse, StrustProblem, StrustRefused, TrustManager
from cpi_conformance.sender import Cause
from cpi_conformance.verdict import Severity
from fixtures.checks import check, on_profiles
from fixtures.server_chain import Chain
from fixtures.sm59 import Sm59
from fixtures.strust import IDENTITY, Administrator, ChapterThree, add

pytestmark = [on_profiles("whitepaper", "current"), pytest.mark.usefixtures("standard_edition")]

IDENTITY_STEPS = tuple(f"3.strust.{step}" for step in ("3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "4"))
IMPORT = tuple(f"3.strust.{step}" for step in ("5.4", "5.6", "5.7", "5.8"))
SAVE_AS = tuple(f"3.strust.{step}" for step in ("5.8.2", "5.8.3", "5.8.5"))
CLIENT_CAS = ("3.calist.3", "3.calist.4", "3.calist.5", "3.calist.6", "3.calist.7")
SERVER_CAS = ("3.lbca.4", "3.lbca.8", "3.lbca.9", "3.lbca.10")


def without_server_cas(pse: Pse, chain: Chain) -> Pse:
    """The PSE before the load balancer's CAs were added."""
    served = {chain.root, *chain.intermediates}
    return pse.trusting(each for each in pse.certificate_list if each not in served)


@check("STRUST-01", "the identity is saved, but has no PSE yet", steps=IDENTITY_STEPS)
def test_identity_without_pse(connection_test: ConnectionTest, chapter_three: ChapterThree, sm59: Sm59) -> None:
    """Refused at destination: an SSL client identity without a PSE cannot be used for a handshake.

    Source: whitepaper, chapter 3, steps 3 and 4.
    """
    sm59.fails(connection_test.but(pse=chapter_three.identity_created), Cause.PSE_UNUSABLE, "SSSLERR_PSE_ERROR")


@check("STRUST-02", "the PFX is imported, but still in the node File", steps=IMPORT)
def test_only_in_file(connection_test: ConnectionTest, chapter_three: ChapterThree, sm59: Sm59) -> None:
    """Refused at destination: what *Import* has loaded belongs to no identity before *Save as*.

    Source: whitepaper, chapter 3, step 5.8.
    """
    sm59.fails(connection_test.but(pse=chapter_three.pfx_imported), Cause.PSE_UNUSABLE, "SSSLERR_PSE_ERROR")


@check("STRUST-03", "Save as is done, but not yet Save", steps=SAVE_AS)
def test_save_as_without_save(connection_test: ConnectionTest, chapter_three: ChapterThree, sm59: Sm59) -> None:
    """Refused at destination: the trust manager stores a PSE with *Save*, and nothing is effective before.

    Source: whitepaper, chapter 3, step 5.8.7; SSFPSE_STORE.
    """
    sm59.fails(connection_test.but(pse=chapter_three.saved_as), Cause.PSE_UNUSABLE, "SSSLERR_PSE_ERROR")


@check(
    "STRUST-04",
    "the own certificate is saved, the certificate list is empty",
    steps=("3.strust.5.8.6", "3.strust.5.8.7"),
)
def test_empty_list(connection_test: ConnectionTest, chapter_three: ChapterThree, sm59: Sm59) -> None:
    """Refused at server-trust: a PSE trusts nobody until its list says so; the missing root is named.

    Source: whitepaper, chapter 3, Adding X.509 CAs; troubleshooting, error 2.
    """
    assert chapter_three.own_saved is not None, "Save has stored no PSE"
    assert chapter_three.own_saved.own is not None, "the PSE has no own certificate"
    assert not chapter_three.own_saved.certificate_list, "something is trusted that nobody has added"
    sm59.fails(connection_test.but(pse=chapter_three.own_saved), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED(-102)")


@pytest.mark.usefixtures("cas")
@check("STRUST-05", "only the client certificate's CAs are in the list", steps=CLIENT_CAS)
def test_client_cas_only(connection_test: ConnectionTest, chapter_three: ChapterThree, sm59: Sm59) -> None:
    """Refused at server-trust: the CAs of one's own certificate do not vouch for the load balancer.

    Source: whitepaper, chapter 3, Adding X.509 CAs, steps 3 to 7; CommonCryptoLib's trust rule.
    """
    saved = chapter_three.client_cas_saved
    assert saved is not None, "Save has stored no PSE"
    assert saved.own is not None, "the PSE has no own certificate"
    assert set(saved.certificate_list) == set(saved.own.issuers), "the list does not hold the client certificate's CAs"
    sm59.fails(connection_test.but(pse=saved), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED")


@pytest.mark.usefixtures("cas")
@check("STRUST-06", "the load balancer's CAs are in the list, but not saved", steps=(*SERVER_CAS, "3.lbca.11"))
def test_unsaved_list(
    connection_test: ConnectionTest, chapter_three: ChapterThree, server_chain: Chain, sm59: Sm59
) -> None:
    """Refused at server-trust: a certificate that the list shows is trusted only after *Save*.

    Source: whitepaper, chapter 3, Adding X.509 CAs, step 11; ICM_SSL_PSE_CHANGED.
    """
    listed = chapter_three.server_cas_shown.certificate_list
    assert {server_chain.root, *server_chain.intermediates} <= {*listed}, "the list does not show what was added"
    unsaved = chapter_three.server_cas_unsaved
    sm59.fails(connection_test.but(pse=unsaved), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED")


@check("STRUST-07", "the root alone is in the list", steps=("3.lbca.4", "3.error.2"), severity=Severity.BLOCKER)
def test_root_suffices(
    connection_test: ConnectionTest, chapter_three: ChapterThree, server_chain: Chain, sm59: Sm59
) -> None:
    """Accepted: the intermediate comes with the handshake, so it may be left out of the list.

    Source: whitepaper, troubleshooting, note to error 2.
    """
    pse = without_server_cas(chapter_three.finished, server_chain)
    sm59.succeeds(connection_test.but(pse=pse.trusting((*pse.certificate_list, server_chain.root))).call)


@check("STRUST-08", "the root is in the list of another identity", steps=("3.strust.5.8.3", "3.rfc.7.2"))
def test_identities_are_kept_apart(
    connection_test: ConnectionTest, chapter_three: ChapterThree, server_chain: Chain, sm59: Sm59
) -> None:
    """Refused at server-trust: each identity has a PSE of its own, and the destination uses that of its identity.

    Source: SAP wiki on SSSLERR_PEER_CERT_UNTRUSTED; abapGit issue 1491.
    """
    trusting = connection_test.backend.with_pse(STANDARD, Pse(None, (server_chain.root,)))
    twin = replace(connection_test, backend=trusting)
    sm59.fails(twin.but(pse=without_server_cas(chapter_three.finished, server_chain)), Cause.MISSING_CA, "UNTRUSTED")


@check(
    "STRUST-10",
    "error 3: Add to Certificate List in display mode, then in edit mode",
    steps=("3.error.3", "3.lbca.7", "3.strust.5.1"),
    severity=Severity.CRITICAL,
)
def test_display_mode(
    connection_test: ConnectionTest,
    chapter_three: ChapterThree,
    server_chain: Chain,
    administrator: Administrator,
    sm59: Sm59,
) -> None:
    """Refused at server-trust as long as STRUST is in display mode, where nothing can be added; not after *Edit*.

    Source: whitepaper, troubleshooting, error 3.
    """
    store = administrator.backend()
    before = without_server_cas(chapter_three.finished, server_chain)
    store.pses[IDENTITY] = before
    displaying = administrator.strust(store)
    displaying.open(IDENTITY)
    assert refused_in(displaying, server_chain) is StrustProblem.DISPLAY_MODE, "display mode lets a certificate in"
    displaying.edit()
    add(displaying, (server_chain.root,))
    displaying.save()
    solved = store.effective(IDENTITY)
    assert solved is not None
    solution = connection_test.but(pse=solved).call
    sm59.fails(solution.but(pse=before), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED")


def refused_in(manager: TrustManager, chain: Chain) -> StrustProblem | None:
    """Why the root cannot be added to the list, or ``None`` when it can."""
    try:
        add(manager, (chain.root,))
    except StrustRefused as refused:
        return refused.problem
    return None


@check("STRUST-11", "STRUST is left without Save", steps=("3.lbca.11", "3.calist.7"))
def test_left_without_save(
    connection_test: ConnectionTest,
    chapter_three: ChapterThree,
    server_chain: Chain,
    administrator: Administrator,
    sm59: Sm59,
) -> None:
    """Refused at server-trust: leaving without *Save* loses what was added to the list.

    Source: help.sap.com, trust manager; whitepaper, chapter 3, step 11.
    """
    store = administrator.backend()
    store.pses[IDENTITY] = without_server_cas(chapter_three.finished, server_chain)
    manager = administrator.editing(store)
    add(manager, (server_chain.root, *server_chain.intermediates))
    assert server_chain.root in manager.shown.certificate_list, "the list does not show what was added"
    manager.leave()
    sm59.fails(connection_test.but(pse=store.effective(IDENTITY)), Cause.MISSING_CA, "SSSLERR_PEER_CERT_UNTRUSTED")
