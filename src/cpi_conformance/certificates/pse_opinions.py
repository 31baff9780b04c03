"""What each consumer makes of a PSE, which is SAP's own format."""

from __future__ import annotations

from collections.abc import Iterator

from cpi_conformance.certificates.findings import Subject
from cpi_conformance.certificates.opinion import LEAF_ALONE, Consumer, Fit, Opinion
from cpi_conformance.certificates.pfx_opinions import load_balancer

OTHERS = (Consumer.POSTMAN, Consumer.CURL, Consumer.OPENSSL, Consumer.NODE, Consumer.JAVA, Consumer.WINDOWS)
TO_PFX = "sapgenpse export_p12 -p FILE new.pfx"
ONE_BY_ONE = "export each certificate of its list as Base-64 in STRUST"
OWN_FORMAT = "the format is SAP's own and not published; not measured"


def opinions_of_pse(subject: Subject) -> Iterator[Opinion]:
    """Of STRUST, of the programs that cannot read it, and of who is shown the own certificate."""
    advice = TO_PFX if subject.contents.holds_key else ONE_BY_ONE
    yield Opinion(Consumer.STRUST, Fit.TAKES, "with PSE > Import, in edit mode", "", "whitepaper")
    for each in OTHERS:
        yield Opinion(each, Fit.OTHER_FORM, "only SAP's programs read a PSE", advice, OWN_FORMAT)
    if subject.leaf is None:
        return
    why = "the field takes the own certificate alone"
    yield Opinion(Consumer.SERVICE_KEY, Fit.OTHER_FORM, why, "export it as Base-64 in STRUST", LEAF_ALONE)
    if subject.contents.holds_key:
        yield load_balancer(subject)
