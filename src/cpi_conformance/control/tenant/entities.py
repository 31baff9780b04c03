"""What the tenant API has, flat and without what the suite does not need.

Shapes: the API specifications *Integration Content*, *Security Content* and *Message Processing Logs*. A date is
``/Date(…)/`` with the milliseconds since 1970; what is null in text is empty here.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from cpi_conformance.control.errors import BrokenAnswer

READ_BY_ALIAS = ConfigDict(populate_by_name=True)


EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _moment(value: Any) -> dt.datetime | None:
    """Pydantic turns a ``ValueError`` into one that names the field; it lets others pass."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("a date is no text")
    found = re.fullmatch(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", value)
    if not found:
        date = dt.datetime.fromisoformat(value)
        return date if date.tzinfo else date.replace(tzinfo=dt.UTC)
    try:
        return EPOCH + dt.timedelta(milliseconds=int(found[1]))
    except OverflowError:
        raise ValueError("a date beyond the year 9999") from None


Moment = Annotated[dt.datetime | None, BeforeValidator(_moment)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Id = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, config=READ_BY_ALIAS)
class Package:
    """An integration package; ``mode`` is ``EDIT_ALLOWED`` or ``READ_ONLY``, the tenant wraps ``description`` in HTML.

    To create one, the first three are needed; ``id`` may have letters and digits only.
    """

    id: Id = Field(validation_alias="Id")
    name: Text = Field(validation_alias="Name")
    short_text: Text = Field(default="", validation_alias="ShortText")
    description: Text = Field(default="", validation_alias="Description")
    version: Text = Field(default="", validation_alias="Version")
    mode: Text = Field(default="", validation_alias="Mode")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class Artifact:
    """An integration flow at design time; ``version`` is ``Active`` where a draft is not saved as version."""

    id: Id = Field(validation_alias="Id")
    version: Text = Field(validation_alias="Version")
    package_id: Text = Field(validation_alias="PackageId")
    name: Text = Field(validation_alias="Name")
    description: Text = Field(default="", validation_alias="Description")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class RuntimeArtifact:
    """What is deployed; ``status`` is ``STARTING``, ``STARTED``, ``ERROR`` or ``STOPPING``."""

    id: Id = Field(validation_alias="Id")
    version: Text = Field(validation_alias="Version")
    status: Text = Field(validation_alias="Status")
    name: Text = Field(default="", validation_alias="Name")
    type: Text = Field(default="", validation_alias="Type")
    deployed_by: Text = Field(default="", validation_alias="DeployedBy")
    deployed_on: Moment = Field(default=None, validation_alias="DeployedOn")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class CertificateEntry:
    """A certificate as the keystore describes it.

    ``serial_number`` is in hexadecimal with ``0x``, names have the common name first, fingerprints are upper-case
    hexadecimal with colons; ``validity`` is empty, or ``notTrusted``.
    """

    alias: Id = Field(validation_alias="Alias")
    hexalias: Text = Field(default="", validation_alias="Hexalias")
    key_type: Text = Field(default="", validation_alias="KeyType")
    key_size: int | None = Field(default=None, validation_alias="KeySize")
    valid_not_before: Moment = Field(default=None, validation_alias="ValidNotBefore")
    valid_not_after: Moment = Field(default=None, validation_alias="ValidNotAfter")
    serial_number: Text = Field(default="", validation_alias="SerialNumber")
    signature_algorithm: Text = Field(default="", validation_alias="SignatureAlgorithm")
    subject_dn: Text = Field(default="", validation_alias="SubjectDN")
    issuer_dn: Text = Field(default="", validation_alias="IssuerDN")
    fingerprint_sha1: Text = Field(default="", validation_alias="FingerprintSha1")
    fingerprint_sha256: Text = Field(default="", validation_alias="FingerprintSha256")
    validity: Text = Field(default="", validation_alias="Validity")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class KeystoreEntry(CertificateEntry):
    """``type`` is ``Key Pair`` or ``Certificate``; ``owner`` is ``Tenant Administrator`` or ``SAP``."""

    type: Text = Field(default="", validation_alias="Type")
    owner: Text = Field(default="", validation_alias="Owner")
    status: Text = Field(default="", validation_alias="Status")
    last_modified_by: Text = Field(default="", validation_alias="LastModifiedBy")
    last_modified_time: Moment = Field(default=None, validation_alias="LastModifiedTime")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class ChainEntry(CertificateEntry):
    """A certificate of a key pair's chain; ``index`` counts from 0."""

    index: int = Field(default=0, validation_alias="Index")


@dataclass(frozen=True, config=READ_BY_ALIAS)
class MessageLog:
    """A message processing log; ``status`` is ``COMPLETED``, ``PROCESSING``, ``FAILED`` and others."""

    message_guid: Id = Field(validation_alias="MessageGuid")
    status: Text = Field(validation_alias="Status")
    artifact_id: Text = Field(default="", validation_alias=AliasPath("IntegrationArtifact", "Id"))
    correlation_id: Text = Field(default="", validation_alias="CorrelationId")
    log_start: Moment = Field(default=None, validation_alias="LogStart")
    log_end: Moment = Field(default=None, validation_alias="LogEnd")
    log_level: Text = Field(default="", validation_alias="LogLevel")
    custom_status: Text = Field(default="", validation_alias="CustomStatus")


Model = TypeVar("Model")


def read(model: type[Model], document: Any, source: str) -> Model:
    """An entity out of a JSON document.

    Raises:
        BrokenAnswer: the document has another shape; names the fields and holds no value.
    """
    try:
        return TypeAdapter(model).validate_python(document, by_alias=True, by_name=False)
    except ValidationError as error:
        wrong = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False, include_url=False)]
    raise BrokenAnswer(source, f"no {model.__name__}: {', '.join(filter(None, wrong)) or 'no object'}")
