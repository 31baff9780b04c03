"""Whom service keys authenticate: the rules of SAP help 19af5e2 and KBA 3364579, case by case."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

import pytest
from cryptography import x509

from cpi_conformance.certificates import Authority
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.service_key import DEFAULT_ROLE, Plan, ServiceKey
from cpi_conformance.simulator.service_keys import Authenticated, Authentication, ServiceKeys, Unauthenticated

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

PINNED, UNPINNED = True, False

UNKNOWN_CLIENT = "no service key has this clientid"
WRONG_SECRET = "the clientsecret is not that of the key"
API_PLAN = "the plan 'api', which senders cannot use"
UNKNOWN = "no service key holds this certificate"
ANOTHER = "a pinned service key has these names, but another certificate"
OLDER = "a later issue date has been used"
CLONES = "Multiple clones found for certificate CN=S0012345678, O=Conformance, C=DE, CN=CA, O=Conformance, C=DE"


@pytest.fixture
def keys() -> ServiceKeys:
    return ServiceKeys("mytenant", Clock())


@pytest.fixture(scope="module")
def certificates() -> Mapping[str, x509.Certificate]:
    """Two with the same names, the second issued a day later, and two that differ in one name each."""
    issuer = Authority.root("CN=CA,O=Conformance,C=DE", now=NOW)
    other_issuer = Authority.root("CN=Other CA,O=Conformance,C=DE", now=NOW)

    def issue(authority: Authority, user: str, begins: dt.datetime) -> x509.Certificate:
        name = f"CN={user},O=Conformance,C=DE"
        return authority.leaf(name, not_before=begins, not_after=NOW + 365 * DAY).certificate

    return {
        "first": issue(issuer, "S0012345678", NOW),
        "renewed": issue(issuer, "S0012345678", NOW + DAY),
        "other-user": issue(issuer, "S0012345679", NOW),
        "other-issuer": issue(other_issuer, "S0012345678", NOW),
    }


def why(answer: Authentication) -> str:
    assert isinstance(answer, Unauthenticated), "somebody was authenticated"
    return answer.why


def secret_of(key: ServiceKey) -> Secret:
    assert key.secret is not None
    return key.secret


@pytest.mark.parametrize(
    ("plan", "clientid"),
    [
        pytest.param(Plan.INTEGRATION_FLOW, rf"sb-{UUID}!b\d+\|it-rt-mytenant!b\d+", id="integration-flow"),
        pytest.param(Plan.API, rf"sb-{UUID}!b\d+\|it!b\d+", id="api"),
    ],
)
def test_the_shapes_of_clientid_and_clientsecret(plan: Plan, clientid: str, keys: ServiceKeys) -> None:
    """Both hold characters that clients must not change: ``!``, ``|``, ``$`` and ``=``."""
    key = keys.create_key(keys.create_instance("instance", plan), "key")
    assert re.fullmatch(clientid, key.clientid)
    assert re.fullmatch(rf"{UUID}\$[A-Za-z0-9_-]{{43}}=", secret_of(key).reveal())


def test_no_two_keys_share_an_id_or_a_secret(keys: ServiceKeys) -> None:
    instance = keys.create_instance("instance")
    made = [keys.create_key(instance, "key") for _ in range(50)]
    assert len({key.clientid for key in made}) == len({key.secret for key in made}) == len({key.guid for key in made})
    assert keys.keys() == tuple(made)


def test_a_key_holds_a_secret_or_a_certificate(keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]) -> None:
    key = keys.create_key(keys.create_instance("instance"), "key", certificate=certificates["first"])
    assert key.secret is None
    assert key.pinned


def test_an_instance_has_the_default_role_unless_told_otherwise(keys: ServiceKeys) -> None:
    assert keys.create_instance("instance").roles == {DEFAULT_ROLE} == {"ESBMessaging.send"}
    assert keys.create_instance("instance", roles=["a", "b"]).roles == {"a", "b"}


def test_the_key_of_clientid_and_clientsecret_is_authenticated(keys: ServiceKeys) -> None:
    instance = keys.create_instance("instance")
    made = [keys.create_key(instance, name) for name in ("one", "two", "three")]
    for key in made:
        assert keys.authenticate_secret(key.clientid, secret_of(key)) == Authenticated(key)


Spoil = Callable[[str], str]


@pytest.mark.parametrize(
    ("spoil_clientid", "spoil_secret", "reason"),
    [
        pytest.param(str, lambda it: it[:-1], WRONG_SECRET, id="secret-cut-by-one"),
        pytest.param(str, lambda it: f"{it} ", WRONG_SECRET, id="blank-behind-the-secret"),
        pytest.param(str, str.swapcase, WRONG_SECRET, id="secret-in-the-other-letter-case"),
        pytest.param(str, lambda it: "", WRONG_SECRET, id="no-secret"),
        pytest.param(lambda it: f"{it}0", str, UNKNOWN_CLIENT, id="unknown-clientid"),
        pytest.param(str.upper, str, UNKNOWN_CLIENT, id="clientid-in-the-other-letter-case"),
        pytest.param(lambda it: "", str, UNKNOWN_CLIENT, id="no-clientid"),
        pytest.param(lambda it: "", lambda it: "", UNKNOWN_CLIENT, id="nothing-at-all"),
    ],
)
def test_wrong_credentials(spoil_clientid: Spoil, spoil_secret: Spoil, reason: str, keys: ServiceKeys) -> None:
    key = keys.create_key(keys.create_instance("instance"), "key")
    answer = keys.authenticate_secret(spoil_clientid(key.clientid), secret_of(key).changed(spoil_secret))
    assert why(answer) == reason


def test_the_secret_of_another_key_is_wrong(keys: ServiceKeys) -> None:
    instance = keys.create_instance("instance")
    one, two = keys.create_key(instance, "one"), keys.create_key(instance, "two")
    assert why(keys.authenticate_secret(one.clientid, secret_of(two))) == WRONG_SECRET


def test_a_deleted_key_is_unknown_and_its_neighbour_is_not(keys: ServiceKeys) -> None:
    instance = keys.create_instance("instance")
    deleted, kept = keys.create_key(instance, "deleted"), keys.create_key(instance, "kept")
    keys.delete_key(deleted.guid)
    assert why(keys.authenticate_secret(deleted.clientid, secret_of(deleted))) == UNKNOWN_CLIENT
    assert keys.authenticate_secret(kept.clientid, secret_of(kept)) == Authenticated(kept)
    with pytest.raises(KeyError):
        keys.delete_key(deleted.guid)


def test_a_key_of_the_api_plan_is_not_for_senders(keys: ServiceKeys) -> None:
    """And only who knows its secret learns, from the landscape's record, that there is such a key."""
    key = keys.create_key(keys.create_instance("api", Plan.API), "key")
    assert why(keys.authenticate_secret(key.clientid, secret_of(key))).endswith(API_PLAN)
    assert why(keys.authenticate_secret(key.clientid, Secret(""))) == WRONG_SECRET


