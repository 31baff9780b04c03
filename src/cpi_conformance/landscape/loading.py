"""Reading a landscape file: all of its problems at once, each with the key, what is wrong, and what to write.

Structure and content are checked in one go: a wrong type in one table does not hide a PFX that does
not open in another.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cpi_conformance.certificates import PfxFile, PfxProblem, PfxRefused, open_pfx, read_pem_bundle
from cpi_conformance.landscape.model import Expectations, FlowUnderTest, Landscape
from cpi_conformance.landscape.schema import (
    CertificateSection,
    CertificatesSection,
    LandscapeFile,
    SecretReference,
    Section,
    ServiceKeySection,
    ServiceKeysSection,
    TrustSection,
)
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a landscape file."""

    key: str
    wrong: str
    instead: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; {self.instead}"


class LandscapeProblems(Exception):
    """A landscape file that cannot be used, with everything that is wrong with it."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems))
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the landscape file {path} has {count}:\n{lines}")


def load_landscape(path: Path, environment: Mapping[str, str] = os.environ) -> Landscape:
    """Read a landscape file and open everything that it refers to.

    Paths in the file are relative to the file.

    Raises:
        LandscapeProblems: with all problems of the file.
    """
    raw = _parsed(path)
    problems: list[Problem] = []
    file = _validated(raw, problems)
    reader = _Reader(path.parent, environment, problems)
    trust = _section(raw, "trust", TrustSection)
    trusted = reader.bundle("trust.ca", trust.ca) if trust else ()
    previously = reader.bundle("trust.previous_ca", trust.previous_ca) if trust else ()
    keys = {
        name: basic
        for name in ServiceKeysSection.model_fields
        if (entry := _entry(raw, "service_keys", name, ServiceKeySection))
        and (basic := reader.service_key(f"service_keys.{name}", entry))
    }
    certificates = {
        name: pfx
        for name in CertificatesSection.model_fields
        if (section := _entry(raw, "certificates", name, CertificateSection))
        and (pfx := reader.certificate(f"certificates.{name}", section))
    }
    if problems or file is None:
        raise LandscapeProblems(path, problems)
    return Landscape(
        name=file.name,
        kind=file.kind,
        stage=file.stage,
        edition=file.edition,
        profile=file.profile,
        host=file.runtime.host,
        port=file.runtime.port,
        flows=tuple(FlowUnderTest(flow.address, flow.method, flow.status, flow.body) for flow in file.flows),
        expectations=Expectations(**file.expectations.model_dump()),
        trusted=trusted,
        previously_trusted=previously,
        service_keys=keys,
        certificates=certificates,
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        wrong = f"cannot be read ({error.strerror})"
        raise LandscapeProblems(path, [Problem("file", wrong, "name a TOML file that exists")]) from None
    except UnicodeDecodeError:
        raise LandscapeProblems(path, [Problem("file", "is not UTF-8 text", "save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise LandscapeProblems(path, [Problem("file", f"is not TOML: {error}", "correct that line")]) from None


def _validated(raw: dict[str, Any], problems: list[Problem]) -> LandscapeFile | None:
    try:
        return LandscapeFile.model_validate(raw)
    except ValidationError as error:
        found = [_explained(each) for each in error.errors()]
        problems += [each for each in found if not any(other.key.startswith(f"{each.key}.") for other in found)]
        return None


def _section(raw: dict[str, Any], name: str, model: type[S]) -> S | None:
    """A table by itself, so that a problem elsewhere does not hide what it refers to."""
    try:
        return model.model_validate(raw.get(name, {}))
    except ValidationError:
        return None


def _entry(raw: dict[str, Any], table: str, name: str, model: type[S]) -> S | None:
    entries = raw.get(table, {})
    if not isinstance(entries, dict) or name not in entries:
        return None
    return _section(entries, name, model)


def _explained(error: ErrorDetails) -> Problem:
    location = list(error["loc"])
    key = ".".join(str(part) for part in location) or "file"
    if error["type"] == "extra_forbidden":
        known = list(_model_at(location[:-1]).model_fields)
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"write {near[0]}" if near else f"the keys here are {', '.join(known)}"
        return Problem(key, "is not a key of a landscape file", hint)
    if error["type"] == "missing":
        return Problem(key, "is missing", _example(location))
    if error["type"] == "value_error":
        return Problem(key, "cannot be used", error["msg"].removeprefix("Value error, "))
    wanted = _WANTED.get(error["type"]) or error["msg"].replace("Input should be", "it should be")
    return Problem(key, f"is {_shown(error['input'])}, but {wanted}", _example(location))


_WANTED = {
    "string_type": "a text in quotes is expected",
    "int_type": "a whole number is expected",
    "model_type": "a table is expected",
    "tuple_type": "a list of tables is expected",
    "too_short": "at least one entry is expected",
    "string_too_short": "it should not be empty",
}
"""What pydantic says, in the words of a TOML file."""


def _shown(value: object) -> str:
    """The kind of a value; the value itself only when it can be no secret."""
    if isinstance(value, bool | int | float):
        return f"{json.dumps(value)}"
    kinds: dict[type, str] = {str: "a text", dict: "a table", list: "a list"}
    return kinds.get(type(value)) or type(value).__name__


def _example(location: list[Any]) -> str:
    field = _model_at(location[:-1]).model_fields.get(str(location[-1])) if location else None
    if field is None or not field.examples:
        return "see docs/landscape-file.md"
    example = field.examples[0]
    return f"write for example {location[-1]} = {_toml(example)}"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _model_at(location: list[Any]) -> type[BaseModel]:
    """The table's model at a location of the file; list positions are passed over."""
    model: type[BaseModel] = LandscapeFile
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(iter(_models_in(field.annotation)), model)
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]


