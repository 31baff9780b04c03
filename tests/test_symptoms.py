"""From texts, certificates, fields and files to symptoms: what is understood, and what stays unknown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpi_conformance.certificates import Authority, Credential, Encryption, Usage, dn, one_line, pem, write_pfx
from cpi_conformance.diagnosis import (
    FieldForm,
    Saying,
    Side,
    Stored,
    Symptoms,
    Tool,
    symptoms_of,
    symptoms_of_stored,
    symptoms_of_text,
)
from cpi_conformance.diagnosis.certificate_files import symptoms_of_file
from cpi_conformance.diagnosis.orders import form_of_field
from cpi_conformance.diagnosis.presented import symptoms_of_client_chain, symptoms_of_server_chain
from cpi_conformance.diagnosis.sayings import sayings_in
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Cause, Evidence, Refused

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
SECRET = Secret("sesame-0815")

CLOUD = Authority.root("CN=SAP Cloud Root CA,O=SAP SE,L=Walldorf,C=DE", now=NOW)
BEFORE, RENEWED = (CLOUD.intermediate("CN=SAP Passport CA G2,O=SAP Trust Community,C=DE", now=NOW) for _ in range(2))
ACCEPTED = (dn(CLOUD.certificate.subject),)


def passport(by: Authority = RENEWED, *, starts: dt.timedelta = -DAY, usage: Usage = Usage.CLIENT) -> Credential:
    begins = NOW + starts
    return by.leaf("CN=S0012345678,C=DE", not_before=begins, not_after=begins + 30 * DAY, usage=usage)


SAID = {
    "node": ("Error: Unsupported PKCS12 PFX data", Saying.UNSUPPORTED),
    "curl": (
        "curl: (58) could not parse PKCS12 file, check password, OpenSSL error "
        "error:0308010C:digital envelope routines::unsupported",
        Saying.UNSUPPORTED,
    ),
    "openssl": (
        "inner_evp_generic_fetch:unsupported ... Algorithm (RC2-40-CBC : 0), Properties ()",
        Saying.UNSUPPORTED,
    ),
    "curl-passphrase": (
        "OpenSSL error error:11800071:PKCS12 routines::mac verify failure",
        Saying.WRONG_PASSPHRASE,
    ),
    "openssl-passphrase": ("Mac verify error: invalid password?", Saying.WRONG_PASSPHRASE),
    "pyca-passphrase": ("ValueError: Invalid password or PKCS12 data", Saying.WRONG_PASSPHRASE),
    "keytool-passphrase": ("java.io.IOException: keystore password was incorrect", Saying.WRONG_PASSPHRASE),
    "python-pair": ("ssl.SSLError: [X509: KEY_VALUES_MISMATCH] key values mismatch", Saying.KEY_VALUES_MISMATCH),
    "node-pair": ("ERR_OSSL_X509_KEY_VALUES_MISMATCH", Saying.KEY_VALUES_MISMATCH),
    "curl-pem": (
        "could not load PEM client certificate, OpenSSL error error:0480006C:no start line",
        Saying.NO_START_LINE,
    ),
    "java-pem": ("Could not parse certificate: java.io.IOException: Incomplete data", Saying.NO_START_LINE),
    "python-eof": ("EOF occurred in violation of protocol (_ssl.c:2427)", Saying.UNEXPECTED_EOF),
    "runtime": ("An Authentication object was not found in the SecurityContext", Saying.NO_AUTHENTICATION_OBJECT),
    "trace": (
        "Cannot perform client authentication: Have no certificate fitting to CA names received from server",
        Saying.NO_FITTING_CERTIFICATE,
    ),
    "audit-log": ("Multiple clones found for certificate CN=x, CN=y", Saying.MULTIPLE_CLONES),
    "channel": (
        "Subject and issuer (subject: CN=x; issuer: CN=y) of the provided certificate is not contained in the "
        "accepted subjectAndIssuers list of the integration flow",
        Saying.NOT_IN_CHANNEL_LIST,
    ),
    "strust": ("Message TRUST057", Saying.CERTIFICATE_RESPONSE),
    "pse": ("1S540 Certificate response does not match PSE", Saying.CERTIFICATE_RESPONSE),
}


@pytest.mark.parametrize("name", SAID)
def test_text_is_understood(name: str) -> None:
    """As tools, the runtime, logs and traces write it; and as nothing else."""
    text, saying = SAID[name]
    assert sayings_in(text) == {saying}


@pytest.mark.parametrize("text", ["", "HTTP Status 401 – Unauthorized", "unsupported protocol", "password", "\0\ud800"])
def test_text_is_not_understood(text: str) -> None:
    """Then nothing is known."""
    assert sayings_in(text) == frozenset()
    assert symptoms_of_text(text) == Symptoms()


TRACES = {
    "untrusted": (
        "*** ERROR => SSL handshake with x:443 failed: SSSLERR_PEER_CERT_UNTRUSTED (-102)",
        Symptoms(side=Side.BACKEND, cause="missing-ca", ssl_error="SSSLERR_PEER_CERT_UNTRUSTED"),
    ),
    "older-prefix": (
        "SSL handshake with h:80 failed: SSSLRC_NO_SSL_RESPONSE (-75)",
        Symptoms(side=Side.BACKEND, cause="not-tls", ssl_error="SSSLERR_NO_SSL_RESPONSE"),
    ),
    "refused": (
        "ICM_HTTP_CONNECTION_FAILED: Direct connect to h:p failed: NIECONN_REFUSED(-10)",
        Symptoms(
            side=Side.BACKEND,
            cause="connection-refused",
            icm_error="ICM_HTTP_CONNECTION_FAILED",
            ni_error="NIECONN_REFUSED",
        ),
    ),
    "first-error-counts": (
        "SSSLERR_SERVER_CERT_MISMATCH (-30)\nSSSLERR_CONN_CLOSED (-10)",
        Symptoms(side=Side.BACKEND, cause="host-name-mismatch", ssl_error="SSSLERR_SERVER_CERT_MISMATCH"),
    ),
    "proxy": (
        "Proxy connection to https://h:443 via proxy:3128 failed (proxy returned 407 Proxy Authentication Required)",
        Symptoms(cause="proxy-refused"),
    ),
    "field": ("Create failed: Argument not found", Symptoms(cause="destination-field")),
    "follow-up": (
        "SSSLERR_EWOULDBLOCK (-71)",
        Symptoms(side=Side.BACKEND, ssl_error="SSSLERR_EWOULDBLOCK"),
    ),
}


@pytest.mark.parametrize("name", TRACES)
def test_trace_is_understood(name: str) -> None:
    """The errors by their names, and the cause behind the first."""
    text, symptoms = TRACES[name]
    assert symptoms_of_text(text) == symptoms


OUTPUTS = {
    "alert": ("curl: (56) tlsv1 alert unknown ca, errno 0", "unknown-ca"),
    "alert-of-openssl-4": ("tls alert certificate expired", "certificate-expired"),
    "alert-of-node": ("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "tls-version"),
    "alert-without-blame": ("sslv3 alert handshake failure", "handshake-failure"),
    "unknown-issuer": ("curl: (60) SSL certificate problem: unable to get local issuer certificate", "missing-ca"),
    "unknown-issuer-of-node": ("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "missing-ca"),
    "unknown-issuer-of-java": ("PKIX path building failed", "missing-ca"),
    "no-address": ("curl: (6) Could not resolve host: tenant.invalid", "unknown-host"),
    "nobody": ("connect ECONNREFUSED 127.0.0.1:1", "connection-refused"),
    "plain": ("curl: (35) OpenSSL: error:0A00010B:SSL routines::wrong version number", "not-tls"),
    "name": ("curl: (60) SSL: no alternative certificate subject name matches target host name", "host-name-mismatch"),
    "tunnel": ("curl: (56) CONNECT tunnel failed, response 403", "proxy-refused"),
    "tunnel-of-older-curl": ("curl: (56) Received HTTP code 407 from proxy after CONNECT", "proxy-refused"),
    "passphrase": ("Mac verify error: invalid password?", "wrong-passphrase"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_of_a_tool_names_the_cause(name: str) -> None:
    """In the words of curl, OpenSSL, Node and Java."""
    text, cause = OUTPUTS[name]
    symptoms = symptoms_of_text(text, Tool.CURL)
    assert (symptoms.side, symptoms.tool, symptoms.cause) == (Side.TOOL, Tool.CURL, cause)


@given(st.text())
def test_any_text_may_come(text: str) -> None:
    """Nothing raises."""
    assert symptoms_of_text(text, Tool.NODE).tool is Tool.NODE


FORMS = {
    "one-line": (one_line(passport().certificate), FieldForm.ONE_LINE),
    "line-feeds": (pem([passport().certificate]), FieldForm.LINE_FEEDS),
    "windows-line-feeds": (pem([passport().certificate]).replace("\n", "\r\n"), FieldForm.LINE_FEEDS),
    "chain": (one_line(passport().certificate) + one_line(CLOUD.certificate), FieldForm.CHAIN),
    "escaped": (pem([passport().certificate]).replace("\n", "\\n"), FieldForm.ESCAPED),
    "dashes-lost": (one_line(passport().certificate)[:-5], FieldForm.DAMAGED),
    "markers-lost": (one_line(passport().certificate)[27:-25], FieldForm.DAMAGED),
    "request": ("-----BEGIN CERTIFICATE REQUEST-----MIIB-----END CERTIFICATE REQUEST-----", FieldForm.SIGNING_REQUEST),
    "key": ("-----BEGIN PRIVATE KEY-----MIIB-----END PRIVATE KEY-----", FieldForm.PRIVATE_KEY),
    "nothing": ("", FieldForm.DAMAGED),
    "anything": ("my certificate", FieldForm.DAMAGED),
}


@pytest.mark.parametrize("name", FORMS)
def test_form_of_the_field(name: str) -> None:
    """Whatever is pasted into it."""
    content, form = FORMS[name]
    assert form_of_field(content) is form


def chained(credential: Credential, *, upto: int = 3) -> Symptoms:
    """Of the first so many certificates of a chain."""
    return symptoms_of_client_chain((credential.certificate, *credential.issuers)[:upto], ACCEPTED)


def test_facts_of_a_whole_chain() -> None:
    """Up to the root, or to the CA below a root that was named."""
    whole = Symptoms(chain_complete=True, issuer_named=True, client_auth=True, expired=False)
    assert chained(passport()) == chained(passport(), upto=2) == whole


def test_facts_of_a_leaf_alone() -> None:
    """Where it leads is not known, so neither is whether its root was named."""
    assert chained(passport(), upto=1) == Symptoms(chain_complete=False, client_auth=True, expired=False)
    unknown = symptoms_of_client_chain((passport().certificate,), ())
    assert unknown == Symptoms(client_auth=True, expired=False)


def test_facts_of_another_root() -> None:
    """Complete, and not named."""
    other = passport(Authority.root("CN=Other Root", now=NOW).intermediate("CN=Other", now=NOW))
    assert chained(other) == Symptoms(chain_complete=True, issuer_named=False, client_auth=True, expired=False)


def test_facts_of_a_ca_that_was_issued_again() -> None:
    """The CA that is sent has the right name and has not signed."""
    mixed = replace(passport(RENEWED), issuers=BEFORE.leaf("CN=x", not_before=NOW, not_after=NOW + DAY).issuers)
    facts = chained(mixed)
    assert (facts.chain_complete, facts.issuer_renewed, facts.issuer_named) == (False, True, None)


@pytest.mark.parametrize(
    ("usage", "known"), [(Usage.CLIENT, True), (Usage.SERVER, False), (Usage.UNSTATED, None)], ids=lambda it: str(it)
)
def test_purpose_of_a_certificate(usage: Usage, known: bool | None) -> None:
    """One that states none is neither for clients nor against them: SAP's texts disagree."""
    assert chained(passport(usage=usage)).client_auth is known