def test_the_clientid_of_a_certificate_key_needs_no_secret_and_gets_nobody_in(
    keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]
) -> None:
    key = keys.create_key(keys.create_instance("instance"), "key", certificate=certificates["first"])
    assert why(keys.authenticate_secret(key.clientid, Secret(""))) == UNKNOWN_CLIENT


Stored = list[tuple[str, bool]]
Calls = list[tuple[str, int | str]]
"""Which certificate is presented, and the place of the key that it proves, or why it proves none."""

CASES: dict[str, tuple[Stored, Calls]] = {
    "pinned-exact": ([("first", PINNED)], [("first", 0), ("first", 0)]),
    "pinned-other-key-pair": ([("first", PINNED)], [("renewed", ANOTHER), ("first", 0)]),
    "pinned-newer-than-the-presented": ([("renewed", PINNED)], [("first", ANOTHER), ("renewed", 0)]),
    "two-pinned-with-the-same-names": (
        [("first", PINNED), ("renewed", PINNED)],
        [("first", 0), ("renewed", 1), ("first", 0)],
    ),
    "unpinned-renewed-then-first": ([("first", UNPINNED)], [("renewed", 0), ("first", OLDER), ("renewed", 0)]),
    "unpinned-first-until-renewed": (
        [("first", UNPINNED)],
        [("first", 0), ("first", 0), ("renewed", 0), ("first", OLDER)],
    ),
    "unpinned-older-than-the-stored": ([("renewed", UNPINNED)], [("first", OLDER), ("renewed", 0)]),
    "clones-two-pinned": ([("first", PINNED), ("first", PINNED)], [("first", CLONES), ("renewed", ANOTHER)]),
    "clones-pinned-and-unpinned-same-certificate": (
        [("first", PINNED), ("first", UNPINNED)],
        [("first", CLONES), ("renewed", CLONES)],
    ),
    "clones-pinned-and-unpinned-same-names": (
        [("first", PINNED), ("renewed", UNPINNED)],
        [("first", CLONES), ("renewed", CLONES)],
    ),
    "clones-unpinned-and-pinned-same-names": (
        [("renewed", UNPINNED), ("first", PINNED)],
        [("first", CLONES), ("renewed", CLONES)],
    ),
    "clones-two-unpinned": (
        [("first", UNPINNED), ("renewed", UNPINNED)],
        [("first", CLONES), ("renewed", CLONES)],
    ),
    "unknown-where-there-is-no-key": ([], [("first", UNKNOWN)]),
    "unknown-subject": ([("first", PINNED)], [("other-user", UNKNOWN)]),
    "unknown-issuer": ([("first", PINNED)], [("other-issuer", UNKNOWN)]),
    "unknown-subject-unpinned": ([("first", UNPINNED)], [("other-user", UNKNOWN)]),
    "unknown-issuer-unpinned": ([("first", UNPINNED)], [("other-issuer", UNKNOWN)]),
    "neighbours-do-not-matter": (
        [("other-user", UNPINNED), ("first", PINNED), ("other-issuer", UNPINNED)],
        [("first", 1), ("other-user", 0), ("other-issuer", 2)],
    ),
}


