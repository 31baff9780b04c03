"""``$select`` and ``$expand``: which properties and links of an entity are shown, and which links with content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cpi_conformance.simulator.tenant_api.errors import bad_request, not_found
from cpi_conformance.simulator.tenant_api.model import EntityType
from cpi_conformance.simulator.tenant_api.schema import BY_SET


@dataclass(frozen=True)
class Selection:
    """What is shown of an entity.

    Attributes:
        names: properties and links; ``None`` for all.
        links: the links that are expanded, each with what is shown below it.
    """

    names: frozenset[str] | None = None
    links: Mapping[str, Selection] = field(default_factory=dict)

    def shows(self, name: str) -> bool:
        """Whether a property or link is shown."""
        return self.names is None or name in self.names or name in self.links

    def expanded(self, name: str) -> Selection | None:
        """What is shown below a link; ``None`` when it is deferred."""
        return self.links.get(name)


def read_selection(of: EntityType, select: str | None, expand: str | None) -> Selection:
    """Read both options; a link is expanded over one step.

    Raises:
        ODataError: 404 for a name that there is not, 400 for a path of several steps.
    """
    names = None
    if select is not None and "*" not in (chosen := _names(select)):
        for name in chosen:
            if not of.has(name) and of.navigation(name) is None:
                raise not_found(f"Could not find property with name: '{name}'.")
        names = frozenset(chosen)
    links = {}
    for name in _names(expand) if expand is not None else ():
        if "/" in name:
            raise bad_request(f"Invalid value for '$expand': '{name}'.")
        link = of.navigation(name)
        if link is None or link.target not in BY_SET:
            raise not_found(f"Could not find property with name: '{name}'.")
        links[name] = Selection()
    return Selection(names, links)


def _names(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")]
