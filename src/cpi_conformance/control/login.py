"""As whom to log in at Cloud Foundry: the four ways that UAA's client ``cf`` has."""

from __future__ import annotations

from dataclasses import dataclass

from cpi_conformance.secret import Secret


@dataclass(frozen=True)
class PasswordLogin:
    """A user with a password, at an identity provider when ``origin`` names one (``sap.ids`` is SAP's default)."""

    user: str
    password: Secret
    origin: str | None = None


@dataclass(frozen=True)
class PasscodeLogin:
    """A one-time passcode from ``https://login.<domain>/passcode``, as ``cf login --sso`` asks for."""

    passcode: Secret


@dataclass(frozen=True)
class RefreshTokenLogin:
    """A refresh token of an earlier login."""

    token: Secret


@dataclass(frozen=True)
class SessionLogin:
    """The session that the cf CLI has opened: its access token, and its refresh token for when that has expired."""

    access_token: Secret
    refresh_token: Secret


Login = PasswordLogin | PasscodeLogin | RefreshTokenLogin | SessionLogin
