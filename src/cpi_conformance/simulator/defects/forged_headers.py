"""Load balancers that pass on what callers write into the headers of verified client certificates."""

from __future__ import annotations

from cpi_conformance.simulator.defects.defect import Defect, System
from cpi_conformance.simulator.defects.replacing import replace_connections
from cpi_conformance.simulator.edge import EdgeConnection
from cpi_conformance.simulator.exchange import Headers


class _PassesOn(EdgeConnection):
    def _passed_on(self, sent: Headers) -> Headers:
        return sent


class _PassesOnWithoutCertificate(EdgeConnection):
    """It sets the headers of a certificate, in the place of what was there, only when it has one."""

    def _passed_on(self, sent: Headers) -> Headers:
        return super()._passed_on(sent) if self._certificate_headers else sent


class _PassesOnBesideCertificate(EdgeConnection):
    """Policy ``forward_only`` of the Cloud Foundry HAProxy release: who has shown some certificate is believed."""

    def _passed_on(self, sent: Headers) -> Headers:
        return sent if self._certificate_headers else super()._passed_on(sent)


DEFECTS = (
    Defect(
        "edge-passes-headers-on",
        System.EDGE,
        "The load balancer passes a caller's own certificate headers on.",
        lambda landscape: replace_connections(landscape, _PassesOn),
    ),
    Defect(
        "edge-passes-headers-on-without-certificate",
        System.EDGE,
        "The load balancer passes a caller's own certificate headers on when no certificate was presented.",
        lambda landscape: replace_connections(landscape, _PassesOnWithoutCertificate),
    ),
    Defect(
        "edge-passes-headers-on-beside-certificate",
        System.EDGE,
        "The load balancer passes a caller's own certificate headers on when another certificate was presented.",
        lambda landscape: replace_connections(landscape, _PassesOnBesideCertificate),
    ),
)
