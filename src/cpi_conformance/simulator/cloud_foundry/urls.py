"""Where the three hosts answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Urls:
    """Base URLs without a trailing slash, such as ``https://api.cf.eu10.hana.ondemand.com``."""

    api: str = ""
    login: str = ""
    uaa: str = ""
