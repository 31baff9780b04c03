"""The control plane: clients of Cloud Foundry, UAA and XSUAA, and the lifecycle of service keys."""

from cpi_conformance.control.cli_session import CliSession, NoCliSession, cli_configuration, read_cli_session
from cpi_conformance.control.cloud_foundry import CloudFoundry
from cpi_conformance.control.credentials import CertificateDetails, KeyCredentials, read_credentials
from cpi_conformance.control.discovery import Endpoints
from cpi_conformance.control.errors import (
    ApiError,
    BrokenAnswer,
    ControlError,
    ErrorEntry,
    InvalidToken,
    JobFailed,
    JobTimeout,
    LoginRefused,
    NameBeingDeleted,
    NameTaken,
    NotAuthenticated,
    NotAuthorized,
    NotFound,
    NotVisible,
    OperationInProgress,
    RateLimited,
    ServerFailure,
    TlsRefusal,
    TokenRefused,
    Unprocessable,
    Unreachable,
)
from cpi_conformance.control.labels import EXPIRES, ORDER, PREFIX, RUN
from cpi_conformance.control.login import Login, PasscodeLogin, PasswordLogin, RefreshTokenLogin, SessionLogin
from cpi_conformance.control.patience import Patience
from cpi_conformance.control.wire import Organization, Plan, ServiceInstance, ServiceKey, Space
from cpi_conformance.control.xsuaa import Token, request_token

__all__ = [
    "EXPIRES",
    "ORDER",
    "PREFIX",
    "RUN",
    "ApiError",
    "BrokenAnswer",
    "CertificateDetails",
    "CliSession",
    "CloudFoundry",
    "ControlError",
    "Endpoints",
    "ErrorEntry",
    "InvalidToken",
    "JobFailed",
    "JobTimeout",
    "KeyCredentials",
    "Login",
    "LoginRefused",
    "NameBeingDeleted",
    "NameTaken",
    "NoCliSession",
    "NotAuthenticated",
    "NotAuthorized",
    "NotFound",
    "NotVisible",
    "OperationInProgress",
    "Organization",
    "PasscodeLogin",
    "PasswordLogin",
    "Patience",
    "Plan",
    "RateLimited",
    "RefreshTokenLogin",
    "ServerFailure",
    "ServiceInstance",
    "ServiceKey",
    "SessionLogin",
    "Space",
    "TlsRefusal",
    "Token",
    "TokenRefused",
    "Unprocessable",
    "Unreachable",
    "cli_configuration",
    "read_cli_session",
    "read_credentials",
    "request_token",
]
