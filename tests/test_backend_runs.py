"""What QA is told of a backend that does not connect: what SM59 shows, what to import where, what to do; no secret."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from cpi_conformance.backend import (
    STANDARD,
    Backend,
    ConnectionTest,
    Destination,
    Icm,
    Proxy,
    Pse,
    PseStore,
    StrustRefused,
    TrustManager,
)
from cpi_conformance.backend.missing_ca import Cas, what_to_import
from cpi_conformance.certificates import Credential, dn, open_pfx, pem
from cpi_conformance.landscape import Expectations
from cpi_conformance.sender import Cause, Evidence, Expected, Observation, Refused, Sender
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW
from cpi_conformance.verdict import Judge, NotProven, Refuted, Twins
from fixtures.missing_ca import four_cas
from fixtures.server_chain import Chain, chain_seen
from fixtures.sm59 import Screen, Sm59
from fixtures.strust import add
from tests.conftest import Inhabited
from tests.symptoms.far_sides import closed_port
from tests.test_suite_run import encodings, run_suite, verdict_in

NOT_BLIND = "1158:PFS:HIGH"


@pytest.fixture
def sm59() -> Sm59:
    """The judge of connection tests, as a check borrows it."""
    screen = Screen()
    return Sm59(Judge(Icm(), Twins(), Expectations(), screen.show), screen)


def good(it: Inhabited) -> ConnectionTest:
    """A connection test that ends with 200."""
    destination = Destination(
        "CPI", HOST, f"/http{WHITEPAPER_FLOW.address}", str(it.landscape.port), ssl_certificate="CPI"
    )
    pse = Pse(open_pfx(it.pfx("sender")), (it.landscape.trusted_root,))
    return ConnectionTest(Backend((("CPI", pse),)), destination, Expected(200, WHITEPAPER_FLOW.body))


def with_own(test: ConnectionTest, own: Credential) -> ConnectionTest:
    """The same with another certificate of its own."""
    assert test.pse is not None
    return test.but(pse=replace(test.pse, own=own)).call


ROOT_MISSING = (
    "SM59 shows ICM_HTTP_SSL_PEER_CERT_UNTRUSTED SSSLERR_PEER_CERT_UNTRUSTED(-102); "
    "the PSE of CPI in STRUST lacks {root} in the certificate list"
)
CHAIN_MISSING = "the PSE of CPI in STRUST lacks {issuer} in the path of the own certificate"


@dataclass(frozen=True)
class Backends:
    """Backends in which one thing is wrong."""

    it: Inhabited

    def without_the_root(self) -> ConnectionTest:
        return good(self.it).but(pse=Pse(open_pfx(self.it.pfx("sender")))).call

    def with_the_intermediate_only(self) -> ConnectionTest:
        listed = (self.it.landscape.load_balancer.served.intermediate.certificate,)
        return good(self.it).but(pse=Pse(open_pfx(self.it.pfx("sender")), listed)).call

    def with_the_root_from_before(self) -> ConnectionTest:
        listed = self.it.landscape.previous_roots
        return good(self.it).but(pse=Pse(open_pfx(self.it.pfx("sender")), listed)).call

    def without_the_chain(self) -> ConnectionTest:
        return with_own(good(self.it), replace(open_pfx(self.it.pfx("sender")), issuers=()))

    def without_the_chain_not_blind(self) -> ConnectionTest:
        return self.without_the_chain().but(client_ciphersuites=NOT_BLIND).call

    def without_a_service_key(self) -> ConnectionTest:
        return with_own(good(self.it), open_pfx(self.it.pfx("unassigned")))

    def without_a_service_key_and_the_root(self) -> ConnectionTest:
        own = open_pfx(self.it.pfx("unassigned"))
        return with_own(good(self.it), replace(own, issuers=own.intermediates))

    def of_an_unknown_ca(self) -> ConnectionTest:
        return with_own(good(self.it), open_pfx(self.it.pfx("untrusted_ca")))

    def without_the_server_name(self) -> ConnectionTest:
        return good(self.it).but(client_sni=False).call

    def with_old_versions(self) -> ConnectionTest:
        return good(self.it).but(client_ciphersuites="128:HIGH").call

    def behind_a_closed_proxy(self) -> ConnectionTest:
        return good(self.it).but(proxy=Proxy("127.0.0.1", str(closed_port()))).call


@pytest.mark.parametrize(
    ("backend", "told", "row", "kind"),
    [
        pytest.param(Backends.without_the_root, ROOT_MISSING, 1, Refuted, id="no-root"),
        pytest.param(Backends.with_the_intermediate_only, ROOT_MISSING, 1, Refuted, id="intermediate-only"),
        pytest.param(Backends.with_the_root_from_before, ROOT_MISSING, 2, Refuted, id="root-from-before"),
        pytest.param(Backends.without_the_chain, CHAIN_MISSING, 22, Refuted, id="leaf-only"),
        pytest.param(Backends.without_the_chain_not_blind, CHAIN_MISSING, 22, Refuted, id="leaf-only-not-blind"),
        pytest.param(
            Backends.without_a_service_key, "SM59 shows Status HTTP Response 401", 21, Refuted, id="no-service-key"
        ),
        pytest.param(
            Backends.without_a_service_key_and_the_root,
            "SM59 shows Status HTTP Response 401",
            21,
            Refuted,
            id="no-service-key-and-no-root",
        ),
        pytest.param(
            Backends.of_an_unknown_ca,
            "SM59 shows ICM_HTTP_SSL_ERROR SSSLERR_SSL_READ(-58)",
            23,
            Refuted,
            id="unknown-ca",
        ),
        pytest.param(
            Backends.without_the_server_name,
            "SM59 shows ICM_HTTP_SSL_CERT_MISMATCH SSSLERR_SERVER_CERT_MISMATCH(-30)",
            7,
            Refuted,
            id="no-server-name",
        ),
        pytest.param(
            Backends.with_old_versions,
            "SM59 shows ICM_HTTP_SSL_ERROR SSSLERR_ALERT_PROTOCOL_VERSION",
            11,
            Refuted,
            id="tls-1-0",
        ),
        pytest.param(
            Backends.behind_a_closed_proxy,
            "SM59 shows ICM_HTTP_CONNECTION_FAILED NIECONN_REFUSED(-10)",
            16,
            NotProven,
            id="closed-proxy",
        ),
    ],
)
def test_what_is_told(
    sm59: Sm59, current: Inhabited, backend: Any, told: str, row: int, kind: type[Refuted] | type[NotProven]
) -> None:
    """At the end of the reason, which stands in the terminal, in ``verdict.json``, in JUnit XML and in Allure."""
    root, issuer = current.landscape.trusted_root.subject, open_pfx(current.pfx("sender")).certificate.issuer
    with pytest.raises(kind) as outcome:
        sm59.succeeds(backend(Backends(current)))
    assert str(outcome.value).endswith("; " + told.format(root=dn(root), issuer=dn(issuer)))
    assert isinstance(outcome.value, Refuted | NotProven)
    assert outcome.value.finding.rows[0] == row


def test_refusal_for_another_cause(sm59: Sm59, current: Inhabited) -> None:
    """The deviation is what is told about, not the twin that was asked behind it."""
    deviation = good(current).but(client_sni=False)
    with pytest.raises(Refuted, match=r"; SM59 shows ICM_HTTP_SSL_CERT_MISMATCH SSSLERR_SERVER_CERT_MISMATCH\(-30\)$"):
        sm59.fails(deviation, Cause.MISSING_CA)


def test_error_that_sm59_does_not_show(sm59: Sm59, current: Inhabited) -> None:
    with pytest.raises(AssertionError, match="must show SSSLERR_PSE_ERROR, but shows ICM_HTTP_SSL_CERT_MISMATCH"):
        sm59.fails(good(current).but(client_sni=False), Cause.HOST_NAME_MISMATCH, "SSSLERR_PSE_ERROR")


def test_nothing_is_told_of_what_was_judged_before(sm59: Sm59, current: Inhabited) -> None:
    """A check that judges several tests tells of the one that it is content with no more."""
    twin = good(current)
    sm59.fails(twin.but(client_sni=False), Cause.HOST_NAME_MISMATCH)
    with pytest.raises(NotProven, match=r"the same as what must be accepted$"):
        sm59.fails(twin.but(client_sni=True), Cause.HOST_NAME_MISMATCH)


def test_nothing_is_lacking_for_all_that_is_known(current: Inhabited) -> None:
    """A load balancer that names no CA does not say up to where a chain has to lead."""
    pse = Pse(replace(open_pfx(current.pfx("sender")), issuers=()))
    assert what_to_import(pse, Refused(Cause.UNKNOWN_CA, Evidence("GET /"))) is None


# What a landscape file gives


def seen(it: Inhabited) -> Observation:
    """What an anonymous call sees of the load balancer."""
    return Sender().send(it.anonymous)


def test_chain_of_the_load_balancer(current: Inhabited) -> None:
    """Whatever else is trusted, and in whatever order."""
    served = current.landscape.load_balancer.served
    intermediate, root = served.intermediate.certificate, served.root.certificate
    for trusted in ((root,), (intermediate, *current.landscape.previous_roots, root)):
        assert chain_seen(seen(current), trusted) == Chain(root, (intermediate,))


@pytest.mark.parametrize(
    ("trusted", "told"),
    [
        pytest.param(lambda it: it.landscape.previous_roots, "trust.ca lacks CN=DigiCert TLS RSA4096", id="old-root"),
        pytest.param(
            lambda it: (it.landscape.load_balancer.served.intermediate.certificate,),
            "trust.ca lacks CN=DigiCert TLS RSA4096 Root G5",
            id="intermediate",
        ),
    ],
)
def test_root_that_a_landscape_file_lacks(current: Inhabited, trusted: Any, told: str) -> None:
    with pytest.raises(NotProven, match=f"^configuration: {told}"):
        chain_seen(seen(current), trusted(current))


def test_load_balancer_that_is_not_there(current: Inhabited) -> None:
    nowhere = Sender().send(replace(current.anonymous, port=closed_port()))
    with pytest.raises(NotProven, match=r"^infrastructure: .*connection-refused"):
        chain_seen(nowhere, (current.landscape.trusted_root,))


def test_load_balancer_that_presents_its_leaf_only(current: Inhabited) -> None:
    there = seen(current)
    leaf_only = replace(there, evidence=replace(there.evidence, server_chain=there.evidence.server_chain[:1]))
    with pytest.raises(NotProven, match="presents no intermediate"):
        chain_seen(leaf_only, (current.landscape.trusted_root,))


def test_four_cas_that_are_fewer(current: Inhabited) -> None:
    """The combinations would not be what they are called."""
    chain, own = chain_seen(seen(current), (current.landscape.trusted_root,)), open_pfx(current.pfx("sender"))
    intermediate, root = own.issuers
    assert four_cas(chain, own) == Cas(chain.root, chain.intermediates, own)
    for issuers in ((), (intermediate,), (root,)):
        with pytest.raises(NotProven, match=r"certificates\.sender does not hold both"):
            four_cas(chain, replace(own, issuers=issuers))
    with pytest.raises(NotProven, match="a CA in common"):
        four_cas(Chain(root, chain.intermediates), own)


def test_ca_in_common_is_added_once(current: Inhabited) -> None:
    """As an administrator does who reads that the certificate exists."""
    manager = TrustManager(PseStore())
    manager.edit()
    manager.open(STANDARD)
    root = current.landscape.trusted_root
    add(manager, (root, root))
    assert manager.shown.certificate_list == (root,)
    manager.leave()
    manager.open(STANDARD)
    with pytest.raises(StrustRefused):
        add(manager, (root,))


# A whole run


@pytest.fixture
def folder(current: Inhabited, tmp_path: Path) -> Path:
    """What an administrator has exported, and a landscape file that names nothing besides."""
    pfx = current.pfx("sender")
    (tmp_path / "sender.pfx").write_bytes(pfx.content)
    (tmp_path / "list.pem").write_text(pem(current.landscape.previous_roots))
    assert pfx.passphrase is not None
    (tmp_path / "passphrase.txt").write_text(pfx.passphrase.reveal())
    backend = {"certificate_list": "list.pem", "pfx": "sender.pfx", "passphrase": {"file": "passphrase.txt"}}
    flow = {"address": WHITEPAPER_FLOW.address, "method": "GET", "status": 200, "body": WHITEPAPER_FLOW.body}
    document = {
        "name": "QA",
        "kind": "simulated",
        "stage": "quality",
        "edition": "standard",
        "runtime": {"host": HOST, "port": current.landscape.port},
        "flows": [flow],
        "backend": backend,
    }
    (tmp_path / "landscape.toml").write_text(tomli_w.dumps(document))
    return tmp_path


def test_export_is_all_that_is_needed(folder: Path, current: Inhabited) -> None:
    """A run on a landscape file that names the flow and the backend, and no secret in whatever it writes."""
    done = run_suite(folder / "reports", f"--landscape={folder / 'landscape.toml'}", "-k", "SM59-30")
    (check,) = verdict_in(folder / "reports")["checks"]
    root = dn(current.landscape.trusted_root.subject)
    assert [check[key] for key in ("verdict", "layer", "cause", "rows")] == [
        "refuted",
        "server-trust",
        "missing-ca",
        [2, 1],
    ]
    assert check["reason"].endswith(f"; {ROOT_MISSING.format(root=root)}")
    assert check["reason"] in done.stdout
    written = b"".join(each.read_bytes() for each in (folder / "reports").rglob("*") if each.is_file())
    assert "SSSLERR_PEER_CERT_UNTRUSTED (-102)" in written.decode()
    passphrase = current.pfx("sender").passphrase
    assert passphrase is not None
    assert not [form for form in encodings(passphrase.reveal()) if form in written + done.stdout.encode()]
