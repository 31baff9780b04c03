"""Opening what a landscape file refers to: PEM bundles, service keys, PFX files, secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509

from cpi_conformance.backend import Parameters, Proxy, Pse
from cpi_conformance.backend.certificate_list import (
    CertificateListProblem,
    CertificateListRefused,
    read_certificate_list,
)
from cpi_conformance.backend.exports import exported_pse
from cpi_conformance.certificates import PfxFile, PfxProblem, PfxRefused, open_pfx, read_pem_bundle
from cpi_conformance.certificates.pse_refused import PseProblem, PseRefused
from cpi_conformance.control.cli_session import CliSession, NoCliSession, cli_configuration, read_cli_session
from cpi_conformance.control.credentials import read_credentials
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.login import Login, PasscodeLogin, PasswordLogin, RefreshTokenLogin
from cpi_conformance.landscape.problems import Problem
from cpi_conformance.landscape.schema import (
    BackendSection,
    CertificateSection,
    CloudFoundrySection,
    LoginSection,
    ProxySection,
    SecretReference,
    ServiceKeySection,
    TenantApiSection,
)
from cpi_conformance.landscape.targets import CloudFoundryTarget, ExportedBackend, TenantTarget
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic

PFX_ADVICE = {
    PfxProblem.WRONG_PASSPHRASE: "give the passphrase that was chosen when the Passport was applied for",
    PfxProblem.NO_PRIVATE_KEY: "export it again with its private key",
    PfxProblem.NO_CERTIFICATE: "export it again with its certificate",
    PfxProblem.DAMAGED: "download it again",
    PfxProblem.NOT_A_PFX: "name the .pfx or .p12 file, not a certificate",
    PfxProblem.UNSUPPORTED_ENCRYPTION: "export it again with AES-256 or 3DES",
    PfxProblem.UNSUPPORTED_KEY: "use a certificate with an RSA or EC key, as SAP Passports have",
}

PSE_ADVICE = {
    PseProblem.WRONG_PIN: "give the PIN with which it was exported",
    PseProblem.DAMAGED: "export it again",
    PseProblem.NOT_A_PSE: "name the .pse file, or write certificate_list (and pfx) instead",
}
"""Where reading a PSE knows no better."""

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
"""What a variable's name looks like; anything else may be a secret in the wrong place, and is not repeated."""

PATH = re.compile(r".*[./\\].*")
"""What a path looks like, for the same reason."""


