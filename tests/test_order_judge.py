"""How verdicts on orders are reached: every pair of twin and deviation, with a cockpit that does as rehearsed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import pytest

from cpi_conformance.control.cockpit import Cockpit, Denied, Granted, Reply
from cpi_conformance.control.credentials import KeyCredentials, read_credentials
from cpi_conformance.control.denials import LAYER_OF_DENIAL, OUTAGES, Denial, DenialLayer, denial
from cpi_conformance.control.errors import (
    ApiError,
    BrokenAnswer,
    ControlError,
    ErrorEntry,
    InvalidToken,
    JobFailed,
    JobTimeout,
    LoginRefused,
    NameBeingDeleted,
    NameTaken,
    NotAuthorized,
    NotFound,
    NotVisible,
    OperationInProgress,
    RateLimited,
    ServerFailure,
    TlsRefusal,
    TokenRefused,
    Unprocessable,
    Unreachable,
)
from cpi_conformance.control.once import Once
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType, Order, TokenOrder
from cpi_conformance.control.wire import ServiceInstance
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.diagnosis import remedy_for, remedy_for_acceptance
from cpi_conformance.secret import Secret
from cpi_conformance.verdict import Finding, NotProven, OrderJudge, OrderTwins, Refuted

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)

INSTANCE = ServiceInstance(guid="i-1", name="flow", created_at=NOW, space_guid="s-1", plan_guid="p-1")

TWIN = InstanceOrder()
DEVIATION = TWIN.but(token_validity=60)

TWIN_GRANTED, GRANTED = Granted(INSTANCE), Granted(INSTANCE.model_copy(update={"guid": "i-2"}))


class Rehearsed:
    """A cockpit that answers the twin and the deviation with what was rehearsed, and remembers what it did."""

    def __init__(self, twin: Reply = TWIN_GRANTED, deviation: Reply = GRANTED) -> None:
        self.replies: dict[Order, Reply] = {TWIN: twin, DEVIATION.order: deviation}
        self.done: list[tuple[str, object]] = []

    def place(self, order: Order) -> Reply:
        """What was rehearsed."""
        self.done.append(("placed", order))
        return self.replies[order]

    def withdraw(self, order: Order, reply: Reply) -> None:
        """Likewise without a far side."""
        self.done.append(("withdrawn", reply))


def order_judge(cockpit: Rehearsed, folder: Path, seen: list[str] | None = None) -> OrderJudge:
    """A judge who believes the rehearsed cockpit."""
    believed: Cockpit = cockpit  # type: ignore[assignment]  # only place() and withdraw() are used
    told = seen if seen is not None else []
    twins = OrderTwins(believed, Once(folder), lambda order: nullcontext())
    return OrderJudge(believed, twins, lambda part, order, reply: told.append(part))


def denied(cause: Denial) -> Denied:
    """A denial for that cause."""
    return Denied(cause, "in the far side's words")


def held(secret: str) -> KeyCredentials:
    """What a service key with this secret holds."""
    oauth = {"clientid": "sb-x", "clientsecret": secret, "url": "https://it.invalid", "tokenurl": "https://t.invalid"}
    return read_credentials({"oauth": oauth})


Outcome = type[Exception] | None

DENIALS: dict[str, tuple[Reply, Reply, Outcome, str]] = {
    "denied-as-it-must-be": (TWIN_GRANTED, denied(Denial.BROKER_REFUSED), None, ""),
    "granted": (TWIN_GRANTED, GRANTED, Refuted, "must be denied at broker: broker-refused, but was granted"),
    "denied-at-another-layer": (TWIN_GRANTED, denied(Denial.NOT_ALLOWED), Refuted, "but was denied at controller"),
    "twin-denied": (denied(Denial.BROKER_REFUSED), denied(Denial.BROKER_REFUSED), NotProven, "twin was not granted"),
    "twin-denied-and-granted": (denied(Denial.BROKER_REFUSED), GRANTED, NotProven, "twin was not granted"),
    "nobody-there-for-the-twin": (denied(Denial.BROKER_FAILED), GRANTED, NotProven, "twin was not granted"),
}


@pytest.mark.parametrize("name", DENIALS)
def test_denied(name: str, tmp_path: Path) -> None:
    """Proven only when the twin is granted and the deviation is denied for its cause."""
    twin, deviation, outcome, words = DENIALS[name]
    it = order_judge(Rehearsed(twin, deviation), tmp_path)
    if outcome is None:
        it.denied(DEVIATION, Denial.BROKER_REFUSED)
        assert it.finding is not None
        assert (it.finding.layer, it.finding.cause) == ("broker", "broker-refused")
    else:
        with pytest.raises(outcome, match=words):
            it.denied(DEVIATION, Denial.BROKER_REFUSED)
        assert it.finding is None


def test_deviation_is_not_placed_without_its_twin(tmp_path: Path) -> None:
    """It would prove nothing, and might create something."""
    cockpit = Rehearsed(denied(Denial.BROKER_REFUSED))
    with pytest.raises(NotProven):
        order_judge(cockpit, tmp_path).denied(DEVIATION, Denial.BROKER_REFUSED)
    assert ("placed", DEVIATION.order) not in cockpit.done


@pytest.mark.parametrize("cause", sorted(OUTAGES))
def test_outage_never_refutes(cause: Denial, tmp_path: Path) -> None:
    """Where nobody has decided the question stays open, in both directions."""
    it = order_judge(Rehearsed(denied(cause), denied(cause)), tmp_path)
    questions: tuple[Callable[[], Granted], ...] = (
        lambda: it.granted(TWIN),
        lambda: it.carried_out(TWIN, denied(cause)),
        lambda: it.needed(TWIN),
    )
    for question in questions:
        with pytest.raises(NotProven, match="infrastructure"):
            question()
    it = order_judge(Rehearsed(TWIN_GRANTED, denied(cause)), tmp_path / "another run")
    with pytest.raises(NotProven, match="infrastructure") as open_question:
        it.denied(DEVIATION, cause)
    assert open_question.value.finding.cause == cause
    assert it.finding is None


@pytest.mark.parametrize("cause", sorted(set(Denial) - OUTAGES))
def test_denial_of_what_must_be_granted(cause: Denial, tmp_path: Path) -> None:
    """Refuted, with layer, cause and what to do."""
    it = order_judge(Rehearsed(denied(cause)), tmp_path)
    questions: tuple[Callable[[], Granted], ...] = (
        lambda: it.granted(TWIN),
        lambda: it.carried_out(TWIN, denied(cause)),
    )
    for question in questions:
        with pytest.raises(Refuted, match="must be granted") as refuted:
            question()
        finding = refuted.value.finding
        assert (finding.layer, finding.cause) == (LAYER_OF_DENIAL[cause], cause)
        assert finding.remedy == remedy_for(cause)


@pytest.mark.parametrize("cause", sorted(set(Denial) - OUTAGES))
def test_denial_of_what_a_check_needs_refutes_nothing(cause: Denial, tmp_path: Path) -> None:
    """Another check is about it; the reason names what was denied, and why."""
    it = order_judge(Rehearsed(denied(cause)), tmp_path)
    with pytest.raises(NotProven, match="what the check needs was not granted") as open_question:
        it.needed(TWIN)
    assert open_question.value.finding.cause == cause
    assert it.finding is None


def test_what_a_check_needs_stays_and_is_told(tmp_path: Path) -> None:
    """A check that has got what it needs has asked the far side something."""
    cockpit, told = Rehearsed(), list[str]()
    it = order_judge(cockpit, tmp_path, told)
    assert it.needed(TWIN) == TWIN_GRANTED
    assert cockpit.done == [("placed", TWIN)]
    assert told == ["what the check needs"]
    assert it.finding == Finding()


def test_what_is_granted_stays(tmp_path: Path) -> None:
    """The rest of the check needs it, and removes it."""
    cockpit = Rehearsed()
    it = order_judge(cockpit, tmp_path)
    assert it.granted(TWIN) is TWIN_GRANTED
    assert cockpit.done == [("placed", TWIN)]
    assert it.finding == Finding()


def test_what_twin_and_deviation_have_created_is_withdrawn(tmp_path: Path) -> None:
    """At once: the twin before the deviation is placed, because names and certificates are there only once."""
    cockpit = Rehearsed()
    with pytest.raises(Refuted):
        order_judge(cockpit, tmp_path).denied(DEVIATION, Denial.BROKER_REFUSED)
    assert cockpit.done == [
        ("placed", TWIN),
        ("withdrawn", TWIN_GRANTED),
        ("placed", DEVIATION.order),
        ("withdrawn", GRANTED),
    ]


def test_twins_are_shared(tmp_path: Path) -> None:
    """A twin is placed once for all the checks that lean on it, by whichever process of the run is first."""
    cockpit, seen = Rehearsed(deviation=denied(Denial.BROKER_REFUSED)), list[str]()
    this_process = order_judge(cockpit, tmp_path, seen)
    for judge in (this_process, this_process, order_judge(cockpit, tmp_path, seen)):
        judge.denied(DEVIATION, Denial.BROKER_REFUSED)
    assert cockpit.done.count(("placed", TWIN)) == 1
    assert cockpit.done.count(("withdrawn", TWIN_GRANTED)) == 1
    shared = ["the twin, as sent before", "the deviation"]
    assert seen == ["the twin", "the deviation", *shared, *shared]


def test_denied_twin_is_remembered_with_its_words(tmp_path: Path) -> None:
    """Another process learns what the first one was told, and does not ask again."""
    cockpit = Rehearsed(denied(Denial.NAME_TAKEN))
    messages = set()
    for _ in range(2):
        with pytest.raises(NotProven) as open_question:
            order_judge(cockpit, tmp_path).denied(DEVIATION, Denial.BROKER_REFUSED)
        messages.add(str(open_question.value))
    assert messages == {"the twin was not granted: denied at controller: name-taken (in the far side's words)"}
    assert cockpit.done.count(("placed", TWIN)) == 1


def test_what_is_known_of_a_twin_holds_no_secret(tmp_path: Path) -> None:
    """It is written down for other processes of the run."""
    credentials = held("hush-hush")
    order = TokenOrder(credentials, credentials.clientsecret)
    cockpit = Rehearsed()
    cockpit.replies[order] = Granted(Token(Secret("top-secret"), 60, ("scope",)))
    believed: Cockpit = cockpit  # type: ignore[assignment]  # likewise
    OrderTwins(believed, Once(tmp_path), lambda order: nullcontext()).reply(order)
    written = b"".join(each.read_bytes() + each.name.encode() for each in tmp_path.iterdir())
    assert b"scope" in written
    assert b"top-secret" not in written
    assert b"hush-hush" not in written


AGAIN: dict[str, tuple[Reply, Outcome]] = {
    "denied-as-it-must-be": (denied(Denial.BROKER_REFUSED), None),
    "denied-for-another-cause": (denied(Denial.NAME_TAKEN), Refuted),
    "granted-again": (GRANTED, Refuted),
    "nobody-has-decided": (denied(Denial.BROKER_TOO_SLOW), NotProven),
}


@pytest.mark.parametrize("name", AGAIN)
def test_denied_again(name: str, tmp_path: Path) -> None:
    """The order itself is the twin, while what it has created stands; a second grant is withdrawn, the first not."""
    again, outcome = AGAIN[name]
    cockpit, seen = Rehearsed(), list[str]()
    it = order_judge(cockpit, tmp_path, seen)
    if outcome is None:
        it.denied_again(TWIN, TWIN_GRANTED, Denial.BROKER_REFUSED, again=again)
        assert it.finding == Finding("broker", "broker-refused", remedy_for(Denial.BROKER_REFUSED))
    else:
        with pytest.raises(outcome):
            it.denied_again(TWIN, TWIN_GRANTED, Denial.BROKER_REFUSED, again=again)
    assert cockpit.done == ([("withdrawn", GRANTED)] if again is GRANTED else [])
    assert seen == ["the twin", "the deviation"]


@pytest.mark.parametrize("cause", sorted(set(Denial) - OUTAGES))
def test_grant_of_what_must_be_denied_names_what_to_do(cause: Denial, tmp_path: Path) -> None:
    """The worst finding of all comes with a remedy for its layer."""
    with pytest.raises(Refuted) as refuted:
        order_judge(Rehearsed(), tmp_path).denied(DEVIATION, cause)
    finding = refuted.value.finding
    layer = LAYER_OF_DENIAL[cause]
    assert (finding.layer, finding.cause, finding.remedy) == (layer, "not-refused", remedy_for_acceptance(layer))


@pytest.mark.parametrize("cause", Denial)
def test_every_denial_has_a_layer_and_a_remedy(cause: Denial) -> None:
    """Whatever is seen can be explained."""
    assert Denied(cause, "").layer in DenialLayer
    remedy = remedy_for(cause)
    assert all((remedy.why, remedy.remedy, remedy.source))


@pytest.mark.parametrize("layer", DenialLayer)
def test_every_layer_has_a_remedy_for_what_is_not_refused(layer: DenialLayer) -> None:
    """Also those at which no check expects a denial yet."""
    remedy = remedy_for_acceptance(layer)
    assert all((remedy.why, remedy.remedy, remedy.source))


ORDERS: dict[str, tuple[Order, dict[str, object]]] = {
    "instance": (
        InstanceOrder(),
        {"plan": "api", "grant_types": (), "roles": (), "token_validity": 60, "name": "taken"},
    ),
    "key": (
        KeyOrder(INSTANCE),
        {
            "instance": INSTANCE.model_copy(update={"guid": "i-2"}),
            "key_type": KeyType.CERTIFICATE,
            "x509": "",
            "extra": {"conformance": 1},
            "validity": 366,
            "key_length": 512,
            "name": "taken",
        },
    ),
    "token": (
        TokenOrder(held("secret")),
        {"credentials": held("another"), "secret": Secret("x"), "presented": None},
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_deviation_differs_in_one_attribute(name: str) -> None:
    """In the one that is named, whichever it is; the twin is the order itself."""
    order, changes = ORDERS[name]
    names = [each.name for each in fields(order)]  # type: ignore[arg-type]  # all are dataclasses
    assert set(names) == set(changes)
    for attribute, value in changes.items():
        deviation = order.but(**{attribute: value})
        assert deviation.twin is order
        assert type(deviation.order) is type(order)
        assert getattr(deviation.order, attribute) == value
        assert all(getattr(deviation.order, each) == getattr(order, each) for each in names if each != attribute)


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("count", [0, 2], ids=["none", "two"])
def test_deviation_in_none_or_two_attributes_is_none(name: str, count: int) -> None:
    """A denial would not tell which of them it is for."""
    order, changes = ORDERS[name]
    with pytest.raises(TypeError, match=f"one attribute, not in {count}"):
        order.but(**dict(list(changes.items())[:count]))


@pytest.mark.parametrize("name", ORDERS)
def test_deviation_in_what_does_not_exist(name: str) -> None:
    """A misspelt attribute would make the deviation its own twin."""
    with pytest.raises(TypeError, match="has no attribute 'role' to deviate in"):
        ORDERS[name][0].but(role=())


def job_failed(broker_text: str | None) -> JobFailed:
    """A job that the broker, or without its text Cloud Foundry, has failed."""
    detail = f"provision could not be completed: Service broker error: {broker_text}" if broker_text else "Aborted."
    return JobFailed("service_instance.create", (ErrorEntry(10009, "CF-UnableToPerform", detail),))


ERRORS: dict[str, tuple[ControlError, Denial]] = {
    "name taken": (NameTaken(422), Denial.NAME_TAKEN),
    "name being deleted": (NameBeingDeleted(422), Denial.NAME_TAKEN),
    "busy": (OperationInProgress(422), Denial.BROKER_TOO_SLOW),
    "unprocessable": (Unprocessable(422), Denial.NOT_ALLOWED),
    "forbidden": (NotAuthorized(403), Denial.NOT_ALLOWED),
    "not found": (NotFound(404), Denial.NOT_ALLOWED),
    "bad token": (InvalidToken(401), Denial.CONTROLLER_UNREACHABLE),
    "any other": (ApiError(400), Denial.NOT_ALLOWED),
    "not visible": (NotVisible("plan", "api", "ask"), Denial.CONTROLLER_UNREACHABLE),
    "login refused": (LoginRefused(401, "unauthorized", ""), Denial.CONTROLLER_UNREACHABLE),
    "rate limited": (RateLimited(429), Denial.CONTROLLER_UNREACHABLE),
    "server failure": (ServerFailure(502), Denial.CONTROLLER_UNREACHABLE),
    "broken answer": (BrokenAnswer("GET /", "HTML"), Denial.CONTROLLER_UNREACHABLE),
    "unreachable": (Unreachable("GET /", "refused", may_have_arrived=False), Denial.CONTROLLER_UNREACHABLE),
    "untrusted": (TlsRefusal("GET /", "unknown CA", may_have_arrived=False), Denial.CONTROLLER_UNREACHABLE),
    "refused by the broker": (job_failed("Role does not exist."), Denial.BROKER_REFUSED),
    "broker failed": (job_failed("Internal Server Error."), Denial.BROKER_FAILED),
    "broker timed out": (job_failed("The request timed out"), Denial.BROKER_FAILED),
    "broker unavailable": (job_failed("503 Service Unavailable"), Denial.BROKER_FAILED),
    "no word of the broker": (job_failed(None), Denial.BROKER_FAILED),
    "no error at all": (JobFailed("service_keys.create", ()), Denial.BROKER_FAILED),
    "too slow": (JobTimeout("creation of x", 600, "POLLING"), Denial.BROKER_TOO_SLOW),
    "token refused": (TokenRefused(401, "unauthorized", ""), Denial.TOKEN_REFUSED),
}


@pytest.mark.parametrize("name", ERRORS)
def test_denial_of_an_error(name: str) -> None:
    """Each error of the control plane is one denial, whatever was ordered; outages of token servers are their own."""
    error, cause = ERRORS[name]
    assert denial(error, InstanceOrder()) is denial(error, KeyOrder(INSTANCE)) is cause
    of_token = denial(error, TokenOrder(held("secret")))
    unreachable = isinstance(
        error, Unreachable | BrokenAnswer | ServerFailure | RateLimited | LoginRefused | InvalidToken
    )
    assert of_token is (Denial.TOKEN_SERVER_UNREACHABLE if unreachable else cause)