def test_expired_certificate() -> None:
    """By this machine's clock."""
    assert chained(passport(starts=-40 * DAY)).expired


def test_nothing_was_presented() -> None:
    """Then nothing is known."""
    assert symptoms_of_client_chain((), ACCEPTED) == Symptoms()


OLDER, NEWER = passport(starts=-20 * DAY), passport(starts=-DAY)
OTHER_CA = passport(BEFORE)
STRANGER = RENEWED.leaf("CN=S0012345679,C=DE", not_before=NOW - DAY, not_after=NOW + DAY)

HELD = {
    "nowhere": (NEWER, (STRANGER,), (), Symptoms(stored=Stored.NOWHERE)),
    "exactly": (NEWER, (NEWER, STRANGER), (), Symptoms(stored=Stored.EXACTLY)),
    "renewed": (NEWER, (OLDER,), (), Symptoms(stored=Stored.SAME_NAMES, issuer_renewed=False)),
    "renewed-by-a-renewed-ca": (NEWER, (OTHER_CA,), (), Symptoms(stored=Stored.SAME_NAMES, issuer_renewed=True)),
    "twice": (NEWER, (NEWER, NEWER), (), Symptoms(stored=Stored.SEVERAL)),
    "two-of-the-same-names": (NEWER, (OLDER, NEWER), (), Symptoms(stored=Stored.SEVERAL)),
    "superseded": (OLDER, (OLDER,), (NEWER,), Symptoms(stored=Stored.EXACTLY, newer_accepted=True)),
    "not-superseded": (NEWER, (NEWER,), (OLDER, STRANGER), Symptoms(stored=Stored.EXACTLY)),
}


