"""Lists of Cloud Foundry: filters, and page after page (cloud_controller_ng, ``paginated_list_presenter.rb``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cpi_conformance.control.api import Api
from cpi_conformance.control.errors import BrokenAnswer
from cpi_conformance.control.wire import Model, Named, read

PER_PAGE = "200"
"""Of at most 5000; a page must come within the time that a request has."""

MOST_PAGES = 500
"""Of a list; a far side whose pages never end would be read for ever, and 100 000 resources are no space's."""

AT_ONCE = 100
"""How many values go into one filter, so that the URL stays within SAP's limit for a header."""


def listed(api: Api, path: str, model: type[Model], filters: Mapping[str, str]) -> tuple[Model, ...]:
    """All resources of a list, each once, even when pages shift while they are read.

    Raises:
        BrokenAnswer: a page has another shape, or names a next one that was already read or is elsewhere; or they
            do not end.
        ControlError: there is no answer, or it is no.
    """
    found: dict[str, Model] = {}
    for document in _pages(api, path, {**filters, "per_page": PER_PAGE}):
        resources = document.get("resources")
        if not isinstance(resources, list):
            raise BrokenAnswer(f"GET {path}", "no list called resources")
        for each in resources:
            resource = read(model, each, f"GET {path}")
            found.setdefault(resource.guid, resource)
    return tuple(found.values())


def filtered(names: Iterable[str], labels: str | None) -> dict[str, str]:
    """The filters for alternative names, and for a label selector; none for what is not given."""
    named = any_of(names)
    return ({"names": named} if named else {}) | ({"label_selector": labels} if labels else {})


def exactly(name: str, found: Iterable[Named]) -> tuple[Named, ...]:
    """Those of this very name: some databases below Cloud Foundry find others too, of another case."""
    return tuple(each for each in found if each.name == name)


def any_of(values: Iterable[str]) -> str:
    """The values of one filter; Cloud Foundry decodes each once more, after it has split them at the commas."""
    return ",".join(value.replace("%", "%25").replace(",", "%2C") for value in values)


def in_portions(values: Iterable[str]) -> Iterator[str]:
    """The values of a filter that are too many for one URL, portion by portion."""
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), AT_ONCE):
        yield any_of(unique[start : start + AT_ONCE])


def _pages(api: Api, path: str, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    document = api.get(path, filters)
    yield document
    seen: set[str] = set()
    while (following := _next(document, path)) is not None:
        if following in seen:
            raise BrokenAnswer(f"GET {path}", "the pages go round in a circle")
        if len(seen) == MOST_PAGES:
            raise BrokenAnswer(f"GET {path}", f"more than {MOST_PAGES} pages")
        seen.add(following)
        document = api.get(following)
        yield document


def _next(document: dict[str, Any], path: str) -> str | None:
    pagination = document.get("pagination")
    if not isinstance(pagination, dict):
        raise BrokenAnswer(f"GET {path}", "no object called pagination")
    link = pagination.get("next")
    if link is None:
        return None
    href = link.get("href") if isinstance(link, dict) else None
    if not isinstance(href, str):
        raise BrokenAnswer(f"GET {path}", "pagination.next has no href")
    return href
