"""The matrix of missing CAs against the simulated load balancer with each of its chains, and against nginx."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cpi_conformance.backend import Backend, ConnectionTest, Destination, Icm, Parameters, Pse
from cpi_conformance.backend.missing_ca import SUBSETS, Ca, Cas, Present, what_to_import
from cpi_conformance.certificates import Credential, dn, open_pfx, pem
from cpi_conformance.sender import Accepted, Expected, Refused
from cpi_conformance.simulator.hosts import HOST
from cpi_conformance.simulator.landscape import WHITEPAPER_FLOW
from cpi_conformance.simulator.passport import PassportAuthority
from cpi_conformance.simulator.profiles import OLDEST
from cpi_conformance.simulator.server_chains import CURRENT, G2, WHITEPAPER, ServerAuthority, ServerChain
from tests.conftest import Inhabited, _inhabited

PATH = f"/http{WHITEPAPER_FLOW.address}"
EXPECTED = Expected(200, WHITEPAPER_FLOW.body)

TLS_1_2, TLS_1_3 = "528:HIGH", "1040:HIGH"
"""Both with the bit for blind sending."""

NOT_BLIND = {"528:HIGH": "512:HIGH", "1040:HIGH": "1024:HIGH"}

STEPS = [pytest.param(WHITEPAPER, G2, id="whitepaper-to-g2"), pytest.param(G2, CURRENT, id="g2-to-current")]
"""The load balancer's changes of root since the whitepaper."""


def named(present: Present) -> str:
    """A subset as an id."""
    return "-".join(ca.name.lower().replace("_", "") for ca in Ca if ca in present) or "nothing"


def outcome(test: ConnectionTest) -> tuple[str, str | None]:
    """What comes of a test: its end, and the CA that must be imported."""
    observation = Icm().send(test)
    pse = test.pse
    assert pse is not None
    wanted = what_to_import(pse, observation)
    if isinstance(observation, Refused):
        return str(observation.cause), str(wanted) if wanted else None
    assert isinstance(observation, Accepted)
    assert observation.response.body.decode() == WHITEPAPER_FLOW.body
    return "connects", str(wanted) if wanted else None


def expected(present: Present, cas: Cas, refused: str) -> tuple[str, str | None]:
    """The rule of the matrix; ``refused`` is how this load balancer refuses a certificate without its chain."""
    if Ca.SERVER_ROOT not in present:
        return "missing-ca", f"{dn(cas.server_root.subject)} into the certificate list"
    if Ca.CLIENT_INTERMEDIATE not in present:
        return refused, f"{dn(cas.own.certificate.issuer)} into the path of the own certificate"
    return "connects", None


def connection_test(port: int, pse: Pse, ciphersuites: str) -> ConnectionTest:
    """The test of a destination that points to a port of this machine."""
    destination = Destination("CPI", HOST, PATH, str(port), ssl_certificate="CPI")
    return ConnectionTest(Backend((("CPI", pse),), Parameters(client_ciphersuites=ciphersuites)), destination, EXPECTED)


@pytest.fixture(scope="module", params=["whitepaper", "current"])
def inhabited(request: pytest.FixtureRequest) -> Iterator[Inhabited]:
    """A landscape that changes its chain while it runs."""
    yield from _inhabited(request.param)


@pytest.mark.parametrize("tls", [pytest.param(TLS_1_2, id="tls-1-2"), pytest.param(TLS_1_3, id="tls-1-3")])
@pytest.mark.parametrize("present", SUBSETS, ids=named)
def test_matrix_for_each_chain(inhabited: Inhabited, present: Present, tls: str) -> None:
    """The same sixteen outcomes whatever chain is served, on both sides of a rotation."""
    landscape = inhabited.landscape
    own = open_pfx(inhabited.pfx("sender"))
    refused = "unauthenticated" if landscape.profile.name == "whitepaper" else "unknown-ca"
    for chain in (each.name for each in landscape.profile.chains):
        landscape.rotate(chain)
        served = landscape.load_balancer.served
        cas = Cas(served.root.certificate, (served.intermediate.certificate,), own)
        blind = connection_test(landscape.port, cas.pse(present), tls)
        assert outcome(blind) == expected(present, cas, refused), chain
        held_back = connection_test(landscape.port, cas.pse(present), NOT_BLIND[tls])
        assert outcome(held_back) == expected(present, cas, "unauthenticated"), f"{chain}, not blind"


