"""What else lives in the space of a run: instances and keys that look like a run's own, and must never be touched."""

from __future__ import annotations

from cpi_conformance.simulator.cloud_foundry.controller import CloudController
from cpi_conformance.simulator.landscape import SimulatedLandscape
from cpi_conformance.simulator.service_key import Plan

RUN = "0123456789ab"
LONG_OVER = "1000000000"

LABELLED = {"cpi-conformance.test/run": RUN, "cpi-conformance.test/expires": LONG_OVER}

NEIGHBOURS: tuple[tuple[str, dict[str, str]], ...] = (
    (f"cpic-{RUN}-oauth", {}),
    (f"cpic-{RUN}-clientcertificate", {"run": RUN, "expires": LONG_OVER}),
    (f"cpic-{RUN}-api", {"cpi-conformance.example/run": RUN, "cpi-conformance.example/expires": LONG_OVER}),
    (f"cpic-{RUN}-half", {"cpi-conformance.test/run": RUN}),
    (f"cpic-{RUN}-never", {"cpi-conformance.test/run": RUN, "cpi-conformance.test/expires": "never"}),
    (f"cpic-{RUN}-empty", {"cpi-conformance.test/run": "", "cpi-conformance.test/expires": LONG_OVER}),
    ("cpic-ffffffffffff-other", LABELLED),
    (f"my-cpic-{RUN}-oauth", LABELLED),
    (f"CPIC-{RUN}-oauth", LABELLED),
    ("cpic", LABELLED),
    ("oauth-2", LABELLED),
    ("cpic-", {}),
    ("cpic-oauth", {}),
    ("cpic-production-oauth", {}),
    ("cpi-conformance", {}),
    ("conformance-oauth", {"cpi-conformance.test/expires": LONG_OVER}),
    ("clientcertificate-copy", {}),
    ("key-12345678", {}),
    ("x509auth", {}),
    ("oauthcpikey", {}),
)
"""20 instances, each with a key of the same name: the prefix without labels, labels without the prefix, and so on."""


def move_in(landscape: SimulatedLandscape) -> None:
    """Give the space these neighbours."""
    for name, labels in NEIGHBOURS:
        instance = landscape.keys.create_instance(name, Plan.INTEGRATION_FLOW)
        key = landscape.keys.create_key(instance, name)
        credentials = landscape.broker.credentials(key)
        landscape.cloud_controller.adopt(
            instance.guid, name, instance.plan.value, [(key.guid, name, credentials)], labels=labels
        )


def settled(controller: CloudController) -> bool:
    """Whether no operation is under way."""
    inventory = controller.inventory()
    states = [state for _, _, state in (*inventory.instances, *inventory.keys)]
    return all(state.endswith(("succeeded", "failed")) for state in states)
