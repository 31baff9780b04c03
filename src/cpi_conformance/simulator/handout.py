"""What a person, or a suite in another process, needs to call a simulated landscape: files in a private folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import tomli_w
from cryptography import x509

from cpi_conformance.certificates import PfxFile, pem
from cpi_conformance.simulator.edge_tls import BadCertificatePolicy
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import ORGANIZATION, SPACE, WHITEPAPER_FLOW, SimulatedLandscape
from cpi_conformance.simulator.population import Population
from cpi_conformance.simulator.runtime import PREFIX
from cpi_conformance.simulator.service_key import ServiceKey

PASSPHRASE = "passphrase.txt"

RECORD = "record.jsonl"
"""What the landscape saw; also the sign by which a folder is known to be one of ours."""

DEVELOPER = "developer"

CF_PASSWORD = "cf-password.txt"

CERTIFICATE_LIST = "backend-certificates.pem"

LAG = 10
"""Seconds that a landscape with faults may take to notice a flow or a service key; without any it notices at once."""

FILES = (
    "landscape.toml",
    "ca.pem",
    "previous-ca.pem",
    "endpoint.txt",
    "sender.pfx",
    "service-key.json",
    PASSPHRASE,
    CF_PASSWORD,
    CERTIFICATE_LIST,
)


def foreign_files(folder: Path) -> list[str]:
    """Names of files that a hand-out would overwrite although none has been made there before."""
    if (folder / RECORD).exists():
        return []
    return [name for name in FILES if (folder / name).exists()]


def endpoint(landscape: SimulatedLandscape) -> str:
    """The full URL of the whitepaper's flow."""
    return f"{landscape.url}{PREFIX}{WHITEPAPER_FLOW.address}"


def hand_out(landscape: SimulatedLandscape, population: Population, folder: Path) -> Path:
    """Write everything into ``folder`` and return the path of ``landscape.toml``.

    The folder is made private (mode 0700), its files too (0600): they hold the simulated secrets.

    Raises:
        OSError: the folder cannot be made or written.
    """
    for each in (folder, folder / "parts"):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(0o700)
    _write(folder / ".gitignore", "*\n")  # simulated secrets do not belong into a repository either
    url = endpoint(landscape)
    sender_key, sender_pfx = population.service_keys["sender"], population.certificates["sender"]
    _write(folder / PASSPHRASE, population.passphrase.reveal())
    _write(folder / CF_PASSWORD, landscape.users[DEVELOPER].password.reveal())
    _write(folder / "ca.pem", pem([landscape.trusted_root]))
    if landscape.previous_roots:
        _write(folder / "previous-ca.pem", pem(landscape.previous_roots))
    _write(folder / CERTIFICATE_LIST, pem(certificate_list(landscape)))
    _write(folder / "endpoint.txt", url + "\n")
    for name, key in population.service_keys.items():
        _write(folder / _key_file(name), json.dumps(landscape.broker.credentials(key), indent=2) + "\n")
    for name, pfx in population.certificates.items():
        _write(folder / _pfx_file(name), pfx.content)
    _write(folder / "curl-basic.conf", _curl_basic(folder, url, sender_key))
    _write(folder / "curl-certificate.conf", _curl_certificate(folder, url, sender_pfx))
    _write(folder / "newman-certificates.json", _newman(folder, landscape, sender_pfx))
    path = folder / "landscape.toml"
    _write(path, tomli_w.dumps(landscape_toml(landscape, population)))
    return path


def certificate_list(landscape: SimulatedLandscape) -> tuple[x509.Certificate, ...]:
    """What the whitepaper's chapter 3 leaves in the list of the PSE: the CAs of the client and of the load balancer."""
    served = landscape.load_balancer.served
    client = landscape.passports
    return (
        client.root.certificate,
        client.second_generation.certificate,
        served.root.certificate,
        served.intermediate.certificate,
    )


