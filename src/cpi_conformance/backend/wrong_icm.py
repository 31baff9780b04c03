"""Ways in which the TLS client and the destinations of a simulated backend are wrong on purpose."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace

from cpi_conformance.backend.connection_test import ConnectionTest
from cpi_conformance.backend.destination import NO_LOGON, Destination, Proxy
from cpi_conformance.backend.icm import Icm
from cpi_conformance.backend.parameters import BLIND, DEFAULTS, Parameters
from cpi_conformance.backend.pse import STANDARD, Pse
from cpi_conformance.backend.tls_client import connected
from cpi_conformance.sender import Observation


class TestsAnother(Icm):
    """Carries out another connection test than the one that it is given."""

    __test__ = False  # the name begins as pytest's classes do

    def send(self, test: ConnectionTest) -> Observation:
        """As the right one, of what :meth:`changed` makes of the test."""
        return super().send(self.changed(test))

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """The test that is carried out."""
        raise NotImplementedError


class TrustsIntermediates(TestsAnother):
    """An intermediate alone in the certificate list is an anchor."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the parameter that no kernel has been seen to have."""
        return _with(test, replace(test.backend.parameters, intermediate_anchors=True))


class TrustsAnybody(Icm):
    """The server certificate is not verified."""

    def _secured(self, plain: socket.socket, host: str, pse: Pse, parameters: Parameters) -> ssl.SSLSocket:
        return connected(plain, host, pse, parameters, verify=ssl.CERT_NONE)


class IgnoresHostName(Icm):
    """A trusted certificate is taken whatever host it is for."""

    def _is_for(self, connection: ssl.SSLSocket, host: str) -> bool:
        return True


class TestsTheFirstDestination(TestsAnother):
    """What is changed in SM59 does not reach the connection test: the destination is that of the first test."""

    def __init__(self) -> None:
        self._first: dict[str, Destination] = {}

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """The destination as it was when it was tested first; the logon is the one thing that it notices."""
        known = self._first.setdefault(
            f"{test.destination.name} {test.destination.logon == NO_LOGON}", test.destination
        )
        return replace(test, destination=known)


class UsesOneIdentity(TestsAnother):
    """Whatever identity the destination names, the first PSE of the backend is used."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the first identity that has an own certificate."""
        own = [name for name, pse in test.backend.pses if pse.own is not None]
        if (
            not own
            or test.destination.logon != NO_LOGON
            or test.destination.ssl_certificate not in dict(test.backend.pses)
        ):
            return test
        return replace(test, destination=replace(test.destination, ssl_certificate=own[0]))


class SharesTheStandardList(TestsAnother):
    """What the standard identity trusts is trusted by every identity."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the standard identity's list behind that of the PSE."""
        standard, pse = test.backend.pse(STANDARD), test.pse
        if standard is None or pse is None:
            return test
        return test.but(pse=pse.trusting((*pse.certificate_list, *standard.certificate_list))).call


class TakesTheSchemeAway(TestsAnother):
    """``https://`` in front of the target host does no harm."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """Without the scheme."""
        host = test.destination.target_host.removeprefix("https://")
        return replace(test, destination=replace(test.destination, target_host=host))


class FindsEveryHost(Icm):
    """Every name has an address: that of a server which answers on all of them."""

    def _connection(self, address: tuple[str, int], seconds: float) -> socket.socket:
        try:
            return super()._connection(address, seconds)
        except socket.gaierror:
            return super()._connection(("localhost", address[1]), seconds)


class OffersEveryVersion(TestsAnother):
    """The TLS versions of ``ssl/client_ciphersuites`` are not looked at."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the default's versions, and blind as the test is."""
        bits = DEFAULTS.bits if test.backend.parameters.blind else DEFAULTS.bits - BLIND
        return _with(test, replace(test.backend.parameters, client_ciphersuites=f"{bits}:HIGH"))


class SendsBlindly(TestsAnother):
    """The certificate goes out whatever CAs the server names."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the bit for it."""
        bits = test.backend.parameters.bits | BLIND
        return _with(test, replace(test.backend.parameters, client_ciphersuites=f"{bits}:HIGH"))


class SendsTheNameAlways(TestsAnother):
    """``icm/HTTPS/client_sni_enabled`` is not looked at."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With the name in the handshake."""
        return _with(test, replace(test.backend.parameters, client_sni=True))


class GoesAroundTheProxy(TestsAnother):
    """The HTTP proxy of the destination is not used."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """Without it."""
        return replace(test, destination=replace(test.destination, proxy=None))


class CannotUseProxies(TestsAnother):
    """A destination with a proxy ends in a wrong field."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With a proxy that has no host."""
        proxy = None if test.destination.proxy is None else Proxy("", "")
        return replace(test, destination=replace(test.destination, proxy=proxy))


class SendsTheLeafOnly(TestsAnother):
    """The issuers in the PSE are not sent after the own certificate."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With a PSE that holds no issuers."""
        pse = test.pse
        return test if pse is None or pse.own is None else test.but(pse=pse.with_issuers(())).call


class DropsTheLogon(TestsAnother):
    """User and password of the destination are not sent."""

    def changed(self, test: ConnectionTest) -> ConnectionTest:
        """With *No Logon*."""
        return replace(test, destination=replace(test.destination, logon=NO_LOGON))


def _with(test: ConnectionTest, parameters: Parameters) -> ConnectionTest:
    return replace(test, backend=replace(test.backend, parameters=parameters))
