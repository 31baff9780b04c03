"""Labels and annotations: what they may look like, and selecting by labels.

Rules and texts: cloud_controller_ng, ``app/messages/metadata_validator_helper.rb`` and
``app/messages/validators/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cpi_conformance.simulator.cloud_foundry.errors import ApiError, bad_query, unprocessable
from cpi_conformance.simulator.cloud_foundry.records import Metadata

MAX_LENGTH = 63
MAX_PREFIX = 253
MAX_ANNOTATION = 5000
MAX_LABELS = 50
MAX_ANNOTATIONS = 200
MAX_REQUIREMENTS = 50
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
REQUIREMENT = re.compile(
    r"\s*(?:!\s*(?P<absent>[\w./-]+)"
    r"|(?P<key>[\w./-]+)(?:\s*(?P<operator>==|=|!=)\s*(?P<value>[\w.-]*)"
    r"|\s+(?P<set>in|notin)\s*\((?P<values>[\w.,\s-]+)\))?)\s*",
    re.ASCII,
)


def key_error(key: str) -> str | None:
    """What is wrong with the key of a label or annotation, or ``None``."""
    if key.count("/") > 1:
        return "key has more than one '/'"
    before, slash, after = key.partition("/")
    prefix, name = (before, after) if slash else (None, before)
    if prefix is not None and key:
        if not DOMAIN.fullmatch(prefix):
            return f"prefix '{prefix}' must be in valid dns format"
        if len(prefix) > MAX_PREFIX:
            return f"prefix '{prefix[:8]}...' is greater than {MAX_PREFIX} characters"
        if prefix.lower() == "cloudfoundry.org":
            return "prefix 'cloudfoundry.org' is reserved"
    return _text_error(name) if name else "key cannot be empty string"


def value_error(value: str) -> str | None:
    """What is wrong with the value of a label, or ``None``."""
    return _text_error(value) if value else None


def _text_error(text: str) -> str | None:
    if re.search(r"[^\w.-]", text, re.ASCII):
        return f"'{text}' contains invalid characters"
    if not (text[0].isalnum() and text[-1].isalnum()):
        return f"'{text}' starts or ends with invalid characters"
    if len(text) > MAX_LENGTH:
        return f"'{text[:8]}...' is greater than {MAX_LENGTH} characters"
    return None


def changed_metadata(present: Metadata, change: Any) -> Metadata:
    """Metadata after a request's ``metadata``: ``null`` for a value deletes it, ``null`` for all changes nothing.

    Raises:
        ApiError: 422, with an entry for each thing that is wrong.
    """
    if change is None:
        return present
    problems = list(_problems(change))
    if problems:
        raise unprocessable(*problems)
    labels = _merged(present.labels, change.get("labels"))
    annotations = _merged(present.annotations, change.get("annotations"))
    if len(labels) > MAX_LABELS:
        raise _too_many("Label", 390020, len(change["labels"]), MAX_LABELS)
    if len(annotations) > MAX_ANNOTATIONS:
        raise _too_many("Annotation", 390023, len(change["annotations"]), MAX_ANNOTATIONS)
    return Metadata(labels, annotations)


def _problems(change: Any) -> Iterator[str]:
    if not isinstance(change, dict):
        yield "Metadata must be an object"
        return
    unexpected = [f"'{key}'" for key in change if key not in ("labels", "annotations")]
    if unexpected:
        yield f"Metadata has unexpected field(s): {' '.join(unexpected)}"
    for kind in ("label", "annotation"):
        entries = change.get(f"{kind}s")
        if entries is not None and not isinstance(entries, dict):
            yield f"Metadata '{kind}s' is not an object"
            continue
        for key, value in (entries or {}).items():
            if problem := key_error(key):
                yield f"Metadata {kind} key error: {problem}"
            if problem := _value_problem(kind, value):
                yield f"Metadata {kind} value error: {problem}"


def _value_problem(kind: str, value: Any) -> str | None:
    if value is None:
        return None
    if kind == "label":
        return value_error(str(value))
    text = str(value)
    return f"'{text[:8]}...' is greater than {MAX_ANNOTATION} characters" if len(text) > MAX_ANNOTATION else None


def _merged(present: Mapping[str, str], change: Mapping[str, Any] | None) -> dict[str, str]:
    both = {**present, **(change or {})}
    return {key: str(value) for key, value in both.items() if value is not None}


def _too_many(kind: str, code: int, added: int, maximum: int) -> ApiError:
    text = f"Failed to add {added} {kind.lower()}s because it would exceed maximum of {maximum}"
    return ApiError(422, code, f"{kind}LimitExceeded", text)


@dataclass(frozen=True)
class Requirement:
    """One condition: the label's value is among (or, negated, not among) some; ``None`` stands for any value."""

    key: str
    values: tuple[str, ...] | None
    negated: bool

    def met_by(self, labels: Mapping[str, str]) -> bool:
        """A resource without the label meets every negated condition."""
        value = labels.get(self.key)
        holds = value is not None and (self.values is None or value in self.values)
        return holds is not self.negated


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """The conditions of a ``label_selector``; all of them have to be met.

    Raises:
        ApiError: 400/10005.
    """
    if not text.strip():
        raise bad_query("Missing label_selector value")
    parts = re.findall(r"(?:\([^)]*\)|[^,])+", text)
    if len(parts) != len(re.sub(r"\([^)]*\)", "", text).split(",")):
        raise bad_query("Invalid label_selector value")
    if len(parts) > MAX_REQUIREMENTS:
        raise bad_query(f"Too many label_selector requirements (maximum is {MAX_REQUIREMENTS})")
    return tuple(_requirement(part) for part in parts)


def _requirement(text: str) -> Requirement:
    match = REQUIREMENT.fullmatch(text)
    if not match:
        raise bad_query("Invalid label_selector value")
    values: tuple[str, ...] | None = None
    if match["operator"]:
        values = (match["value"],)
    elif match["set"]:
        values = tuple(value.strip() for value in match["values"].split(","))
    requirement = Requirement(
        key=match["absent"] or match["key"],
        values=values,
        negated=bool(match["absent"]) or match["operator"] == "!=" or match["set"] == "notin",
    )
    problems = [key_error(requirement.key), *(value_error(value) for value in values or ())]
    if found := next((problem for problem in problems if problem), None):
        raise bad_query(found)
    return requirement