def landscape_toml(landscape: SimulatedLandscape, population: Population) -> dict[str, object]:
    """The landscape file, with paths relative to itself."""
    profile, rules = landscape.profile, landscape.profile.key_rules
    wrong = (f"with {defect.name}" for defect in landscape.defects)
    others = {"plain_port": landscape.plain_port, "closed_port": landscape.closed_port}  # 0 before the start
    refused = "401" if profile.bad_certificate is BadCertificatePolicy.STRIP else "alert"
    previous = {"previous_ca": "previous-ca.pem"} if landscape.previous_roots else {}
    flow = {"address": WHITEPAPER_FLOW.address, "method": "GET", "status": 200, "body": WHITEPAPER_FLOW.body}
    return {
        "name": " ".join((f"simulated {profile.name}", *wrong, *(f"under {fault}" for fault in landscape.faults))),
        "kind": "simulated",
        "stage": "development",
        "edition": profile.edition,
        "profile": profile.name,
        "faults": [str(fault) for fault in landscape.faults],
        **({"sender_defect": landscape.sender_defect} if landscape.sender_defect else {}),
        "runtime": {"host": HOST, "port": landscape.port, **{name: port for name, port in others.items() if port}},
        "flows": [flow],
        "trust": {"ca": "ca.pem", **previous},
        "expectations": {
            "bad_client_certificate": refused,
            "lost_alerts": "tolerated" if landscape.faults else "refuted",
            "client_x509": "accepted" if rules.client_x509 else "refused",
            "x509_field_takes": sorted(rules.x509_field_takes),
            "key_delay": LAG if landscape.faults else 0,
            "flow_delay": LAG if landscape.faults else 0,
            "log_delay": 0,
        },
        "service_keys": {name: {"file": _key_file(name)} for name in population.service_keys},
        "certificates": {
            name: {"pfx": _pfx_file(name), "passphrase": {"file": PASSPHRASE}} for name in population.certificates
        },
        "cloud_foundry": {
            "api": landscape.api_url,
            "org": ORGANIZATION,
            "space": SPACE,
            "ca": "ca.pem",
            "login": {"user": DEVELOPER, "password": {"file": CF_PASSWORD}},
        },
        "tenant_api": {"ca": "ca.pem"},
        "backend": {
            "certificate_list": CERTIFICATE_LIST,
            "pfx": _pfx_file("sender"),
            "passphrase": {"file": PASSPHRASE},
            "client_ciphersuites": profile.client_ciphersuites,
            **({"defect": landscape.backend_defect} if landscape.backend_defect else {}),
        },
    }


def _key_file(part: str) -> str:
    return "service-key.json" if part == "sender" else f"parts/{part}.json"


def _pfx_file(part: str) -> str:
    return "sender.pfx" if part == "sender" else f"parts/{part}.pfx"


def _curl_basic(folder: Path, url: str, key: ServiceKey) -> str:
    secret = key.secret.reveal() if key.secret else ""
    return _curl(folder, url) + f"user = {json.dumps(f'{key.clientid}:{secret}')}\n"


def _curl_certificate(folder: Path, url: str, pfx: PfxFile) -> str:
    passphrase = pfx.passphrase.reveal() if pfx.passphrase else ""
    certificate = json.dumps(f"{folder.resolve() / 'sender.pfx'}:{passphrase}")
    return _curl(folder, url) + f'cert-type = "P12"\ncert = {certificate}\n'


def _curl(folder: Path, url: str) -> str:
    return f"url = {json.dumps(url)}\ncacert = {json.dumps(str(folder.resolve() / 'ca.pem'))}\n"


def _newman(folder: Path, landscape: SimulatedLandscape, pfx: PfxFile) -> str:
    """For ``--ssl-client-cert-list``; newman ignores a PFX in ``--ssl-client-cert`` without a word."""
    entry = {
        "name": "sender",
        "matches": [f"{landscape.url}/*"],
        "pfx": {"src": str(folder.resolve() / "sender.pfx")},
        "passphrase": pfx.passphrase.reveal() if pfx.passphrase else "",
    }
    return json.dumps([entry], indent=2) + "\n"


def _write(path: Path, content: str | bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        path.chmod(0o600)  # it may have been there before
        stream.write(content if isinstance(content, bytes) else content.encode())
