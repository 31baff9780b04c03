"""STRUST as its users meet it: edit mode and lock, the node File, the certificate list, and Save."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cpi_conformance.backend import (
    ANONYMOUS,
    STANDARD,
    Pse,
    PseStore,
    SslClientIdentities,
    StrustProblem,
    StrustRefused,
    TrustManager,
)
from cpi_conformance.backend.pse import SslClientIdentity
from cpi_conformance.certificates import PfxProblem, PfxRefused, open_pfx
from cpi_conformance.certificates.cer import CertificateRefused, write_cer
from cpi_conformance.certificates.pfx import PfxFile
from cpi_conformance.secret import Secret
from tests.conftest import Inhabited


@pytest.fixture
def store() -> PseStore:
    """The database of a backend with the whitepaper's identity, which has no PSE yet."""
    store = PseStore()
    identities = SslClientIdentities(store)
    identities.edit()
    identities.enter("CPI", "SSL CPI Client")
    identities.save("S4HK900001")
    return store


@pytest.fixture
def editing(store: PseStore) -> TrustManager:
    """STRUST in edit mode."""
    manager = TrustManager(store)
    manager.edit()
    return manager


@pytest.fixture
def root(current: Inhabited) -> bytes:
    """The load balancer's root as a ``.cer`` file."""
    return write_cer(current.landscape.trusted_root)


def problem_of(action: Callable[[], object]) -> StrustProblem | None:
    """Why STRUST does not do something, or ``None`` when it does."""
    try:
        action()
    except StrustRefused as refused:
        return refused.problem
    return None


# Environment > SSL Client Identities


def test_identity_is_there_only_after_save_with_a_request(store: PseStore) -> None:
    identities = SslClientIdentities(store)
    identities.edit()
    identities.enter("CPI2", "another")
    assert "CPI2" not in store.identities
    assert problem_of(identities.save) is StrustProblem.REQUEST_MISSING
    assert "CPI2" not in store.identities
    identities.save("S4HK900002")
    assert store.identities["CPI2"].node == "SSL client another"
    assert set(store.identities) == {STANDARD, ANONYMOUS, "CPI", "CPI2"}
    assert problem_of(identities.save) is None, "nothing is left to be transported"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        pytest.param("TOOLONG", StrustProblem.IDENTITY_NAME, id="seven-characters"),
        pytest.param("cpi", StrustProblem.IDENTITY_NAME, id="small-letters"),
        pytest.param("", StrustProblem.IDENTITY_NAME, id="empty"),
        pytest.param("CPI", StrustProblem.IDENTITY_EXISTS, id="exists"),
        pytest.param(STANDARD, StrustProblem.IDENTITY_EXISTS, id="preinstalled"),
        pytest.param("CPI_1", StrustProblem.IDENTITY_NAME, id="underscore"),
        pytest.param("CPI123", None, id="six-characters"),
    ],
)
def test_names_of_identities(store: PseStore, name: str, problem: StrustProblem | None) -> None:
    identities = SslClientIdentities(store)
    identities.edit()
    assert problem_of(lambda: identities.enter(name, "a description")) is problem


def test_identities_are_shown_in_display_mode_first(store: PseStore) -> None:
    assert problem_of(lambda: SslClientIdentities(store).enter("NEW", "x")) is StrustProblem.DISPLAY_MODE


@pytest.mark.parametrize(
    ("identity", "file"),
    [
        pytest.param(SslClientIdentity(STANDARD, ""), "SAPSSLC.pse", id="standard"),
        pytest.param(SslClientIdentity(ANONYMOUS, ""), "SAPSSLA.pse", id="anonymous"),
        pytest.param(SslClientIdentity("CPI", ""), "SAPSSLCPI.pse", id="own"),
    ],
)
def test_files_of_identities(identity: SslClientIdentity, file: str) -> None:
    assert identity.file == file


# Display and edit mode