def test_rotation_in_the_simulated_landscape(inhabited: Inhabited) -> None:
    """Old root only: cut off, and the new one is named; both, or the new one only: unnoticed."""
    landscape = inhabited.landscape
    own = open_pfx(inhabited.pfx("sender"))
    for chain in (each.name for each in landscape.profile.chains[1:]):
        landscape.rotate(chain)
        old, new = landscape.previous_roots, landscape.trusted_root
        assert outcome(connection_test(landscape.port, Pse(own, old), TLS_1_3)) == (
            "missing-ca",
            f"{dn(new.subject)} into the certificate list",
        )
        for trusted in ((*old, new), (new,)):
            assert outcome(connection_test(landscape.port, Pse(own, trusted), TLS_1_3)) == ("connects", None)


@dataclass(frozen=True)
class Nginx:
    """A running nginx: for each chain a port, and the client certificate that it takes."""

    ports: dict[str, int]
    authorities: dict[str, ServerAuthority]
    own: Credential

    def cas(self, chain: str) -> Cas:
        """The four CAs of one of its servers."""
        authority = self.authorities[chain]
        return Cas(authority.root.certificate, (authority.intermediate.certificate,), self.own)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """One server for each chain; client certificates as the simulated load balancer of the whitepaper takes them."""
    program = shutil.which("nginx") or next((p for p in ("/usr/sbin/nginx",) if Path(p).exists()), None)
    if program is None:
        pytest.skip("nginx is not installed here")
    folder = tmp_path_factory.mktemp("nginx")
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    passports = PassportAuthority(now)
    authorities = {chain.name: ServerAuthority(chain, now) for chain in (OLDEST, WHITEPAPER, G2, CURRENT)}
    (folder / "client-roots.pem").write_text(pem([passports.root.certificate]))
    ports = {name: free_port() for name in authorities}
    for name, authority in authorities.items():
        leaf = authority.leaf(HOST)
        (folder / f"{name}.pem").write_text(pem([leaf.certificate, *leaf.intermediates]))
        key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(key)
    (folder / "nginx.conf").write_text(configuration(folder, ports))
    process = subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.PIPE)
    try:
        for port in ports.values():
            wait_until_it_listens(process, port)
        yield Nginx(ports, authorities, passports.issue("S0012345678"))
    finally:
        process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        if process.poll() is None:
            process.kill()
        process.communicate()


def configuration(folder: Path, ports: dict[str, int]) -> str:
    """Root-only trust; a certificate that does not verify counts as none, which ends in 401."""
    servers = "".join(
        f"""
        server {{
            listen 127.0.0.1:{port} ssl;
            server_name {HOST};
            ssl_certificate {name}.pem;
            ssl_certificate_key {name}.key;
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_client_certificate client-roots.pem;
            ssl_verify_client optional_no_ca;
            ssl_verify_depth 3;
            default_type text/plain;
            location = {PATH} {{
                if ($ssl_client_verify != SUCCESS) {{ return 401; }}
                return 200 "{WHITEPAPER_FLOW.body}";
            }}
        }}"""
        for name, port in ports.items()
    )
    places = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""
    daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
    events {{}}
    http {{ access_log off; client_body_temp_path {folder}/body; {places} {servers} }}
    """


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    """Returns when a connection is taken; fails with what the process says when it has ended."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise AssertionError((process.communicate()[1] or b"").decode())
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise AssertionError("nginx does not listen")


@pytest.mark.parametrize("chain", [OLDEST, WHITEPAPER, G2, CURRENT], ids=lambda chain: chain.name)
@pytest.mark.parametrize("present", SUBSETS, ids=named)
def test_matrix_against_nginx(nginx: Nginx, chain: ServerChain, present: Present) -> None:
    """A load balancer that nobody here wrote, with the same chains and client trust: the same outcomes."""
    cas = nginx.cas(chain.name)
    for tls in (TLS_1_2, TLS_1_3):
        for ciphersuites in (tls, NOT_BLIND[tls]):
            test = connection_test(nginx.ports[chain.name], cas.pse(present), ciphersuites)
            assert outcome(test) == expected(present, cas, "unauthenticated"), ciphersuites


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_rotation_against_nginx(nginx: Nginx, before: ServerChain, after: ServerChain) -> None:
    """Old root only, both, new only: as in the simulated landscape."""
    old, new = nginx.cas(before.name).server_root, nginx.cas(after.name).server_root
    port = nginx.ports[after.name]

    def with_list(*trusted: x509.Certificate) -> tuple[str, str | None]:
        return outcome(connection_test(port, Pse(nginx.own, trusted), TLS_1_3))

    assert with_list(old) == ("missing-ca", f"{dn(new.subject)} into the certificate list")
    assert with_list(old, new) == with_list(new) == ("connects", None)
