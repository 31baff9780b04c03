"""Every defect by its name; none is on unless it is asked for."""

from __future__ import annotations

from cpi_conformance.simulator.defects import (
    authorization_header,
    backend,
    basic_credentials,
    bearer_tokens,
    client_certificates,
    client_trust,
    cloud_foundry,
    csrf,
    deployments,
    forged_headers,
    key_credentials,
    key_orders,
    keystore,
    protocol,
    runtime,
    sender,
    server_trust,
    service_keys,
    teardown,
    tenant_api,
    tokens,
    trial,
    x509_field,
)
from cpi_conformance.simulator.defects.defect import Defect, System

ALL: tuple[tuple[Defect, ...], ...] = (
    authorization_header.DEFECTS,
    backend.DEFECTS,
    basic_credentials.DEFECTS,
    bearer_tokens.DEFECTS,
    client_certificates.DEFECTS,
    client_trust.DEFECTS,
    cloud_foundry.DEFECTS,
    csrf.DEFECTS,
    deployments.DEFECTS,
    forged_headers.DEFECTS,
    key_credentials.DEFECTS,
    key_orders.DEFECTS,
    keystore.DEFECTS,
    protocol.DEFECTS,
    runtime.DEFECTS,
    sender.DEFECTS,
    server_trust.DEFECTS,
    service_keys.DEFECTS,
    teardown.DEFECTS,
    tenant_api.DEFECTS,
    tokens.DEFECTS,
    trial.DEFECTS,
    x509_field.DEFECTS,
)
"""The defects of each module of this folder."""

DEFECTS: dict[str, Defect] = {defect.name: defect for defects in ALL for defect in defects}
"""By name."""

__all__ = ["DEFECTS", "Defect", "System"]
