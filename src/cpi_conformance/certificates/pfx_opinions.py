"""What each consumer makes of a PFX, or of a certificate with its key in PEM."""

from __future__ import annotations

from collections.abc import Iterator

from cpi_conformance.certificates.findings import Subject
from cpi_conformance.certificates.kinds import Kind
from cpi_conformance.certificates.opinion import (
    CURL,
    JAVA,
    LEAF_ALONE,
    NODE,
    OPENSSL,
    POSTMAN,
    WORKING,
    Consumer,
    Fit,
    Opinion,
)

EXPORT_AGAIN = "openssl pkcs12 -legacy -in FILE -out all.pem; openssl pkcs12 -export -in all.pem -out new.pfx"
EXPORT_OLD = (
    "openssl pkcs12 -in FILE -out all.pem; openssl pkcs12 -export -in all.pem -out new.pfx "
    "-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1"
)
TO_PFX = "openssl pkcs12 -export -in FILE -out new.pfx"


def opinions_of_identity(subject: Subject) -> Iterator[Opinion]:
    """Of those who use a key: all of them."""
    rules = _of_pfx(subject) if subject.kind is Kind.PFX else _of_pem(subject)
    yield from rules
    yield Opinion(
        Consumer.SERVICE_KEY,
        Fit.OTHER_FORM,
        "the field takes the certificate alone, never a key",
        r"openssl pkcs12 -in FILE -clcerts -nokeys | openssl x509 | tr -d '\r\n'"
        if subject.kind is Kind.PFX
        else "take the first certificate",
        LEAF_ALONE,
    )
    yield load_balancer(subject)


def _of_pfx(subject: Subject) -> Iterator[Opinion]:
    fault = _refused_by_openssl(subject)
    for consumer, sign, source in (
        (Consumer.POSTMAN, "Unsupported PKCS12 PFX data", POSTMAN),
        (Consumer.CURL, "exit 58", CURL),
        (Consumer.NODE, "Unsupported PKCS12 PFX data", NODE),
    ):
        taken = "under Settings > Certificates, host without scheme and path" if consumer is Consumer.POSTMAN else ""
        taken = "with --cert-type P12" if consumer is Consumer.CURL else taken
        yield _told(consumer, fault, taken, sign, source)
    without_legacy = fault if fault and "OpenSSL 3" in fault[0] else None
    yield _told(Consumer.OPENSSL, without_legacy, "", "error 0308010C, unsupported", OPENSSL)
    yield _java(subject)
    yield _strust(subject)
    yield _windows(subject)


def _refused_by_openssl(subject: Subject) -> tuple[str, str] | None:
    """Why the programs built on OpenSSL 3 refuse it, and what to do; ``None`` when they take it."""
    protection = subject.contents.protection
    if not subject.contents.holds_key:
        return "there is no private key in it", "export it again, with the private key"
    if not subject.contents.certificates:
        return "there is no certificate in it", "export it again, with the certificate"
    if subject.contents.matches is False:
        return "key and certificate do not belong together", "put key and certificate of one pair together"
    if protection and protection.legacy:
        return f"OpenSSL 3 has {protection.encryption} only in its legacy provider", EXPORT_AGAIN
    if protection and protection.mac is None:
        return "it has no MAC (mac absent)", "export it again, with a passphrase"
    return None


def _told(consumer: Consumer, fault: tuple[str, str] | None, taken: str, sign: str, source: str) -> Opinion:
    if fault is None:
        return Opinion(consumer, Fit.TAKES, taken, "", source)
    shown = f" ({sign})" if "OpenSSL 3" in fault[0] else ""
    return Opinion(consumer, Fit.REFUSES, fault[0] + shown, fault[1], source)


def _java(subject: Subject) -> Opinion:
    contents = subject.contents
    if not contents.holds_key or (contents.protection and not contents.protection.ciphers):
        why = "it opens it and shows no entry, without an error"
        return Opinion(Consumer.JAVA, Fit.REFUSES, why, "export it again, with key and passphrase", JAVA)
    return Opinion(Consumer.JAVA, Fit.TAKES, "keystore type PKCS12", "", JAVA)


