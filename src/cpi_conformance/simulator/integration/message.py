"""The message that a script is given (``com.sap.gateway.ip.core.customdev.util.Message``)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Message:
    """Body, headers and properties; values are those of the simulated subset of Groovy.

    Attributes:
        body: text as it arrived; whatever a script has set.
        headers: names keep their letter case.
        properties: of the exchange.
    """

    body: object = ""
    headers: dict[str, object] = field(default_factory=dict)
    properties: dict[str, object] = field(default_factory=dict)
