"""Entering into the Cloud Controller what a landscape has been populated with behind its back."""

from __future__ import annotations

from cpi_conformance.simulator.cloud_foundry.controller import CloudController
from cpi_conformance.simulator.it_rt import ItRt
from cpi_conformance.simulator.service_keys import ServiceKeys


def adopt(keys: ServiceKeys, broker: ItRt, cloud_controller: CloudController) -> None:
    """Enter the instances that the Cloud Controller does not list yet, with their keys and parameters."""
    listed = {guid for guid, _, _ in cloud_controller.inventory().instances}
    for instance in keys.instances():
        if instance.guid in listed:
            continue
        cloud_controller.adopt(
            instance.guid,
            instance.name,
            instance.plan.value,
            [(key.guid, key.name, broker.credentials(key)) for key in keys.keys_of(instance)],
            parameters={
                "grant-types": sorted(instance.grant_types),
                "redirect-uris": [],
                "roles": sorted(instance.roles),
                "token-validity": instance.token_validity,
            },
        )
