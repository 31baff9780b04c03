"""Certificates and the files they travel in: chains, PFX, PEM bundles."""

from cpi_conformance.certificates.authority import Authority, Credential, Usage, self_signed
from cpi_conformance.certificates.chain import common_name, dn, fingerprint, missing_issuer, pem, read_pem_bundle
from cpi_conformance.certificates.one_line import one_line
from cpi_conformance.certificates.pfx import PfxFile, PfxProblem, PfxRefused, open_pfx
from cpi_conformance.certificates.pfx_writer import Encryption, write_pfx
from cpi_conformance.certificates.presenting import present

__all__ = [
    "Authority",
    "Credential",
    "Encryption",
    "PfxFile",
    "PfxProblem",
    "PfxRefused",
    "Usage",
    "common_name",
    "dn",
    "fingerprint",
    "missing_issuer",
    "one_line",
    "open_pfx",
    "pem",
    "present",
    "read_pem_bundle",
    "self_signed",
    "write_pfx",
]
