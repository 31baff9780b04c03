"""A simulated landscape as a whole: its authorities, its load balancer and runtime, and its thread.

The systems run in an event loop on a thread of their own, so the same landscape serves a test in the
same process, its parallel workers, and a person with Postman.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from cryptography import x509

from cpi_conformance.certificates import Authority
from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.edge import Edge
from cpi_conformance.simulator.edge_tls import EdgeTls, Presented
from cpi_conformance.simulator.passport import PassportAuthority
from cpi_conformance.simulator.profiles import PROFILES, Profile
from cpi_conformance.simulator.record import Record
from cpi_conformance.simulator.runtime import Flow, Runtime
from cpi_conformance.simulator.server_chains import ServerAuthority
from cpi_conformance.simulator.service_keys import ServiceKeys

T = TypeVar("T")

HOST = "localhost"
"""Names below ``localhost`` do not resolve everywhere, so each virtual host is a port of its own."""

FOREIGN_HOST = "cfapps.eu10.hana.ondemand.com"
"""Whom the default certificate is for: callers without SNI get it, as they do from SAP's load balancer."""

WHITEPAPER_FLOW = Flow("/test/clientcert", "Connected Successfully to CPI!")

LOAD_BALANCER_CLIENT_CA = "CN=DigiCert Global Root G2,OU=www.digicert.com,O=DigiCert Inc,C=US"
"""A second accepted root, so that the list of CA names has more than one entry, as SAP's has."""


class SimulatedLandscape:
    """One landscape of one profile; use it as a context manager, or ``start`` and ``stop`` it."""

    def __init__(self, profile: Profile | str = "current", *, record_path: Path | None = None, port: int = 0) -> None:
        """Nothing listens before :meth:`start`. ``port`` 0 takes a free one."""
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        self.clock = Clock()
        now = self.clock.now()
        self.server_authorities = {chain.name: ServerAuthority(chain, now) for chain in self.profile.chains}
        self.passports = PassportAuthority(now)
        self.keys = ServiceKeys("conformance", self.clock)
        self.record = Record(record_path)
        self.runtime = Runtime(self.keys, self.clock, accepts_certificates=self.profile.accepts_certificates)
        self.runtime.deploy(WHITEPAPER_FLOW)
        self.port = port
        self._served = self.profile.served.name
        self._client_roots = (
            self.passports.root.certificate,
            Authority.root(LOAD_BALANCER_CLIENT_CA, now=now).certificate,
        )
        self._edge = Edge("runtime", self._edge_tls(), self.runtime, self.record)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def trusted_root(self) -> x509.Certificate:
        """What a sender must trust now."""
        return self.server_authorities[self._served].root.certificate

    @property
    def previous_roots(self) -> tuple[x509.Certificate, ...]:
        """What a sender may still trust from before the last rotation."""
        names = [chain.name for chain in self.profile.chains]
        before = names[: names.index(self._served)]
        return tuple(self.server_authorities[name].root.certificate for name in before)

    @property
    def url(self) -> str:
        """Scheme, host and port of the runtime, without a trailing slash."""
        return f"https://{HOST}:{self.port}"

    def rotate(self, chain: str) -> None:
        """Serve another chain of the profile from the next connection on; ``KeyError`` for an unknown one."""
        self._edge.tls.present((self._presented(chain),))
        self._served = chain

    def start(self) -> SimulatedLandscape:
        """Listen; returns when connections are accepted.

        Raises:
            OSError: the port is taken.
        """
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"landscape-{self.profile.name}", daemon=True
        )
        self._thread.start()
        try:
            self.port = self._run(self._edge.listen(self.port))
        except OSError:
            self._end_loop()
            raise
        return self

    def stop(self) -> None:
        """Close everything; safe to call twice."""
        if self._loop is not None:
            try:
                self._run(self._edge.close())
            finally:
                self._end_loop()

    def __enter__(self) -> SimulatedLandscape:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, work: Coroutine[object, object, T]) -> T:
        if self._loop is None:
            raise RuntimeError("the landscape has not been started")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def _end_loop(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()

    def _edge_tls(self) -> EdgeTls:
        foreign = self.server_authorities[self._served].leaf(FOREIGN_HOST)
        return EdgeTls(
            hosts=(self._presented(self._served),),
            default=Presented(FOREIGN_HOST, foreign),
            client_roots=self._client_roots,
            policy=self.profile.bad_certificate,
        )

    def _presented(self, chain: str) -> Presented:
        return Presented(HOST, self.server_authorities[chain].leaf(HOST))
