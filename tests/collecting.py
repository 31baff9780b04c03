"""Writes every check that pytest collects into a JSON file; a process of its own, because pytest does not nest well."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest


class Collecting:
    """Takes the items of a collection."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All that was collected."""
        self.items = list(session.items)


def row(item: pytest.Item) -> dict[str, object]:
    """What a test says about itself as a check."""
    from fixtures.checks import check_of  # pytest rewrites it as a plugin, so it must be the first to import it

    check = check_of(item)
    assert isinstance(item, pytest.Function)
    assert check is not None, f"{item.nodeid} is no check"
    return {
        "node": item.nodeid,
        "id": check.id,
        "title": check.title,
        "severity": str(check.severity),
        "steps": check.steps,
        "words": item.function.__doc__ or "",
        "module": str(item.path),
        "function": item.function.__name__,
    }


if __name__ == "__main__":
    collecting = Collecting()
    pytest.main(["--collect-only", "-q", "suites"], plugins=[collecting])
    Path(sys.argv[1]).write_text(json.dumps([row(item) for item in collecting.items]), encoding="utf-8")
