"""How a verdict on an order is reached: one that must be granted, or a deviation that must be denied.

A denial proves something only together with its twin: the order that differs in one attribute and is
granted. What a twin or a wrongly granted deviation has created is removed again at once.

A broker that has failed says so in its own words. A token server in trouble may not: it answers 401 to everybody.
So a token that is refused is asked for again: on both sides of the twin or, where there is no twin to ask, until
the refusal stands; a token creates nothing, and costs no broker's job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from cpi_conformance.control.cockpit import Cockpit, Denied, Granted, Reply
from cpi_conformance.control.denials import LAYER_OF_DENIAL, OUTAGES, Denial
from cpi_conformance.control.orders import Order, OrderDeviation
from cpi_conformance.diagnosis import (
    NOT_REFUSED,
    REFUSED_OTHERWISE,
    remedy_for_acceptance,
    remedy_for_verdict,
)
from cpi_conformance.verdict.difference import NO_DIFFERENCE, one_difference
from cpi_conformance.verdict.finding import Finding, finding_of_denial
from cpi_conformance.verdict.judge import (
    CALL,
    DEVIATION,
    DEVIATION_AGAIN,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    NEED,
    SHARED_TWIN,
    TWIN,
    TWIN_AGAIN,
    NotProven,
    Refuted,
)
from cpi_conformance.verdict.order_twins import OrderTwins
from cpi_conformance.verdict.standing import STANDS

OrderWitness = Callable[[str, Order, Reply], None]
"""Told of each order as it is judged: the part it plays, the order, what came of it."""


class OrderJudge:
    """Judges the orders of one check."""

    def __init__(
        self, cockpit: Cockpit, twins: OrderTwins, witness: OrderWitness = lambda part, order, reply: None
    ) -> None:
        self._cockpit = cockpit
        self._twins = twins
        self._witness = witness
        self.finding: Finding | None = None

    def granted(self, order: Order, *, within: float = 0.0) -> Granted:
        """The order must be granted; what it has created stays for the rest of the check.

        ``within`` seconds the far side may take to notice a change; so long a denial is asked again.

        Raises:
            Refuted: it is denied.
            NotProven: nobody has decided on it.
        """
        __tracebackhide__ = True
        return self.carried_out(order, self._settled(order, Granted, within))

    def carried_out(self, order: Order, reply: Reply) -> Granted:
        """As :meth:`granted`, for an order that has been placed already."""
        __tracebackhide__ = True
        self._witness(CALL, order, reply)
        if isinstance(reply, Denied):
            if reply.cause in OUTAGES:
                raise NotProven(f"infrastructure: {order} was {reply}", finding_of_denial(order, reply))
            self._require_that_it_stands(order, reply)
            raise Refuted(f"{order} must be granted, but was {reply}", finding_of_denial(order, reply))
        self.finding = self.finding or Finding()
        return reply

    def needed(self, order: Order, *, within: float = 0.0) -> Granted:
        """As :meth:`granted`, for an order that a check needs and is not about: a denial refutes nothing.

        Raises:
            NotProven: it is denied, or nobody has decided on it.
        """
        __tracebackhide__ = True
        return self.at_hand(order, self._settled(order, Granted, within))

    def at_hand(self, order: Order, reply: Reply) -> Granted:
        """As :meth:`needed`, for an order that has been placed already."""
        __tracebackhide__ = True
        self._witness(NEED, order, reply)
        if isinstance(reply, Denied):
            self._require_that_it_stands(order, reply)
            kind = "infrastructure: " if reply.cause in OUTAGES else ""
            told = f"{kind}what the check needs was not granted: {order} was {reply}"
            raise NotProven(told, finding_of_denial(order, reply))
        self.finding = self.finding or Finding()
        return reply

    def denied(self, deviation: OrderDeviation, cause: Denial) -> Denied:
        """The deviation must be denied for this cause, while its twin is granted.

        Raises:
            Refuted: it is granted, or denied for another cause.
            NotProven: the twin is not granted, or the same; or nobody has decided on the deviation.
            TypeError: it differs from its twin in more than one attribute.
        """
        __tracebackhide__ = True
        if one_difference(deviation.twin, deviation.order) is None:
            raise NotProven(NO_DIFFERENCE)
        # whoever else maps the same certificate meanwhile would have it denied for another reason
        with self._twins.alone(deviation.twin), self._twins.alone(deviation.order):
            twin, shared = self._twins.reply(deviation.twin)
            self._witness(SHARED_TWIN if shared else TWIN, deviation.twin, twin)
            if isinstance(twin, Denied):
                self._require_that_it_stands(deviation.twin, twin)
                kind = "infrastructure: " if twin.cause in OUTAGES else ""
                raise NotProven(f"{kind}the twin was not granted: {twin}", finding_of_denial(deviation.twin, twin))
            reply = self._cockpit.place(deviation.order)
            self._witness(DEVIATION, deviation.order, reply)
            denied = self._denied(deviation.order, reply, cause)
            return self._on_both_sides_of_the_twin(deviation, denied, cause) if _may_pass(denied) else denied

    def denied_again(
        self, order: Order, first: Granted, cause: Denial, *, again: Reply | None = None, within: float = 0.0
    ) -> Denied:
        """As :meth:`denied`, for an order that was granted once and must not be granted after what has changed since.

        ``again`` is what came of the second time, when it has been placed already. ``within`` seconds the far side
        may take to notice the change; so long a grant is asked again.
        """
        __tracebackhide__ = True
        self._witness(TWIN, order, first)
        reply = again or self._settled(order, Denied, within)
        self._witness(DEVIATION, order, reply)
        denied = self._denied(order, reply, cause)
        self._require_that_it_stands(order, denied)
        return denied

    def _on_both_sides_of_the_twin(self, deviation: OrderDeviation, denied: Denied, cause: Denial) -> Denied:
        """A denial that trouble can look like, once more behind the twin that is granted."""
        __tracebackhide__ = True
        twin = self._cockpit.place(deviation.twin)
        self._witness(TWIN if isinstance(twin, Denied) else TWIN_AGAIN, deviation.twin, twin)
        if isinstance(twin, Denied):
            told = f"infrastructure: the twin, granted before, was not granted: {twin}"
            raise NotProven(told, finding_of_denial(deviation.twin, twin))
        again = self._cockpit.place(deviation.order)
        self._witness(DEVIATION_AGAIN, deviation.order, again)
        if isinstance(again, Denied) and again.cause is not denied.cause:
            raise _passing(deviation.order, denied, again)
        return self._denied(deviation.order, again, cause)

    def _require_that_it_stands(self, order: Order, first: Reply) -> None:
        """What trouble can look like counts only when it is the same again and again.

        Raises:
            NotProven: it is not.
        """
        __tracebackhide__ = True
        if not _may_pass(first):
            return
        for _ in range(STANDS - 1):
            again = self._cockpit.place(order)
            if not _may_pass(again):
                self._witness(CALL, order, again)
                raise _passing(order, first, again)

    def _settled(self, order: Order, wanted: type[Reply], within: float) -> Reply:
        ends, pause = time.monotonic() + within, FIRST_PAUSE
        while True:
            reply = self._cockpit.place(order)
            if isinstance(reply, wanted) or time.monotonic() >= ends:
                return reply
            self._cockpit.withdraw(order, reply)
            time.sleep(min(pause, max(0.0, ends - time.monotonic())))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _denied(self, order: Order, reply: Reply, cause: Denial) -> Denied:
        __tracebackhide__ = True
        layer = LAYER_OF_DENIAL[cause]
        if isinstance(reply, Granted):
            self._cockpit.withdraw(order, reply)
            finding = Finding(str(layer), NOT_REFUSED, remedy_for_acceptance(layer))
            raise Refuted(f"{order} must be denied at {layer}: {cause}, but was {reply}", finding)
        finding = finding_of_denial(order, reply)
        if reply.cause in OUTAGES:
            raise NotProven(f"infrastructure: the deviation was {reply}", finding)
        if reply.cause is not cause:
            self._require_that_it_stands(order, reply)
            otherwise = replace(finding, remedy=remedy_for_verdict(REFUSED_OTHERWISE))
            raise Refuted(f"{order} must be denied at {layer}: {cause}, but was {reply}", otherwise)
        self.finding = finding
        return reply


def _may_pass(reply: Reply) -> bool:
    """Whether trouble of the far side could look like it."""
    return isinstance(reply, Denied) and reply.cause is Denial.TOKEN_REFUSED


def _passing(order: Order, first: Reply, again: Reply) -> NotProven:
    """The same order has come to two things: something passes by."""
    told = f"infrastructure: {order} was {first}, and then, asked again, {again}"
    return NotProven(told, finding_of_denial(order, first) if isinstance(first, Denied) else Finding())
