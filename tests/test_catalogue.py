"""The diagnosis catalogue as data, and how its rows are ranked."""

from __future__ import annotations

import enum
import re
import types
import typing
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpi_conformance.backend.strust_refusals import StrustProblem
from cpi_conformance.certificates import PfxProblem
from cpi_conformance.control.denials import Denial
from cpi_conformance.diagnosis import (
    Credentials,
    Fact,
    Row,
    Saying,
    Symptoms,
    advise,
    catalogue,
    diagnose,
    remedy_for,
    row_of,
)
from cpi_conformance.diagnosis.catalogue import Facts
from cpi_conformance.diagnosis.orders import NOT_VISIBLE
from cpi_conformance.diagnosis.remedies import causes_with_a_remedy
from cpi_conformance.sender import Cause

SIZE = 58
TYPES = typing.get_type_hints(Symptoms)
NAMES = {each.name for each in fields(Symptoms)}

TEXTS = {
    "cause": {*Cause, *Denial, NOT_VISIBLE},
    "strust": {problem.value for problem in StrustProblem},
    "pfx_problem": {problem.value for problem in PfxProblem},
    "edition": {"standard", "trial"},
}
"""What attributes that are no enumeration in :class:`Symptoms` may be; names of a backend follow a pattern."""

NAMES_OF_A_BACKEND = re.compile(r"ICM_HTTP_[A-Z_]+|HTTPIO_PLG_CANCELED|SSSLERR_[A-Z_]+|NIE[A-Z_]+")


def facts_of(row: Row) -> Facts:
    return (*(fact for facts in row.when for fact in facts), *row.fits, *row.unless)


def symptoms_of(facts: Facts) -> Symptoms:
    """Symptoms in which exactly these facts hold."""
    values = {fact.name: frozenset(fact.values[:1]) if fact.name == "said" else fact.values[0] for fact in facts}
    return Symptoms(**values)  # type: ignore[arg-type]  # the file's values; their types are tested below


def test_catalogue_has_every_row_once() -> None:
    """The numbers of the rows are frozen: reports and people refer to them."""
    assert [row.number for row in catalogue()] == list(range(1, SIZE + 1))
    assert row_of(23).number == 23
    with pytest.raises(KeyError):
        row_of(SIZE + 1)


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: f"{row.number:02}")
def test_row_is_complete(row: Row) -> None:
    """Symptom, cause, fix, the place where it is done, a source, and facts; each in sentences."""
    for text in (row.symptom, row.why, row.fix):
        assert text.endswith((".", "…"))
        assert len(text) > 20
    assert row.where
    assert not row.where.endswith(".")
    assert row.source
    assert row.when
    assert all(facts for facts in row.when)
    assert row.unproducible is None or len(row.unproducible) > 40


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: f"{row.number:02}")
def test_facts_are_of_the_right_kind(row: Row) -> None:
    """A misspelt attribute or value would never hold, and nobody would notice."""
    for fact in facts_of(row):
        assert fact.name in NAMES
        for value in fact.values:
            assert is_possible(fact.name, value), f"{fact.name} = {value!r}"


def is_possible(name: str, value: str | bool) -> bool:
    if name == "said":
        return value in set(Saying)
    kinds = [kind for kind in typing.get_args(TYPES[name]) if kind is not types.NoneType]
    if bool in kinds:
        return isinstance(value, bool)
    if kinds[0] is not str:
        return value in set(kinds[0])
    if name in TEXTS:
        return value in TEXTS[name]
    return isinstance(value, str) and NAMES_OF_A_BACKEND.fullmatch(value) is not None


def test_no_fact_is_asked_for_in_vain() -> None:
    """Symptoms are what rows are told apart by, and no more."""
    used = {fact.name for row in catalogue() for fact in facts_of(row)}
    assert used == NAMES


def test_no_saying_is_understood_in_vain() -> None:
    """Likewise for texts."""
    facts = [fact for row in catalogue() for fact in facts_of(row) if fact.name == "said"]
    assert {value for fact in facts for value in fact.values} == set(Saying)


CASES = [
    pytest.param(row, facts, id=f"{row.number:02}-{chr(97 + index)}")
    for row in catalogue()
    for index, facts in enumerate(row.when)
]


@pytest.mark.parametrize(("row", "facts"), CASES)
def test_row_is_recognised_by_its_own_facts(row: Row, facts: Facts) -> None:
    """First, in each of the ways in which it can be recognised, and with what raises it as well."""
    for told in (facts, tuple({fact.name: fact for fact in (*row.fits, *facts)}.values())):
        assert diagnose(symptoms_of(told))[0].row == row


@pytest.mark.parametrize(("row", "facts"), CASES)
def test_row_needs_each_of_its_facts(row: Row, facts: Facts) -> None:
    """Whichever is not known, this way of recognising the row is closed."""
    for missing in facts:
        left = tuple(fact for fact in facts if fact != missing)
        needed = [ranked.needed for ranked in diagnose(symptoms_of(left)) if ranked.row == row]
        assert facts not in needed


@pytest.mark.parametrize("row", [row for row in catalogue() if row.unless], ids=lambda row: f"{row.number:02}")
def test_row_is_ruled_out(row: Row) -> None:
    """By each fact that speaks against it."""
    for facts in row.when:
        for against in row.unless:
            told = {fact.name: fact for fact in (*facts, against)}
            assert row not in [ranked.row for ranked in diagnose(symptoms_of(tuple(told.values())))]


