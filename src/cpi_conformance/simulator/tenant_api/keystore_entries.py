"""``KeystoreEntries`` and ``Keystores``: what the keystore holds, downloads, renaming and deleting."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from cpi_conformance.certificates import pem
from cpi_conformance.simulator.exchange import Answer
from cpi_conformance.simulator.keystore import Keystore
from cpi_conformance.simulator.keystore_entry import KeystoreEntry
from cpi_conformance.simulator.tenant_api.call import Call, Operation, Operations, content, empty, text
from cpi_conformance.simulator.tenant_api.errors import bad_request, not_found
from cpi_conformance.simulator.tenant_api.keystore_presenting import alias_of, chain_entities, entry_entity
from cpi_conformance.simulator.tenant_api.model import Entity
from cpi_conformance.simulator.tenant_api.query import FORMAT, Rules
from cpi_conformance.simulator.tenant_api.security_content_schema import CHAIN_CERTIFICATE, KEYSTORE, KEYSTORE_ENTRY

RULES = Rules(frozenset())

SYSTEM = "system"
OTHER_KEYSTORES = frozenset({"backup_admin_system", "KeyRenewal", "KeyHistory"})
"""They exist and are empty."""

NO_FORMAT = "The query option '$format' is not supported."
NO_KEYSTORE = "Keystore '{name}' does not exist."

ONE = "KeystoreEntries()"

REMOVED, CHANGED = "removed", "changed"


class KeystoreEntries:
    """The entries of the keystore *system*."""

    def __init__(self, keystore: Keystore) -> None:
        self._keystore = keystore

    def operations(self) -> Operations:
        """What can be asked; entries refuse ``$format``."""
        own: dict[tuple[str, str], Operation] = {
            ("GET", "KeystoreEntries"): self._index,
            ("GET", ONE): lambda call: call.show(entry_entity(self._entry(call))),
            ("PUT", ONE): self._rename,
            ("DELETE", ONE): self._delete,
            ("GET", f"{ONE}/Certificate/$value"): self._certificate,
            ("GET", f"{ONE}/ChainCertificates"): self._chain,
            ("GET", f"{ONE}/ChainResource/$value"): self._chain_resource,
            ("GET", f"{ONE}/SigningRequest/$value"): self._signing_request,
        }
        without_format = {what: _refusing_format(operation) for what, operation in own.items()}
        return {
            **without_format,
            ("GET", "Keystores()"): lambda call: call.show(self._keystore_entity(call)),
            ("GET", "Keystores()/Entries"): self._entries_of,
            ("GET", "Keystores()/Size/$value"): lambda call: text(200, str(self._keystore_entity(call).values["Size"])),
        }

    def _index(self, call: Call) -> Answer:
        return call.show_all(map(entry_entity, self._listed(call)), KEYSTORE_ENTRY, RULES)

    def _listed(self, call: Call) -> tuple[KeystoreEntry, ...]:
        name = call.exchange.parameters().get("keystoreName", SYSTEM)
        if name in OTHER_KEYSTORES:
            return ()
        if name != SYSTEM:
            raise bad_request(NO_KEYSTORE.format(name=name))
        return self._keystore.entries()

    def _entry(self, call: Call) -> KeystoreEntry:
        return self._keystore.entry(alias_of(call.key["Hexalias"]))

    def _rename(self, call: Call) -> Answer:
        alias = alias_of(call.key["Hexalias"])
        new = call.exchange.parameters().get("renameAlias")
        if new is None:
            raise bad_request("Missing parameter: 'renameAlias'.")
        renamed = self._keystore.rename(alias, new, call.user)
        return text(200, f"[{renamed.hexalias}]") if call.flag("returnHexAlias") else empty(204)

    def _delete(self, call: Call) -> Answer:
        removed = self._keystore.delete(alias_of(call.key["Hexalias"]))
        if not call.flag("returnKeystoreEntries"):
            return empty(204)
        entities = (*map(entry_entity, self._keystore.entries()), entry_entity(removed, status=REMOVED))
        return call.show_all(entities, KEYSTORE_ENTRY, RULES)

    def _certificate(self, call: Call) -> Answer:
        chain = self._entry(call).chain
        shown = chain[-1] if call.flag("rootCA") else chain[0]
        return content(pem([shown]).encode(), "application/pkix-cert")

    def _chain(self, call: Call) -> Answer:
        entry, _ = self._keystore.key_pair(alias_of(call.key["Hexalias"]))
        return call.show_linked(chain_entities(entry), CHAIN_CERTIFICATE, RULES)

    def _chain_resource(self, call: Call) -> Answer:
        entry, _ = self._keystore.key_pair(alias_of(call.key["Hexalias"]))
        return content(serialize_certificates(list(entry.chain), Encoding.PEM), "application/pkcs7-mime")

    def _signing_request(self, call: Call) -> Answer:
        entry, credential = self._keystore.key_pair(alias_of(call.key["Hexalias"]))
        builder = x509.CertificateSigningRequestBuilder().subject_name(entry.certificate.subject)
        request = builder.sign(credential.key, hashes.SHA256())
        return content(request.public_bytes(Encoding.PEM), "application/pkcs10")

    def _entries_of(self, call: Call) -> Answer:
        return call.show_linked(self._keystore_entity(call).links["Entries"](), KEYSTORE_ENTRY, RULES)

    def _keystore_entity(self, call: Call) -> Entity:
        if call.key["Name"] != SYSTEM:
            raise not_found()
        entries = self._keystore.entries()
        last = max(entries, key=lambda each: each.modified, default=None)
        values = {
            "Name": SYSTEM,
            "LastModifiedTime": last.modified if last else None,
            "LastModifiedBy": last.modified_by if last else None,
            "Size": self._keystore.size,
        }
        return Entity(KEYSTORE, values, {"Entries": lambda: tuple(map(entry_entity, entries))})


def _refusing_format(operation: Operation) -> Operation:
    def operate(call: Call) -> Answer:
        if FORMAT in call.query.options:
            raise bad_request(NO_FORMAT)
        return operation(call)

    return operate
