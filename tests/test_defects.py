"""Every way in which a landscape can be wrong: its name, its sentence, and that it starts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cpi_conformance.sender import Accepted, CertificateInHandshake, Observation, Refused, Sender
from cpi_conformance.simulator.defects import ALL, DEFECTS, Defect, System
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.population import populate
from tests.conftest import Inhabited
from tests.defects_page import PAGE, written_anew

pytestmark = pytest.mark.once

OF_PARTS = {System.TENANT_API: ("tenant-api-", "deployment-", "keystore-")}
"""How names begin in systems whose parts have names of their own."""


def test_names_are_unique() -> None:
    """Of two with one name the second would stand for both."""
    names = Counter(each.name for module in ALL for each in module)
    assert [name for name, count in names.items() if count > 1] == []


def test_names_begin_with_their_system() -> None:
    """Whoever reads a name knows where to look."""
    assert [each.name for each in DEFECTS.values() if not each.name.startswith(prefixes(each.system))] == []


def prefixes(system: System) -> tuple[str, ...]:
    """How the names of a system's defects may begin."""
    return OF_PARTS.get(system, (f"{system.name.lower().replace('_', '-')}-",))


def test_names_can_be_typed() -> None:
    """Lower case, digits and hyphens."""
    assert [name for name in DEFECTS if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)] == []


def test_one_sentence_says_what_is_wrong() -> None:
    """With a capital, unless the name of a parameter begins it, and a full stop, and no second sentence."""
    sentence = re.compile(r"([A-Z]|\S+/)([^.]|\.(?! ))*\.")
    assert [each.wrong for each in DEFECTS.values() if not sentence.fullmatch(each.wrong)] == []


def test_no_two_say_the_same() -> None:
    """Else one of them is superfluous, or its sentence is that of another."""
    sentences = Counter((each.wrong, each.profile) for each in DEFECTS.values())
    assert [sentence for sentence, count in sentences.items() if count > 1] == []


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=lambda defect: defect.name)
def test_landscape_starts(defect: Defect) -> None:
    """Whatever is wrong with it, it is of a generation that there is, listens, and ends."""
    with SimulatedLandscape(defect.profile, defects=[defect]) as landscape:
        assert landscape.defects == (defect,)
        assert landscape.port


@contextmanager
def inhabited(*names: str) -> Iterator[Inhabited]:
    """A running landscape of today with these defects."""
    landscape = SimulatedLandscape("current", defects=[DEFECTS[name] for name in names])
    population = populate(landscape)
    with landscape:
        yield Inhabited(landscape, population)


def presenting(there: Inhabited, part: str) -> Observation:
    """What comes of a call with the certificate that plays a part."""
    call = there.anonymous.but(certificate=CertificateInHandshake(there.population.certificates[part])).call
    return Sender().send(call)


def test_defects_of_one_part_go_on_top_of_each_other() -> None:
    """Neither takes the place of the other, nor that of what is right."""
    with inhabited("edge-ignores-expiry", "edge-ignores-purpose", "edge-names-no-cas") as there:
        assert isinstance(presenting(there, "expired"), Accepted)
        assert isinstance(presenting(there, "server_purpose"), Accepted)
        assert isinstance(presenting(there, "not_yet_valid"), Refused)
        assert presenting(there, "sender").evidence.accepted_cas == ()


def test_defect_ends_at_its_landscape() -> None:
    """Another one in the same process is right, although it began later."""
    with inhabited("edge-ignores-expiry", "authentication-takes-any-certificate"), inhabited() as right:
        assert isinstance(presenting(right, "expired"), Refused)
        assert isinstance(presenting(right, "unassigned"), Refused)
        assert isinstance(presenting(right, "sender"), Accepted)


def test_page_lists_all() -> None:
    """``python -m tests.defects_page`` brings it up to date."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == written_anew(page)
