"""An inspection as text for a terminal: plain characters, and nothing of a name that would steer the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from cpi_conformance.certificates.certificate_facts import CertificateFacts, Placed
from cpi_conformance.certificates.inspection import Inspection
from cpi_conformance.certificates.kinds import Kind

WIDTH = 14
"""Columns of what stands in front of a value."""


def rendered(inspection: Inspection, name: str) -> str:
    """The whole text about the file called ``name``, without a line feed at its end."""
    lines = [*_head(inspection, name), *_tree(inspection.tree), *_opinions(inspection), *_to_do(inspection)]
    return "\n".join(plain(line) for line in lines)


def plain(text: str) -> str:
    """The text with everything that does not print written as its code."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _head(inspection: Inspection, name: str) -> Iterator[str]:
    form = f", {inspection.form.value}" if inspection.form.value else ""
    yield f"{name}: {inspection.kind.value}{form}"
    if inspection.unreadable:
        yield _line("not readable", inspection.unreadable)
    if inspection.requested:
        yield _line("requested for", inspection.requested)
    protection = inspection.protection
    if protection:
        rounds = " and ".join(str(each) for each in protection.iterations)
        yield _line("encryption", protection.encryption + (f", {rounds} iterations" if rounds else ""))
    if protection and inspection.kind is Kind.PFX:
        mac = "none" if protection.mac is None else f"{protection.mac}, {protection.mac_iterations} iterations"
        yield _line("MAC", mac)
    if inspection.owner is not None:
        yield _line("own", inspection.owner)
    if inspection.holds_key:
        yield _line("private key", f"{inspection.key or 'not opened'}{_belonging(inspection.key_matches)}")
    if inspection.chain_complete is not None:
        yield _line("chain", "complete" if inspection.chain_complete else "incomplete")
    if inspection.listed is not None:
        yield _line("list", "1 certificate" if inspection.listed == 1 else f"{inspection.listed} certificates")


def _belonging(matches: bool | None) -> str:
    if matches is None:
        return ""
    return ", belongs to the certificate" if matches else ", belongs to none of the certificates"


def _tree(tree: tuple[Placed, ...]) -> Iterator[str]:
    for placed in tree:
        margin = "   " * placed.depth
        if not placed.depth:
            yield ""
        yield f"{margin}+- {placed.facts.subject}"
        for label, value in _facts(placed.facts, top=not placed.depth):
            yield f"{margin}   {_line(label, value)}"


def _facts(facts: CertificateFacts, *, top: bool) -> Iterator[tuple[str, str]]:
    if top:
        yield "issued by", "itself" if facts.self_signed else facts.issuer
    yield "valid", f"{facts.not_before:%Y-%m-%d} to {facts.not_after:%Y-%m-%d}, {_days(facts)}"
    yield "key", f"{facts.key}, signed with {facts.signature}"
    if facts.authority:
        yield "authority", "yes"
    if facts.key_usage is not None:
        yield "key usage", ", ".join(facts.key_usage)
    yield "for", "not stated" if facts.extended_key_usage is None else ", ".join(facts.extended_key_usage)
    if facts.names:
        yield "names", ", ".join(facts.names)
    yield "serial", facts.serial
    if facts.subject_key:
        yield "key id", facts.subject_key
    if facts.authority_key:
        yield "issuer's key", facts.authority_key
    yield "SHA-1", facts.sha1
    yield "SHA-256", facts.sha256


def _days(facts: CertificateFacts) -> str:
    if facts.days_left < 0:
        return "expired"
    return f"begins in {facts.days_to_wait} days" if facts.days_to_wait else f"{facts.days_left} days left"


def _opinions(inspection: Inspection) -> Iterator[str]:
    if inspection.opinions:
        yield ""
        yield "What they make of it"
    for opinion in inspection.opinions:
        why = f": {opinion.why}" if opinion.why else ""
        yield f"  {opinion.consumer.value:<25} {opinion.fit.value}{why}"
        if opinion.advice:
            yield f"  {'':<25} do: {opinion.advice}"
        yield f"  {'':<25} [{opinion.source}]"


def _to_do(inspection: Inspection) -> Iterator[str]:
    if inspection.unreadable:
        return
    yield ""
    yield "To do" if inspection.to_do else "Nothing to do"
    for number, each in enumerate(inspection.to_do, 1):
        yield f"  {number}. {each}"


def _line(label: str, value: str) -> str:
    return f"{label:<{WIDTH}}{value}"
