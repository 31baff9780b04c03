"""From a file that a sender was given to symptoms."""

from __future__ import annotations

from cpi_conformance.certificates import PfxFile, PfxRefused
from cpi_conformance.certificates.inspection import Inspection, inspect
from cpi_conformance.certificates.kinds import Form, Kind
from cpi_conformance.diagnosis.symptoms import Symptoms
from cpi_conformance.secret import Secret


def symptoms_of_file(content: bytes, passphrase: Secret | None = None) -> Symptoms:
    """What a file tells before it is used; never raises because of what it holds."""
    inspection = inspect(content, passphrase)
    return Symptoms(
        escaped=inspection.form is Form.ESCAPED,
        key_matches=inspection.key_matches,
        chain_complete=inspection.chain_complete,
        pfx_problem=_problem(content, passphrase) if inspection.kind is Kind.PFX else None,
        pfx_legacy=_protected(inspection, legacy=True),
        pfx_modern=_protected(inspection, legacy=False),
    )


def _protected(inspection: Inspection, *, legacy: bool) -> bool | None:
    protection = inspection.protection
    if protection is None:
        return None
    return protection.legacy if legacy else protection.modern


def _problem(content: bytes, passphrase: Secret | None) -> str | None:
    try:
        PfxFile(content, passphrase).open()
    except PfxRefused as refusal:
        return refusal.problem.value
    return None
