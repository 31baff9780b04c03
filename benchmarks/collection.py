"""The calls of a suite run as a Postman collection, for newman.

Each call that the landscape has recorded becomes a request with the same kind of credentials, on a new
connection, and a test of its status. newman takes client certificates by URL only, and trust for a whole
run. The runtime compares addresses without regard to letter case, so each certificate has a spelling of
the address to itself; and what the suite refuses for its trust or its TLS version, newman refuses for
the host name, at 127.0.0.1.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path

from benchmarks.far_side import FarSide, presents_certificate
from cpi_conformance.certificates import PfxFile, fingerprint, self_signed, write_pfx
from cpi_conformance.secret import Secret
from cpi_conformance.sender import Basic
from cpi_conformance.simulator.record import Entry

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
STRANGER = "stranger"
Json = dict[str, object]


class Collection:
    """The requests for the recorded calls of a suite run, and the certificates that newman presents with them."""

    def __init__(self, far_side: FarSide, calls: Iterable[Entry]) -> None:
        landscape = far_side.landscape
        self._far_side = far_side
        self._base = f"{landscape.host}:{landscape.port}"
        self._path = landscape.flows[0].path
        self._pfx = {fingerprint(pfx.open().certificate): pfx for pfx in landscape.certificates.values()}
        self._pfx[STRANGER] = _stranger()
        self._paths = {known: _spelled(self._path, at) for at, known in enumerate(self._pfx, 1)}
        self._items = [self._item(entry) for entry in calls]

    def command(self, newman: str, folder: Path) -> list[str]:
        """Write the files that newman needs, and say how to run it on them."""
        collection = {"info": {"name": "The calls of the suite", "schema": SCHEMA}, "item": self._items}
        certificates = [self._certificate(known, folder / f"{at}.pfx") for at, known in enumerate(self._pfx)]
        for name, content in (("collection.json", collection), ("certificates.json", certificates)):
            _write_private(folder / name, json.dumps(content).encode())
        files = ("--ssl-client-cert-list", str(folder / "certificates.json"), "--ssl-extra-ca-certs")
        return [newman, "run", str(folder / "collection.json"), *files, str(self._far_side.ca)]

    def _item(self, entry: Entry) -> Json:
        request: Json = {"method": "GET", "header": [{"key": "Connection", "value": "close"}], "url": self._url(entry)}
        item: Json = {"name": f"{entry.status or entry.refused}", "request": request}
        if not presents_certificate(entry) and entry.status:
            request["auth"] = _basic(self._key_for(entry.status))
        if entry.status:
            test = f'pm.test("status", () => pm.response.to.have.status({entry.status}))'
            item["event"] = [{"listen": "test", "script": {"exec": [test]}}]
        return item

    def _url(self, entry: Entry) -> str:
        if presents_certificate(entry):
            return f"https://{self._base}{self._paths[self._known(entry)]}"
        if entry.refused and entry.refused.cause == "plain-http":
            return f"http://{self._base}{self._path}"
        if entry.status is None:
            return f"https://127.0.0.1:{self._far_side.landscape.port}{self._path}"
        return f"https://{self._base}{self._path}"

    def _known(self, entry: Entry) -> str:
        """The right certificate without its chain is as unknown to the load balancer as a stranger's."""
        untrusted = entry.refused is not None and entry.refused.cause == "unknown-ca"
        return STRANGER if untrusted or entry.fingerprint is None else entry.fingerprint

    def _key_for(self, status: int) -> Basic:
        landscape = self._far_side.landscape
        if status == 403:
            return landscape.service_key("without_role")
        right = landscape.service_key("sender")
        return right if status == 200 else right.with_clientsecret(lambda secret: secret[::-1])

    def _certificate(self, known: str, file: Path) -> Json:
        pfx = self._pfx[known]
        _write_private(file, pfx.content)
        url = f"https://{self._base}{self._paths[known]}"
        passphrase = pfx.passphrase.reveal() if pfx.passphrase else ""
        return {"name": file.stem, "matches": [url], "pfx": {"src": str(file)}, "passphrase": passphrase}


def _basic(key: Basic) -> Json:
    values = {"username": key.clientid, "password": key.clientsecret.reveal()}
    return {"type": "basic", "basic": [{"key": name, "value": value} for name, value in values.items()]}


def _spelled(path: str, number: int) -> str:
    """The path with the letters of its last part in upper case where the number has a bit: another for each."""
    folder, slash, name = path.rpartition("/")
    letters = (letter.upper() if number >> at & 1 else letter for at, letter in enumerate(name))
    return folder + slash + "".join(letters)


def _stranger() -> PfxFile:
    """An identity for which nobody vouches, in place of those that the suite makes for itself."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    credential = self_signed("CN=Nobody", not_before=now, not_after=now + dt.timedelta(days=1))
    return write_pfx(credential, Secret("conformance"))


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
