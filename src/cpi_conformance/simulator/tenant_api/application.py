"""The tenant API as an application behind the load balancer: authentication, roles, and who answers what.

Order (assumed, as on the runtime): authentication (401), address (404), role (403), the operation itself; an address
that exists, but not with this method, answers 501 (recorded for PATCH and for sets without a list).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from email.utils import format_datetime

from cpi_conformance.simulator.clock import Clock
from cpi_conformance.simulator.exchange import Answer, Exchange
from cpi_conformance.simulator.integration.deployment import Deployments
from cpi_conformance.simulator.integration.design_time import DesignTime
from cpi_conformance.simulator.integration.errors import ContentRefused
from cpi_conformance.simulator.integration.message_logs import MessageLogs
from cpi_conformance.simulator.key_credentials import TenantUrls
from cpi_conformance.simulator.keystore import Keystore
from cpi_conformance.simulator.keystore_entry import AliasReserved, KeystoreRefused
from cpi_conformance.simulator.record import Truth
from cpi_conformance.simulator.runtime import PAGE, SECURITY_HEADERS
from cpi_conformance.simulator.service_keys import Unauthenticated
from cpi_conformance.simulator.tenant_api.address import ROOT, Address, read_address
from cpi_conformance.simulator.tenant_api.authorization import READING, Caller, caller_of
from cpi_conformance.simulator.tenant_api.call import Call, Operations, content
from cpi_conformance.simulator.tenant_api.csrf import fetched_token
from cpi_conformance.simulator.tenant_api.designtime_artifacts import DesigntimeArtifacts
from cpi_conformance.simulator.tenant_api.endpoints import ServiceEndpoints
from cpi_conformance.simulator.tenant_api.errors import (
    JSON,
    ODataError,
    bad_request,
    forbidden,
    not_found,
    not_implemented,
    reserved_alias,
)
from cpi_conformance.simulator.tenant_api.keystore_entries import KeystoreEntries
from cpi_conformance.simulator.tenant_api.message_processing_logs import MessageProcessingLogs
from cpi_conformance.simulator.tenant_api.metadata import metadata_document, service_document
from cpi_conformance.simulator.tenant_api.negotiation import wants_json
from cpi_conformance.simulator.tenant_api.packages import IntegrationPackages
from cpi_conformance.simulator.tenant_api.query import FORMAT, read_query
from cpi_conformance.simulator.tenant_api.runtime_artifacts import RuntimeArtifacts
from cpi_conformance.simulator.tenant_api.security_material import SecurityMaterial
from cpi_conformance.simulator.tokens import TokenIssuer

FORMATS = ("json", "atom", "xml")


class TenantApi:
    """Answers requests below ``/api/v1``.

    Attributes:
        urls: of the landscape; can be set again.
    """

    def __init__(
        self,
        issuer: TokenIssuer,
        application: str,
        clock: Clock,
        urls: TenantUrls,
        *,
        design_time: DesignTime,
        deployments: Deployments,
        message_logs: MessageLogs,
        keystore: Keystore,
    ) -> None:
        """``application`` is the ``xsappname`` that tokens must be for."""
        self.urls = urls
        self._issuer = issuer
        self._application = application
        self._clock = clock
        self._operations: Operations = {
            ("GET", ""): self._service_document,
            ("GET", "$metadata"): lambda _: content(metadata_document(), "application/xml;charset=utf-8"),
            **IntegrationPackages(design_time).operations(),
            **DesigntimeArtifacts(design_time, deployments).operations(),
            **RuntimeArtifacts(deployments).operations(),
            **ServiceEndpoints(deployments, lambda: self.urls.runtime).operations(),
            **MessageProcessingLogs(message_logs, design_time).operations(),
            **KeystoreEntries(keystore).operations(),
            **SecurityMaterial(keystore).operations(),
        }

    async def __call__(self, exchange: Exchange) -> Answer:
        """Answer one request; operations need the running event loop, for deployments."""
        answer = self._answer(exchange)
        correlation = str(uuid.uuid4())
        version = (("dataserviceversion", "2.0"),) if answer.status != 401 else ()
        date = format_datetime(self._clock.now(), usegmt=True)
        extra = (
            *SECURITY_HEADERS,
            ("date", date),
            ("x-correlationid", correlation),
            ("x-vcap-request-id", correlation),
        )
        return replace(answer, headers=(*answer.headers, *version, *extra))

    def _answer(self, exchange: Exchange) -> Answer:
        caller = caller_of(exchange, self._issuer, self._application)
        if isinstance(caller, Unauthenticated):
            body = PAGE.format(status=401, reason="Unauthorized").encode()
            truth = Truth("authentication", "unauthenticated", caller.why)
            return Answer(401, (("content-type", "text/html;charset=utf-8"),), body, truth)
        try:
            answer = self._allowed(exchange, caller)
        except ODataError as error:
            answer = error.answer(as_json=wants_json(exchange))
        except (ContentRefused, KeystoreRefused) as refused:
            answer = ODataError(refused.status, str(refused)).answer(as_json=wants_json(exchange))
        except AliasReserved as reserved:
            answer = reserved_alias(str(reserved))
        token = fetched_token(exchange) if exchange.method in READING and answer.status < 400 else ()
        return replace(answer, headers=(*answer.headers, *token))

    def _allowed(self, exchange: Exchange, caller: Caller) -> Answer:
        if exchange.path != ROOT and not exchange.path.startswith(f"{ROOT}/"):
            raise not_found("Not Found")
        address = read_address(exchange.path)
        lacking = caller.lacks(exchange.method, address)
        if lacking:
            return forbidden(f"the instance has none of the roles {', '.join(sorted(lacking))}")
        return self._operated(exchange, address, caller)

    def _operated(self, exchange: Exchange, address: Address, caller: Caller) -> Answer:
        method = "GET" if exchange.method == "HEAD" else exchange.method
        operation = self._operations.get((method, address.shape))
        if operation is None:
            raise not_implemented()
        query = read_query(exchange)
        if query.options.get(FORMAT, "json").lower() not in FORMATS:
            raise bad_request(f"Invalid value: '{FORMAT}={query.options[FORMAT]}'.")
        root = f"{self.urls.api}{ROOT}/"
        call = Call(exchange, address, query, caller.clientid, root, wants_json(exchange), self._clock.now())
        return operation(call)

    def _service_document(self, call: Call) -> Answer:
        kind = JSON[0][1] if call.as_json else "application/atomsvc+xml;charset=utf-8"
        return content(service_document(call.root, as_json=call.as_json), kind)
