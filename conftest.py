"""Names the plugins, each after those that it builds on; everything that they do is in ``fixtures``."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.checks",
    "fixtures.landscape",
    "fixtures.service_keys",
    "fixtures.parts",
    "fixtures.certificates",
    "fixtures.evidence",
    "fixtures.sender",
    "fixtures.verdict",
]
