"""What goes into the keystore: key pairs as PKCS#12, certificates, chains of key pairs; and what goes out in bulk.

Texts stand in SAP's specification *Security Content* where it has any; those for a wrong password and a broken
file are assumed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from cryptography import x509

from cpi_conformance.certificates import PfxFile, PfxProblem, PfxRefused, read_pem_bundle
from cpi_conformance.secret import Secret
from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.keystore import Keystore
from cpi_conformance.simulator.keystore_entry import KeystoreEntry, KeystoreRefused, PathUnknown, check_alias
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.tenant_api.call import Call, Operations, binary, empty
from cpi_conformance.simulator.tenant_api.certificate_chain import read_chain
from cpi_conformance.simulator.tenant_api.errors import LAYER, ODataError, bad_request, not_found
from cpi_conformance.simulator.tenant_api.keystore_presenting import (
    NOT_TRUSTED,
    alias_of,
    check_describable,
    entry_entity,
)
from cpi_conformance.simulator.tenant_api.query import Query, Rules
from cpi_conformance.simulator.tenant_api.security_content_schema import (
    KEY_PAIR_RESOURCE,
    KEYSTORE_ENTRY,
    KEYSTORE_RESOURCE,
)

KEY_PAIR_BYTES = 30_072
RESOURCE_LENGTH = 24_576
PASSWORD_LENGTH = 500
CERTIFICATE_BYTES = 10 * 1024

TOO_LARGE = "The request body is too large"
NOT_PKCS12 = "The content is not a PKCS#12 file"
NOT_X509 = "The content is not an X.509 certificate"
LONG_PASSWORD = f"The password must not have more than {PASSWORD_LENGTH} characters"

PFX_TEXTS = {
    PfxProblem.WRONG_PASSPHRASE: "keystore password was incorrect",
    PfxProblem.NO_PRIVATE_KEY: "The PKCS#12 file does not contain a key pair",
    PfxProblem.NO_CERTIFICATE: "The certificate chain of the key pair is not valid",
    PfxProblem.UNSUPPORTED_ENCRYPTION: "The encryption of the PKCS#12 file is not supported",
    PfxProblem.UNSUPPORTED_KEY: "The type of the key is not supported",
}
"""Of refusals with 400; what is no PKCS#12 at all is 415."""

NOT_IMPORTED = "notImported: the certificate path is not trusted"

DELIMITER = re.compile(r"((?:\\.|[^;\\])+)")


