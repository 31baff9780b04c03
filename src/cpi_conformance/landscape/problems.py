"""What is wrong with a landscape file: the key, what is wrong, and what to write instead."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cpi_conformance.landscape.schema import LandscapeFile, SecretReference


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a landscape file."""

    key: str
    wrong: str
    instead: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; {self.instead}"


class LandscapeProblems(Exception):
    """A landscape file that cannot be used, with everything that is wrong with it."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems))
        count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the landscape file {path} has {count}:\n{lines}")


def explained(error: ErrorDetails) -> Problem:
    """One of pydantic's errors in the words of a landscape file; no value that may be a secret is shown."""
    location = list(error["loc"])
    key = ".".join(str(part) for part in location) or "file"
    if error["type"] == "extra_forbidden":
        known = list(_model_at(location[:-1]).model_fields)
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"write {near[0]}" if near else f"the keys here are {', '.join(known)}"
        return Problem(key, "is not a key of a landscape file", hint)
    if error["type"] == "missing":
        return Problem(key, "is missing", _example(location))
    if error["type"] == "value_error":
        return Problem(key, "cannot be used", error["msg"].removeprefix("Value error, "))
    wanted = _WANTED.get(error["type"]) or error["msg"].replace("Input should be", "it should be")
    another = error["type"] == "literal_error" and isinstance(error["input"], str)
    maybe_a_secret = error["type"] == "model_type" or _model_at(location[:-1]) is SecretReference
    shown = "another text" if another else _shown(error["input"], maybe_a_secret)
    return Problem(key, f"is {shown}, but {wanted}", _example(location))


_WANTED = {
    "string_type": "a text in quotes is expected",
    "int_type": "a whole number is expected",
    "model_type": "a table is expected",
    "tuple_type": "a list of tables is expected",
    "date_type": "a day without quotes is expected",
    "too_short": "at least one entry is expected",
    "string_too_short": "it should not be empty",
}
"""What pydantic says, in the words of a TOML file."""


def _shown(value: object, maybe_a_secret: bool) -> str:
    """The kind of a value; the value itself only when it can be no secret, as the number of a port."""
    if isinstance(value, bool | int | float):
        return "a number" if maybe_a_secret and not isinstance(value, bool) else json.dumps(value)
    kinds: dict[type, str] = {str: "a text", dict: "a table", list: "a list"}
    return kinds.get(type(value)) or type(value).__name__


def _example(location: list[Any]) -> str:
    field = _model_at(location[:-1]).model_fields.get(str(location[-1])) if location else None
    if field is None or not field.examples:
        return "see docs/landscape-file.md"
    example = field.examples[0]
    return f"write for example {location[-1]} = {_toml(example)}"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)


def _model_at(location: list[Any]) -> type[BaseModel]:
    """The table's model at a location of the file; list positions are passed over."""
    model: type[BaseModel] = LandscapeFile
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            model = next(iter(_models_in(field.annotation)), model)
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
