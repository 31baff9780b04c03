"""Where a run may create things: the control planes of a landscape, and as whom they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from cpi_conformance.backend import Parameters, Proxy, Pse
from cpi_conformance.control.credentials import KeyCredentials
from cpi_conformance.control.login import (
    Login,
    PasscodeLogin,
    PasswordLogin,
    RefreshTokenLogin,
    SessionLogin,
)
from cpi_conformance.secret import Secret


@dataclass(frozen=True)
class CloudFoundryTarget:
    """Where service keys are made: the API of Cloud Foundry, an organisation and a space, and as whom to log in.

    Attributes:
        api: the API's root, ``https://api.cf.<landscape>``.
        trusted: CA certificates to trust for it and for the token servers; empty stands for public CAs.
        lifetime: minutes after which what a run has created may be removed by others (``reap``).
        deadline: seconds until an operation of a broker is given up.
    """

    api: str
    organization: str
    space: str
    login: Login
    trusted: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    lifetime: int = 120
    deadline: int = 600

    def secrets(self) -> tuple[Secret, ...]:
        """What the login holds."""
        match self.login:
            case PasswordLogin(password=secret) | PasscodeLogin(passcode=secret) | RefreshTokenLogin(token=secret):
                return (secret,)
            case SessionLogin(access_token=access, refresh_token=refresh):
                return (access, refresh)


@dataclass(frozen=True)
class TenantTarget:
    """The tenant's API, where packages, flows and the keystore are.

    Attributes:
        credentials: of a service key of the plan *api*; ``None`` when the run makes one.
        trusted: CA certificates to trust for it and for its token server; empty stands for public CAs.
        deadline: seconds until a deployment is given up.
    """

    credentials: KeyCredentials | None
    trusted: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    deadline: int = 1800

    def secrets(self) -> tuple[Secret, ...]:
        """What the service key holds."""
        held = (self.credentials.clientsecret, self.credentials.key) if self.credentials else ()
        return tuple(secret for secret in held if secret is not None)


@dataclass(frozen=True)
class ExportedBackend:
    """A backend as its administrator has exported it, so that it can be tried without a logon there.

    Attributes:
        identity: the SSL client identity that the destination names.
        pse: certificate list and, when it was exported too, the own certificate with its key.
        parameters: profile parameters of the backend's TLS client.
        proxy: the HTTP proxy of the destination.
        defect: the way in which it is played wrongly, in a simulated landscape only.
        secrets: the PIN and the passphrase that opened the export.
    """

    identity: str
    pse: Pse
    parameters: Parameters
    proxy: Proxy | None = None
    defect: str | None = None
    secrets: tuple[Secret, ...] = ()
