"""Entity types of SAP's specification *Security Content*, as far as they exist here."""

from __future__ import annotations

from cpi_conformance.simulator.tenant_api.model import EntityType, Navigation, Property, moments, numbers, texts

OF_A_CERTIFICATE = (
    *texts("KeyType"),
    *numbers("KeySize"),
    *moments("ValidNotBefore", "ValidNotAfter"),
    *texts("SerialNumber", "SignatureAlgorithm", "EllipticCurve", "Validity", "SubjectDN", "IssuerDN"),
    *numbers("Version"),
    *texts("FingerprintSha1", "FingerprintSha256", "FingerprintSha512"),
)

KEYSTORE_ENTRY = EntityType(
    "KeystoreEntry",
    "KeystoreEntries",
    ("Hexalias",),
    (
        *texts("Hexalias", "Alias"),
        *OF_A_CERTIFICATE,
        *texts("Type", "Owner", "LastModifiedBy"),
        *moments("LastModifiedTime"),
        *texts("CreatedBy"),
        *moments("CreatedTime"),
        *texts("Status"),
    ),
    (
        Navigation("ChainCertificates", "ChainCertificates"),
        Navigation("Certificate", "CertificateResources", many=False),
        Navigation("Sshkey", "SSHKeyResources", many=False),
        Navigation("Keystore", "Keystores", many=False),
        Navigation("ChainResource", "CertificateChainResources", many=False),
        Navigation("SigningRequest", "SigningRequests", many=False),
    ),
)

CHAIN_CERTIFICATE = EntityType(
    "ChainCertificate",
    "ChainCertificates",
    ("Hexalias", "Index"),
    (*texts("Hexalias", "Alias"), *numbers("Index"), *OF_A_CERTIFICATE),
)

KEYSTORE = EntityType(
    "Keystore",
    "Keystores",
    ("Name",),
    (*texts("Name"), *moments("LastModifiedTime"), *texts("LastModifiedBy"), *numbers("Size")),
    (Navigation("Entries", "KeystoreEntries"),),
)

KEY_PAIR_RESOURCE = EntityType(
    "KeyPairResource",
    "KeyPairResources",
    ("Hexalias",),
    (*texts("Hexalias", "Alias", "Password"), Property("Resource", "Edm.Binary")),
)

KEYSTORE_RESOURCE = EntityType("KeystoreResource", "KeystoreResources", ("Name",), texts("Name", "Aliases"))

CONTENT_ONLY = tuple(
    EntityType(name, f"{name}s", ("Hexalias",), texts("Hexalias"), media=True)
    for name in ("CertificateResource", "CertificateChainResource", "SSHKeyResource", "SigningRequest")
)

SECURITY_CONTENT = (KEYSTORE_ENTRY, CHAIN_CERTIFICATE, KEYSTORE, KEY_PAIR_RESOURCE, KEYSTORE_RESOURCE, *CONTENT_ONLY)