def test_everything_that_changes_is_greyed_out_in_display_mode(
    store: PseStore, current: Inhabited, root: bytes
) -> None:
    manager = TrustManager(store)
    manager.open("CPI")
    manager.import_certificate(root)
    changing = (
        lambda: manager.import_pfx(current.pfx("sender")),
        lambda: manager.import_pse(Pse()),
        lambda: manager.save_as("CPI"),
        manager.add_to_certificate_list,
        lambda: manager.remove_from_certificate_list(current.landscape.trusted_root),
        manager.save,
    )
    assert [problem_of(action) for action in changing] == [StrustProblem.DISPLAY_MODE] * len(changing)
    assert store.pses == {}
    manager.edit()
    assert problem_of(manager.add_to_certificate_list) is None


def test_one_session_edits_at_a_time(store: PseStore, editing: TrustManager) -> None:
    other = TrustManager(store)
    assert problem_of(other.edit) is StrustProblem.FOREIGN_LOCK
    assert not other.editing
    assert problem_of(other.save) is StrustProblem.DISPLAY_MODE
    assert problem_of(editing.edit) is None
    other.leave()
    assert editing.editing
    editing.leave()
    assert problem_of(other.edit) is None
    assert other.editing


# PSE > Import, Save as


def test_pfx_lands_in_file_and_nowhere_else(store: PseStore, editing: TrustManager, current: Inhabited) -> None:
    imported = editing.import_pfx(current.pfx("sender"))
    assert editing.file == imported
    assert imported.own is not None
    assert len(imported.own.issuers) == 2
    assert editing.open("CPI") == Pse()
    editing.save()
    assert store.effective("CPI") is None


def test_save_as_is_effective_with_save(store: PseStore, editing: TrustManager, current: Inhabited) -> None:
    editing.import_pfx(current.pfx("sender"))
    editing.save_as("CPI")
    assert store.effective("CPI") is None
    assert editing.unsaved == {"CPI": editing.file}
    editing.save()
    assert editing.unsaved == {}
    pse = store.effective("CPI")
    assert pse is not None
    assert pse.own is not None
    assert pse.own.certificate == open_pfx(current.pfx("sender")).certificate
    assert store.effective(STANDARD) is None


def test_save_as_replaces_the_whole_pse(
    store: PseStore, editing: TrustManager, current: Inhabited, root: bytes
) -> None:
    """Message TRUST022; the list has to be filled again, which chapter 3 does afterwards."""
    editing.open("CPI")
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    editing.save()
    editing.import_pfx(current.pfx("sender"))
    for identity in ("CPI", STANDARD):
        editing.save_as(identity)
    editing.save()
    assert store.effective("CPI") == store.effective(STANDARD) == Pse(open_pfx(current.pfx("sender")))


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        pytest.param(lambda it: it.save_as("CPI"), StrustProblem.NOTHING_IMPORTED, id="nothing-imported"),
        pytest.param(lambda it: it.open("NONE"), StrustProblem.NO_SUCH_IDENTITY, id="unknown-identity"),
        pytest.param(lambda it: it.shown, StrustProblem.NOT_OPENED, id="nothing-opened"),
        pytest.param(lambda it: it.add_to_certificate_list(), StrustProblem.NOTHING_CHOSEN, id="nothing-chosen"),
    ],
)
def test_actions_in_the_wrong_order(
    editing: TrustManager, act: Callable[[TrustManager], object], problem: StrustProblem
) -> None:
    assert problem_of(lambda: act(editing)) is problem


def test_save_as_an_identity_that_does_not_exist(editing: TrustManager, current: Inhabited) -> None:
    editing.import_pfx(current.pfx("sender"))
    assert problem_of(lambda: editing.save_as("NONE")) is StrustProblem.NO_SUCH_IDENTITY


def test_wrong_passphrase(editing: TrustManager, current: Inhabited) -> None:
    wrong = PfxFile(current.pfx("sender").content, Secret("wrong"))
    with pytest.raises(PfxRefused) as refused:
        editing.import_pfx(wrong)
    assert refused.value.problem is PfxProblem.WRONG_PASSPHRASE
    assert editing.file is None


