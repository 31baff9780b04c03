"""Whom the sender trusts: the missing CA of the whitepaper's second error, and its neighbours."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509

from cpi_conformance.certificates import Authority, dn, missing_issuer
from cpi_conformance.certificates.host_names import is_for
from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, Call, Cause, Refused, TlsRange, Trust
from cpi_conformance.verdict import Judge, Severity
from fixtures.checks import check, on_profiles, row

pytestmark = on_profiles("whitepaper", "current")

ROOT = ("2.chain.6a", "3.lbca.4", "3.error.2")
INTERMEDIATE = ("2.chain.6b", "3.lbca.9", "3.error.2")
LEAF = ("2.chain.4", "2.chain.6c")

TLS_VERSIONS = pytest.mark.parametrize(
    "tls", [pytest.param(TLS_1_2, id="tls-1-2"), pytest.param(TLS_1_3, id="tls-1-3")]
)


def presented(basic_call: Call, judge: Judge) -> tuple[x509.Certificate, ...]:
    """The chain that the load balancer presents, leaf first, seen in an accepted call."""
    return judge.accepted(basic_call).evidence.server_chain


def names_the_missing_root(refused: Refused, landscape: Landscape) -> bool:
    """Whether a refusal names the CA to import: a root of the landscape, or the issuer of the last one sent."""
    candidates = {dn(root.subject) for root in landscape.trust()} | {dn(refused.evidence.server_chain[-1].issuer)}
    return refused.evidence.detail in {f"missing CA: {name}" for name in candidates}


@check("TRUST-01", "the chain is leaf, intermediate and root", steps=(*LEAF, "2.chain.6b", "2.chain.6a"))
def test_chain(basic_call: Call, landscape: Landscape, judge: Judge) -> None:
    """Accepted: the load balancer sends leaf and intermediate, and the root that anchors them is the trusted one.

    Source: whitepaper, chapter 2, Download the Load Balancer Certificates, step 6.
    """
    chain = presented(basic_call, judge)
    assert len(chain) >= 2, "the load balancer sends no intermediate"
    assert missing_issuer(chain, landscape.trust()) is None, "the chain does not end at the trusted root"


@check("TRUST-02", "the leaf is for this host and valid", steps=LEAF)
def test_leaf(basic_call: Call, landscape: Landscape, judge: Judge) -> None:
    """Accepted: the leaf names the host that is called and is within its validity.

    Source: whitepaper, chapter 2, Download the Load Balancer Certificates, steps 3 and 6c; RFC 9525.
    """
    leaf, now = presented(basic_call, judge)[0], dt.datetime.now(dt.UTC)
    assert is_for(leaf, landscape.host), "the leaf is for another host"
    assert leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc


@TLS_VERSIONS
@check("TRUST-03", "only the root is trusted", steps=ROOT, severity=Severity.BLOCKER)
def test_root_only(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Accepted: the root suffices; the intermediate comes with the handshake and may be omitted from the list.

    Source: whitepaper, troubleshooting, note to error 2.
    """
    roots = tuple(each for each in landscape.trust() if each.subject == each.issuer)
    if not roots:
        pytest.skip("configuration: trust.ca holds no root, only cross-signed certificates")
    call = basic_call.but(tls=tls).call
    judge.accepted(call if call.trust.certificates == roots else call.but(trust=Trust(roots)).call)


@TLS_VERSIONS
@check("TRUST-10", "no CA is trusted", steps=ROOT, severity=Severity.BLOCKER)
def test_nothing_trusted(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Refused at server-trust: an empty certificate list trusts nobody, and the missing root is named.

    Source: whitepaper, troubleshooting, error 2.
    """
    twin = basic_call.but(tls=tls).call
    refused = judge.refused(twin.but(trust=Trust(())), Cause.MISSING_CA)
    assert names_the_missing_root(refused, landscape)


@TLS_VERSIONS
@check("TRUST-11", "only the intermediate is trusted", steps=INTERMEDIATE)
def test_intermediate_only(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Refused at server-trust: an intermediate alone is no anchor, so that the outcome is the same on every client.

    Source: whitepaper, troubleshooting, error 2; OpenSSL without X509_V_FLAG_PARTIAL_CHAIN.
    """
    twin = basic_call.but(tls=tls).call
    intermediates = judge.needed(twin).evidence.server_chain[1:]
    refused = judge.refused(twin.but(trust=Trust(intermediates)), Cause.MISSING_CA)
    assert names_the_missing_root(refused, landscape)


@TLS_VERSIONS
@check("TRUST-12", "another root is trusted", steps=ROOT)
def test_another_root(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Refused at server-trust: a root of the same name but another key is another root.

    Source: whitepaper, troubleshooting, error 2; RFC 5280, section 6.1.
    """
    name = landscape.trust()[0].subject.rfc4514_string()
    another = Authority.root(name, now=dt.datetime.now(dt.UTC).replace(microsecond=0)).certificate
    twin = basic_call.but(tls=tls).call
    refused = judge.refused(twin.but(trust=Trust((another,))), Cause.MISSING_CA)
    assert names_the_missing_root(refused, landscape)


@TLS_VERSIONS
@check("TRUST-13", "only the root from before the rotation is trusted", steps=ROOT)
def test_root_before_rotation(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Refused at server-trust: whoever did not import the new root in time is cut off, and the new root is named.

    Source: SAP announcements of the load balancer's root changes, 2016 to 2026.
    """
    twin = basic_call.but(tls=tls).call
    refused = judge.refused(twin.but(trust=Trust(landscape.previous_trust())), Cause.MISSING_CA)
    assert names_the_missing_root(refused, landscape)


@TLS_VERSIONS
@check("TRUST-14", "the roots from before and after the rotation are trusted", steps=ROOT)
def test_both_roots(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Accepted: with the old and the new root in the list a rotation goes unnoticed.

    Source: SAP announcement of 4 May 2023: keep both roots.
    """
    both = Trust((*landscape.previous_trust(), *landscape.trust()))
    judge.accepted(basic_call.but(tls=tls).call.but(trust=both).call)


@TLS_VERSIONS
@check("TRUST-20", "the certificate is for another host", steps=LEAF)
def test_host_name_mismatch(basic_call: Call, landscape: Landscape, tls: TlsRange, judge: Judge) -> None:
    """Refused at server-trust: the chain is trusted, but the leaf does not carry the name that was asked for.

    Source: RFC 9525; SAP KBA 3391859.
    """
    twin = basic_call.but(tls=tls).call
    elsewhere = Trust(landscape.trust(), expected_name="not-this-landscape.invalid")
    judge.refused(twin.but(trust=elsewhere), Cause.HOST_NAME_MISMATCH)


@pytest.mark.parametrize(
    "tls",
    [
        row("TRUST-30", "TLS 1.0", TLS_1_0, steps=("1.basic.2a",)),
        row("TRUST-31", "TLS 1.1", TLS_1_1, steps=("1.basic.2a",)),
    ],
)
def test_old_tls_version(basic_call: Call, tls: TlsRange, judge: Judge) -> None:
    """Refused at protocol: the load balancer speaks TLS 1.2 and 1.3 only.

    Source: SAP help 7895724; RFC 8996.
    """
    judge.refused(basic_call.but(tls=tls), Cause.TLS_VERSION)
