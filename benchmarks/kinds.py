"""The two kinds of call that are compared, and the checks that make calls of that kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cpi_conformance.landscape import Landscape
from cpi_conformance.sender import TLS_1_2, TLS_1_3, Call, CertificateInHandshake, Trust


@dataclass(frozen=True)
class Kind:
    """Calls of one kind.

    Attributes:
        calls: samples of what the checks send, in equal parts.
        checks: test functions whose every check makes such a call twice, and its twin in between.
    """

    name: str
    calls: tuple[Call, ...]
    checks: frozenset[str]


def kinds(landscape: Landscape) -> tuple[Kind, Kind]:
    """Basic refusals, and refusals of a certificate that is trusted but belongs to no service key.

    Both are refused with a whole answer, after a whole handshake, so each call does all the work there is.
    The certificate checks run on TLS 1.2 and on 1.3, and so do the sample calls.
    """
    anonymous = Call(
        host=landscape.host, port=landscape.port, path=landscape.flows[0].path, trust=Trust(landscape.trust())
    )
    wrong = landscape.service_key("sender").with_clientsecret(lambda secret: secret[::-1])
    unassigned = replace(anonymous, certificate=CertificateInHandshake(landscape.certificate("unassigned")))
    return (
        Kind(
            "Basic",
            (replace(anonymous, authorization=wrong),),
            frozenset(
                {
                    "suites.test_basic#test_wrong_clientsecret",
                    "suites.test_basic#test_wrong_clientid",
                    "suites.test_basic#test_not_sent_as_they_must_be",
                }
            ),
        ),
        Kind(
            "client certificate",
            tuple(replace(unassigned, tls=tls) for tls in (TLS_1_2, TLS_1_3)),
            frozenset(
                {
                    "suites.test_client_certificate#test_certificate_without_its_one_key",
                    "suites.test_client_certificate#test_role_missing",
                }
            ),
        ),
    )
