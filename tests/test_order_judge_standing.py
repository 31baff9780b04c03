"""What a judge of orders makes of a token server, or a broker, that is in trouble for a while."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from cpi_conformance.control.cockpit import Granted, Reply
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.orders import Order, TokenOrder
from cpi_conformance.control.xsuaa import Token
from cpi_conformance.secret import Secret
from cpi_conformance.verdict import NotProven, Refuted
from cpi_conformance.verdict.standing import STANDS
from tests.test_order_judge import Outcome, Rehearsed, denied, held, order_judge

TWIN = TokenOrder(held("right"), secret=Secret("right"))
DEVIATION = TWIN.but(secret=Secret("wrong"))

TOKEN = Granted(Token(Secret("jwt"), 3599, ()))
NO = denied(Denial.TOKEN_REFUSED)
NOBODY = denied(Denial.TOKEN_SERVER_UNREACHABLE)


class InTurn(Rehearsed):
    """A cockpit that answers each order with what was rehearsed, in turn; the last one again when none is left."""

    def __init__(self, twin: Iterable[Reply] = (TOKEN,), deviation: Iterable[Reply] = (NO,)) -> None:
        super().__init__()
        self.rehearsed = {TWIN: list(twin), DEVIATION.order: list(deviation)}

    @property
    def placed(self) -> list[object]:
        """The orders, in turn."""
        return [order for what, order in self.done if what == "placed"]

    def place(self, order: Order) -> Reply:
        """The next one."""
        self.done.append(("placed", order))
        replies = self.rehearsed[order]
        return replies.pop(0) if len(replies) > 1 else replies[0]


T, D = TWIN, DEVIATION.order

DENIALS: dict[str, tuple[list[Reply], list[Reply], Outcome, list[object]]] = {
    "refusal-that-stands": ([TOKEN], [NO], None, [T, D, T, D]),
    "401-to-everybody": ([TOKEN, NO], [NO], NotProven, [T, D, T]),
    "401-once-where-all-are-let-in": ([TOKEN], [NO, TOKEN], Refuted, [T, D, T, D]),
    "401-and-then-nobody": ([TOKEN], [NO, NOBODY], NotProven, [T, D, T, D]),
    "nobody": ([TOKEN], [NOBODY], NotProven, [T, D]),
    "twin-refused-once": ([NO, TOKEN], [NO], NotProven, [T, T]),
    "nobody-for-the-twin": ([NOBODY], [NO], NotProven, [T]),
}


@pytest.mark.parametrize("name", DENIALS)
def test_denied(name: str, tmp_path: Path) -> None:
    """A token server in trouble proves nothing by its 401."""
    twins, deviations, outcome, placed = DENIALS[name]
    cockpit = InTurn(twins, deviations)
    it = order_judge(cockpit, tmp_path)
    if outcome is None:
        it.denied(DEVIATION, Denial.TOKEN_REFUSED)
    else:
        with pytest.raises(outcome) as raised:
            it.denied(DEVIATION, Denial.TOKEN_REFUSED)
        assert str(raised.value).startswith("infrastructure: ") is (outcome is NotProven)
    assert cockpit.placed == placed


@pytest.mark.parametrize("times", [1, STANDS - 1])
def test_passing_refusal_refutes_nothing(times: int, tmp_path: Path) -> None:
    """Neither a token that must be granted, nor one that a check needs, nor one that must be granted no more."""
    for ask in ("granted", "needed"):
        with pytest.raises(NotProven, match=r"^infrastructure: "):
            getattr(order_judge(InTurn([NO] * times + [TOKEN]), tmp_path), ask)(TWIN)
    with pytest.raises(NotProven, match=r"^infrastructure: "):
        order_judge(InTurn([NO] * times + [TOKEN]), tmp_path).denied_again(TWIN, TOKEN, Denial.TOKEN_REFUSED)


def test_refusal_that_stands(tmp_path: Path) -> None:
    """It refutes, or proves where it must come."""
    with pytest.raises(Refuted):
        order_judge(InTurn([NO]), tmp_path).granted(TWIN)
    with pytest.raises(NotProven, match=r"^what the check needs was not granted"):
        order_judge(InTurn([NO]), tmp_path).needed(TWIN)
    cockpit = InTurn([NO])
    order_judge(cockpit, tmp_path).denied_again(TWIN, TOKEN, Denial.TOKEN_REFUSED)
    assert cockpit.placed == [TWIN] * STANDS


def test_twin_on_which_nobody_has_decided_is_placed_by_the_next_check(tmp_path: Path) -> None:
    """An outage of a moment does not take every check with it."""
    it = order_judge(InTurn([NOBODY, TOKEN]), tmp_path)
    with pytest.raises(NotProven, match=r"^infrastructure: the twin was not granted"):
        it.denied(DEVIATION, Denial.TOKEN_REFUSED)
    it.denied(DEVIATION, Denial.TOKEN_REFUSED)
