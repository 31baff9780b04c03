"""A program on the way to Cloud Integration, and what it makes of a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Consumer(Enum):
    """Who is given files of this kind."""

    POSTMAN = "Postman"
    CURL = "curl"
    OPENSSL = "OpenSSL 3"
    NODE = "Node, newman"
    JAVA = "Java 17"
    STRUST = "STRUST, old release"
    SERVICE_KEY = "service key, field X.509"
    WINDOWS = "Windows"
    LOAD_BALANCER = "load balancer"


class Fit(Enum):
    """Whether it takes the file."""

    TAKES = "takes it"
    REFUSES = "refuses it"
    OTHER_FORM = "wants another form"
    UNSURE = "not known"


@dataclass(frozen=True)
class Opinion:
    """What one consumer makes of a file, what to do about it (empty: nothing), and who says so."""

    consumer: Consumer
    fit: Fit
    why: str
    advice: str
    source: str


SILENT = "it says nothing, and trusts nobody"
LEAF_ALONE = "SAP help 19af5e2: a single certificate, not the chain"
WORKING = "whitepaper; SAP KBA 2148457: only .pse is imported, sapgenpse import_p12 makes one"
EXPORTING = "Windows' certificate export, as the whitepaper uses it"
ON_ONE_LINE = r"""tr -d '\r\n' < FILE puts it on one line"""
CURL = "measured: curl 7.88 with OpenSSL 3.0"
OPENSSL = "measured: OpenSSL 3.0"
NODE = "measured: Node 20"
JAVA = "measured: Java 17"
POSTMAN = "measured: Node 20 in its place; nodejs issue 40672, insomnia issue 5059"
