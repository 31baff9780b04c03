"""Lists: filters, order, pages.

Rules and texts: cloud_controller_ng, ``app/messages/list_message.rb`` and
``app/presenters/v3/paginated_list_presenter.rb``.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cpi_conformance.simulator.cloud_foundry.errors import bad_query
from cpi_conformance.simulator.cloud_foundry.labels import parse_selector

Document = dict[str, Any]
"""A resource as it is presented."""

COMMON = ("page", "per_page", "order_by", "created_ats", "updated_ats", "guids", "label_selector")
MOMENT = re.compile(r"(?P<name>created_at|updated_at)s(?:\[(?P<comparison>lt|lte|gt|gte)\])?")
COMPARISONS = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}
DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 5000


@dataclass(frozen=True)
class Listing:
    """What a list can be asked for.

    Attributes:
        path: such as ``/v3/spaces``.
        filters: the values of a presented resource that a filter compares with.
        order: what it may be ordered by.
        includes: resources to put into ``included``, from the page's resources; each with their key there.
    """

    path: str
    filters: Mapping[str, Callable[[Document], Sequence[str]]]
    order: tuple[str, ...] = ("created_at", "updated_at")
    includes: Mapping[str, tuple[str, Callable[[Document], Document | None]]] = field(default_factory=dict)

    def answer(self, parameters: Mapping[str, str], resources: Sequence[Document], api: str) -> Document:
        """The page that was asked for.

        Raises:
            ApiError: 400/10005.
        """
        self._check(parameters)
        page, per_page = int(parameters.get("page", 1)), int(parameters.get("per_page", DEFAULT_PER_PAGE))
        found = self._ordered([resource for resource in resources if self._fits(resource, parameters)], parameters)
        shown = found[(page - 1) * per_page : page * per_page]
        document: Document = {
            "pagination": self._pagination(parameters, len(found), page, per_page, api),
            "resources": shown,
        }
        if "include" in parameters:
            document["included"] = self._included(parameters["include"], shown)
        return document

    def _check(self, parameters: Mapping[str, str]) -> None:
        known = (*COMMON, *self.filters, *(("include",) if self.includes else ()))
        unknown = [name for name in parameters if name not in known and not MOMENT.fullmatch(name)]
        if unknown:
            valid = ", ".join(f"'{name}'" for name in known)
            names = ", ".join(f"'{name}'" for name in unknown)
            raise bad_query(f"Unknown query parameter(s): {names}. Valid parameters are: {valid}")
        problems = [*_page_problems(parameters), *self._value_problems(parameters)]
        if problems:
            raise bad_query(*problems)

    def _value_problems(self, parameters: Mapping[str, str]) -> list[str]:
        problems = []
        if "order_by" in parameters and not re.fullmatch(f"[+-]?({'|'.join(self.order)})", parameters["order_by"]):
            problems.append(f"Order by can only be: {', '.join(repr(name) for name in self.order)}")
        for name in parameters["include"].split(",") if "include" in parameters else ():
            if name not in self.includes:
                valid = ", ".join(f"'{known}'" for known in self.includes)
                problems.append(f"Invalid included resource: '{name}'. Valid included resources are: {valid}")
        return problems

    def _fits(self, resource: Document, parameters: Mapping[str, str]) -> bool:
        return all(self._fits_one(resource, name, text) for name, text in parameters.items())

    def _fits_one(self, resource: Document, name: str, text: str) -> bool:
        if name in self.filters:
            return not set(text.split(",")).isdisjoint(self.filters[name](resource))
        if name == "guids":
            return resource["guid"] in text.split(",")
        if name == "label_selector":
            return all(one.met_by(resource["metadata"]["labels"]) for one in parse_selector(text))
        if moment := MOMENT.fullmatch(name):
            value = resource[moment["name"]]
            compare = COMPARISONS.get(moment["comparison"])
            return bool(compare(value, text)) if compare else value in text.split(",")
        return True

    def _ordered(self, resources: list[Document], parameters: Mapping[str, str]) -> list[Document]:
        text = parameters.get("order_by", self.order[0])
        name = text.lstrip("+-")
        return sorted(resources, key=lambda resource: str(resource[name]), reverse=text.startswith("-"))

    def _pagination(self, parameters: Mapping[str, str], total: int, page: int, per_page: int, api: str) -> Document:
        """Even a list of nothing has one page, and every link says which page of which size it is."""
        pages = max(1, -(-total // per_page))
        filters = {name: text for name, text in parameters.items() if name not in ("page", "per_page")}
        if (order := filters.get("order_by")) and order[0] not in "+-":
            filters["order_by"] = f"+{order}"

        def link(number: int) -> Document:
            query = urlencode(sorted({**filters, "page": str(number), "per_page": str(per_page)}.items()))
            return {"href": f"{api}{self.path}?{query}"}

        return {
            "total_results": total,
            "total_pages": pages,
            "first": link(1),
            "last": link(pages),
            "next": link(page + 1) if page < pages else None,
            "previous": link(page - 1) if page > 1 else None,
        }

    def _included(self, names: str, shown: Sequence[Document]) -> Document:
        included: Document = {}
        for name in names.split(","):
            plural, find = self.includes[name]
            found = (find(resource) for resource in shown)
            included[plural] = list({related["guid"]: related for related in found if related}.values())
        return included


def _page_problems(parameters: Mapping[str, str]) -> list[str]:
    problems = []
    if not _positive(parameters.get("page", "1")):
        problems.append("Page must be a positive integer")
    per_page = parameters.get("per_page", "1")
    if not _positive(per_page):
        problems.append("Per page must be a positive integer")
    elif int(per_page) > MAX_PER_PAGE:
        problems.append(f"Per page must be between 1 and {MAX_PER_PAGE}")
    if "label_selector" in parameters:
        parse_selector(parameters["label_selector"])
    return problems


def _positive(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) > 0
