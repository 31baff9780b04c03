"""Options that name a file or a folder, written so that pytest does not take it for a path with tests."""

from __future__ import annotations

from pathlib import Path

OPTIONS = ("--landscape", "--reports")
"""Which pytest does not know yet when it looks for its configuration."""


def unmistakable(arguments: list[str], folder: Path) -> list[str]:
    """The arguments with each option and its path in one, and the path absolute."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in OPTIONS:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return [_absolute(argument, folder) for argument in joined]


def _absolute(argument: str, folder: Path) -> str:
    option, equals, path = argument.partition("=")
    return f"{option}={folder / path}" if equals and path and option in OPTIONS else argument
