"""What each consumer makes of certificates without a key."""

from __future__ import annotations

from collections.abc import Iterator

from cpi_conformance.certificates.findings import Subject
from cpi_conformance.certificates.kinds import Form, Kind
from cpi_conformance.certificates.opinion import (
    CURL,
    EXPORTING,
    JAVA,
    LEAF_ALONE,
    NODE,
    ON_ONE_LINE,
    OPENSSL,
    POSTMAN,
    SILENT,
    Consumer,
    Fit,
    Opinion,
)

TO_PEM = "openssl x509 -inform DER -in FILE -out new.pem"
TO_BUNDLE = "openssl pkcs7 -inform DER -in FILE -print_certs -out new.pem"
LINES = "set the line feeds behind BEGIN CERTIFICATE and before END CERTIFICATE again"
NOT_MEASURED = "not measured"

PROGRAMS = (
    (Consumer.POSTMAN, "as CA file; it is no client certificate, for it has no key", POSTMAN),
    (Consumer.CURL, "with --cacert; it is no client certificate, for it has no key", CURL),
    (Consumer.NODE, "as ca; it is no client certificate, for it has no key", NODE),
)
REACTION = {
    Consumer.POSTMAN: SILENT,
    Consumer.CURL: "it ends with exit 77",
    Consumer.NODE: SILENT,
}
UNREAD = {
    Form.ONE_LINE: ("no program built on OpenSSL reads PEM without line feeds", LINES),
    Form.ESCAPED: (r"nobody reads a literal \n", LINES),
    Form.BARE: ("nobody reads base64 without markers", "add the markers"),
}


def opinions_of_certificates(subject: Subject) -> Iterator[Opinion]:
    """Of those who trust a certificate, show it, or compare with it."""
    if subject.kind is Kind.P7B:
        yield from _of_p7b()
        return
    unread = UNREAD.get(subject.form)
    for consumer, why, source in PROGRAMS:
        if unread:
            yield Opinion(consumer, Fit.REFUSES, f"{unread[0]}; {REACTION[consumer]}", unread[1], source)
        elif subject.form is Form.DER:
            yield Opinion(consumer, Fit.OTHER_FORM, f"it reads PEM; of this {REACTION[consumer]}", TO_PEM, source)
        else:
            yield Opinion(consumer, Fit.TAKES, why, "", source)
    many = subject.kind is Kind.CERTIFICATES
    first = "openssl x509 reads the first one only" if many else ""
    yield _unless(unread, Consumer.OPENSSL, first, OPENSSL)
    yield _unless(unread, Consumer.JAVA, "keytool -printcert and CertificateFactory", JAVA)
    why = "one certificate at a time; write each into a file of its own" if many else "under Certificate > Import"
    yield _field(subject)
    if unread:
        yield Opinion(Consumer.STRUST, Fit.UNSURE, "it reads Base-64 .cer with line feeds", LINES, NOT_MEASURED)
        yield Opinion(Consumer.WINDOWS, Fit.UNSURE, "its export writes line feeds", LINES, NOT_MEASURED)
    else:
        yield Opinion(Consumer.STRUST, Fit.TAKES, why, "", "whitepaper: Base-64 .cer; what else is not measured")
        yield Opinion(Consumer.WINDOWS, Fit.TAKES, "shows the first one only" if many else "", "", EXPORTING)


def _unless(unread: tuple[str, str] | None, consumer: Consumer, why: str, source: str) -> Opinion:
    if unread:
        return Opinion(consumer, Fit.REFUSES, unread[0].replace("built on OpenSSL ", ""), unread[1], source)
    return Opinion(consumer, Fit.TAKES, why, "", source)


def _field(subject: Subject) -> Opinion:
    me = Consumer.SERVICE_KEY
    if subject.kind is Kind.CERTIFICATES:
        why = "the field takes one certificate, not the chain"
        return Opinion(me, Fit.REFUSES, why, f"take the leaf alone; {ON_ONE_LINE}", LEAF_ALONE)
    if subject.tree and subject.tree[0].facts.authority:
        return Opinion(me, Fit.OTHER_FORM, "this is an authority's certificate", "take the sender's", LEAF_ALONE)
    match subject.form:
        case Form.ONE_LINE:
            return Opinion(me, Fit.TAKES, "this is the form that the field takes", "", "SAP help ae419b6, 19af5e2")
        case Form.DER:
            return Opinion(me, Fit.OTHER_FORM, "the field takes text", f"{TO_PEM}; {ON_ONE_LINE}", LEAF_ALONE)
        case Form.PEM:
            why = "the whitepaper wants it without line feeds; whether they are taken today is not known"
            return Opinion(me, Fit.OTHER_FORM, why, ON_ONE_LINE, "whitepaper; SAP help 19af5e2 shows one line")
    why = "SAP's Java helper would repair it; whether the field does is not known"
    return Opinion(me, Fit.UNSURE, why, "write it as PEM on one line", "cloud-security-services-integration-library")


def _of_p7b() -> Iterator[Opinion]:
    for consumer, _, source in PROGRAMS:
        yield Opinion(consumer, Fit.OTHER_FORM, f"it reads PEM; of this {REACTION[consumer]}", TO_BUNDLE, source)
    yield Opinion(Consumer.OPENSSL, Fit.TAKES, "openssl pkcs7 -inform DER -print_certs", "", OPENSSL)
    yield Opinion(Consumer.JAVA, Fit.TAKES, "keytool -printcert", "", JAVA)
    yield Opinion(
        Consumer.STRUST, Fit.OTHER_FORM, "export each certificate as Base-64 .cer", "open it in certmgr", "whitepaper"
    )
    yield Opinion(
        Consumer.SERVICE_KEY, Fit.OTHER_FORM, "the field takes the leaf alone", "export it as .cer", LEAF_ALONE
    )
    yield Opinion(Consumer.WINDOWS, Fit.TAKES, "certmgr shows each certificate", "", EXPORTING)