class Material:
    """Opens what a file refers to, and collects what cannot be opened."""

    def __init__(self, folder: Path, environment: Mapping[str, str], problems: list[Problem]) -> None:
        self._folder = folder
        self._environment = environment
        self._problems = problems

    def bundle(self, key: str, name: str | None) -> tuple[x509.Certificate, ...]:
        """All certificates of a PEM file."""
        content = self._content(key, name) if name else None
        if content is None:
            return ()
        try:
            return read_pem_bundle(content)
        except ValueError:
            self._add(key, f"{name} holds no PEM certificate", "export the CA as Base-64 encoded X.509 (.CER)")
            return ()

    def service_key(self, key: str, section: ServiceKeySection) -> Basic | None:
        """Credentials, from the JSON of a service key or by themselves."""
        if section.file is None:
            secret = self.secret(f"{key}.clientsecret", section.clientsecret)
            return Basic(section.clientid, secret) if section.clientid is not None and secret else None
        shown = _as_a_path(section.file)
        content = self._content(f"{key}.file", section.file, shown)
        if content is None:
            return None
        try:
            oauth = _document(content)["oauth"]
            return Basic(_text(oauth["clientid"]), Secret(_text(oauth["clientsecret"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            wrong = f"{shown} is no service key with oauth.clientid and oauth.clientsecret"
            self._add(f"{key}.file", wrong, "save the JSON of View Credentials as it is")
            return None

    def certificate(self, key: str, section: CertificateSection) -> PfxFile | None:
        """A PFX that opens."""
        content = self._content(f"{key}.pfx", section.pfx)
        passphrase = self.secret(f"{key}.passphrase", section.passphrase)
        if content is None or (section.passphrase is not None and passphrase is None):
            return None
        pfx = PfxFile(content, passphrase)
        try:
            open_pfx(pfx)
        except PfxRefused as refusal:
            where = "passphrase" if refusal.problem is PfxProblem.WRONG_PASSPHRASE else "pfx"
            self._add(f"{key}.{where}", f"{section.pfx} does not open: {refusal.detail}", PFX_ADVICE[refusal.problem])
            return None
        return pfx

    def cloud_foundry(self, key: str, section: CloudFoundrySection) -> CloudFoundryTarget | None:
        """Where service keys are made, with what the file leaves out taken from the cf CLI's session."""
        trusted = self.bundle(f"{key}.ca", section.ca)
        session = self._session(f"{key}.login", section.login) if section.login.by_session else None
        login = session.login if session else self._login(f"{key}.login", section.login)
        if login is None:
            return None
        api = section.api or (session.api if session else None)
        organization = section.org or (session.organization if session else None)
        space = section.space or (session.space if session else None)
        for name, value in (("api", api), ("org", organization), ("space", space)):
            if value is None:
                self._add(f"{key}.{name}", "is missing, and the cf CLI targets none", "write it, or run cf target")
        if not (api and organization and space):
            return None
        lifetime, deadline = section.lifetime_minutes, section.deadline_seconds
        if lifetime * 60 < 3 * deadline:
            wrong = f"is {lifetime}, less than three operations of deadline_seconds = {deadline} may take"
            instead = f"write at least {-(-3 * deadline // 60)}, else others may remove what the run still needs"
            self._add(f"{key}.lifetime_minutes", wrong, instead)
        return CloudFoundryTarget(api, organization, space, login, trusted, lifetime, deadline)

    def tenant_api(self, key: str, section: TenantApiSection) -> TenantTarget | None:
        """The tenant's API, with the credentials of a service key of the plan *api* when the file names one."""
        trusted = self.bundle(f"{key}.ca", section.ca)
        if section.service_key is None:
            return TenantTarget(None, trusted, section.deadline_seconds)
        content = self._content(f"{key}.service_key", section.service_key)
        if content is None:
            return None
        try:
            credentials = read_credentials(_document(content))
        except (ValueError, TypeError, RecursionError, BrokenAnswer):
            wrong = f"{section.service_key} is no service key with oauth.url, oauth.tokenurl and oauth.clientid"
            self._add(f"{key}.service_key", wrong, "save the JSON of View Credentials of a key of the plan api")
            return None
        return TenantTarget(credentials, trusted, section.deadline_seconds)

    def backend(self, key: str, section: BackendSection) -> ExportedBackend | None:
        """A backend from what STRUST has exported: a PSE, or a certificate list and perhaps a PFX."""
        before = len(self._problems)
        pin = self.secret(f"{key}.pin", section.pin)
        pse = self._pse(key, section.pse, pin) if section.pse else self._listed(key, section, pin)
        parameters = Parameters(client_sni=section.client_sni, client_ciphersuites=section.client_ciphersuites)
        proxy = self._proxy(f"{key}.proxy", section.proxy) if section.proxy else None
        passphrase = self.secret(f"{key}.passphrase", section.passphrase) if len(self._problems) == before else None
        password = proxy.password if proxy else None
        secrets = tuple(secret for secret in (pin, passphrase, password) if secret is not None)
        return ExportedBackend(section.identity, pse, parameters, proxy, section.defect, secrets) if pse else None

    def _proxy(self, key: str, section: ProxySection) -> Proxy:
        password = self.secret(f"{key}.password", section.password)
        return Proxy(section.host, str(section.port), section.user or "", password)

    def _pse(self, key: str, name: str, pin: Secret | None) -> Pse | None:
        content = self._content(f"{key}.pse", name)
        if content is None:
            return None
        try:
            return exported_pse(content, pin)
        except PseRefused as refusal:
            where = "pin" if refusal.problem is PseProblem.WRONG_PIN else "pse"
            advice = PSE_ADVICE.get(refusal.problem, refusal.advice)
            self._add(f"{key}.{where}", f"{name} does not open: {refusal.detail}", advice)
            return None

    def _listed(self, key: str, section: BackendSection, pin: Secret | None) -> Pse | None:
        content = self._content(f"{key}.certificate_list", section.certificate_list)
        listed = None
        if content is not None:
            try:
                listed = read_certificate_list(content, pin)
            except CertificateListRefused as refusal:
                wrong = f"{section.certificate_list} is no certificate list: {refusal.detail}"
                locked = refusal.problem is CertificateListProblem.LOCKED
                self._add(f"{key}.certificate_list", wrong, f"{refusal.advice}{' under pin' if locked else ''}")
        if section.pfx is None:
            return None if listed is None else Pse(None, listed)
        pfx = self.certificate(key, CertificateSection(pfx=section.pfx, passphrase=section.passphrase))
        return None if listed is None or pfx is None else Pse(open_pfx(pfx), listed)

    def _session(self, key: str, section: LoginSection) -> CliSession | None:
        home = Path(self._environment.get("HOME") or self._environment.get("USERPROFILE") or Path.home())
        path = cli_configuration(self._environment, home)
        if section.cli_home is not None:
            path = cli_configuration({}, self._folder / section.cli_home)
        try:
            return read_cli_session(path)
        except NoCliSession as problem:
            wrong, _, instead = str(problem).partition("; ")
            self._add(key, f"{path}: {wrong}", f"{instead}, or write user and password")
            return None

    def _login(self, key: str, section: LoginSection) -> Login | None:
        password = self.secret(f"{key}.password", section.password)
        passcode = self.secret(f"{key}.passcode", section.passcode)
        token = self.secret(f"{key}.refresh_token", section.refresh_token)
        if section.user is not None and password is not None:
            return PasswordLogin(section.user, password, section.origin)
        if passcode is not None:
            return PasscodeLogin(passcode)
        return RefreshTokenLogin(token) if token is not None else None

    def secret(self, key: str, reference: SecretReference | None) -> Secret | None:
        """The secret that a reference leads to, without the line feed at the end of its file."""
        if reference is None:
            return None
        if reference.env is not None:
            return self._from_environment(key, reference.env)
        shown = _as_a_path(reference.file or "")
        content = self._content(key, reference.file, shown)
        if content is None:
            return None
        try:
            return Secret(content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r"))
        except UnicodeDecodeError:
            self._add(key, f"{shown} is not UTF-8 text", "save the secret as UTF-8 text")
            return None

    def _from_environment(self, key: str, variable: str) -> Secret | None:
        value = self._environment.get(variable)
        name = variable if VARIABLE.fullmatch(variable) else "that is named there"
        if value is None:
            self._add(key, f"the environment variable {name} is not set", "set it, or write another name")
            return None
        if any("\ud800" <= character <= "\udfff" for character in value):  # how Python shows bytes that are no text
            self._add(key, f"the environment variable {name} is not UTF-8 text", "set it to UTF-8 text")
            return None
        return Secret(value)

    def _content(self, key: str, name: str | None, shown: str | None = None) -> bytes | None:
        if name is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            self._add(key, f"{shown or name} cannot be read ({reason})", "paths are relative to the landscape file")
            return None

    def _add(self, key: str, wrong: str, instead: str) -> None:
        self._problems.append(Problem(key, wrong, instead))


def _document(content: bytes) -> dict[str, Any]:
    """The JSON object of a service key; ``ValueError`` for half a character too, which nobody could send."""
    document = json.loads(content)
    if not isinstance(document, dict):
        raise TypeError("not an object")
    json.dumps(document, ensure_ascii=False).encode()
    return document


def _as_a_path(name: str) -> str:
    """A name where a secret may stand by mistake, repeated only when it looks like a path."""
    return name if PATH.fullmatch(name) else "the file that is named there"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
