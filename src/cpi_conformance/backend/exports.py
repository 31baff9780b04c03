"""What STRUST gives away, and a PSE that was exported from it."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography import x509

from cpi_conformance.backend.pse import Pse
from cpi_conformance.certificates import common_name, pem
from cpi_conformance.certificates.cer import CerFile, file_names, write_cer
from cpi_conformance.certificates.pse_file import read_pse
from cpi_conformance.certificates.pse_refused import EXPORT, PseProblem, PseRefused
from cpi_conformance.secret import Secret


def exported_pse(content: bytes, pin: Secret | None = None) -> Pse:
    """A PSE from its file: what its owner identifies itself with, and whom it trusts.

    Raises:
        PseRefused: the file cannot be read, or its private key is of a kind of which the form is not known; a
            backend with it would be taken for one that presents nothing.
    """
    found = read_pse(content, pin)
    if found.holds_key and found.credential is None:
        told = "its private key is none of RSA, or lies there without its certificate"
        raise PseRefused(PseProblem.UNSUPPORTED_FORM, told, EXPORT)
    return Pse(found.credential, found.certificate_list)


def exported_certificates(certificates: Iterable[x509.Certificate]) -> tuple[CerFile, ...]:
    """A Base-64 ``.cer`` of each, as *Export Certificate* writes one, named after their common names."""
    listed = tuple(certificates)
    names = file_names(common_name(each.subject) for each in listed)
    return tuple(CerFile(f"{name}.cer", write_cer(each)) for name, each in zip(names, listed, strict=True))


def exported_list(certificates: Iterable[x509.Certificate]) -> bytes:
    """The certificates of a list in one file, as they are put together after a single export of each."""
    return pem(certificates).encode("ascii")