def _strust(subject: Subject) -> Opinion:
    protection = subject.contents.protection
    advice = "sapgenpse import_p12 -p new.pse FILE, then import new.pse"
    if protection and protection.modern:
        why = f"and the old CommonCryptoLib behind sapgenpse does not read {protection.encryption}"
        return Opinion(Consumer.STRUST, Fit.REFUSES, f"it imports .pse only, {why}", f"{EXPORT_OLD}; {advice}", WORKING)
    if subject.missing:
        why = f"it imports .pse only, and sapgenpse needs the whole chain: {subject.missing} is missing"
        return Opinion(Consumer.STRUST, Fit.REFUSES, why, f"{advice}; give missing CAs with -r", WORKING)
    return Opinion(Consumer.STRUST, Fit.OTHER_FORM, "it imports .pse only", advice, WORKING)


def _windows(subject: Subject) -> Opinion:
    protection = subject.contents.protection
    source = "exports of Windows 11 (AES) and before (3DES); Server 2016: shop.trustico.com.au, not measured"
    if protection and protection.modern:
        why = "Server 2019 and later; Server 2016 and older call the passphrase wrong"
        return Opinion(Consumer.WINDOWS, Fit.TAKES, why, "", source)
    if subject.contents.holds_key:
        return Opinion(Consumer.WINDOWS, Fit.TAKES, "", "", source)
    return Opinion(Consumer.WINDOWS, Fit.TAKES, "as certificates only", "", source)


def _of_pem(subject: Subject) -> Iterator[Opinion]:
    fault = None
    if subject.contents.matches is False:
        fault = "key and certificate do not belong together", "put key and certificate of one pair together"
    for consumer, why, source in (
        (Consumer.POSTMAN, "as CRT file and as KEY file", POSTMAN),
        (Consumer.CURL, "with --cert", CURL),
        (Consumer.OPENSSL, "", OPENSSL),
        (Consumer.NODE, "as cert and as key", NODE),
    ):
        yield _told(consumer, fault, why, "", source)
    yield Opinion(Consumer.JAVA, Fit.OTHER_FORM, "a keystore is a PFX or a JKS", TO_PFX, JAVA)
    yield Opinion(Consumer.STRUST, Fit.OTHER_FORM, "it imports .pse only", f"{TO_PFX}; sapgenpse import_p12", WORKING)
    yield Opinion(Consumer.WINDOWS, Fit.OTHER_FORM, "a key is imported from a PFX only", TO_PFX, WORKING)


def load_balancer(subject: Subject) -> Opinion:
    """What the other side will say to the certificate, if that file is what it is shown."""
    leaf, me = subject.leaf, Consumer.LOAD_BALANCER
    if leaf is None:
        return Opinion(me, Fit.REFUSES, "no end user's certificate to look at", "", "SAP help 4ec6192")
    if leaf.self_signed:
        return Opinion(me, Fit.REFUSES, "self-signed: alert unknown_ca, or 401", "", "SAP help 7f84d16")
    if subject.missing:
        why = f"without {subject.missing} no root is reached: alert unknown_ca, or 401"
        return Opinion(me, Fit.REFUSES, why, "put the whole chain into the file", "SAP help 4509f60")
    if leaf.days_left < 0 or leaf.days_to_wait:
        word = "certificate_expired" if leaf.days_left < 0 else "bad_certificate"
        return Opinion(me, Fit.REFUSES, f"alert {word}, or 401", "", "measured: OpenSSL 3.0; RFC 8446, section 6")
    if leaf.extended_key_usage is None:
        why = "no extended key usage: OpenSSL takes it, SAP's text demands clientAuth; nobody says what happens"
        return Opinion(me, Fit.UNSURE, why, "try it", "measured: OpenSSL; SAP help 0f92842")
    if not {"clientAuth", "any"} & {*leaf.extended_key_usage}:
        return Opinion(me, Fit.REFUSES, "not for clientAuth: refused in the handshake", "", "SAP help 0f92842")
    return Opinion(me, Fit.TAKES, "if its root is in the list of SAP note 2801396", "", "SAP help 4509f60")
