"""Names the plugins, each after those that it builds on; everything that they do is in ``fixtures``."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.checks",
    "fixtures.landscape",
    "fixtures.provisioning",
    "fixtures.evidence",
    "fixtures.sender",
    "fixtures.cockpit",
    "fixtures.parts",
    "fixtures.shared",
    "fixtures.tenant",
    "fixtures.service_keys",
    "fixtures.certificates",
    "fixtures.proxy",
    "fixtures.backend",
    "fixtures.keystore",
    "fixtures.flows",
    "fixtures.shown",
    "fixtures.left_out",
    "fixtures.verdict",
    "fixtures.accepted_deviations",
]
