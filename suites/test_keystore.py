"""The keystore of the tenant: the S-user's key pair, its chain as p7b, and the certificates in it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cpi_conformance.certificates import PfxFile, dn, one_line, open_pfx
from cpi_conformance.certificates.cer import export_chain, read_certificate
from cpi_conformance.control.content import Content
from cpi_conformance.control.denials import Denial
from cpi_conformance.control.tenant.orders import KeyPairOrder, Permission
from cpi_conformance.landscape import Landscape
from cpi_conformance.landscape.edition import SAP_KEY_PAIR
from cpi_conformance.secret import Secret
from cpi_conformance.verdict import OrderJudge, Severity
from fixtures.checks import check, on_profiles
from fixtures.cockpit import Attempt, granted
from fixtures.keystore import ImportedPassport, chain_of
from fixtures.shown import Shown

pytestmark = on_profiles("whitepaper", "current", "trial")

IMPORT = ("2.x509.3a", "2.x509.3b", "2.x509.3c", "2.x509.3e")
CHAIN = ("2.x509.4a", "2.x509.4b")
ERROR_1 = ("3.error.1", "3.error.1.7", "3.error.1.8", "3.error.1.9")
FILES = ("2.x509.4f", "2.x509.4g", "2.x509.4h", "2.x509.4i", "2.x509.4j")


@pytest.fixture
def key_pair(content: Content, passport: PfxFile) -> KeyPairOrder:
    """The import of the whitepaper: the S-user's PFX with its passphrase, under an alias of the run."""
    return KeyPairOrder(content.alias("check"), passport)


@check("STORE-01", "the key pair is imported and listed", steps=(*IMPORT, "2.x509.3f"))
def test_import(imported: ImportedPassport, content: Content, passport: PfxFile, shown: Shown) -> None:
    """Accepted: the keystore lists the alias as a key pair, with the S-user's subject.

    Source: whitepaper, chapter 2, step 3; Security Content API.
    """
    listed = shown("keystore", [each for each in content.tenant.keystore() if each.alias == imported.alias])
    assert [each.type for each in listed] == ["Key Pair"], "the alias is not listed once and as a key pair"
    parts = {part.strip() for part in listed[0].subject_dn.split(",")}
    assert parts == {part.strip() for part in dn(open_pfx(passport).certificate.subject).split(",")}


@check("STORE-02", "the key pair with a wrong passphrase", steps=("2.x509.3c",))
def test_wrong_passphrase(key_pair: KeyPairOrder, order_judge: OrderJudge) -> None:
    """Refused at tenant: whoever does not know the passphrase imports nothing.

    Source: whitepaper, chapter 2, step 3c; Security Content API.
    """
    wrong = PfxFile(key_pair.pfx.content, Secret("not the passphrase"))
    order_judge.denied(key_pair.but(pfx=wrong), Denial.KEY_PAIR_REFUSED)


@check("STORE-03", "the key pair under an alias that exists", steps=("2.x509.3a",))
def test_alias_taken(key_pair: KeyPairOrder, imported: ImportedPassport, order_judge: OrderJudge) -> None:
    """Refused at tenant: one alias, one entry.

    Source: Security Content API.
    """
    order_judge.denied(key_pair.but(alias=imported.alias), Denial.ALIAS_TAKEN)


@check("STORE-04", "error 1: the key pair without the permission", steps=ERROR_1, severity=Severity.CRITICAL)
def test_without_permission(key_pair: KeyPairOrder, attempt: Attempt, order_judge: OrderJudge) -> None:
    """Refused at tenant without the permission to change the keystore; granted with it, as the whitepaper's solution.

    Source: whitepaper, troubleshooting, error 1; SAP help 556d557.
    """
    order_judge.denied(key_pair.but(permission=Permission.READER), Denial.PERMISSION_MISSING)
    granted(attempt(key_pair))


@check("STORE-05", "the chain is a p7b of three certificates that verify", steps=(*CHAIN, *FILES))
def test_chain(imported: ImportedPassport, content: Content, passport: PfxFile, shown: Shown) -> None:
    """Accepted: the download holds the S-user's certificate, its CA and the root, each signed by the next.

    Source: whitepaper, chapter 2, step 4; Security Content API.
    """
    chain = chain_of(content.tenant.chain_p7b(imported.alias))
    shown("chain", [dn(each.subject) for each in chain])
    credential = open_pfx(passport)
    assert chain == (credential.certificate, *credential.issuers), "the chain is not that of the PFX"
    for certificate, issuer in pairwise(chain):
        certificate.verify_directly_issued_by(issuer)


@check("STORE-06", "three .cer files, by name", steps=(*FILES, "2.x509.4j1", "2.x509.4j2", "2.x509.4j3"))
def test_files(imported: ImportedPassport, content: Content, shown: Shown) -> None:
    """Accepted: each certificate of the chain is a Base-64 file of its own, whatever order the p7b had.

    Source: whitepaper, chapter 2, steps 4f to 4j.
    """
    p7b = content.tenant.chain_p7b(imported.alias)
    chain = chain_of(p7b)
    files = shown("files", export_chain(p7b))
    assert len(files) == 3, "there are not three certificates"
    read = [read_certificate(file.content) for file in files]
    assert tuple(read) == chain, "the files are not the chain from the S-user to the root"
    assert all(file.name.endswith(".cer") for file in files)


@check("STORE-07", "the certificate of the entry is what the field X.509 needs", steps=("2.x509.4j1", "2.mapping.13"))
def test_one_line(imported: ImportedPassport, content: Content, passport: PfxFile, shown: Shown) -> None:
    """Accepted: the certificate that the keystore gives away, on one line, is the one in the S-user's PFX.

    Source: whitepaper, chapter 2, steps 4j1 and 13.
    """
    certificate = content.tenant.certificate(imported.alias)
    shown("certificate", dn(certificate.subject))
    assert one_line(certificate) == one_line(open_pfx(passport).certificate), "it is another certificate"


@check("STORE-08", "sap_cloudintegrationcertificate tells the edition", steps=("3.error.4",))
def test_edition(content: Content, landscape: Landscape, shown: Shown) -> None:
    """Accepted: a standard tenant has SAP's own key pair in its keystore, a trial tenant has not.

    Source: SAP help 4ec6192.
    """
    entry = shown("entry", content.tenant.keystore_entry(SAP_KEY_PAIR))
    there = entry is not None
    assert there == (landscape.edition == "standard"), f"the entry is {'there' if there else 'missing'}"