class _Reader:
    """Opens what a file refers to, and collects what cannot be opened."""

    def __init__(self, folder: Path, environment: Mapping[str, str], problems: list[Problem]) -> None:
        self._folder = folder
        self._environment = environment
        self._problems = problems

    def bundle(self, key: str, name: str | None) -> tuple[x509.Certificate, ...]:
        content = self._content(key, name) if name else None
        if content is None:
            return ()
        try:
            return read_pem_bundle(content)
        except ValueError:
            self._add(key, f"{name} holds no PEM certificate", "export the CA as Base-64 encoded X.509 (.CER)")
            return ()

    def service_key(self, key: str, section: ServiceKeySection) -> Basic | None:
        if section.file is None:
            secret = self.secret(f"{key}.clientsecret", section.clientsecret)
            return Basic(section.clientid, secret) if section.clientid is not None and secret else None
        content = self._content(f"{key}.file", section.file)
        if content is None:
            return None
        try:
            oauth = json.loads(content)["oauth"]
            return Basic(_text(oauth["clientid"]), Secret(_text(oauth["clientsecret"])))
        except (ValueError, KeyError, TypeError):
            wrong = f"{section.file} is no service key with oauth.clientid and oauth.clientsecret"
            self._add(f"{key}.file", wrong, "save the JSON of View Credentials as it is")
            return None

    def certificate(self, key: str, section: CertificateSection) -> PfxFile | None:
        content = self._content(f"{key}.pfx", section.pfx)
        passphrase = self.secret(f"{key}.passphrase", section.passphrase)
        if content is None or (section.passphrase is not None and passphrase is None):
            return None
        pfx = PfxFile(content, passphrase)
        try:
            open_pfx(pfx)
        except PfxRefused as refusal:
            where = "passphrase" if refusal.problem is PfxProblem.WRONG_PASSPHRASE else "pfx"
            self._add(f"{key}.{where}", f"{section.pfx} does not open: {refusal.detail}", _PFX_ADVICE[refusal.problem])
            return None
        return pfx

    def secret(self, key: str, reference: SecretReference | None) -> Secret | None:
        if reference is None:
            return None
        if reference.env is not None:
            value = self._environment.get(reference.env)
            if value is None:
                self._add(key, f"the environment variable {reference.env} is not set", "set it, or write another name")
            return Secret(value) if value is not None else None
        content = self._content(key, reference.file)
        if content is None:
            return None
        try:
            return Secret(content.decode("utf-8").removesuffix("\n").removesuffix("\r"))
        except UnicodeDecodeError:
            self._add(key, f"{reference.file} is not UTF-8 text", "save the secret as UTF-8 text")
            return None

    def _content(self, key: str, name: str | None) -> bytes | None:
        if name is None:
            return None
        try:
            return (self._folder / name).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            self._add(key, f"{name} cannot be read ({reason})", "paths are relative to the landscape file")
            return None

    def _add(self, key: str, wrong: str, instead: str) -> None:
        self._problems.append(Problem(key, wrong, instead))


_PFX_ADVICE = {
    PfxProblem.WRONG_PASSPHRASE: "give the passphrase that was chosen when the Passport was applied for",
    PfxProblem.NO_PRIVATE_KEY: "export it again with its private key",
    PfxProblem.NO_CERTIFICATE: "export it again with its certificate",
    PfxProblem.DAMAGED: "download it again",
    PfxProblem.NOT_A_PFX: "name the .pfx or .p12 file, not a certificate",
    PfxProblem.UNSUPPORTED_ENCRYPTION: "export it again with AES-256 or 3DES",
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