def test_more_specific_row_comes_first() -> None:
    """And the general one stays behind it; what is not known of the others leaves them out."""
    rotated = Symptoms(cause="missing-ca", old_root_trusted=True)
    assert [ranked.row.number for ranked in diagnose(rotated)] == [2, 1]
    elsewhere = Symptoms(cause="missing-ca", old_root_trusted=True, root_elsewhere=True, root_unsaved=True)
    assert [ranked.row.number for ranked in diagnose(elsewhere)] == [2, 3, 4, 1]


def test_supporting_fact_raises_a_row() -> None:
    """Among rows that needed as many facts."""
    plain = Symptoms(said=frozenset({Saying.UNSUPPORTED, Saying.WRONG_PASSPHRASE}))
    assert [ranked.row.number for ranked in diagnose(plain)] == [49, 50]
    swapped = Symptoms(said=plain.said | {Saying.CERTIFICATE_RESPONSE})
    assert [ranked.row.number for ranked in diagnose(swapped | Symptoms(pfx_legacy=True))] == [49, 47, 50]


def test_what_is_known_says_why() -> None:
    """A ranked row carries the facts that it was recognised by."""
    (first, *_) = diagnose(Symptoms(cause="tls-version", offers_tls_1_2=False, ssl_error="SSSLERR_SSL_READ"))
    assert {fact.name for fact in first.needed} == {"cause", "offers_tls_1_2"}
    assert [fact.name for fact in first.raised] == ["ssl_error"]


def test_nothing_is_known() -> None:
    """Then nothing fits."""
    assert diagnose(Symptoms()) == ()


def test_symptoms_are_filled_up() -> None:
    """What is known stays, what is not is taken from the other; sayings of both count."""
    one = Symptoms(cause="missing-ca", known_issuer=False, said=frozenset({Saying.UNSUPPORTED}))
    other = Symptoms(cause="not-tls", known_issuer=True, expired=False, said=frozenset({Saying.NO_START_LINE}))
    both = Symptoms(cause="missing-ca", known_issuer=False, expired=False, said=one.said | other.said)
    assert one | other == both


def values_of(name: str) -> st.SearchStrategy[object]:
    """Anything that an attribute may hold."""
    if name == "said":
        return st.frozensets(st.sampled_from(Saying))
    kinds = [kind for kind in typing.get_args(TYPES[name]) if kind is not types.NoneType]
    if kinds == [bool]:
        return st.none() | st.booleans()
    if isinstance(kinds[0], enum.EnumType):
        return st.none() | st.sampled_from(list(kinds[0]))
    known = {str(value) for row in catalogue() for fact in facts_of(row) if fact.name == name for value in fact.values}
    return st.none() | st.sampled_from(sorted(known)) | st.text(max_size=5)


ANY = st.builds(Symptoms, **{name: values_of(name) for name in NAMES})


@given(ANY)
def test_whatever_is_known_is_ranked(symptoms: Symptoms) -> None:
    """Nothing raises, no row comes twice, the order is the documented one, and asking again changes nothing."""
    found = diagnose(symptoms)
    keys = [(-len(each.needed), -len(each.raised), each.row.number) for each in found]
    assert keys == sorted(set(keys))
    assert diagnose(symptoms) == found
    for each in found:
        assert all(fact.holds(symptoms) for fact in (*each.needed, *each.raised))
        assert each.needed in each.row.when


def test_fact_of_several_values_holds_for_any() -> None:
    """And for none that is not listed."""
    fact = Fact("cause", ("unknown-ca", "unauthenticated"))
    assert fact.holds(Symptoms(cause="unknown-ca"))
    assert not fact.holds(Symptoms(cause="missing-ca"))


SEEN_OTHERWISE = {
    "unauthenticated": Symptoms(cause="unauthenticated", credentials=Credentials.BASIC),
    "tls-version": Symptoms(cause="tls-version", offers_tls_1_2=True),
}
"""Causes of which rows cover some cases only."""


@pytest.mark.parametrize("cause", sorted({*Cause, *Denial, NOT_VISIBLE}))
def test_every_cause_is_explained_once(cause: str) -> None:
    """By a row of the catalogue, or, where none fits, by a remedy for the cause; the same is not said twice."""
    advice = advise(Symptoms(cause=cause))
    remedy = advice.remedy
    assert all((remedy.why, remedy.remedy, remedy.source))
    assert (cause in causes_with_a_remedy()) == (not advice.rows or cause in SEEN_OTHERWISE)
    assert (remedy.where == "") == (not advice.rows)


@pytest.mark.parametrize("cause", SEEN_OTHERWISE)
def test_case_without_a_row_is_explained_too(cause: str) -> None:
    """By the remedy for the cause."""
    advice = advise(SEEN_OTHERWISE[cause])
    assert advice.rows == ()
    assert advice.remedy.remedy


def test_advice_is_the_best_rows() -> None:
    """Its words, its place, and the numbers of all that fit, best first."""
    advice = advise(Symptoms(cause="missing-ca", known_issuer=False))
    assert advice.rows == (6, 1)
    assert (advice.remedy.remedy, advice.remedy.where) == (row_of(6).fix, row_of(6).where)


def test_unknown_cause_is_an_error() -> None:
    """One that nobody has explained is a mistake in this project, not of the far side."""
    with pytest.raises(KeyError):
        remedy_for("something-else")
