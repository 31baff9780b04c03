"""What everybody on the way to Cloud Integration makes of a file, from what was measured and documented."""

from __future__ import annotations

from cpi_conformance.certificates.certificate_opinions import opinions_of_certificates
from cpi_conformance.certificates.findings import IDENTITIES, Subject
from cpi_conformance.certificates.kinds import Form, Kind
from cpi_conformance.certificates.opinion import Consumer, Fit, Opinion
from cpi_conformance.certificates.pfx_opinions import opinions_of_identity
from cpi_conformance.certificates.pse_opinions import opinions_of_pse

__all__ = ["Consumer", "Fit", "Opinion", "opinions"]

CERTIFICATES_ALONE = frozenset({Kind.CERTIFICATE, Kind.CERTIFICATES, Kind.P7B})


def opinions(subject: Subject) -> tuple[Opinion, ...]:
    """One opinion of each consumer that the file may be meant for; none of files that are for nobody."""
    if subject.kind in {Kind.PFX, Kind.PSE} and subject.form is not Form.DER:
        return ()
    if subject.kind in IDENTITIES:
        return tuple(opinions_of_identity(subject))
    if subject.kind is Kind.PSE:
        return tuple(opinions_of_pse(subject))
    return tuple(opinions_of_certificates(subject)) if subject.kind in CERTIFICATES_ALONE else ()