@pytest.mark.parametrize(("stored", "calls"), CASES.values(), ids=CASES)
def test_certificates(
    stored: Stored, calls: Calls, keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]
) -> None:
    """Keys are made in several instances: what is ambiguous is so across all of them."""
    made = [
        keys.create_key(keys.create_instance(f"i{at}"), f"k{at}", certificate=certificates[name], pinned=pinned)
        for at, (name, pinned) in enumerate(stored)
    ]
    for name, expected in calls:
        answer = keys.authenticate_certificate(certificates[name])
        if isinstance(expected, int):
            assert answer == Authenticated(made[expected])
        else:
            assert why(answer).endswith(expected)


def test_a_deleted_certificate_key_is_unknown(keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]) -> None:
    key = keys.create_key(keys.create_instance("instance"), "key", certificate=certificates["first"])
    keys.delete_key(key.guid)
    assert why(keys.authenticate_certificate(certificates["first"])) == UNKNOWN


def test_deleting_one_of_two_clones_lets_the_other_in(
    keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]
) -> None:
    instance = keys.create_instance("instance")
    one, two = (keys.create_key(instance, name, certificate=certificates["first"]) for name in ("one", "two"))
    assert why(keys.authenticate_certificate(certificates["first"])) == CLONES
    keys.delete_key(one.guid)
    assert keys.authenticate_certificate(certificates["first"]) == Authenticated(two)


def test_a_new_unpinned_key_remembers_nothing_of_the_deleted_one(
    keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]
) -> None:
    instance = keys.create_instance("instance")
    before = keys.create_key(instance, "key", certificate=certificates["first"], pinned=False)
    assert keys.authenticate_certificate(certificates["renewed"]) == Authenticated(before)
    keys.delete_key(before.guid)
    after = keys.create_key(instance, "key", certificate=certificates["first"], pinned=False)
    assert keys.authenticate_certificate(certificates["first"]) == Authenticated(after)


def test_keys_with_a_secret_are_no_clones_of_certificate_keys(
    keys: ServiceKeys, certificates: Mapping[str, x509.Certificate]
) -> None:
    instance = keys.create_instance("instance")
    keys.create_key(instance, "basic")
    key = keys.create_key(instance, "certificate", certificate=certificates["first"], pinned=False)
    assert keys.authenticate_certificate(certificates["first"]) == Authenticated(key)


def test_no_repr_shows_a_clientsecret(keys: ServiceKeys) -> None:
    key = keys.create_key(keys.create_instance("instance"), "key")
    for shown in (repr(key), repr(keys), repr(keys.authenticate_secret(key.clientid, secret_of(key)))):
        assert secret_of(key).reveal() not in shown
