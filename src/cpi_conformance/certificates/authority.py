"""Issuing certificates: a root, its intermediates, their leaves.

Keys are P-256 unless asked otherwise: an RSA-2048 key costs about 40 ms, a P-256 key 0.01 ms.
Extensions satisfy ``VERIFY_X509_STRICT`` of Python 3.13 (key identifiers, critical basic
constraints, key usage), so that one chain means the same on every interpreter.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass, field
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

TEN_YEARS = dt.timedelta(days=3650)
ONE_YEAR = dt.timedelta(days=365)


class Usage(Enum):
    """What a leaf says it is for (extended key usage)."""

    CLIENT = "clientAuth"
    SERVER = "serverAuth"
    UNSTATED = "none"
    """No extended key usage at all: the shape of the SAP Passport leaf that SAP has published."""


@dataclass(frozen=True)
class Credential:
    """A certificate, its private key, and its issuers from the direct one to the root."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def root(self) -> x509.Certificate:
        """The certificate at the top of the chain."""
        return self.issuers[-1] if self.issuers else self.certificate

    @property
    def intermediates(self) -> tuple[x509.Certificate, ...]:
        """The issuers without the root: what a server sends after its leaf."""
        return self.issuers[:-1]


def new_key(rsa_bits: int | None = None) -> PrivateKey:
    """A P-256 key, or an RSA key of that many bits."""
    if rsa_bits:
        return rsa.generate_private_key(public_exponent=65537, key_size=rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


class Authority:
    """A certification authority: the credential that signs."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    @property
    def certificate(self) -> x509.Certificate:
        """The authority's own certificate."""
        return self.credential.certificate

    @classmethod
    def root(cls, name: str, *, now: dt.datetime, valid_for: dt.timedelta = TEN_YEARS) -> Authority:
        """A self-signed root; ``name`` is RFC 4514, most specific part first: ``CN=…,O=…,C=DE``."""
        key = new_key()
        subject = x509.Name.from_rfc4514_string(name)
        builder = _builder(subject, subject, key, now - ONE_YEAR, now + valid_for)
        builder = _as_authority(builder, path_length=None)
        return cls(Credential(_signed(builder, key, key, None), key))

    def intermediate(
        self, name: str, *, now: dt.datetime, starts: dt.timedelta = -ONE_YEAR, ends: dt.timedelta = TEN_YEARS / 2
    ) -> Authority:
        """A CA below this one that may only issue leaves."""
        key = new_key()
        subject = x509.Name.from_rfc4514_string(name)
        builder = _builder(subject, self.certificate.subject, key, now + starts, now + ends)
        builder = _as_authority(builder, path_length=0)
        certificate = _signed(builder, key, self.credential.key, self.certificate)
        return Authority(Credential(certificate, key, (self.certificate, *self.credential.issuers)))

    def leaf(
        self,
        name: str,
        *,
        not_before: dt.datetime,
        not_after: dt.datetime,
        usage: Usage = Usage.CLIENT,
        hosts: tuple[str, ...] = (),
        key: PrivateKey | None = None,
    ) -> Credential:
        """A certificate for a client, or for a server when ``hosts`` (DNS names, IP addresses) are given."""
        key = key or new_key()
        subject = x509.Name.from_rfc4514_string(name)
        builder = _builder(subject, self.certificate.subject, key, not_before, not_after)
        builder = _as_leaf(builder, usage, hosts)
        certificate = _signed(builder, key, self.credential.key, self.certificate)
        return Credential(certificate, key, (self.certificate, *self.credential.issuers))


def self_signed(name: str, *, not_before: dt.datetime, not_after: dt.datetime) -> Credential:
    """A client certificate that no authority has signed."""
    key = new_key()
    subject = x509.Name.from_rfc4514_string(name)
    builder = _as_leaf(_builder(subject, subject, key, not_before, not_after), Usage.CLIENT, ())
    return Credential(_signed(builder, key, key, None), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, not_before: dt.datetime, not_after: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _as_authority(builder: x509.CertificateBuilder, path_length: int | None) -> x509.CertificateBuilder:
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True).add_extension(
        _key_usage(key_cert_sign=True, crl_sign=True), critical=True
    )


def _as_leaf(builder: x509.CertificateBuilder, usage: Usage, hosts: tuple[str, ...]) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
        _key_usage(digital_signature=True, key_encipherment=True), critical=True
    )
    if usage is not Usage.UNSTATED:
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if usage is Usage.CLIENT else ExtendedKeyUsageOID.SERVER_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=digital_signature,
        key_encipherment=key_encipherment,
        data_encipherment=key_encipherment,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    builder: x509.CertificateBuilder, key: PrivateKey, signer: PrivateKey, issuer: x509.Certificate | None
) -> x509.Certificate:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    if issuer is None:
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    else:
        authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        )
    return (
        builder.add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
        .sign(signer, hashes.SHA256())
    )
