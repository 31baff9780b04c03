"""The tenant's keystore (*Security Content* API)."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from cpi_conformance.certificates import PfxFile, PfxRefused
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.tenant.entities import ChainEntry, KeystoreEntry
from cpi_conformance.control.tenant.errors import AlreadyThere, TenantNotFound
from cpi_conformance.control.tenant.odata import hexalias
from cpi_conformance.control.tenant.once import once, repeatedly
from cpi_conformance.control.tenant.section import Section

ENTRIES = "KeystoreEntries"

RESERVED = ("hcicertificate", "hcicertificate1", "hcimsgcertificate")
RESERVED_PREFIX = "sap_"


class Keystore(Section):
    """What *Monitor, Manage Keystore* shows; for inbound calls it means nothing (SAP help 4ec6192)."""

    def keystore(self) -> tuple[KeystoreEntry, ...]:
        """All entries."""
        return self._api.listed(KeystoreEntry, f"{ENTRIES}?keystoreName=system")

    def keystore_entry(self, alias: str) -> KeystoreEntry | None:
        """An entry; ``None`` when there is none."""
        return self._api.one(KeystoreEntry, _entry(alias))

    def add_key_pair(
        self, alias: str, pfx: PfxFile, *, update: bool = False, fingerprint_verified: bool = False
    ) -> None:
        """Add the key pair of a PFX, which is sent as it is, or replace one.

        Raises:
            AlreadyThere: the alias is taken, and this is no update.
            NotTrusted: the keystore knows no issuer, and ``fingerprint_verified`` is not set.
            ReservedAlias: the alias is SAP's.
            TenantForbidden: the service key lacks *SecurityMaterialEdit*.
            TenantError: the passphrase is wrong, this is no PFX, there is nothing to update, and others.
            ControlError: there is no answer.
        """
        body = {
            "Hexalias": hexalias(alias),
            "Alias": alias,
            "Password": pfx.passphrase.reveal() if pfx.passphrase else "",
            "Resource": base64.b64encode(pfx.content).decode(),
        }
        hidden = (pfx.passphrase,) if pfx.passphrase else ()

        def send() -> httpx.Response:
            path = f"KeyPairResources?{_flags(update, fingerprint_verified)}"
            return self._api.write("POST", path, body, hidden=hidden, reserved=_reserved(alias))

        self._add(alias, send, _leaf(pfx), update=update)

    def add_certificate(
        self,
        alias: str,
        certificate: x509.Certificate,
        *,
        update: bool = False,
        fingerprint_verified: bool = False,
    ) -> None:
        """Add a certificate, or replace one.

        Raises:
            AlreadyThere: the alias is taken, and this is no update.
            NotTrusted: the keystore knows no issuer, and ``fingerprint_verified`` is not set.
            ReservedAlias: the alias is SAP's.
            TenantForbidden: the service key lacks *SecurityMaterialEdit*.
            ControlError: there is no answer, or it is no.
        """

        def send() -> httpx.Response:
            path = f"CertificateResources('{hexalias(alias)}')/$value?{_flags(update, fingerprint_verified)}"
            content = certificate.public_bytes(Encoding.DER)
            return self._api.write(
                "PUT", path, content, content_type="application/pkix-cert", reserved=_reserved(alias)
            )

        self._add(alias, send, certificate, update=update)

    def certificate(self, alias: str) -> x509.Certificate:
        """The certificate of an entry, of a key pair its own; ``TenantNotFound`` when there is no such entry."""
        path = f"{_entry(alias)}/Certificate/$value?keystoreName=system&rootCA=false"
        content = self._api.value(path) or b""
        armoured = content.lstrip().startswith(b"-----")
        load = x509.load_pem_x509_certificate if armoured else x509.load_der_x509_certificate
        with contextlib.suppress(ValueError, x509.InvalidVersion):
            return load(content)  # as it is: the last byte of DER may look like a blank
        raise BrokenAnswer(f"GET {path}", "no certificate")

    def chain_p7b(self, alias: str) -> bytes:
        """The certificate chain of a key pair as PKCS#7, mostly in PEM; ``TenantNotFound`` when there is none."""
        path = f"{_entry(alias)}/ChainResource/$value"
        content = self._api.value(path)
        if not content:
            raise BrokenAnswer(f"GET {path}", "no content where a chain belongs")
        return content

    def chain(self, alias: str) -> tuple[ChainEntry, ...]:
        """The certificates of a key pair's chain by their index: the root first, as the tenant counts them."""
        found = self._api.listed(ChainEntry, f"{_entry(alias)}/ChainCertificates")
        return tuple(sorted(found, key=lambda each: each.index))

    def delete_entry(self, alias: str) -> None:
        """Delete an entry; a success, too, when it is not there.

        Raises:
            ReservedAlias: the alias is SAP's.
            ControlError: there is no answer, or it is no.
        """
        with contextlib.suppress(TenantNotFound):
            repeatedly(
                lambda: self._api.write("DELETE", _entry(alias), reserved=_reserved(alias)),
                f"deletion of keystore entry {alias}",
                self._pace,
            )

    def _add(
        self, alias: str, send: Callable[[], object], certificate: x509.Certificate | None, *, update: bool
    ) -> None:
        what = f"keystore entry {alias}"
        if update:
            repeatedly(send, what, self._pace)
            return

        def added() -> bool:
            send()
            return True

        def there() -> bool | None:
            found = self.keystore_entry(alias)
            if found is None:
                return None
            if certificate is None or found.fingerprint_sha256.replace(":", "").upper() != _sha256(certificate):
                raise AlreadyThere(400, "", f"another keystore entry has the alias {alias}")
            return True

        once(added, there, what, self._pace)


def _entry(alias: str) -> str:
    return f"{ENTRIES}('{hexalias(alias)}')"


def _flags(update: bool, fingerprint_verified: bool) -> str:
    flags = {
        "fingerprintVerified": fingerprint_verified,
        "returnKeystoreEntries": False,
        "update": update,
    }
    return "&".join(f"{name}={str(value).lower()}" for name, value in flags.items())


def _reserved(alias: str) -> bool:
    return alias.lower().startswith(RESERVED_PREFIX) or alias.lower() in RESERVED


def _leaf(pfx: PfxFile) -> x509.Certificate | None:
    """The certificate by which a lost request is recognised; of a PFX that does not open there is none."""
    try:
        return pfx.open().certificate
    except PfxRefused:
        return None


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex().upper()
