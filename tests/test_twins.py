"""Refusals and their twins: what is recorded of them, what is wrong with one, and what a judge sees by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cpi_conformance.certificates import PfxFile
from cpi_conformance.control.cockpit import Denied, Granted, Reply, Withdrawn
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.orders import InstanceOrder, Order, OrderDeviation
from cpi_conformance.landscape import Expectations
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    Basic,
    Bearer,
    Call,
    Cause,
    CertificateInHandshake,
    Deviation,
    NoCertificate,
    Trust,
)
from cpi_conformance.verdict import Judge, NotProven, OrderJudge, Twins
from cpi_conformance.verdict.difference import IDENTITY, one_difference
from tests.made_up import COLLECTED_FROM_ELSEWHERE, made_up
from tests.refusals import Recorded, Refusal, differences, refusal_of
from tests.twins import CREDENTIALS, faults, recorded

pytestmark = pytest.mark.once

MADE_UP = '''
from cpi_conformance.control.orders import InstanceOrder, OrderDeviation
from cpi_conformance.sender import Deviation

STEPS = ("1.basic.2b",)

@check("X-01", "right", steps=STEPS)
def test_right(basic_call, oauthcpikey, judge):
    """Refused."""
    wrong = oauthcpikey.with_clientsecret(lambda it: it[::-1])
    judge.refused(basic_call.but(authorization=wrong), Cause.UNAUTHENTICATED)

@check("X-02", "without a judge", steps=STEPS)
def test_without_a_judge(basic_call, oauthcpikey, sender):
    """Refused."""
    wrong = oauthcpikey.with_clientsecret(lambda it: it[::-1])
    assert isinstance(sender.send(basic_call.but(authorization=wrong).call), Refused)

@check("X-03", "two attributes of the credentials", steps=STEPS)
def test_two_attributes_of_the_credentials(basic_call, oauthcpikey, judge):
    """Refused."""
    wrong = oauthcpikey.with_clientsecret(lambda it: it[::-1]).with_clientid(lambda it: it[::-1])
    judge.refused(basic_call.but(authorization=wrong), Cause.UNAUTHENTICATED)

@check("X-04", "two attributes of the call", steps=STEPS)
def test_two_attributes_of_the_call(basic_call, judge):
    """Refused."""
    other = replace(basic_call, authorization=NoAuthorization(), method="POST")
    judge.refused(Deviation(basic_call, other), Cause.UNAUTHENTICATED)

@check("X-05", "no difference", steps=STEPS)
def test_no_difference(basic_call, judge):
    """Refused."""
    judge.refused(basic_call.but(method=basic_call.method), Cause.UNAUTHENTICATED)

@check("X-06", "a twin that is refused itself", steps=STEPS)
def test_twin_that_is_refused(anonymous_call, judge):
    """Refused."""
    judge.refused(anonymous_call.but(authorization=Bearer(Secret("none"))), Cause.UNAUTHENTICATED)

@check("X-07", "two attributes of an order", steps=STEPS)
def test_two_attributes_of_an_order(order_judge):
    """Refused."""
    from cpi_conformance.control.denials import Denial
    wrong = InstanceOrder(token_validity=1, roles=("none",))
    order_judge.denied(OrderDeviation(InstanceOrder(), wrong), Denial.BROKER_REFUSED)
'''


ONE = Refusal(again=False, twin_accepted=True, differences=("path",))

FAULTS: dict[str, tuple[list[Recorded], str | None]] = {
    "none": ([Recorded("X-01", "a", "passed", [ONE])], None),
    "judged-on-one-profile": (
        [Recorded("X-01", "a", "passed", [ONE]), Recorded("X-01", "b", "skipped"), Recorded("X-01", "c", "passed")],
        None,
    ),
    "judged-on-none": ([Recorded("X-01", "a", "skipped"), Recorded("X-01", "b", "passed")], "judges no refusal"),
    "refuted-on-one": ([Recorded("X-01", "a", "passed", [ONE]), Recorded("X-01", "b", "failed")], "is not proven"),
    "twin-not-seen": (
        [Recorded("X-01", "a", "passed", [ONE, replace(ONE, twin_accepted=False)])],
        "has a refusal without an accepted twin",
    ),
    "two-differences": (
        [Recorded("X-01", "a", "passed", [ONE, replace(ONE, differences=CREDENTIALS)])],
        "differs from its twin in authorization.clientid and authorization.clientsecret",
    ),
    "two-that-belong-together": (
        [Recorded("BASIC-40", "a", "passed", [replace(ONE, differences=CREDENTIALS)])],
        None,
    ),
    "no-difference": (
        [Recorded("X-01", "a", "passed", [replace(ONE, differences=())])],
        "differs from its twin in nothing",
    ),
    "asked-again": (
        [Recorded("X-01", "a", "passed", [replace(ONE, again=True, differences=())])],
        "asks the same again",
    ),
    "asked-again-after-a-change": (
        [Recorded("TOKEN-14", "a", "passed", [replace(ONE, again=True, differences=())])],
        None,
    ),
}


@pytest.mark.parametrize(("runs", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_with_a_check(runs: list[Recorded], fault: str | None) -> None:
    """At most one thing is told of each."""
    assert list(faults(runs).values()) == ([] if fault is None else [fault])


def test_made_up_checks_are_caught(tmp_path: Path) -> None:
    """Each is wrong in its own way, but for the first."""
    checks = made_up(tmp_path, MADE_UP)
    runs = recorded(tmp_path, *COLLECTED_FROM_ELSEWHERE, str(checks))
    assert faults(runs) == {
        "X-02": "judges no refusal",
        "X-03": "differs from its twin in authorization.clientid and authorization.clientsecret",
        "X-04": "is not proven",
        "X-05": "is not proven",
        "X-06": "is not proven",
        "X-07": "is not proven",
    }
    told = {each["id"]: each["reason"] for each in json.loads((tmp_path / "verdict.json").read_text())["checks"]}
    assert told["X-04"] == told["X-07"] == "the check itself broke: TypeError"
    assert told["X-05"] == "configuration: what must be refused is the same as what must be accepted"
    assert told["X-06"].startswith("the twin was not accepted")


KEY = Basic("sb-x", Secret("right"))
PFX = PfxFile(b"one", Secret("phrase"))
TWIN = Call(host="tenant.invalid", path="/http/x", trust=Trust(()), authorization=KEY)
BY_CERTIFICATE = Call("tenant.invalid", "/http/x", Trust(()), certificate=CertificateInHandshake(PFX))

UNLIKE: dict[str, tuple[object, object, tuple[str, ...]]] = {
    "nothing": (TWIN, replace(TWIN), ()),
    "one": (TWIN, replace(TWIN, path="/http/y"), ("path",)),
    "one-within": (TWIN, replace(TWIN, authorization=Basic("sb-x", Secret("wrong"))), (CREDENTIALS[1],)),
    "two-within": (TWIN, replace(TWIN, authorization=Basic("sb-y", Secret("wrong"))), CREDENTIALS),
    "trust": (TWIN, replace(TWIN, trust=Trust((), "other.invalid")), ("trust.expected_name",)),
    "of-another-kind": (TWIN, replace(TWIN, authorization=Bearer(Secret("right"))), ("authorization",)),
    "one-level-only": (
        BY_CERTIFICATE,
        replace(BY_CERTIFICATE, certificate=CertificateInHandshake(PfxFile(b"two", Secret("other")))),
        ("certificate.pfx",),
    ),
    "two": (TWIN, replace(TWIN, method="POST", scheme="http"), ("method", "scheme")),
    "an-order": (InstanceOrder(), InstanceOrder(token_validity=60), ("token_validity",)),
}


@pytest.mark.parametrize(("twin", "deviation", "names"), UNLIKE.values(), ids=UNLIKE)
def test_in_what_two_values_differ(twin: object, deviation: object, names: tuple[str, ...]) -> None:
    """Field by field, and one level into the fields."""
    assert differences(twin, deviation) == names


def test_a_twin_counts_only_when_it_was_seen_to_be_accepted() -> None:
    """Neither its being asked for nor an acceptance of something else is enough."""
    deviation = OrderDeviation(InstanceOrder(), InstanceOrder(token_validity=60))
    granted, denied = Granted(Withdrawn("it")), Denied(Denial.BROKER_REFUSED, "no")
    seen: dict[str, tuple[str, Order, Reply]] = {
        "granted": ("the twin", deviation.twin, granted),
        "denied": ("the twin", deviation.twin, denied),
        "the-deviation-granted": ("the deviation", deviation.order, granted),
        "another-order": ("the twin", deviation.order, granted),
        "as-another-part": ("the call", deviation.twin, granted),
    }
    good = {name for name, each in seen.items() if refusal_of(deviation, [each]).twin_accepted}
    assert good == {"granted"}
    assert not refusal_of(deviation, []).twin_accepted


JUDGED: dict[str, tuple[Call, Call, str | None]] = {
    "one": (TWIN, replace(TWIN, method="POST"), "method"),
    "none": (TWIN, replace(TWIN), None),
    "a-certificate-for-credentials": (TWIN, BY_CERTIFICATE, IDENTITY),
    "credentials-for-a-certificate": (BY_CERTIFICATE, TWIN, IDENTITY),
    "no-certificate": (BY_CERTIFICATE, replace(BY_CERTIFICATE, certificate=NoCertificate()), "certificate"),
}


@pytest.mark.parametrize(("twin", "deviation", "name"), JUDGED.values(), ids=JUDGED)
def test_one_difference(twin: Call, deviation: Call, name: str | None) -> None:
    """The identity is one, whichever way it is exchanged."""
    assert one_difference(twin, deviation) == name


SEVERAL: dict[str, tuple[object, object]] = {
    "two-attributes": (TWIN, replace(TWIN, method="POST", scheme="http")),
    "identity-and-more": (TWIN, replace(BY_CERTIFICATE, method="POST")),
    "both-at-once": (replace(BY_CERTIFICATE, authorization=KEY), replace(TWIN, authorization=Bearer(Secret("x")))),
    "what-is-expected": (TWIN, replace(TWIN, path="/http/y", seconds=1.0)),
    "of-another-kind": (TWIN, InstanceOrder()),
}


@pytest.mark.parametrize(("twin", "deviation"), SEVERAL.values(), ids=SEVERAL)
def test_several_differences_are_no_deviation(twin: object, deviation: object) -> None:
    """Nobody could say to which of them a refusal belongs."""
    with pytest.raises(TypeError, match="deviat"):
        one_difference(twin, deviation)


def refuse_call(several: bool) -> None:
    """Ask a judge for a refusal; nobody is asked before it has looked at the deviation."""
    other = replace(TWIN, method="POST", scheme="http") if several else TWIN
    Judge(None, Twins(), Expectations()).refused(Deviation(TWIN, other), Cause.UNAUTHENTICATED)  # type: ignore[arg-type]


def deny_order(several: bool) -> None:
    """The same with an order."""
    other = InstanceOrder("api", token_validity=60) if several else InstanceOrder()
    OrderJudge(None, None).denied(OrderDeviation(InstanceOrder(), other), Denial.BROKER_REFUSED)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", [refuse_call, deny_order], ids=["call", "order"])
def test_judges_look_at_the_deviation_first(ask: Callable[[bool], None]) -> None:
    """Several differences are a fault of the check; none is what a landscape file can bring about."""
    with pytest.raises(TypeError, match="in one attribute, not in"):
        ask(True)
    with pytest.raises(NotProven, match="is the same as"):
        ask(False)
