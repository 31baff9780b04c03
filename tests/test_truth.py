"""The sender's view against the landscape's own record: every cause, TLS version and client, again and again."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from cpi_conformance.certificates import Authority, PfxFile, open_pfx, self_signed, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import (
    TLS_1_1,
    TLS_1_2,
    TLS_1_3,
    Call,
    CertificateInHandshake,
    NoAuthorization,
    RawAuthorization,
    TlsRange,
    Trust,
)
from cpi_conformance.simulator.runtime import Flow, FlowState
from tests.clients import CLIENTS
from tests.conftest import Inhabited

REPETITIONS = 80 if sys.version_info < (3, 12) else 15
"""What comes only now and then is a matter of connections and not of Python, so the oldest one looks for it.

With 200 there was no disagreement either, on each Python.
"""

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
PASSPHRASE = Secret("truth")


def unknown_ca() -> PfxFile:
    """A certificate with its chain, of a CA that nobody trusts."""
    authority = Authority.root("CN=Unknown Root", now=NOW).intermediate("CN=Unknown CA", now=NOW)
    return write_pfx(authority.leaf("CN=somebody", not_before=NOW - DAY, not_after=NOW + DAY), PASSPHRASE)


def signed_by_itself() -> PfxFile:
    """A certificate that nobody vouches for."""
    return write_pfx(self_signed("CN=somebody", not_before=NOW - DAY, not_after=NOW + DAY), PASSPHRASE)


def presenting(pfx: PfxFile, it: Inhabited) -> Call:
    """The certificate call with another PFX."""
    return replace(it.certificate, certificate=CertificateInHandshake(pfx))


CASES: dict[str, tuple[str, Callable[[Inhabited], Call], tuple[str, str]]] = {
    "missing-ca": (
        "current",
        lambda it: replace(it.basic, trust=Trust(())),
        ("server-trust", "missing-ca"),
    ),
    "root-before-rotation": (
        "current",
        lambda it: replace(it.basic, trust=Trust(it.landscape.previous_roots)),
        ("server-trust", "missing-ca"),
    ),
    "host-name": (
        "current",
        lambda it: replace(it.basic, trust=replace(it.basic.trust, expected_name="elsewhere.invalid")),
        ("server-trust", "host-name-mismatch"),
    ),
    "unknown-ca": ("current", lambda it: presenting(unknown_ca(), it), ("client-trust", "unknown-ca")),
    "self-signed": ("current", lambda it: presenting(signed_by_itself(), it), ("client-trust", "unknown-ca")),
    "no-chain": (
        "current",
        lambda it: presenting(write_pfx(open_pfx(it.pfx("sender")), PASSPHRASE, with_chain=False), it),
        ("client-trust", "unknown-ca"),
    ),
    "expired": (
        "current",
        lambda it: presenting(it.pfx("expired"), it),
        ("client-trust", "certificate-expired"),
    ),
    "not-yet-valid": (
        "current",
        lambda it: presenting(it.pfx("not_yet_valid"), it),
        ("client-trust", "bad-certificate"),
    ),
    "server-purpose": (
        "current",
        lambda it: presenting(it.pfx("server_purpose"), it),
        ("client-trust", "unsupported-certificate"),
    ),
    "unknown-ca-stripped": (
        "whitepaper",
        lambda it: presenting(unknown_ca(), it),
        ("authentication", "unauthenticated"),
    ),
    "nothing-sent": (
        "current",
        lambda it: replace(it.basic, authorization=NoAuthorization()),
        ("authentication", "unauthenticated"),
    ),
    "malformed-header": (
        "current",
        lambda it: replace(it.basic, authorization=RawAuthorization(Secret("Basic ?"))),
        ("authentication", "unauthenticated"),
    ),
    "certificate-without-key": (
        "current",
        lambda it: presenting(it.pfx("unassigned"), it),
        ("authentication", "unauthenticated"),
    ),
    "role": (
        "current",
        lambda it: presenting(it.pfx("without_role"), it),
        ("authorization", "role-missing"),
    ),
    "address": ("current", lambda it: replace(it.basic, path="/http/elsewhere"), ("flow", "no-such-endpoint")),
    "method": ("current", lambda it: replace(it.basic, method="HEAD"), ("flow", "method-not-allowed")),
    "failing-flow": ("current", lambda it: replace(it.basic, path="/http/failing"), ("flow", "flow-failed")),
    "starting-flow": ("current", lambda it: replace(it.basic, path="/http/starting"), ("flow", "not-started")),
}

WITHOUT_A_TLS_VERSION: dict[str, tuple[Callable[[Inhabited], Call], tuple[str, str]]] = {
    "plain-http": (lambda it: replace(it.basic, scheme="http"), ("protocol", "plain-http")),
    "tls-1-1": (lambda it: replace(it.basic, tls=TLS_1_1), ("protocol", "tls-version")),
}

VERSIONS = [pytest.param(TLS_1_2, id="tls-1-2"), pytest.param(TLS_1_3, id="tls-1-3")]


@pytest.fixture(scope="module", autouse=True)
def _troubled_flows(current: Inhabited) -> Iterator[None]:
    """Flows that fail and flows that have not started."""
    current.landscape.runtime.deploy(Flow("/failing", None))
    current.landscape.runtime.deploy(Flow("/starting", "soon", state=FlowState.STARTING))
    yield
    current.landscape.runtime.undeploy("/failing")
    current.landscape.runtime.undeploy("/starting")


def assert_agreed(it: Inhabited, call: Call, client: str, expected: tuple[str, str]) -> None:
    """The client and the landscape name the same layer and cause, every time."""
    send = CLIENTS[client]()
    record = it.landscape.record
    for _ in range(REPETITIONS):
        before = len(record.entries())
        seen = send(call)
        truth = record.after(before).refused
        assert truth is not None
        assert seen == (truth.layer, truth.cause) == expected


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_view_equals_truth(case: str, tls: TlsRange, client: str, current: Inhabited, whitepaper: Inhabited) -> None:
    """A refusal looks from outside what it is inside."""
    profile, make, expected = CASES[case]
    it = current if profile == "current" else whitepaper
    assert_agreed(it, replace(make(it), tls=tls), client, expected)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", WITHOUT_A_TLS_VERSION)
def test_view_equals_truth_below_tls(case: str, client: str, current: Inhabited) -> None:
    """The same where no TLS version is agreed."""
    make, expected = WITHOUT_A_TLS_VERSION[case]
    assert_agreed(current, make(current), client, expected)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("tls", VERSIONS)
def test_accepted_by_all(client: str, tls: TlsRange, current: Inhabited) -> None:
    """The positive twin of all the above: each client is accepted, by Basic and by certificate."""
    send = CLIENTS[client]()
    assert send(replace(current.basic, tls=tls)) is None
    assert send(replace(current.certificate, tls=tls)) is None
