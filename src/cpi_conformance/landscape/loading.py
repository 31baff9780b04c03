"""Reading a landscape file: all of its problems at once.

Structure and content are checked in one go: a wrong type in one table does not hide a PFX that does
not open in another.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cpi_conformance.landscape.accepted_deviations import AcceptedDeviation, Observed
from cpi_conformance.landscape.material import Material
from cpi_conformance.landscape.model import Expectations, FlowUnderTest, Landscape
from cpi_conformance.landscape.problems import LandscapeProblems, Problem, explained
from cpi_conformance.landscape.schema import (
    CHECK_ID,
    BackendSection,
    CertificateSection,
    CertificatesSection,
    CloudFoundrySection,
    LandscapeFile,
    Section,
    ServiceKeySection,
    ServiceKeysSection,
    TenantApiSection,
    TrustSection,
)

TOML_HINT = "correct that line: texts stand in straight quotes, Windows paths in '…', and each table stands once"

S = TypeVar("S", bound=Section)


def load_landscape(
    path: Path, environment: Mapping[str, str] = os.environ, *, checks: Collection[str] | None = None
) -> Landscape:
    """Read a landscape file and open everything that it refers to.

    Paths in the file are relative to the file. ``checks`` are the ids that accepted deviations may name; ``None``
    for whoever runs no checks.

    Raises:
        LandscapeProblems: with all problems of the file.
    """
    raw = _parsed(path)
    problems: list[Problem] = []
    file = _validated(raw, problems)
    material = Material(path.parent, environment, problems)
    trust = _section(raw, "trust", TrustSection)
    trusted = material.bundle("trust.ca", trust.ca) if trust else ()
    previously = material.bundle("trust.previous_ca", trust.previous_ca) if trust else ()
    keys = {
        name: basic
        for name in ServiceKeysSection.model_fields
        if (entry := _entry(raw, "service_keys", name, ServiceKeySection))
        and (basic := material.service_key(f"service_keys.{name}", entry))
    }
    certificates = {
        name: pfx
        for name in CertificatesSection.model_fields
        if (section := _entry(raw, "certificates", name, CertificateSection))
        and (pfx := material.certificate(f"certificates.{name}", section))
    }
    target = _section(raw, "cloud_foundry", CloudFoundrySection) if "cloud_foundry" in raw else None
    cloud_foundry = material.cloud_foundry("cloud_foundry", target) if target else None
    api = _section(raw, "tenant_api", TenantApiSection) if "tenant_api" in raw else None
    tenant_api = material.tenant_api("tenant_api", api) if api else None
    exported = _section(raw, "backend", BackendSection) if "backend" in raw else None
    backend = material.backend("backend", exported) if exported else None
    _look_at_accepted_checks(raw, checks, problems)
    if problems or file is None:
        raise LandscapeProblems(path, problems)
    return Landscape(
        name=file.name,
        kind=file.kind,
        stage=file.stage,
        edition=file.edition,
        profile=file.profile,
        faults=file.faults,
        host=file.runtime.host,
        port=file.runtime.port,
        flows=tuple(FlowUnderTest(flow.address, flow.method, flow.status, flow.body) for flow in file.flows),
        expectations=Expectations(**file.expectations.model_dump()),
        trusted=trusted,
        previously_trusted=previously,
        service_keys=keys,
        certificates=certificates,
        unmapped=frozenset(name for name in certificates if not getattr(file.certificates, name).mapped),
        cloud_foundry=cloud_foundry,
        tenant_api=tenant_api,
        backend=backend,
        plain_port=file.runtime.plain_port,
        closed_port=file.runtime.closed_port,
        sender_defect=file.sender_defect,
        accepted_deviations=tuple(
            AcceptedDeviation(**{**dict(each), "observed": Observed(**each.observed.model_dump())})
            for each in file.accepted_deviations
        ),
    )


def _look_at_accepted_checks(raw: dict[str, Any], checks: Collection[str] | None, problems: list[Problem]) -> None:
    """What the entries by themselves do not show: an id that stands twice, or that no check has."""
    entries = raw.get("accepted_deviations", [])
    first: dict[str, int] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        check = entry.get("check") if isinstance(entry, dict) else None
        if not isinstance(check, str) or not CHECK_ID.fullmatch(check):
            continue
        key = f"accepted_deviations.{number}.check"
        if check in first:
            wrong = f"is {check}, as in accepted_deviations.{first[check]}"
            problems.append(Problem(key, wrong, "write one entry for each check, with the one way that is accepted"))
        elif checks is not None and check not in checks:
            near = difflib.get_close_matches(check, sorted(checks), n=3)
            instead = f"write for example {', '.join(near)}" if near else "write the id as the report shows it"
            problems.append(Problem(key, f"is {check}, which no check has", instead))
        first.setdefault(check, number)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        wrong = f"cannot be read ({error.strerror})"
        raise LandscapeProblems(path, [Problem("file", wrong, "name a TOML file that exists")]) from None
    except UnicodeDecodeError:
        raise LandscapeProblems(path, [Problem("file", "is not UTF-8 text", "save it as UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise LandscapeProblems(path, [Problem("file", f"is not TOML: {error}", TOML_HINT)]) from None
    except (ValueError, RecursionError) as error:  # numbers and nesting that no landscape needs
        wrong = f"is not a landscape file: {type(error).__name__}"
        raise LandscapeProblems(path, [Problem("file", wrong, "see docs/landscape-file.md")]) from None


def _validated(raw: dict[str, Any], problems: list[Problem]) -> LandscapeFile | None:
    try:
        return LandscapeFile.model_validate(raw)
    except ValidationError as error:
        found = [explained(each) for each in error.errors()]
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