@pytest.mark.parametrize("name", HELD)
def test_certificate_among_those_of_service_keys(name: str) -> None:
    """Where it is, and what has happened since."""
    presented, stored, since, symptoms = HELD[name]
    found = symptoms_of_stored(
        presented.certificate, [each.certificate for each in stored], [each.certificate for each in since]
    )
    assert found == symptoms


G1, G5, COMPANY = (
    Authority.root(name, now=NOW)
    for name in (
        "CN=DigiCert Global Root CA,O=DigiCert Inc,C=US",
        r"CN=DigiCert TLS RSA4096 Root G5,O=DigiCert\, Inc.,C=US",
        "CN=Web Gateway,O=Example Works,C=DE",
    )
)


@pytest.mark.parametrize(
    ("issuer", "trusted", "known", "old"),
    [
        pytest.param(G5, (), True, False, id="nothing-trusted"),
        pytest.param(G5, (G1,), True, True, id="rotated"),
        pytest.param(G5, (CLOUD,), True, False, id="only-cas-of-clients-trusted"),
        pytest.param(COMPANY, (G1,), False, False, id="company-proxy"),
        pytest.param(CLOUD, (G1,), True, False, id="a-ca-of-sap"),
        pytest.param(G1, (G1,), None, None, id="trusted"),
    ],
)
def test_missing_root(issuer: Authority, trusted: tuple[Authority, ...], known: bool | None, old: bool | None) -> None:
    """Whose it is, and whether one from before is there."""
    leaf = issuer.leaf("CN=x", not_before=NOW - DAY, not_after=NOW + DAY, usage=Usage.SERVER, hosts=("x",))
    found = symptoms_of_server_chain((leaf.certificate,), [each.certificate for each in trusted])
    assert (found.known_issuer, found.old_root_trusted) == (known, old)


def test_facts_of_files() -> None:
    """A PFX by its encryption and passphrase; what is no file of certificates tells nothing."""
    legacy = symptoms_of_file(write_pfx(passport(), SECRET, Encryption.RC2_40).content, SECRET)
    assert (legacy.pfx_legacy, legacy.pfx_modern, legacy.pfx_problem, legacy.key_matches) == (True, False, None, True)
    modern = symptoms_of_file(write_pfx(passport(), SECRET).content, Secret("other"))
    assert (modern.pfx_legacy, modern.pfx_modern, modern.pfx_problem) == (False, True, "wrong-passphrase")
    assert symptoms_of_file(b"") == Symptoms(escaped=False)


def test_whatever_else_is_asked() -> None:
    """Of what is neither a call nor a connection test only the cause is known."""
    assert symptoms_of(object(), Refused(Cause.NOT_TLS, Evidence("GET /"))) == Symptoms(cause="not-tls")
