"""What is edited on a tenant: packages, and the integration flows in them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True)
class Package:
    """An integration package; ``created`` and ``modified`` are set when it is stored."""

    id: str
    name: str
    short_text: str
    description: str = ""
    version: str = ""
    vendor: str = ""
    mode: str = "EDIT_ALLOWED"
    supported_platform: str = "SAP Cloud Integration"
    created_by: str = ""
    created: dt.datetime = EPOCH
    modified_by: str = ""
    modified: dt.datetime = EPOCH


@dataclass(frozen=True)
class Artifact:
    """An integration flow at design time.

    Attributes:
        id: unique on the tenant.
        version: the last saved one; a draft has changes beyond it.
        content: the archive, as it was uploaded.
        draft: whether the API reports the version ``Active``.
    """

    id: str
    version: str
    package_id: str
    name: str
    description: str = ""
    content: bytes = field(default=b"", repr=False)
    draft: bool = False
    created_by: str = ""
    created: dt.datetime = EPOCH
    modified_by: str = ""
    modified: dt.datetime = EPOCH