def test_release_that_takes_pse_files_only(store: PseStore, current: Inhabited) -> None:
    old = TrustManager(store, takes_pfx=False)
    old.edit()
    assert problem_of(lambda: old.import_pfx(current.pfx("sender"))) is StrustProblem.PSE_FILES_ONLY
    old.import_pse(Pse(open_pfx(current.pfx("sender"))))
    old.save_as("CPI")
    old.save()
    assert store.effective("CPI") is not None


# The certificate list


def test_list_is_effective_with_save_and_lost_without(
    store: PseStore, editing: TrustManager, current: Inhabited, root: bytes
) -> None:
    editing.open("CPI")
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    assert editing.shown.certificate_list == (current.landscape.trusted_root,)
    assert store.effective("CPI") is None
    editing.leave()
    editing.edit()
    assert editing.open("CPI").certificate_list == ()
    assert problem_of(editing.add_to_certificate_list) is StrustProblem.NOTHING_CHOSEN
    assert problem_of(lambda: editing.save_as("CPI")) is StrustProblem.NOTHING_IMPORTED
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    editing.save()
    stored = store.effective("CPI")
    assert stored is not None
    assert stored.certificate_list == (current.landscape.trusted_root,)


def test_certificate_exists(editing: TrustManager, root: bytes) -> None:
    editing.open("CPI")
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    assert problem_of(editing.add_to_certificate_list) is StrustProblem.CERTIFICATE_EXISTS
    assert len(editing.shown.certificate_list) == 1


def test_removal(store: PseStore, editing: TrustManager, current: Inhabited, root: bytes) -> None:
    trusted = current.landscape.trusted_root
    editing.open("CPI")
    assert problem_of(lambda: editing.remove_from_certificate_list(trusted)) is StrustProblem.NO_SUCH_CERTIFICATE
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    editing.remove_from_certificate_list(trusted)
    editing.save()
    assert store.effective("CPI") == Pse()


def test_issuers_of_the_own_certificate_go_into_the_list(
    store: PseStore, editing: TrustManager, current: Inhabited
) -> None:
    editing.import_pfx(current.pfx("sender"))
    editing.save_as("CPI")
    editing.open("CPI")
    intermediate, top = open_pfx(current.pfx("sender")).issuers
    for issuer in (top, intermediate):
        editing.choose_issuer(issuer)
        editing.add_to_certificate_list()
    editing.save()
    pse = store.effective("CPI")
    assert pse is not None
    assert pse.own is not None
    assert set(pse.certificate_list) == set(pse.own.issuers)
    elsewhere = current.landscape.trusted_root
    assert problem_of(lambda: editing.choose_issuer(elsewhere)) is StrustProblem.NO_SUCH_CERTIFICATE
    editing.open(STANDARD)
    assert problem_of(lambda: editing.choose_issuer(top)) is StrustProblem.NO_SUCH_CERTIFICATE


def test_identities_have_lists_of_their_own(store: PseStore, editing: TrustManager, root: bytes) -> None:
    editing.open(STANDARD)
    editing.import_certificate(root)
    editing.add_to_certificate_list()
    editing.save()
    assert editing.open("CPI").certificate_list == ()
    assert store.effective("CPI") is None


def test_what_is_no_certificate_is_not_shown(editing: TrustManager) -> None:
    editing.open("CPI")
    with pytest.raises(CertificateRefused):
        editing.import_certificate(b"no certificate")
    assert editing.chosen is None


def test_path_ends_where_an_issuer_is_missing(current: Inhabited) -> None:
    own = open_pfx(current.pfx("sender"))
    intermediate, root = own.issuers

    def reached(*issuers: object) -> int:
        path = Pse(own).with_issuers(each for each in own.issuers if each in issuers).path
        assert path is not None
        return len(path.issuers)

    assert (reached(), reached(root), reached(intermediate), reached(intermediate, root)) == (0, 0, 1, 2)
    swapped = Pse(own).with_issuers((root, intermediate)).path
    assert swapped is not None
    assert swapped.issuers == (), "levels of FCPath are in order; what does not follow is not sent"
    assert Pse().path is None
    with pytest.raises(ValueError, match="own certificate"):
        Pse().with_issuers([root])
