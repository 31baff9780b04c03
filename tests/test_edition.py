"""Telling a trial, and which host a server certificate is for."""

from __future__ import annotations

import datetime as dt

import pytest

from cpi_conformance.certificates import Authority, Usage, self_signed
from cpi_conformance.certificates.host_names import covers, is_for
from cpi_conformance.landscape.edition import edition_by_host, edition_seen

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("host", "edition"),
    [
        ("1a2b3c4dtrial.it-cpitrial05-rt.cfapps.us10-001.hana.ondemand.com", "trial"),
        ("1A2B3C4DTRIAL.IT-CPITRIAL03-RT.cfapps.ap21.hana.ondemand.com", "trial"),
        ("1a2b3c4dtrial.it-cpi019-rt.cfapps.us10.hana.ondemand.com", "trial"),
        ("named.it-cpitrial06-rt.cfapps.us10-001.hana.ondemand.com", "trial"),
        ("mytenant.it-cpi018-rt.cfapps.eu10-003.hana.ondemand.com", "standard"),
        ("industrial.it-cpi018-rt.cfapps.eu10-003.hana.ondemand.com", "standard"),
        ("integration.example.com", None),
        ("localhost", None),
    ],
)
def test_edition_by_host(host: str, edition: str | None) -> None:
    assert edition_by_host(host) == edition


@pytest.mark.parametrize(
    ("host", "has_key_pair", "declared", "wrong"),
    [
        pytest.param("localhost", True, "standard", None, id="standard-by-keystore"),
        pytest.param("localhost", False, "trial", None, id="trial-by-keystore"),
        pytest.param("localhost", False, "standard", "the file says standard, but the keystore lacks", id="declared"),
        pytest.param(
            "1a2b3c4dtrial.it-cpitrial05-rt.cfapps.us10.hana.ondemand.com",
            True,
            "trial",
            "the two signs disagree: the host name is that of a trial tenant, but the keystore holds",
            id="trial-host-with-key-pair",
        ),
        pytest.param(
            "mytenant.it-cpi018-rt.cfapps.eu10-003.hana.ondemand.com",
            False,
            "standard",
            "the two signs disagree: the host name is that of a standard tenant, but the keystore lacks",
            id="standard-host-without-key-pair",
        ),
    ],
)
def test_signs_of_an_edition(host: str, has_key_pair: bool, declared: str, wrong: str | None) -> None:
    found = edition_seen(host, has_sap_key_pair=has_key_pair).wrong("trial" if declared == "trial" else "standard")
    assert (found is None) if wrong is None else (found or "").startswith(wrong)


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("a.example.com", "a.example.com", True),
        ("A.Example.com", "a.example.COM", True),
        ("a.example.com", "b.example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("a.example.com.", "a.example.com", True),
        ("*", "localhost", False),
    ],
)
def test_names_with_a_wildcard(pattern: str, host: str, covered: bool) -> None:
    assert covers(pattern, host) is covered


def test_subject_alternative_names_come_before_the_common_name() -> None:
    issuer = Authority.root("CN=Root", now=NOW).intermediate("CN=Issuer", now=NOW)
    end = NOW + dt.timedelta(days=1)
    hosts = ("a.example", "127.0.0.1")
    named = issuer.leaf("CN=other.example", not_before=NOW, not_after=end, usage=Usage.SERVER, hosts=hosts).certificate
    unnamed = self_signed("CN=a.example", not_before=NOW, not_after=end).certificate
    assert is_for(named, "a.example")
    assert is_for(named, "127.0.0.1")
    assert not is_for(named, "other.example")
    assert not is_for(named, "127.0.0.2")
    assert is_for(unnamed, "a.example")
    assert not is_for(unnamed, "b.example")
