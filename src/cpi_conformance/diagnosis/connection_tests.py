"""From a connection test of SM59, and from what STRUST refuses, to symptoms."""

from __future__ import annotations

from collections.abc import Mapping

from cpi_conformance.backend import ConnectionTest, Pse, StrustRefused, icm_error
from cpi_conformance.backend.icm import NO_FITTING_CERTIFICATE
from cpi_conformance.certificates import dn, missing_issuer
from cpi_conformance.diagnosis.calls import is_address, symptoms_of_observation
from cpi_conformance.diagnosis.sayings import sayings_in
from cpi_conformance.diagnosis.symptoms import Side, Symptoms
from cpi_conformance.sender import Cause, Observation, Refused


def symptoms_of_test(
    test: ConnectionTest, observation: Observation, unsaved: Mapping[str, Pse] | None = None
) -> Symptoms:
    """What a connection test and its result tell.

    ``unsaved`` is what the user has in STRUST on the screen, by identity (``TrustManager.unsaved``).
    """
    path = test.pse.path if test.pse else None
    destination, parameters = test.destination, test.backend.parameters
    error = icm_error(test, observation)
    library = error.library if error else None
    symptoms = Symptoms(
        side=Side.BACKEND,
        icm_error=error.name if error else None,
        ssl_error=library if library and library.startswith("SSSL") else None,
        ni_error=library if library and library.startswith("NIE") else None,
        sni_sent=parameters.client_sni and not is_address(destination.target_host),
        address_called=is_address(destination.target_host),
        by_proxy=destination.proxy is not None,
    )
    if isinstance(observation, Refused) and observation.cause is Cause.TLS_VERSION:
        symptoms |= Symptoms(offers_tls_1_2=_offers_tls_1_2(test))
    if observation.evidence.detail == NO_FITTING_CERTIFICATE:
        symptoms |= Symptoms(said=sayings_in(NO_FITTING_CERTIFICATE))
    return (
        symptoms
        | _of_missing_root(test, observation, unsaved or {})
        | symptoms_of_observation(
            observation,
            trusted=test.pse.certificate_list if test.pse else (),
            own=(path.certificate, *path.issuers) if path else (),
            configured=path is not None,
            authorization=destination.logon,
        )
    )


def symptoms_of_strust(refused: StrustRefused) -> Symptoms:
    """What STRUST does not carry out."""
    return Symptoms(side=Side.BACKEND, strust=refused.problem.value)


def _of_missing_root(test: ConnectionTest, observation: Observation, unsaved: Mapping[str, Pse]) -> Symptoms:
    """Where else the root is that the PSE of the destination lacks."""
    if not isinstance(observation, Refused) or observation.cause is not Cause.MISSING_CA or test.pse is None:
        return Symptoms()
    served, identity = observation.evidence.server_chain, test.destination.ssl_certificate
    missing = missing_issuer(served, test.pse.certificate_list)
    others = [pse for name, pse in test.backend.pses if name != identity]
    return Symptoms(
        root_elsewhere=any(_lists(pse, missing) for pse in others) or None,
        root_unsaved=(identity in unsaved and _lists(unsaved[identity], missing)) or None,
    )


def _lists(pse: Pse, name: str | None) -> bool:
    return any(dn(each.subject) == name for each in pse.certificate_list)


def _offers_tls_1_2(test: ConnectionTest) -> bool:
    return test.backend.parameters.tls.highest.name in ("TLSv1_2", "TLSv1_3")