class SecurityMaterial:
    """Additions and changes: 204, or 200 with the entries when these are asked for."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def operations(self) -> Operations:
        """What can be asked."""
        return {
            ("PUT", "CertificateResources()/$value"): self._certificate,
            ("POST", "KeyPairResources"): self._key_pair,
            ("PUT", "CertificateChainResources()/$value"): self._chain,
            ("GET", "CertificateChainResources"): self._no_chains,
            ("GET", "CertificateChainResources()"): self._no_chains,
            ("GET", "CertificateChainResources()/$value"): self._no_chains,
            ("PUT", "KeystoreResources()"): self._delete_several,
        }

    def _certificate(self, call: Call) -> Answer:
        alias = alias_of(call.key["Hexalias"])
        check_alias(alias)
        _check_size(call, CERTIFICATE_BYTES)
        certificate = read_certificate(call.exchange.body)
        check_describable(certificate)

        def put() -> KeystoreEntry:
            return self._keystore.put_certificate(
                alias, certificate, call.user, update=call.flag("update"), verified=call.flag("fingerprintVerified")
            )

        return self._added(call, put)

    def _key_pair(self, call: Call) -> Answer:
        _check_size(call, KEY_PAIR_BYTES)
        body = call.body(KEY_PAIR_RESOURCE)
        alias, password = body.get("Alias") or "", body.get("Password") or ""
        check_alias(alias)
        if len(password) > PASSWORD_LENGTH:
            raise bad_request(LONG_PASSWORD)
        resource = body.get("Resource") or ""
        if len(resource) > RESOURCE_LENGTH:
            raise ODataError(413, TOO_LARGE)
        try:
            credential = PfxFile(binary(resource, "Resource"), Secret(password)).open()
        except PfxRefused as refused:
            raise _pfx_error(refused) from None
        check_describable(credential.certificate, *credential.issuers)

        def put() -> KeystoreEntry:
            return self._keystore.put_key_pair(
                alias, credential, call.user, update=call.flag("update"), verified=call.flag("fingerprintVerified")
            )

        return self._added(call, put)

    def _chain(self, call: Call) -> Answer:
        alias = alias_of(call.key["Hexalias"])
        check_alias(alias)
        _check_size(call, KEY_PAIR_BYTES)
        chain = read_chain(call.exchange.body, self._keystore.key_pair(alias)[1].certificate)
        check_describable(*chain)
        verified = call.flag("fingerprintVerified")
        return self._added(call, lambda: self._keystore.put_chain(alias, chain, call.user, verified=verified))

    def _no_chains(self, call: Call) -> Answer:
        raise bad_request("Not supported")

    def _delete_several(self, call: Call) -> Answer:
        if call.key["Name"] != "system":
            raise not_found()
        if not call.flag("deleteEntries"):
            raise bad_request("Missing parameter: 'deleteEntries'.")
        aliases = call.body(KEYSTORE_RESOURCE).get("Aliases") or ""
        for alias in (re.sub(r"\\(.)", r"\1", each) for each in DELIMITER.findall(aliases)):
            with suppress(KeystoreRefused):
                self._keystore.delete(alias)
        return self._listed(call, None, "") if call.flag("returnKeystoreEntries") else empty(204)

    def _added(self, call: Call, put: Callable[[], KeystoreEntry]) -> Answer:
        before = {entry.alias for entry in self._keystore.entries()}
        try:
            entry = put()
        except PathUnknown as unknown:
            return self._conflict(call, unknown.entry)
        if not call.flag("returnKeystoreEntries"):
            return empty(204)
        return self._listed(call, entry, "changed" if entry.alias in before else "new")

    def _listed(self, call: Call, touched: KeystoreEntry | None, status: str) -> Answer:
        entities = (
            entry_entity(each, status=status if touched and each.alias == touched.alias else "unchanged")
            for each in self._keystore.entries()
        )
        return replace(call, query=Query()).show_all(entities, KEYSTORE_ENTRY, Rules(frozenset()))

    def _conflict(self, call: Call, entry: KeystoreEntry) -> Answer:
        """The certificate that nobody vouches for, as an entity (by the specification's prose, not its example)."""
        top = replace(entry, certificate=entry.chain[-1], credential=None)
        answer = call.show(entry_entity(top, status=NOT_IMPORTED, validity=NOT_TRUSTED), 409)
        return replace(answer, refused=Truth(LAYER, "not-trusted", "the certificate path is unknown to the keystore"))


def read_certificate(body: bytes) -> x509.Certificate:
    """A certificate as DER, as base64 of it, or as PEM.

    Raises:
        ODataError: 415, it is none.
    """
    with suppress(ValueError, x509.InvalidVersion):
        return x509.load_der_x509_certificate(body)
    with suppress(ValueError, x509.InvalidVersion):
        return read_pem_bundle(body)[0]
    with suppress(ValueError, x509.InvalidVersion):
        return x509.load_der_x509_certificate(base64.b64decode(b"".join(body.split()), validate=True))
    raise ODataError(415, NOT_X509)


def _pfx_error(refused: PfxRefused) -> ODataError:
    text = PFX_TEXTS.get(refused.problem)
    return bad_request(text) if text else ODataError(415, NOT_PKCS12)


def _check_size(call: Call, limit: int) -> None:
    if len(call.exchange.body) > limit:
        raise ODataError(413, TOO_LARGE)
